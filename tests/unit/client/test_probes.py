"""What `plurale doctor` says of a device on which something is wrong: a sentence, and the rest."""

import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import holidays
import keyring
import pytest
from keyring.backends import fail

from client import business_hours, device_key_file, enrolment_file, mailboxes_file, probes_files
from client.acceptance import Acceptance
from client.activity import Span
from client.doctor import Condition, Finding, all_works, examine
from client.enrolment import Enrolment
from client.journal import Journal
from client.ledger_file import LedgerFile
from client.mailboxes import GraphBox, ImapBox, MaildirBox
from client.outbox import Outbox
from client.probes import probes
from client.sources.choice import Desktop
from client.sources.imap_account import ImapAccount
from client.sources.secrets import Command, Keyring
from privacy.agreement import envelope
from privacy.agreement.model import Party
from privacy.groups import GroupId
from tests.agreements import make_agreement, party_keys, sign

NOW = datetime(2026, 2, 11, 10, tzinfo=UTC)
NOWHERE = Desktop("linux", {}, "host", lambda: 0.0)
"""No display and no D-Bus."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A device that is enrolled, reads a Maildir and has just recorded something."""
    folder = tmp_path / "plurale"
    enrolled(folder)
    device_key_file.load_or_make(folder)
    for part in ("cur", "new", "tmp"):
        (tmp_path / "mail" / ".Sent" / part).mkdir(parents=True)
    mailboxes_file.save(folder, [MaildirBox(tmp_path / "mail")])
    with Journal(folder / "journal.db") as journal:
        journal.record([Span(NOW - timedelta(hours=1), NOW - timedelta(minutes=1), active=True)])
        journal.tasks.change(lambda tasks: tasks.added("one", None, NOW))
    Outbox(folder / "outbox.db").close()
    LedgerFile(folder / "ledger.db").close()
    return folder


def enrolled(folder: Path) -> None:
    signed = envelope.verify(
        sign(make_agreement()),
        employer_key=party_keys(Party.EMPLOYER).signing.public_key().public_bytes_raw(),
        council_key=party_keys(Party.COUNCIL).signing.public_key().public_bytes_raw(),
    )
    consented = datetime(2025, 12, 20, tzinfo=UTC)
    enrolment_file.save(folder, Enrolment((Acceptance(signed, GroupId("north"), consented),)))


def found(folder: Path, now: datetime = NOW, desktop: Desktop = NOWHERE) -> dict[str, Finding]:
    findings = examine(probes(folder, now, desktop))
    assert all("\n" not in each.sentence for each in findings)
    return {each.what: each for each in findings}


def broken(folder: Path, now: datetime = NOW) -> dict[str, str]:
    return {
        each.what: each.sentence
        for each in found(folder, now).values()
        if each.condition is Condition.BROKEN
    }


NO_DESKTOP = {"activity"}
"""What is broken on a computer without a desktop, if activity is measured."""


def test_a_device_that_works(folder: Path) -> None:
    findings = found(folder)
    assert {each.what for each in findings.values() if each.condition is Condition.BROKEN} == (
        NO_DESKTOP
    )
    for what in (
        "data folder", "journal.db", "outbox.db", "ledger.db", "enrolment", "clock",
        "public holidays", "pauses", "rules of recording", "plurale watch",
        f"mailbox {folder.parent / 'mail'}",
    ):  # fmt: skip
        assert findings[what].condition is Condition.WORKS, findings[what]
    assert findings["keyring"].condition is Condition.UNUSED
    assert "would tell them that somebody is at this device" in findings["servers"].sentence
    assert "not tried on real hardware" in " ".join(findings)


def test_no_display_and_no_bus_are_one_sentence_with_the_next_step(folder: Path) -> None:
    findings = examine(probes(folder, NOW, NOWHERE))
    assert not all_works(findings)
    assert "start Plurale from the desktop" in found(folder)["activity"].sentence


@pytest.mark.parametrize("what", ["journal.db", "outbox.db", "ledger.db"])
@pytest.mark.parametrize("damage", [b"not a database" * 99, b"SQLite format 3\0" + bytes(4999)])
def test_a_damaged_database(folder: Path, what: str, damage: bytes) -> None:
    (folder / what).write_bytes(damage)
    problems = broken(folder)
    assert what in problems
    assert str(folder / what) in problems[what]
    assert "move" in problems[what] or "name another file" in problems[what]


@pytest.mark.parametrize(
    ("name", "statement"),
    [
        ("journal.db", "UPDATE span SET start = 'x'"),
        ("journal.db", "INSERT INTO away VALUES ('Monday')"),
        ("journal.db", "ALTER TABLE mail RENAME COLUMN strand TO strang"),
        ("journal.db", "UPDATE task SET title = x'ff'"),
    ],
)
def test_a_row_that_is_none(folder: Path, name: str, statement: str) -> None:
    with closing(sqlite3.connect(folder / name)) as connection, connection:
        connection.execute(statement)
    assert "is damaged" in broken(folder)[name]


