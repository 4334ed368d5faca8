"""Which tables of the device's databases are exported, under which names, and what is left out.

A table or column that is in neither list would be kept without its person seeing it; a test
compares both lists with the databases.
"""

import json
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from client.personal_hours import WEEKDAYS
from client.sources.base import KEY_BYTES

Row: TypeAlias = dict[str, Any]
"""Plain values, as JSON has them."""

_Column: TypeAlias = tuple[str, Callable[[Any], Any]]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_AGREED_WEEK: Final = -1


@dataclass(frozen=True, slots=True)
class Kept:
    """One table: the name of its export, and what each column becomes there."""

    database: str
    table: str
    kind: str
    columns: Mapping[str, _Column]


def _moment(microseconds: Any) -> str:
    return (_EPOCH + timedelta(microseconds=microseconds)).isoformat()


def _iso_moment(text: Any) -> str:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    return moment.isoformat()


def _hex(content: Any) -> str:
    return bytes.hex(content)


def _flag(number: Any) -> bool:
    return bool(int(number))


def _text(text: Any) -> str:
    return str.strip(text)


def _keys(content: Any) -> list[str]:
    cuts = range(0, len(content), KEY_BYTES)
    return [bytes.hex(content[start : start + KEY_BYTES]) for start in cuts]


def _words(text: Any) -> list[str]:
    return str.split(text)


def _seconds(microseconds: Any) -> float:
    return timedelta(microseconds=microseconds) / timedelta(seconds=1)


def _number(number: Any) -> int:
    return int(number)


def _numbers(text: Any) -> list[int]:
    return [int(each) for each in json.loads(text)]


def _weekday(number: Any) -> str:
    return "as agreed" if number == _AGREED_WEEK else WEEKDAYS[number]


def _day(text: Any) -> str:
    return date.fromisoformat(text).isoformat()


def _clock(text: Any) -> str:
    return time.fromisoformat(text).isoformat("minutes") if text else ""


_SPAN: Final[Mapping[str, _Column]] = {"start": ("start", _moment), "end": ("end", _moment)}
_BATCH: Final[Mapping[str, _Column]] = {
    "window": ("window", _text),
    "task": ("task", _text),
    "group_id": ("group", _text),
    "agreement": ("agreement", _hex),
    "task_digest": ("task_digest", _hex),
}

KEPT: Final = (
    Kept("journal.db", "span", "activity", {**_SPAN, "active": ("active", _flag)}),
    Kept("journal.db", "used", "used", {**_SPAN, "category": ("category", _text)}),
    Kept(
        "journal.db",
        "mail",
        "mail",
        {
            "key": ("message", _hex),
            "outgoing": ("sent", _flag),
            "received": ("delivered", _moment),
            "automated": ("automated", _flag),
            "domains": ("domains", _words),
            "refs": ("refers_to", _keys),
            "strand": ("sender_in_thread", _hex),
        },
    ),
    Kept("journal.db", "mail_read", "mail_read", {"until": ("until", _moment)}),
    Kept("journal.db", "away", "away", {"day": ("day", _day)}),
    Kept(
        "journal.db",
        "hours",
        "hours",
        {
            "since": ("since", _day),
            "weekday": ("weekday", _weekday),
            "start": ("start", _clock),
            "end": ("end", _clock),
        },
    ),
    Kept(
        "journal.db",
        "task",
        "tasks",
        {
            "number": ("number", _number),
            "title": ("title", _text),
            "estimate": ("estimate_seconds", _seconds),
            "added": ("added", _moment),
            "done": ("done", _moment),
            "origin": ("imported_as", _hex),
            "recurs": ("recurs", _flag),
        },
    ),
    Kept(
        "journal.db",
        "task_time",
        "task_times",
        {"task": ("task", _number), **_SPAN, "imported": ("imported", _flag)},
    ),
    Kept(
        "journal.db",
        "erased",
        "erased",
        {
            "until": ("until", _moment),
            "forgotten": ("forgotten", _moment),
            "first_task": ("first_task", _moment),
        },
    ),
    Kept(
        "outbox.db",
        "schedule",
        "times",
        {
            **_BATCH,
            "fetch": ("token_asked_for_from", _iso_moment),
            "due": ("sent_from", _iso_moment),
            "unmade": ("not_made_because", _text),
            "unmade_seen": ("seen_to", _flag),
        },
    ),
    Kept(
        "outbox.db",
        "report",
        "reports",
        {
            **_BATCH,
            "rho": ("rho", _text),
            "state": ("state", _text),
            "made_at": ("made", _iso_moment),
            "finished_at": ("finished", _iso_moment),
            "report_id": ("report_id", _hex),
            "digest": ("digest", _hex),
            "size": ("bytes", _number),
            "measurement": ("noised_numbers", _numbers),
            "signature": ("receipt", _hex),
            "hindrance": ("hindrance", _text),
            "reason": ("reason", _text),
            "concern": ("concern", _text),
            "fault": ("fault", _text),
            "seen": ("seen_to", _text),
        },
    ),
)

