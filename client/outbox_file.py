"""The file of the outbox: opened for its owner alone, changed as a whole or not at all."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from client.errors import OutboxUnusable
from client.outbox_rows import SCHEMA
from client.private_file import make_private
from privacy.errors import PluraleError

_BUSY_SECONDS: Final = 10.0

Change = tuple[str, Mapping[str, Any]]
"""A statement and what it names."""


class OutboxFile:
    """Every method raises `OutboxUnusable` when the file cannot be used."""

    def __init__(self, path: Path) -> None:
        """Open the file, or start one that only its owner can read."""
        self._path = path
        try:
            make_private(path)
        except OSError as error:
            raise OutboxUnusable(
                f"the outbox {path} cannot be written ({error.strerror}): make its folder writable"
            ) from error
        with self._translated():
            self._connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
            self._connection.row_factory = sqlite3.Row
            self._connection.execute("PRAGMA secure_delete = ON")
            self._connection.executescript(SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def rows(self, query: str, named: Mapping[str, Any]) -> list[sqlite3.Row]:
        """What a query gives."""
        with self._translated():
            return self._connection.execute(query, named).fetchall()

    def insert(self, table: str, row: Mapping[str, Any]) -> bool:
        """Keep a row; False, and nothing changes, when its task and window have one."""
        names, marks = ", ".join(row), ", ".join(f":{name}" for name in row)
        with self._translated():
            cursor = self._connection.execute(
                f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({marks})",  # noqa: S608 - constants
                row,
            )
            return cursor.rowcount == 1

    def change(self, *changes: Change) -> None:
        """Make all of the changes, or none."""
        with self._translated(), self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            for statement, named in changes:
                self._connection.execute(statement, named)

    @contextmanager
    def readable(self, task: str, window: object) -> Iterator[None]:
        """Reading a row about a task and window: what cannot be read is named."""
        try:
            yield
        except (ValueError, TypeError, PluraleError) as error:
            raise OutboxUnusable(
                f"what the outbox {self._path} has of the report to {task} for {window} cannot be "
                f"read ({error}): the file is damaged; move it away, and keep it"
            ) from error

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise OutboxUnusable(
                f"the outbox {self._path} cannot be used ({error}): see that you may write it and "
                "that the disk is not full; if it is damaged, move it away"
            ) from error
