"""The journal's file: who may read it, what is in it, and what its errors mean.

Only ``sqlite3`` of the standard library: the always-on watcher has to stay small. The journal is
in WAL mode, so that the watcher can write while a mail scan writes in another process; what is
deleted is overwritten (``secure_delete``), so that erased events are gone from the file.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from client.errors import JournalInUse, JournalUnusable
from client.private_file import make_private
from privacy.errors import InvalidValue

_APPLICATION_ID: Final = 0x506C7572
_VERSION: Final = 1
_BUSY_SECONDS: Final = 10.0

# A primary key comes first in its table: if not, SQLite before 3.41 takes a whole file without
# ROWIDs for a damaged one when it is asked to check it.
_SCHEMA: Final = f"""
BEGIN IMMEDIATE;
CREATE TABLE span (
    active INTEGER NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL,
    PRIMARY KEY (active, start)
) WITHOUT ROWID;
CREATE TABLE mail (
    key BLOB NOT NULL, outgoing INTEGER NOT NULL, received INTEGER NOT NULL,
    automated INTEGER NOT NULL, domains TEXT NOT NULL, refs BLOB NOT NULL, strand BLOB,
    PRIMARY KEY (key, outgoing)
) WITHOUT ROWID;
CREATE TABLE seen (name BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE mail_read (only INTEGER PRIMARY KEY CHECK (only = 1), until INTEGER NOT NULL);
CREATE TABLE cursor (place BLOB PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE used (
    category TEXT NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL,
    PRIMARY KEY (category, start)
) WITHOUT ROWID;
CREATE TABLE away (day TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE hours (
    since TEXT NOT NULL, weekday INTEGER NOT NULL, start TEXT NOT NULL, end TEXT NOT NULL,
    PRIMARY KEY (since, weekday)
) WITHOUT ROWID;
CREATE TABLE task (
    number INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL, estimate INTEGER,
    added INTEGER NOT NULL, done INTEGER, origin BLOB UNIQUE,
    recurs INTEGER NOT NULL
);
CREATE TABLE task_time (
    task INTEGER NOT NULL REFERENCES task (number), start INTEGER NOT NULL,
    imported INTEGER NOT NULL, end INTEGER, PRIMARY KEY (task, start, imported)
) WITHOUT ROWID;
CREATE TABLE erased (
    only INTEGER PRIMARY KEY CHECK (only = 1), until INTEGER, forgotten INTEGER,
    first_task INTEGER, swept INTEGER NOT NULL
);
INSERT INTO erased VALUES (1, NULL, NULL, NULL, 1);
PRAGMA application_id = {_APPLICATION_ID};
PRAGMA user_version = {_VERSION};
COMMIT;
"""  # noqa: S608 - constants


def connect(path: Path) -> sqlite3.Connection:
    """Open the journal at `path`, made if it is not there; raise `JournalUnusable`.

    The file is readable and writable by its owner only (0600) and its folder, if made here, 0700,
    whatever the umask is.
    """
    try:
        make_private(path)
    except OSError as error:
        raise JournalUnusable(
            f"the journal {path} cannot be written ({error.strerror}): make its folder writable"
        ) from error
    with translated(path):
        connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
        try:
            _prepare(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection, path: Path) -> Iterator[sqlite3.Connection]:
    """All of it, or nothing; takes the write lock at once, so that no upgrade can fail halfway."""
    with translated(path):
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            # A full disk has already rolled back by itself.
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn errors of SQLite into a sentence for people."""
    try:
        yield
    except sqlite3.Error as error:
        if _code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise JournalInUse(
                f"the journal {path} is in use by another program: try again in a minute"
            ) from error
        raise JournalUnusable(_sentence(path, error)) from error


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Reading rows: the same, and what is no fact any more is damage as well."""
    with translated(path):
        try:
            yield
        except (ValueError, TypeError, OverflowError, InvalidValue) as error:
            raise JournalUnusable(
                f"the journal {path} is damaged, since something in it cannot be read ({error}): "
                "move the file away, and a new one is started; what it held is then missing, not "
                "zero"
            ) from error


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("PRAGMA secure_delete = ON")
    # In WAL mode this never damages the file. A power cut may lose the last seconds; they are then
    # missing, and mail is read again.
    connection.execute("PRAGMA synchronous = NORMAL")
    version = _pragma(connection, "user_version")
    owner = _pragma(connection, "application_id")
    empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
    if version == 0 and owner == 0 and empty:
        connection.execute("PRAGMA journal_mode = WAL")
        _create(connection)
    elif owner != _APPLICATION_ID:
        raise JournalUnusable(f"{path} is not a journal of Plurale: name another file")
    elif version != _VERSION:
        raise JournalUnusable(
            f"the journal {path} has version {version} and this program reads version {_VERSION}: "
            "use the program that wrote it, or move the file away to start a new one"
        )


def _create(connection: sqlite3.Connection) -> None:
    try:
        connection.executescript(_SCHEMA)
    except sqlite3.OperationalError:
        # Another process made the tables between our look and our lock.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        if _pragma(connection, "user_version") != _VERSION:
            raise


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    value: int = connection.execute(f"PRAGMA {name}").fetchone()[0]
    return value


def _code(error: sqlite3.Error) -> int | None:
    return error.sqlite_errorcode & 0xFF if hasattr(error, "sqlite_errorcode") else None


def _sentence(path: Path, error: sqlite3.Error) -> str:
    match _code(error):
        case sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_CORRUPT:
            return (
                f"the journal {path} is damaged: move the file away, and a new one is started; "
                "what it held is then missing, not zero"
            )
        case sqlite3.SQLITE_FULL:
            return f"the journal {path} cannot grow: the disk is full"
        case _:
            return f"the journal {path} cannot be used ({error}): see that you may write it"
