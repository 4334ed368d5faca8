"""A party's private HPKE keys, one for each window, until they are erased."""

from sqlmodel import Session, col, delete, select

from aggregator.store.rows import WindowKeyRow
from privacy.window import Window


class WindowKeys:
    """Raw private keys (96 bytes) by window."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, window: Window) -> bytes | None:
        """The key of a window, or None before it was made and after it was erased."""
        row = self._session.get(WindowKeyRow, str(window))
        return None if row is None else row.private

    def put(self, window: Window, private: bytes) -> None:
        """Keep a new key."""
        self._session.add(WindowKeyRow(window=str(window), private=private))
        self._session.flush()

    def windows(self) -> list[Window]:
        """Every window that has a key here."""
        query = select(WindowKeyRow.window).order_by(col(WindowKeyRow.window))
        return [Window.parse(window) for window in self._session.exec(query)]

    def erase(self, window: Window) -> None:
        """Overwrite the key of a window."""
        self._session.exec(delete(WindowKeyRow).where(col(WindowKeyRow.window) == str(window)))
