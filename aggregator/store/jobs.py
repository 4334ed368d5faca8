"""Aggregation jobs, as the bytes that were asked and answered.

A request holds sealed shares, so it stays only until it is answered. Its hash remains, to tell the
same job from another with its id.
"""

from sqlmodel import Session, col, select

from aggregator.model import Batch
from aggregator.store.rows import JobRow
from privacy import fields
from privacy.errors import InvalidValue


class Jobs:
    """A job without an answer is asked again, with the same bytes."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def ask(self, batch: Batch, job: bytes, request: bytes) -> None:
        """Keep a job that is about to be asked."""
        self._session.add(
            JobRow(id=job, batch=batch.row, digest=fields.sha256(request), request=request)
        )

    def unanswered(self, batch: Batch) -> list[bytes]:
        """Requests of jobs that have no answer yet."""
        query = select(JobRow.request).where(
            JobRow.batch == batch.row, col(JobRow.request).is_not(None)
        )
        return [request for request in self._session.exec(query) if request is not None]

    def answered(self, job: bytes) -> None:
        """Erase the request of a job that has its answer."""
        row = self._session.get_one(JobRow, job)
        row.request = None
        self._session.add(row)

    def answer(self, batch: Batch, job: bytes, request: bytes, response: bytes) -> None:
        """Keep the answer to a job that was asked here."""
        self._session.add(
            JobRow(id=job, batch=batch.row, digest=fields.sha256(request), response=response)
        )

    def answer_to(self, job: bytes, request: bytes) -> bytes | None:
        """The answer given to a job, None to a new one; `InvalidValue` if its id is taken."""
        row = self._session.get(JobRow, job)
        if row is None:
            return None
        if row.digest != fields.sha256(request) or row.response is None:
            raise InvalidValue("another job already has this id")
        return row.response
