"""Releases: what was asked, answered and opened."""

import json
from datetime import UTC

from sqlmodel import Session

from aggregator.model import Batch, ReleaseRecord
from aggregator.store.rows import ReleaseRow


class Releases:
    """At most one for each batch."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, batch: Batch) -> ReleaseRecord | None:
        """The release of a batch, or None when it was not asked for."""
        row = self._session.get(ReleaseRow, batch.row)
        if row is None:
            return None
        return ReleaseRecord(
            count=row.count,
            id_root=row.id_root,
            commitment=row.commitment,
            # SQLite keeps no time zone; everything is written in UTC.
            asked_at=row.asked_at.replace(tzinfo=UTC),
            salt=row.salt,
            own_share=row.own_share,
            noised_share=row.noised_share,
            totals=None if row.totals is None else tuple(json.loads(row.totals)),
            result_salt=row.result_salt,
            withheld=row.withheld,
        )

    def put(self, batch: Batch, record: ReleaseRecord) -> None:
        """Keep a release, or more of it."""
        self._session.merge(
            ReleaseRow(
                batch=batch.row,
                count=record.count,
                id_root=record.id_root,
                commitment=record.commitment,
                asked_at=record.asked_at,
                salt=record.salt,
                own_share=record.own_share,
                noised_share=record.noised_share,
                totals=None if record.totals is None else json.dumps(record.totals),
                result_salt=record.result_salt,
                withheld=record.withheld,
            )
        )
