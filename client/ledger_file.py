"""The last checkpoint that this device saw, on disk before anything that relies on it is used.

Two runs at once must not overwrite each other's: a checkpoint is kept only in place of the one it
was shown to continue. Otherwise a run that was answered late would put an older one back, and what
happened in between would go unseen.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from client.errors import LedgerFileUnusable
from client.private_file import make_private
from privacy.agreement.model import AgreementDigest, Role
from privacy.window import Window

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS seen (
    only INTEGER PRIMARY KEY CHECK (only = 1), note TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS told (window TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS window_keys (
    window TEXT NOT NULL, agreement BLOB NOT NULL, leader BLOB NOT NULL, helper BLOB NOT NULL,
    PRIMARY KEY (window, agreement)
);
"""
_BUSY_SECONDS: Final = 10.0


class LedgerFile:
    """One device's view of the ledger. Every method raises `LedgerFileUnusable` if it must."""

    def __init__(self, path: Path) -> None:
        """Open the file, or start one that only its owner can read."""
        self._path = path
        try:
            make_private(path)
        except OSError as error:
            raise LedgerFileUnusable(
                f"{path} cannot be written ({error.strerror}): make its folder writable"
            ) from error
        with self._translated():
            self._connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def seen(self) -> str | None:
        """The signed note of the last checkpoint, or None before the first."""
        with self._translated():
            row = self._connection.execute("SELECT note FROM seen").fetchone()
        return None if row is None else str(row[0])

    def advance(self, before: str | None, note: str) -> bool:
        """Keep a checkpoint in place of `before`; False, and nothing changes, if that is gone."""
        with self._translated():
            if before is None:
                change = "INSERT OR IGNORE INTO seen VALUES (1, ?)"
                cursor = self._connection.execute(change, (note,))
            else:
                change = "UPDATE seen SET note = ? WHERE note = ?"
                cursor = self._connection.execute(change, (note, before))
            return cursor.rowcount == 1

    def tell_once(self, window: Window) -> bool:
        """Whether it is the first time that this device says why a window is not reported."""
        with self._translated():
            cursor = self._connection.execute(
                "INSERT OR IGNORE INTO told VALUES (?)", (str(window),)
            )
            return cursor.rowcount == 1

    def window_keys(
        self, window: Window, agreement: AgreementDigest
    ) -> Mapping[Role, bytes] | None:
        """The proven keys of a window under a version, if they were kept."""
        query = "SELECT leader, helper FROM window_keys WHERE window = ? AND agreement = ?"
        with self._translated():
            row = self._connection.execute(query, (str(window), agreement)).fetchone()
        return None if row is None else {Role.LEADER: row[0], Role.HELPER: row[1]}

    def keep_window_keys(
        self,
        window: Window,
        agreement: AgreementDigest,
        keys: Mapping[Role, bytes],
        oldest: Window,
    ) -> None:
        """Keep the proven keys of a window, and no more those of windows before `oldest`."""
        row = str(window), agreement, keys[Role.LEADER], keys[Role.HELPER]
        with self._translated():
            self._connection.execute("INSERT OR REPLACE INTO window_keys VALUES (?, ?, ?, ?)", row)
            self._connection.execute("DELETE FROM window_keys WHERE window < ?", (str(oldest),))

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise LedgerFileUnusable(
                f"{self._path}, which has the last checkpoint of the ledger, cannot be used "
                f"({error}): see that you may write it and that the disk is not full; if it is "
                "damaged, move it away"
            ) from error
