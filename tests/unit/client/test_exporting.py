"""All that is kept can be had in open form, and a table that is new cannot be forgotten."""

import csv
import json
import os
import re
import sqlite3
import stat
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from client import exporting, leaving, mailboxes_file, pausing
from client.errors import SettingsUnusable
from client.export_tables import KEPT, LEFT_OUT
from client.exporting import FILES_LEFT_OUT, Format
from client.journal import Journal
from client.ledger_file import LedgerFile
from client.mailboxes import GraphBox, ImapBox
from client.outbox import Outbox
from client.pausing import Pause, Pauses
from client.sources.base import MessageKey, StrandKey
from client.sources.imap_account import ImapAccount
from client.sources.secrets import Command
from tests.unit.client.recorded import EARLIER, NOW, fact, record

DOCUMENT = Path(__file__).parents[3] / "docs" / "export.md"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A device's folder."""
    record(tmp_path)
    return tmp_path


def tables(path: Path) -> dict[str, set[str]]:
    with closing(sqlite3.connect(path)) as connection:
        names = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        ).fetchall()
        return {
            name: {row[1] for row in connection.execute(f"PRAGMA table_info({name})")}
            for (name,) in names
        }


def test_every_column_of_every_table_is_exported_or_left_out_for_a_reason(tmp_path: Path) -> None:
    Journal(tmp_path / "journal.db").close()
    Outbox(tmp_path / "outbox.db").close()
    LedgerFile(tmp_path / "ledger.db").close()
    for database in exporting.DATABASES:
        for table, columns in tables(tmp_path / database).items():
            exported = {
                column
                for kept in KEPT
                if (kept.database, kept.table) == (database, table)
                for column in kept.columns
            }
            left_out = {column for column in columns if (database, f"{table}.{column}") in LEFT_OUT}
            if (database, table) in LEFT_OUT:
                left_out = columns
            assert exported | left_out == columns, f"{database} {table}"
            assert exported & left_out == set(), f"{database} {table}"
    assert all(LEFT_OUT.values())


def test_every_file_of_a_device_is_exported_or_left_out_for_a_reason() -> None:
    exported = {*exporting.DATABASES, *exporting._FILES}
    assert exported.isdisjoint(FILES_LEFT_OUT)
    known = {*leaving._DATABASES, *leaving._TEXTS} - {leaving._PUT_AWAY}
    assert exported | set(FILES_LEFT_OUT) == known


def test_what_is_kept_is_there_with_whole_times(folder: Path) -> None:
    pausing.save(folder, Pauses((Pause(EARLIER, NOW),)))
    rows = exporting.export(folder).rows
    hour = timedelta(hours=1)
    assert rows["activity"] == [
        {"start": EARLIER.isoformat(), "end": (EARLIER + hour).isoformat(), "active": True}
    ]
    assert [row["category"] for row in rows["used"]] == ["markcategory"]
    assert rows["mail"] == [
        {
            "message": fact(1).key.hex(),
            "sent": False,
            "delivered": EARLIER.isoformat(),
            "automated": False,
            "domains": ["mark000001x.example"],
            "refers_to": [],
            "sender_in_thread": (b"t" * 32).hex(),
        }
    ]
    assert [row["title"] for row in rows["tasks"]] == ["marktitle"]
    assert rows["task_times"] == [
        {"task": 1, "start": EARLIER.isoformat(), "end": None, "imported": False}
    ]
    assert [row["day"] for row in rows["away"]] == ["2026-02-11", "2026-02-12", "2026-02-13"]
    assert [(row["since"], row["weekday"]) for row in rows["hours"]] == [("2026-02-09", "mon")]
    assert rows["pauses"] == [{"from": EARLIER.isoformat(), "until": NOW.isoformat()}]
    assert (rows["reports"], rows["consents"], rows["watch_rules"]) == ([], [], [])
    moments = re.findall(r"\d{4}-\d\d-\d\dT[^\"]*", json.dumps(rows))
    assert moments
    assert all(datetime.fromisoformat(each).tzinfo is not None for each in moments)


