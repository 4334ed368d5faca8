"""Erasing from the journal, so that nothing is left of it in the journal's files.

1. Rows are deleted, and SQLite overwrites them (``secure_delete``).
2. When SQLite moved a row to another page before, a copy stayed behind, which it does not
   overwrite. So the file is written anew (``VACUUM``), through memory and no temporary file.
3. The write-ahead log is emptied.

Another program may hold up 2 and 3, by reading at that moment. The journal notes that they are due
until they are done.

What was erased does not come back: a mail that is moved to another folder is a new copy there, and
without its answer it would look as if nobody had answered it. So a digest of each erased mail is
kept among the names of what was read (`gone`).
"""

import hashlib
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from client.errors import JournalInUse
from client.journal_file import transaction, translated
from client.sources.base import MessageKey, SeenKey

_RECORDED: Final = ("span", "used", "mail", "seen", "cursor", "mail_read", "task_time", "task")
"""Tables of what was recorded. Days away and hours are what the person set."""


def gone(key: MessageKey, *, outgoing: bool) -> SeenKey:
    """Under what is noted that a mail is to be taken in no more."""
    return SeenKey(hashlib.sha256(b"plurale gone %d " % outgoing + key).digest())


def is_gone(connection: sqlite3.Connection, key: MessageKey, *, outgoing: bool) -> bool:
    """Whether a mail was erased. Of one that was sent, no received copy is taken in either."""
    names = {gone(key, outgoing=outgoing), gone(key, outgoing=True)}
    query = "SELECT 1 FROM seen WHERE name = ?"
    return any(connection.execute(query, (name,)).fetchone() for name in names)


def erased_until(connection: sqlite3.Connection) -> int | None:
    """From before when something is erased, in microseconds since 1970."""
    return _of_erased(connection, "until")


def forgotten_until(connection: sqlite3.Connection) -> int | None:
    """From before when nothing is to be taken in, in microseconds since 1970."""
    return _of_erased(connection, "forgotten")


def first_task(connection: sqlite3.Connection) -> int | None:
    """When the first of the tasks that are erased was added, in microseconds since 1970."""
    return _of_erased(connection, "first_task")


def _of_erased(connection: sqlite3.Connection, column: str) -> int | None:
    row = connection.execute(f"SELECT {column} FROM erased").fetchone()  # noqa: S608 - constants
    return None if row is None else row[0]


def erase_before(connection: sqlite3.Connection, moment: int, away_before: str, now: int) -> None:
    """Activity, use, finished tasks and days away; inside a transaction."""
    for table, kind in (("span", "active"), ("used", "category")):
        connection.execute(
            f"INSERT OR REPLACE INTO {table} (start, end, {kind})"  # noqa: S608 - constants
            f" SELECT ?, max(end), {kind} FROM {table} WHERE start < ? AND end > ? GROUP BY {kind}",
            (moment, moment, moment),
        )
        _delete(connection, f"{table} WHERE start < ?", moment)
    connection.execute(
        "UPDATE erased SET first_task = (SELECT min(added) FROM task WHERE done < :moment)"
        " WHERE EXISTS (SELECT 1 FROM task WHERE done < :moment) AND"
        " (first_task IS NULL OR first_task > (SELECT min(added) FROM task WHERE done < :moment))",
        {"moment": moment},
    )
    _delete(connection, "task_time WHERE task IN (SELECT number FROM task WHERE done < ?)", moment)
    _delete(connection, "task WHERE done < ?", moment)
    _delete(connection, "away WHERE day < ?", away_before)
    # A clock that was ahead once must not make every week until then a missing one.
    connection.execute(
        "UPDATE erased SET until = max(:to, min(coalesce(until, :to), :now))",
        {"to": moment, "now": now},
    )


def erase_mail(connection: sqlite3.Connection, mail: Iterable[tuple[MessageKey, bool]]) -> None:
    """Mails by their keys and whether they were sent; inside a transaction."""
    for key, outgoing in mail:
        name = gone(key, outgoing=outgoing)
        connection.execute("INSERT OR IGNORE INTO seen VALUES (?)", (name,))
        _delete(connection, "mail WHERE key = ? AND outgoing = ?", key, outgoing)


def forget(connection: sqlite3.Connection, now: int, today: str) -> None:
    """All that was recorded, and days away that are over; inside a transaction."""
    for table in _RECORDED:
        _delete(connection, table)
    _delete(connection, "sqlite_sequence WHERE name = 'task'")  # how many there were
    _delete(connection, "away WHERE day < ?", today)
    connection.execute(
        "UPDATE erased SET until = ?, forgotten = ?, first_task = NULL, swept = 0", (now, now)
    )


def _delete(connection: sqlite3.Connection, rows: str, *named: object) -> None:
    cursor = connection.execute(f"DELETE FROM {rows}", named)  # noqa: S608 - constants
    if cursor.rowcount:
        connection.execute("UPDATE erased SET swept = 0")


def sweep(connection: sqlite3.Connection, path: Path) -> None:
    """Steps 2 and 3, if they are due; outside a transaction. Raises `JournalUnusable`."""
    with translated(path):
        (swept,) = connection.execute("SELECT swept FROM erased").fetchone() or (0,)
        if swept:
            return
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("VACUUM")
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        raise JournalInUse(
            f"the journal {path} is in use by another program, so what is erased may still be in "
            "its files: try again in a minute"
        )
    with transaction(connection, path):
        connection.execute("UPDATE erased SET swept = 1")
