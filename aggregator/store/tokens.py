"""Which member was given a token of which batch: what "once" needs, and nothing more."""

from sqlmodel import Session, col, delete, func, select

from aggregator.store.rows import TokenCountRow, TokenRow
from privacy import fields
from privacy.batch import BatchId
from privacy.errors import TokenSpent
from privacy.window import Window


class Tokens:
    """Kept until the batch is decided. In no order, and without a time."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def answer_to(self, member: int, batch: BatchId, request: bytes) -> bytes | None:
        """What the member was answered; None if nothing yet.

        Raises `TokenSpent` when it was to another request of the same task and window, whatever
        the group.
        """
        row = self._session.exec(
            select(TokenRow).where(
                TokenRow.task_digest == batch.task_digest,
                TokenRow.window == str(batch.window),
                TokenRow.member == member,
            )
        ).first()
        if row is None:
            return None
        if (row.batch, row.request_hash) != (batch.context, fields.sha256(request)):
            raise TokenSpent(
                f"a token for {batch.task} in {batch.window} was given to this member for another "
                "report"
            )
        return row.answer

    def given(self) -> int:
        """How many tokens were ever given."""
        row = self._session.get(TokenCountRow, 0)
        return 0 if row is None else row.given

    def put(self, member: int, batch: BatchId, request: bytes, answer: bytes) -> None:
        """Keep an answer, and count it."""
        self._session.merge(TokenCountRow(row=0, given=self.given() + 1))
        self._session.add(
            TokenRow(
                task_digest=batch.task_digest,
                window=str(batch.window),
                member=member,
                batch=batch.context,
                request_hash=fields.sha256(request),
                answer=answer,
            )
        )
        self._session.flush()

    def number(self, batch: BatchId) -> int:
        """How many tokens of a batch were given."""
        query = select(func.count()).where(TokenRow.batch == batch.context)
        return self._session.exec(query).one()

    def erase(self, window: Window, keeping: set[BatchId]) -> None:
        """Forget who was given a token in a window, but for those of some batches."""
        kept = [batch.context for batch in keeping]
        self._session.exec(
            delete(TokenRow).where(
                col(TokenRow.window) == str(window), col(TokenRow.batch).not_in(kept)
            )
        )
