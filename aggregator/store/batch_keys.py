"""The council's private RSA keys, one for each batch, until they are erased."""

from sqlmodel import Session, col, delete, select

from aggregator.store.rows import BatchKeyRow
from privacy.batch import BatchId
from privacy.window import Window


class BatchKeys:
    """PKCS #8 bytes by batch."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, batch: BatchId) -> bytes | None:
        """The key of a batch, or None before it was made and after it was erased."""
        row = self._session.get(BatchKeyRow, batch.context)
        return None if row is None else row.private

    def put(self, batch: BatchId, private: bytes) -> None:
        """Keep a new key, in place of one that was never witnessed."""
        self._session.merge(
            BatchKeyRow(batch=batch.context, window=str(batch.window), private=private)
        )
        self._session.flush()

    def windows(self) -> list[Window]:
        """Every window that has keys here."""
        query = select(BatchKeyRow.window).distinct().order_by(col(BatchKeyRow.window))
        return [Window.parse(window) for window in self._session.exec(query)]

    def held(self, window: Window) -> set[bytes]:
        """Contexts of the batches of a window that have a key here."""
        query = select(BatchKeyRow.batch).where(BatchKeyRow.window == str(window))
        return set(self._session.exec(query))

    def erase(self, window: Window, keeping: set[BatchId]) -> None:
        """Overwrite the keys of a window, but for those of some batches."""
        kept = [batch.context for batch in keeping]
        self._session.exec(
            delete(BatchKeyRow).where(
                col(BatchKeyRow.window) == str(window), col(BatchKeyRow.batch).not_in(kept)
            )
        )
