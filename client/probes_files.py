"""Probes of `plurale doctor` that look at the files in the device's folder."""

import os
import shutil
import sqlite3
import stat
import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

from client import (
    alarm,
    device_key_file,
    enrolment_file,
    export_tables,
    leaving,
    pausing,
    watch_rules,
)
from client.doctor import Condition, Finding
from client.enrolment import Enrolment
from client.errors import NotEnrolled
from client.journal import Journal
from client.ledger_file import LedgerFile
from client.outbox import Outbox

_ROOM_BYTES: Final = 50 * 1024 * 1024
_TRIAL_BYTES: Final = 64 * 1024
_OTHERS: Final = 0o077


class _Opened(Protocol):
    def close(self) -> None: ...


def data_folder(folder: Path) -> Iterable[Finding]:
    """Whether it can be written to, by its owner alone, and has room."""
    what = "data folder"
    if not folder.exists():
        yield Finding(what, Condition.UNUSED, f"{folder} is not there yet: plurale enrol makes it")
        return
    problems = [*_not_writable(folder), *_open_to_others(folder)]
    if shutil.disk_usage(folder).free < _ROOM_BYTES:
        problems.append(f"the disk of {folder} is nearly full: make room on it")
    yield from _all(what, problems, str(folder))


def database(folder: Path, name: str) -> Iterable[Finding]:
    """Whether it opens, is whole, and holds what it should."""
    path = folder / name
    if not path.exists():
        yield Finding(name, Condition.UNUSED, "it is made when it is needed")
        return
    _opens(path)
    try:
        with closing(sqlite3.connect(path, timeout=10)) as connection:
            (said,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        export_tables.read(folder, name)
    except (sqlite3.Error, ValueError, TypeError, IndexError, OverflowError) as error:
        said = str(error)
    if said == "ok":
        yield Finding(name, Condition.WORKS)
    else:
        yield Finding(
            name, Condition.BROKEN, f"{path} is damaged ({said}): move it away, and keep it"
        )


def _opens(path: Path) -> None:
    """Raise the `DeviceError` with the next step if it does not."""
    kinds: Mapping[str, Callable[[Path], _Opened]] = {
        "journal.db": Journal,
        "outbox.db": Outbox,
        "ledger.db": LedgerFile,
    }
    kinds[path.name](path).close()


def enrolment(folder: Path, now: datetime) -> Iterable[Finding]:
    """Whether there is one, and whether it is in force."""
    what = "enrolment"
    known = enrolment_file.known(folder)
    if known is None:
        yield Finding(what, Condition.UNUSED, "this device takes no part: plurale enrol FILE CODE")
        return
    device_key_file.load(folder)
    agreement, zone = known.newest.agreement, known.newest.agreement.working_time.zone
    if now < known.first_window.start(zone):
        said = f"the first week to be reported is {known.first_window}"
    elif now >= agreement.last_window.end(zone):
        said = (
            f"the agreement ended with {agreement.last_window}: ask the works council for the "
            "next version"
        )
    else:
        said = f"version {agreement.version}, group {known.newest.group}"
    yield Finding(what, Condition.WORKS, said)


def ledger_alarm(folder: Path) -> Iterable[Finding]:
    """Whether the council showed another ledger than before: then nothing is sent."""
    raised = alarm.raised(folder)
    if raised is not None:
        yield Finding("common list", Condition.BROKEN, str(raised))


def clock(folder: Path, now: datetime) -> Iterable[Finding]:
    """Whether it is later than everything that has happened here."""
    known = _enrolment(folder)
    if known is None:
        return
    happened = [known.newest.consented_at]
    if (folder / "outbox.db").exists():
        with closing(Outbox(folder / "outbox.db")) as outbox:
            happened += [parcel.made_at for parcel in outbox.all()]
    if now < max(happened):
        yield Finding(
            "clock",
            Condition.BROKEN,
            f"it shows a time before {max(happened):%d %B %Y, %H:%M %Z}, when this device was used "
            "already: set it right",
        )
    else:
        yield Finding("clock", Condition.WORKS)


def pauses(folder: Path) -> Iterable[Finding]:
    """Whether it can be read when the person paused."""
    found = pausing.load(folder)
    if found.fault is not None:
        yield Finding("pauses", Condition.BROKEN, str(found.fault))
    else:
        yield Finding("pauses", Condition.WORKS, "you are paused" if found.open else "")


def rules(folder: Path) -> Iterable[Finding]:
    """Whether the watcher can read when it may record."""
    watch_rules.load(folder)
    if (folder / watch_rules.FILE_NAME).exists():
        yield Finding("rules of recording", Condition.WORKS)
    elif _enrolment(folder) is not None:
        yield Finding(
            "rules of recording",
            Condition.BROKEN,
            f"{folder / watch_rules.FILE_NAME} is not there: type plurale send, which writes it",
        )


def _enrolment(folder: Path) -> Enrolment | None:
    try:
        return enrolment_file.known(folder)
    except NotEnrolled:
        return None  # its own probe says so


def _not_writable(folder: Path) -> list[str]:
    try:
        with tempfile.TemporaryFile(dir=folder) as trial:
            trial.write(bytes(_TRIAL_BYTES))
            trial.flush()
            os.fsync(trial.fileno())
    except OSError as error:
        return [f"nothing can be written in {folder} ({error.strerror}): mend that first"]
    return []


def _open_to_others(folder: Path) -> list[str]:
    if os.name != "posix":
        return []
    problems = []
    if stat.S_IMODE(folder.stat().st_mode) & _OTHERS:
        problems.append(f"others on this computer can look into {folder}: chmod 700 it")
    problems += [
        f"others on this computer can read {path}: chmod 600 it"
        for path in leaving.kept(folder)
        if stat.S_IMODE(path.lstat().st_mode) & _OTHERS
    ]
    return problems


def _all(what: str, problems: list[str], fine: str) -> Iterable[Finding]:
    if not problems:
        yield Finding(what, Condition.WORKS, fine)
    for problem in problems:
        yield Finding(what, Condition.BROKEN, problem)
