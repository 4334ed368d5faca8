"""The newest checkpoint that the employer has witnessed."""

from sqlmodel import Session

from aggregator.store.rows import CheckpointRow

_ONLY_ROW = 0


class Checkpoints:
    """One signed note, or none yet."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self) -> str | None:
        """The note."""
        row = self._session.get(CheckpointRow, _ONLY_ROW)
        return None if row is None else row.note

    def put(self, note: str) -> None:
        """Keep a newer one in its place."""
        self._session.merge(CheckpointRow(row=_ONLY_ROW, note=note))