def test_damage_inside_a_database(folder: Path) -> None:
    with Journal(folder / "journal.db") as journal:
        for number in range(400):
            start = NOW - timedelta(days=2) + timedelta(minutes=2 * number)
            journal.record([Span(start, start + timedelta(minutes=1), active=False)])
    content = bytearray((folder / "journal.db").read_bytes())
    content[-4096:] = b"\xff" * 4096
    (folder / "journal.db").write_bytes(content)
    assert "damaged" in broken(folder)["journal.db"]


@pytest.mark.parametrize(
    ("name", "what", "sentence"),
    [
        ("enrolment.json", "enrolment", "move it away, then enrol again"),
        ("device-key.pem", "enrolment", "the key of this device, is damaged"),
        ("pauses.json", "pauses", "until you type plurale resume"),
        ("watch.json", "rules of recording", "type plurale send, which writes it anew"),
        ("mailboxes.json", "mailboxes", "add your mailboxes again with plurale mail add"),
    ],
)
def test_a_damaged_file(folder: Path, name: str, what: str, sentence: str) -> None:
    (folder / name).write_text("[{")
    assert sentence in broken(folder)[what]


def test_a_mailbox_that_is_not_there(folder: Path) -> None:
    shutil.rmtree(folder.parent / "mail")
    assert "cannot be read" in broken(folder)[f"mailbox {folder.parent / 'mail'}"]


def test_one_mailbox_that_cannot_be_read_hides_no_other(folder: Path) -> None:
    account = ImapAccount("127.0.0.1", "ann", Command(("false",)), port=1)
    graph = GraphBox(Command(("false",)))
    mailboxes_file.save(folder, [ImapBox(account), graph, *mailboxes_file.load(folder)])
    problems = broken(folder)
    assert "ended with code 1" in problems["mailbox ann@127.0.0.1"]
    assert "ended with code 1" in problems["mailbox graph"]
    assert f"mailbox {folder.parent / 'mail'}" not in problems


def test_no_keyring_where_a_password_is_to_be_in_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyring, "get_keyring", fail.Keyring)
    no_keyring = fail.Keyring()  # type: ignore[no-untyped-call]
    monkeypatch.setattr(keyring.core, "_keyring_backend", no_keyring)
    account = ImapAccount("127.0.0.1", "ann", Keyring("Plurale 127.0.0.1", "ann"), port=1)
    mailboxes_file.save(folder, [ImapBox(account)])
    problems = broken(folder)
    assert "sign in to your desktop" in problems["keyring"]
    assert "the keyring of this computer cannot be used" in problems["mailbox ann@127.0.0.1"]


def opened_to_others(folder: Path) -> None:
    folder.chmod(0o755)
    (folder / "outbox.db").chmod(0o644)


def test_what_others_can_read_is_named(folder: Path) -> None:
    opened_to_others(folder)
    sentences = [
        each.sentence
        for each in examine({"data folder": lambda: probes_files.data_folder(folder)})
        if each.condition is Condition.BROKEN
    ]
    assert [("chmod 700" in each, "chmod 600" in each) for each in sentences] == [
        (True, False),
        (False, True),
    ]


def test_a_disk_without_room(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(folder)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    assert "make room on it" in broken(folder)["data folder"]


def test_a_clock_that_is_behind(folder: Path) -> None:
    assert "set it right" in broken(folder, datetime(2025, 12, 1, tzinfo=UTC))["clock"]


def test_public_holidays_that_nobody_lists(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holidays, "country_holidays", unknown)
    business_hours.public_holidays.cache_clear()
    assert "are not known on this device" in broken(folder)["public holidays"]


def unknown(*_: object, **__: object) -> None:
    """As an older version of the package, that has no such country."""
    raise NotImplementedError


@pytest.mark.parametrize("hours", [2, 20])
def test_a_watcher_that_does_not_run(folder: Path, hours: int) -> None:
    assert "start plurale watch" in broken(folder, NOW + timedelta(hours=hours))["plurale watch"]


def test_a_watcher_that_may_not_record_is_not_missed(folder: Path) -> None:
    with Journal(folder / "journal.db") as journal:
        journal.mark_away([NOW.date()])
    finding = found(folder, NOW + timedelta(hours=2))["plurale watch"]
    assert (finding.condition, finding.sentence) == (
        Condition.UNUSED,
        "you are away today: nothing is recorded",
    )


def test_an_agreement_that_is_over_is_said(folder: Path) -> None:
    finding = found(folder, datetime(2027, 1, 1, tzinfo=UTC))["enrolment"]
    assert "the agreement ended with 2026-W39" in finding.sentence


def test_a_folder_that_is_not_there_is_no_fault(tmp_path: Path) -> None:
    assert broken(tmp_path / "nothing") == {}
    assert not (tmp_path / "nothing").exists()


def test_looking_changes_nothing_in_the_folder(folder: Path) -> None:
    def content() -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in folder.iterdir()}

    before = content()
    found(folder)
    assert content() == before


def test_a_folder_where_a_file_should_be(folder: Path) -> None:
    (folder / "pauses.json").mkdir()
    assert "pauses.json" in broken(folder)["pauses"]
