"""Forgetting: everything that this device recorded of a person is erased, and never read again.

1. A pause from the beginning of time until now is noted first. So the week that runs and all that
   are not reported yet become neutral, as after any pause, and mail from before stays unread.
2. The journal is emptied: activity, use, mail and what was read of it, tasks, days away that are
   over. Whoever still holds something of it cannot put it back (`client.journal.Journal.forget`).
3. Its file is written anew, so that nothing is left in it, and the log beside it is emptied. While
   another program reads, that cannot be: then it is said, and can be repeated.
4. A journal that is damaged is overwritten and removed as a file; a new one is started.

What was agreed to, the device key, hours, mailboxes and reports that are made already stay. A
report that is made holds the numbers of its week under noise, and leaves as it would have: not to
send it would show something, and it cannot be made again.
"""

import sqlite3
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Final

from client import erasing, pausing
from client.errors import JournalInUse, JournalUnusable
from client.journal import Journal
from client.pausing import Pause, Pauses

_EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)

# What another try, or room on the disk, may mend: the file itself is whole.
_WHOLE: Final = (
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_PERM,
)


@dataclass(frozen=True, slots=True)
class Forgotten:
    """`damaged`: why the journal was removed as a file, if it was."""

    damaged: str | None = None


def forget(folder: Path, now: datetime, zone: tzinfo) -> Forgotten:
    """All steps; `zone` is where a day begins and ends. Any of them may be repeated.

    Raises `PausesUnreadable` when nothing was changed, and `JournalUnusable` when the journal was
    not emptied, or not wholly.
    """
    pausing.save(folder, forgetful(pausing.load(folder), now))  # 1
    path = folder / "journal.db"
    try:
        with Journal(path) as journal:
            journal.forget(now, now.astimezone(zone).date())  # 2, 3
    except JournalInUse:
        raise JournalInUse(
            f"the journal {path} is in use by another program, so what it holds is not gone from "
            "it yet: end plurale watch and plurale send, then type plurale forget again"
        ) from None
    except JournalUnusable as error:
        if not _is_damaged(error):
            raise
        _remove(path)  # 4
        with Journal(path) as journal:  # a new one, which takes nothing from before either
            journal.forget(now, now.astimezone(zone).date())
        return Forgotten(str(error))
    return Forgotten()


def forgetful(pauses: Pauses, now: datetime) -> Pauses:
    """One pause until now in place of all that there were; one that goes on goes on."""
    # A file that cannot be read counts as a pause that goes on.
    past = Pause(_EVER, now)
    return Pauses((past,) if pauses.open is None else (past, Pause(now)))


def _is_damaged(error: JournalUnusable) -> bool:
    cause = error.__cause__
    if isinstance(cause, sqlite3.Error):
        return getattr(cause, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF not in _WHOLE
    return not isinstance(cause, OSError)


def _remove(path: Path) -> None:
    for side in reversed(erasing.SIDE_FILES):  # the database last: without it nothing is repeated
        file = path.with_name(path.name + side)
        try:
            with suppress(FileNotFoundError):
                erasing.erase_file(file)
        except OSError as error:
            raise JournalUnusable(
                f"{file} could not be erased ({error.strerror}): erase it yourself, then type "
                "plurale forget again"
            ) from error
