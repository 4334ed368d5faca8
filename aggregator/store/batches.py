"""Batches: state, count and sum."""

from collections.abc import Iterable

from sqlalchemy.orm import defer
from sqlmodel import Session, col, select, update

from aggregator.model import Batch, BatchState
from aggregator.store.rows import BatchRow
from privacy.agreement.model import AgreementDigest
from privacy.batch import BatchId
from privacy.groups import GroupId
from privacy.metrics import TaskId
from privacy.window import Window


class Batches:
    """One row for each batch that anything is known about."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, batch: BatchId) -> Batch | None:
        """The batch, or None when nothing of it has been seen."""
        row = self._session.exec(
            select(BatchRow).where(
                BatchRow.agreement == batch.agreement,
                BatchRow.task == batch.task,
                BatchRow.group_id == batch.group,
                BatchRow.window == str(batch.window),
            )
        ).first()
        return None if row is None else _domain(row)

    def get_or_open(self, batch: BatchId) -> Batch:
        """The batch; a new one is open and empty."""
        known = self.get(batch)
        if known is not None:
            return known
        row = BatchRow(
            agreement=batch.agreement,
            task=batch.task,
            group_id=batch.group,
            window=str(batch.window),
            state=BatchState.OPEN,
        )
        self._session.add(row)
        self._session.flush()
        return _domain(row)

    def in_states(self, states: Iterable[BatchState]) -> list[Batch]:
        """Batches in these states, oldest first."""
        query = select(BatchRow).where(col(BatchRow.state).in_(list(states)))
        return [_domain(row) for row in self._session.exec(query.order_by(col(BatchRow.row)))]

    def states(self, window: Window | None = None) -> dict[BatchId, BatchState]:
        """The state of every batch, or of those of one window, without its sum."""
        # SQLModel types a column as its value.
        without_sum = defer(BatchRow.aggregate_share)  # type: ignore[arg-type]
        query = select(BatchRow).options(without_sum)
        if window is not None:
            query = query.where(BatchRow.window == str(window))
        rows = self._session.exec(query.order_by(col(BatchRow.row)))
        return {
            _id(row.agreement, row.task, row.group_id, row.window): BatchState(row.state)
            for row in rows
        }

    def set_state(self, batch: Batch, state: BatchState) -> None:
        """Move a batch on."""
        self._update(batch, state=state)

    def end(self, batch: Batch, state: BatchState) -> None:
        """Move a batch to a final state without a result, and erase its sum."""
        self._update(batch, state=state, aggregate_share=None)

    def set_sum(self, batch: Batch, count: int, aggregate_share: bytes | None) -> None:
        """Replace the count and the encoded sum; None erases the sum."""
        self._update(batch, count=count, aggregate_share=aggregate_share)

    def _update(self, batch: Batch, **changes: object) -> None:
        self._session.exec(update(BatchRow).where(col(BatchRow.row) == batch.row).values(**changes))


def _id(agreement: bytes, task: str, group: str, window: str) -> BatchId:
    return BatchId(AgreementDigest(agreement), TaskId(task), GroupId(group), Window.parse(window))


def _domain(row: BatchRow) -> Batch:
    assert row.row is not None  # noqa: S101 - a stored row has its number
    return Batch(
        row=row.row,
        id=_id(row.agreement, row.task, row.group_id, row.window),
        state=BatchState(row.state),
        count=row.count,
        aggregate_share=row.aggregate_share,
    )
