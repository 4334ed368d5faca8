"""Everything that is kept on this device, in open form, as plain data.

Never the device key, a token or what a token is made from, and no password. What else is left out
is in `client.export_tables.LEFT_OUT` and `FILES_LEFT_OUT`, each with its reason.
"""

import csv
import io
import json
import os
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from client import (
    alarm,
    device_key_file,
    enrolment_file,
    export_tables,
    mailboxes_file,
    pausing,
    watch_rules,
)
from client.errors import PausesUnreadable, SettingsUnusable
from client.export_tables import KEPT, Row
from client.mailboxes import GraphBox, Mailbox
from client.private_file import make_private_folder
from privacy.errors import PluraleError

DATABASES: Final = ("journal.db", "outbox.db", "ledger.db")

_FILES: Final[Mapping[str, str]] = MappingProxyType(
    {
        pausing.FILE_NAME: "pauses",
        mailboxes_file.FILE_NAME: "mailboxes",
        enrolment_file.FILE_NAME: "consents",
        watch_rules.FILE_NAME: "watch_rules",
    }
)
"""What each text file is exported as."""

FILES_LEFT_OUT: Final[Mapping[str, str]] = MappingProxyType(
    {
        device_key_file.FILE_NAME: "whoever has the device key could report in this person's place",
        alarm.FILE_NAME: "it is open as it is, and plurale receipts --json has it",
    }
)
"""Files that are not exported, each with its reason."""

_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        **{kept.kind: tuple(name for name, _ in kept.columns.values()) for kept in KEPT},
        "pauses": ("from", "until"),
        "mailboxes": ("kind", "name", "addresses", "sent_folders"),
        "consents": ("organisation", "version", "agreement", "group", "agreed", "first_window"),
        "watch_rules": ("from", "until", "time_zone", "idle_seconds", "categories"),
    }
)


class Format(StrEnum):
    """One JSON file, or one CSV file for each kind."""

    JSON = "json"
    CSV = "csv"


@dataclass(frozen=True, slots=True)
class Export:
    """Rows by kind, and a sentence for each file that cannot be read."""

    rows: Mapping[str, list[Row]]
    unreadable: tuple[str, ...] = ()


def export(folder: Path) -> Export:
    """All that is kept in a device's folder. One file that cannot be read holds up no other."""
    rows: dict[str, list[Row]] = {}
    unreadable: list[str] = []
    for database in DATABASES:
        try:
            rows |= export_tables.read(folder, database)
        except (sqlite3.Error, ValueError, TypeError, IndexError, OverflowError) as error:
            unreadable.append(
                f"{folder / database} cannot be read ({error}), so nothing of it is exported: type "
                "plurale doctor"
            )
    readers: Mapping[str, Callable[[Path], list[Row]]] = {
        "pauses": _pauses,
        "mailboxes": _mailboxes,
        "consents": _consents,
        "watch_rules": _watch_rules,
    }
    for name, kind in _FILES.items():
        try:
            rows[kind] = readers[kind](folder) if (folder / name).exists() else []
        except PluraleError as error:
            unreadable.append(str(error))
    return Export(rows, tuple(unreadable))


def write(found: Export, to: Path, form: Format) -> tuple[Path, ...]:
    """Write the export into a folder, made if it is not there, for the owner alone (0600).

    Raises `SettingsUnusable` if any of the files is there already, and then writes none.
    """
    texts = (
        {"plurale.json": json.dumps(found.rows, indent=2, ensure_ascii=False) + "\n"}
        if form is Format.JSON
        else {f"{kind}.csv": _csv(kind, rows) for kind, rows in found.rows.items()}
    )
    there = [str(to / name) for name in texts if (to / name).exists()]
    if there:
        raise SettingsUnusable(
            f"{there[0]} is there already, and nothing was written: name another folder"
        )
    try:
        make_private_folder(to)
        for name, text in texts.items():
            _create(to / name, text)
    except OSError as error:
        raise SettingsUnusable(
            f"the export cannot be written to {to} ({error.strerror}): name a folder that you may "
            "write to"
        ) from None
    return tuple(to / name for name in texts)


def _create(path: Path, text: str) -> None:
    # A stick that the export is copied to may know no links, which `create_private` needs.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
    except OSError:
        path.unlink()
        raise


def _csv(kind: str, rows: list[Row]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS[kind])
    for row in rows:
        writer.writerow([_cell(row[name]) for name in _COLUMNS[kind]])
    return text.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "; ".join(map(str, value))
    return str(value)


def _pauses(folder: Path) -> list[Row]:
    pauses = pausing.load(folder)
    if pauses.fault is not None:
        raise PausesUnreadable(str(pauses.fault))
    return [
        {"from": each.begins.isoformat(), "until": each.until and each.until.isoformat()}
        for each in pauses.pauses
    ]


def _mailboxes(folder: Path) -> list[Row]:
    return [_mailbox(each) for each in mailboxes_file.load(folder)]


def _mailbox(mailbox: Mailbox) -> Row:
    # Not the command that gives a password: a careless one holds the password.
    return {
        "kind": mailbox.kind,
        "name": mailbox.name,
        "addresses": sorted(mailbox.addresses),
        "sent_folders": [] if isinstance(mailbox, GraphBox) else sorted(mailbox.sent_folders),
    }


def _consents(folder: Path) -> list[Row]:
    return [
        {
            "organisation": each.agreement.organisation,
            "version": each.agreement.version,
            "agreement": each.signed.digest.hex(),
            "group": each.group,
            "agreed": each.consented_at.isoformat(),
            "first_window": str(each.first_window),
        }
        for each in enrolment_file.load(folder).acceptances
    ]


def _watch_rules(folder: Path) -> list[Row]:
    return [
        {
            "from": each.begins.isoformat(),
            "until": each.ends.isoformat(),
            "time_zone": each.time_zone,
            "idle_seconds": each.idle_limit.total_seconds(),
            "categories": [category.id for category in each.categories],
        }
        for each in watch_rules.load(folder).rules
    ]