_FOR_ALL: Final = "it is the same for everybody, and says nothing of this person"
_SEALED: Final = "it is sealed: nobody can read anything in it, and it is erased once it is sent"
_RECEIPT: Final = "plurale receipts --json has it, with all that goes with it"
_SECRET: Final = "whoever has it could report in this person's place"  # noqa: S105 - a sentence

LEFT_OUT: Final[Mapping[tuple[str, str], str]] = MappingProxyType(
    {
        ("journal.db", "seen"): "digests of names, under which mail is passed over that was read",
        ("journal.db", "cursor"): "how far each mail folder was read, in the words of its source",
        ("journal.db", "mail_read.only"): "it is always 1",
        ("journal.db", "erased.only"): "it is always 1",
        ("journal.db", "erased.swept"): "whether the file was written anew after the last erasing",
        ("outbox.db", "blinding"): _SECRET,
        ("outbox.db", "report.randomizer"): _SECRET,
        ("outbox.db", "report.token"): _SECRET,
        ("outbox.db", "report.public_share"): _SEALED,
        ("outbox.db", "report.leader_share"): _SEALED,
        ("outbox.db", "report.helper_share"): _SEALED,
        ("outbox.db", "report.public_hash"): _RECEIPT,
        ("outbox.db", "report.leader_hash"): _RECEIPT,
        ("outbox.db", "report.helper_hash"): _RECEIPT,
        ("outbox.db", "report.ending"): _RECEIPT,
        ("ledger.db", "seen"): _FOR_ALL,
        ("ledger.db", "told"): "weeks for which it was said once why nothing is reported",
        ("ledger.db", "window_keys"): _FOR_ALL,
    }
)
"""Tables, and columns of tables, that are not exported, each with its reason."""


def read(folder: Path, database: str) -> dict[str, list[Row]]:
    """All that is exported of one database, by kind; nothing if it is not there.

    Raises `sqlite3.Error`, or `ValueError`, `TypeError`, `IndexError` or `OverflowError` for a row
    that is none.
    """
    path = folder / database
    tables = [kept for kept in KEPT if kept.database == database]
    if not path.exists():
        return {kept.kind: [] for kept in tables}
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)) as connection:
        connection.execute("PRAGMA query_only = ON")
        return {kept.kind: _rows(connection, kept) for kept in tables}


def _rows(connection: sqlite3.Connection, kept: Kept) -> list[Row]:
    # Without its table SQLite takes the name of a column that is not there for a text.
    names = ", ".join(f'{kept.table}."{name}"' for name in kept.columns)
    order = ", ".join(str(place + 1) for place in range(min(2, len(kept.columns))))
    found = connection.execute(
        f"SELECT {names} FROM {kept.table} ORDER BY {order}"  # noqa: S608 - constants
    )
    return [
        {
            exported: None if value is None else convert(value)
            for (exported, convert), value in zip(kept.columns.values(), row, strict=True)
        }
        for row in found
    ]
