"""Leaving: the council is told, then everything that Plurale keeps on this device is erased.

1. The enrolment gets another name, which only this module knows. From then on no run can start: it
   would make the files anew.
2. The council is told, in a request that the device key signs. Nothing is held up if it cannot be
   told: nobody has to be reachable for a person to leave.
3. The files are erased. The enrolment and the device key go last, so that a leave that was
   interrupted tells the council again; without them what is left is erased all the same.
4. So is what a run that had started before made meanwhile. Without its files it ends by itself.

Only files that Plurale made are touched, known by their names: a mailbox may be in the same folder.
"""

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from client import (
    alarm,
    device_key_file,
    enrolment_file,
    erasing,
    mailboxes_file,
    pausing,
    watch_rules,
)
from client.errors import NotEnrolled
from client.membership import Membership

_DATABASES: Final = ("journal.db", "outbox.db", "ledger.db")
_PUT_AWAY: Final = f"{enrolment_file.FILE_NAME}.leaving"
_TEXTS: Final = (
    alarm.FILE_NAME,
    pausing.FILE_NAME,
    watch_rules.FILE_NAME,
    mailboxes_file.FILE_NAME,
    enrolment_file.FILE_NAME,
    _PUT_AWAY,
    device_key_file.FILE_NAME,
)
_OF_DATABASES: Final = tuple(name + side for name in _DATABASES for side in erasing.SIDE_FILES)
_HALF_WRITTEN: Final = re.compile(rf"({'|'.join(map(re.escape, _TEXTS))})\.[0-9]+\.new")


@dataclass(frozen=True, slots=True)
class Left:
    """`erased`: names of files. `left_over`: what could not be erased, each with its reason."""

    erased: tuple[str, ...]
    left_over: tuple[str, ...]


def put_away(folder: Path) -> None:
    """Step 1."""
    enrolment, away = folder / enrolment_file.FILE_NAME, folder / _PUT_AWAY
    # Where this fails, so does erasing it, which says so.
    with suppress(OSError):
        if enrolment.exists() and away.exists():  # since an earlier leave was interrupted
            erasing.erase_file(away)  # a rename would leave its bytes on the disk
        enrolment.rename(away)


def tell_council(folder: Path, now: datetime) -> None:
    """Step 2. Raises a `PluraleError`: not enrolled, no key, unreachable, refused."""
    names = enrolment_file.FILE_NAME, _PUT_AWAY
    here = next((name for name in names if (folder / name).exists()), None)
    if here is None:
        raise NotEnrolled("the enrolment, which says where that server is, is not here any more")
    council = enrolment_file.load(folder, here).at(now).council
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
    """Steps 3 and 4, and the folder itself if it is then empty. One file holds up no other."""
    put_away(folder)  # 1, if an enrolment came since
    erased: dict[str, None] = {}
    left_over: dict[str, str] = {}
    for _ in range(2):  # 3, 4
        for path in kept(folder):
            left_over.pop(path.name, None)
            try:
                erasing.erase_file(path)
            except FileNotFoundError:
                continue  # whoever made it was quicker
            except OSError as error:
                left_over[path.name] = (
                    f"{path} could not be erased ({error.strerror}): erase it yourself"
                )
            else:
                erased[path.name] = None
    with suppress(OSError):  # something else is in it, or it is not Plurale's to remove
        folder.rmdir()
    return Left(tuple(erased), tuple(left_over.values()))
