"""Leaving: the council is told, then everything that Plurale keeps on this device is erased.

1. The council, since the request is signed with the device key. Nothing is held up if it cannot be
   told: nobody has to be reachable for a person to leave.
2. The files. The enrolment and the device key go last, so that a leave that was interrupted tells
   the council again; without them what is left is erased all the same.

Only files that Plurale made are touched, known by their names: a mailbox may be in the same folder.
"""

import os
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from client import alarm, device_key_file, enrolment_file, pausing
from client.errors import NotEnrolled
from client.membership import Membership

_DATABASES: Final = ("journal.db", "outbox.db", "ledger.db")
_SIDE_FILES: Final = ("", "-wal", "-shm", "-journal")
_TEXTS: Final = (
    alarm.FILE_NAME,
    pausing.FILE_NAME,
    enrolment_file.FILE_NAME,
    device_key_file.FILE_NAME,
)
_OF_DATABASES: Final = tuple(name + side for name in _DATABASES for side in _SIDE_FILES)
_HALF_WRITTEN: Final = re.compile(rf"({'|'.join(map(re.escape, _TEXTS))})\.[0-9]+\.new")
_CHUNK_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Left:
    """`erased`: names of files. `left_over`: what could not be erased, each with its reason."""

    erased: tuple[str, ...]
    left_over: tuple[str, ...]


def tell_council(folder: Path, now: datetime) -> None:
    """Step 1. Raises a `PluraleError`: not enrolled, no key, unreachable, refused."""
    enrolment = enrolment_file.known(folder)
    if enrolment is None:
        raise NotEnrolled("the enrolment, which says where that server is, is not here any more")
    council = enrolment.at(now).council
    device_key = device_key_file.load(folder)
    with Membership(council) as membership:
        membership.leave(device_key)


def kept(folder: Path) -> list[Path]:
    """Every file that Plurale made in the folder, in the order in which they are erased."""
    try:
        found = {entry.name for entry in os.scandir(folder)}
    except FileNotFoundError:
        return []
    half_written = sorted(name for name in found if _HALF_WRITTEN.fullmatch(name))
    whole = [name for name in (*_OF_DATABASES, *_TEXTS) if name in found]
    return [folder / name for name in (*half_written, *whole)]


def erase(folder: Path) -> Left:
    """Step 2, and the folder itself if it is then empty. One file never holds up another."""
    erased, left_over = [], []
    for path in kept(folder):
        try:
            _erase(path)
        except OSError as error:
            left_over.append(f"{path} could not be erased ({error.strerror}): erase it yourself")
        else:
            erased.append(path.name)
    with suppress(OSError):  # something else is in it, or it is not Plurale's to remove
        folder.rmdir()
    return Left(tuple(erased), tuple(left_over))


def _erase(path: Path) -> None:
    """Overwrite a file, then remove it. A link is removed, and what it leads to stays as it is."""
    found = path.lstat()
    if stat.S_ISREG(found.st_mode):
        path.chmod(0o600)
        descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW)
        with os.fdopen(descriptor, "wb") as file:
            for chunk in _zeros(found.st_size):
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
    path.unlink()


def _zeros(size: int) -> Iterator[bytes]:
    while size > 0:
        yield bytes(min(size, _CHUNK_BYTES))
        size -= _CHUNK_BYTES
