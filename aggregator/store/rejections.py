"""Counters of rejected reports: numbers, never reports."""

from collections.abc import Mapping

from sqlmodel import Session, select

from aggregator.store.rows import RejectionRow
from privacy.batch import BatchId
from privacy.errors import Rejection

UNKNOWN_BATCH = ""
"""Where reports for batches that do not exist are counted, so that nobody can make rows."""


class Rejections:
    """How many reports were turned away, by batch and reason."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, batch: BatchId | None, reason: Rejection, count: int = 1) -> None:
        """Count rejected reports; None is for a batch that does not exist."""
        key = UNKNOWN_BATCH if batch is None else _label(batch)
        row = self._session.get(RejectionRow, (key, reason.name))
        row = row or RejectionRow(batch=key, reason=reason.name, count=0)
        row.count += count
        self._session.add(row)

    def counts(self, batch: BatchId | None) -> Mapping[Rejection, int]:
        """Rejected reports of one batch, by reason."""
        key = UNKNOWN_BATCH if batch is None else _label(batch)
        rows = self._session.exec(select(RejectionRow).where(RejectionRow.batch == key))
        return {Rejection[row.reason]: row.count for row in rows}


def _label(batch: BatchId) -> str:
    return f"{batch.agreement.hex()[:16]} / {batch}"