def test_references_of_a_mail_are_told_apart(tmp_path: Path) -> None:
    keys = MessageKey(b"a" * 32), MessageKey(b"b" * 32)
    with Journal(tmp_path / "journal.db") as journal:
        mail = fact(1)
        journal.add_mail([type(mail)(mail.key, mail.received, False, False, mail.domains, keys,
                                     StrandKey(b"s" * 32))], [])  # fmt: skip
    rows = exporting.export(tmp_path).rows
    assert rows["mail"][0]["refers_to"] == ["61" * 32, "62" * 32]


def test_how_to_get_into_a_mailbox_is_not_exported(tmp_path: Path) -> None:
    command = Command(("echo", "hunter2"))
    account = ImapAccount("imap.client.example", "ann", command)
    mailboxes_file.save(tmp_path, [ImapBox(account), GraphBox(command)])
    found = exporting.export(tmp_path)
    assert [row["name"] for row in found.rows["mailboxes"]] == ["ann@imap.client.example", "graph"]
    assert "hunter2" not in json.dumps(found.rows)


@pytest.mark.parametrize("form", Format)
def test_files_are_for_their_owner_alone_and_never_overwritten(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, form: Format
) -> None:
    found, to = exporting.export(folder), tmp_path_factory.mktemp("out") / "new" / "export"
    old = os.umask(0)
    try:
        files = exporting.write(found, to, form)
    finally:
        os.umask(old)
    assert sorted(to.iterdir()) == sorted(files)
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert stat.S_IMODE(to.stat().st_mode) == 0o700
    before = {path: path.read_bytes() for path in files}
    files[-1].write_text("theirs")
    with pytest.raises(SettingsUnusable, match="is there already, and nothing was written"):
        exporting.write(found, to, form)
    before[files[-1]] = b"theirs"
    assert {path: path.read_bytes() for path in to.iterdir()} == before


def test_both_forms_hold_the_same(folder: Path, tmp_path: Path) -> None:
    found = exporting.export(folder)
    (whole,) = exporting.write(found, tmp_path / "json", Format.JSON)
    assert json.loads(whole.read_text()) == found.rows
    files = exporting.write(found, tmp_path / "csv", Format.CSV)
    assert {path.stem for path in files} == set(found.rows)
    for path in files:
        with path.open(newline="", encoding="utf-8") as file:
            header, *lines = csv.reader(file)
        rows = found.rows[path.stem]
        assert len(lines) == len(rows), path
        for row, line in zip(rows, lines, strict=True):
            assert list(row) == header
            assert [exporting._cell(value) for value in row.values()] == line


def test_a_file_that_cannot_be_read_is_named_and_the_others_are_exported(folder: Path) -> None:
    (folder / "outbox.db").write_bytes(b"not a database" * 99)
    (folder / "pauses.json").write_text("{")
    found = exporting.export(folder)
    assert [row["title"] for row in found.rows["tasks"]] == ["marktitle"]
    assert "reports" not in found.rows
    assert len(found.unreadable) == 2
    assert "outbox.db cannot be read" in found.unreadable[0]
    assert "pauses.json" in found.unreadable[1]


def test_exporting_changes_nothing(folder: Path) -> None:
    def content() -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in folder.iterdir() if path.suffix != ".db-shm"}

    before = {path: data for path, data in content().items() if path.name == "journal.db"}
    exporting.export(folder)
    assert {path: data for path, data in content().items() if path in before} == before


def test_a_folder_without_anything_gives_empty_files(tmp_path: Path) -> None:
    found = exporting.export(tmp_path / "nothing")
    assert found.unreadable == ()
    assert all(rows == [] for rows in found.rows.values())
    assert not (tmp_path / "nothing").exists()


def test_the_document_lists_every_file_and_every_column() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    sections = dict(re.findall(r"^## `([a-z_]+)`\n(.*?)(?=^## |\Z)", text, re.M | re.S))
    assert {
        kind: tuple(re.findall(r"^\| `([a-z_]+)` \|", section, re.M))
        for kind, section in sections.items()
    } == dict(exporting._COLUMNS)
