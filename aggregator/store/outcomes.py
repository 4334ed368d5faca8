"""The record: plain rows, in the order in which they will be ledger entries."""

from collections.abc import Mapping
from datetime import UTC, datetime

from sqlmodel import Session, col, select

from aggregator.model import Outcome, OutcomeKind
from aggregator.store.rows import OutcomeRow


class Outcomes:
    """Append-only."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def append(self, at: datetime, kind: OutcomeKind, body: Mapping[str, str]) -> None:
        """Write one entry. Time never runs behind the last entry."""
        last = self.last_time()
        at = at if last is None else max(at, last)
        self._session.add(OutcomeRow(at=at.astimezone(UTC), kind=kind, body=dict(body)))
        self._session.flush()

    def last_time(self) -> datetime | None:
        """When the last entry was written."""
        query = select(OutcomeRow.at).order_by(col(OutcomeRow.sequence).desc()).limit(1)
        at = self._session.exec(query).first()
        return None if at is None else at.replace(tzinfo=UTC)

    def all(self, *kinds: OutcomeKind) -> list[Outcome]:
        """Every entry of these kinds, or of any kind, in order."""
        query = select(OutcomeRow).order_by(col(OutcomeRow.sequence))
        if kinds:
            query = query.where(col(OutcomeRow.kind).in_(kinds))
        return [
            Outcome(row.sequence or 0, row.at.replace(tzinfo=UTC), OutcomeKind(row.kind), row.body)
            for row in self._session.exec(query)
        ]
