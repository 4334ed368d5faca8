"""Everything that was recorded is forgotten: in no file any more, and never read again."""

import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from client import forgetting, journal_file, pausing
from client.activity import Activity, Span
from client.errors import JournalInUse, JournalUnusable, PausesUnreadable
from client.intervals import Interval
from client.journal import Journal
from client.mail_scan import scan
from client.pausing import Pause, Pauses
from client.personal_hours import PersonalHours
from client.sources.base import Skip
from client.sources.maildir import MaildirSource
from privacy.window import Window
from tests.unit.client.mailbox import BERLIN, Mail, Mailbox, at
from tests.unit.client.recorded import EARLIER, MARKS, NOW, fact, record

EVER = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A device's folder."""
    record(tmp_path)
    return tmp_path


def raw(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def forget(folder: Path) -> forgetting.Forgotten:
    return forgetting.forget(folder, NOW, BERLIN)


def test_nothing_of_it_is_in_any_file_and_what_the_person_set_stays(folder: Path) -> None:
    with Journal(folder / "journal.db") as watcher:  # a program that has it open, and is idle
        assert [mark for mark in MARKS if mark not in raw(folder)] == []
        assert forget(folder) == forgetting.Forgotten(None)
        assert [mark for mark in MARKS if mark in raw(folder)] == []
        assert watcher.away() == {date(2026, 2, 12), date(2026, 2, 13)}
        assert watcher.hours.all() != PersonalHours()
        assert watcher.mail_read_until() is None
        assert watcher.mail_memory().names == frozenset()
        assert watcher.tasks.read().tasks == ()


def test_every_week_until_now_is_neutral_and_the_next_one_is_not(folder: Path) -> None:
    forget(folder)
    pauses = pausing.load(folder)
    assert pauses.touches(Window(2026, 7), BERLIN)
    assert pauses.touches(Window(2026, 5), BERLIN)
    assert not pauses.touches(Window(2026, 8), BERLIN)
    assert not pauses.now(NOW)


def test_earlier_pauses_are_forgotten_and_one_that_goes_on_goes_on() -> None:
    past, open_one = Pause(EARLIER, EARLIER + timedelta(hours=2)), Pause(EARLIER)
    assert forgetting.forgetful(Pauses((past,)), NOW) == Pauses((Pause(EVER, NOW),))
    both = Pauses((Pause(EVER, NOW), Pause(NOW)))
    assert forgetting.forgetful(Pauses((past, open_one)), NOW) == both
    unreadable = Pauses((Pause(EVER),), PausesUnreadable("gone"))
    assert forgetting.forgetful(unreadable, NOW) == both


def test_old_mail_is_never_read_again_nor_a_later_copy_of_it(folder: Path) -> None:
    mailbox = Mailbox(folder / "mail")
    mailbox.put(Mail("Tue 10:00", "old@client.example"))
    source = MaildirSource(mailbox.root, frozenset())
    forget(folder)
    with Journal(folder / "journal.db") as journal:
        result = scan([source], journal, lambda: NOW, pausing.load(folder))
        assert result.skipped == {Skip.PAUSED: 1}
        later = NOW + timedelta(days=7)
        mailbox.put(Mail("+1 Fri 10:00", "old@client.example", folder=".Archive"))
        mailbox.put(Mail("+1 Fri 11:00", "new@client.example"))
        scan([source], journal, lambda: later, pausing.load(folder))
        assert [mail.received for mail in journal.mail(later)] == [at("+1 Fri 11:00")]


def test_what_another_program_still_holds_does_not_come_back(folder: Path) -> None:
    """A watcher writes once a minute; a scan that began before reads on without the pause."""
    forget(folder)
    with Journal(folder / "journal.db") as journal:
        journal.record([Span(EARLIER, NOW + timedelta(minutes=1), active=True)])
        journal.add_mail([fact(2, NOW - timedelta(minutes=1)), fact(3, NOW)], [])
        everything = Interval(EARLIER, NOW + timedelta(days=1))
        assert journal.activity(everything).recorded == (Interval(NOW, NOW + timedelta(minutes=1)),)
        assert journal.mail(NOW + timedelta(days=1)) == (fact(3, NOW),)


# --- a journal in use, or damaged -----------------------------------------------------------------


@pytest.mark.parametrize("statement", ["BEGIN IMMEDIATE", "BEGIN; SELECT * FROM mail"])
def test_a_journal_in_use_is_one_sentence_and_can_be_repeated(
    folder: Path, statement: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_file, "_BUSY_SECONDS", 0.05)
    with closing(sqlite3.connect(folder / "journal.db", isolation_level=None)) as another:
        for each in statement.split("; "):
            another.execute(each).fetchall()
        with pytest.raises(JournalInUse, match="then type plurale forget again"):
            forget(folder)
    assert pausing.load(folder).touches(Window(2026, 7), BERLIN)  # noted first
    forget(folder)
    assert [mark for mark in MARKS if mark in raw(folder)] == []


@pytest.mark.parametrize("damage", [b"not a database " * 999, b"SQLite format 3\0" + bytes(9000)])
def test_a_damaged_journal_is_overwritten_and_removed(folder: Path, damage: bytes) -> None:
    path = folder / "journal.db"
    path.write_bytes(damage + b"".join(MARKS))
    (folder / "journal.db-journal").write_bytes(b"".join(MARKS))
    with path.open("rb") as file:
        done = forget(folder)
        assert file.read() == bytes(len(damage) + len(b"".join(MARKS)))
    assert done.damaged is not None
    assert "damaged" in done.damaged or "not a journal" in done.damaged
    assert [mark for mark in MARKS if mark in raw(folder)] == []
    with Journal(path) as journal:  # a new one, which takes nothing of what others still hold
        journal.record([Span(NOW - timedelta(hours=2), NOW - timedelta(hours=1), active=True)])
        period = Interval(NOW - timedelta(days=9), NOW + timedelta(days=9))
        assert journal.activity(period) == Activity((), ())
    with Journal(path) as anew:
        assert anew.away() == frozenset()


def test_damage_deep_in_the_journal_is_no_way_around_it(folder: Path) -> None:
    path = folder / "journal.db"
    with Journal(path) as journal:
        journal.add_mail([fact(number) for number in range(300)], [])
    content = bytearray(path.read_bytes())
    content[20_000:24_000] = b"\xff" * 4_000
    path.write_bytes(content)
    forget(folder)
    assert [mark for mark in (*MARKS, b"mark000200x") if mark in raw(folder)] == []


def test_a_journal_that_cannot_be_reached_is_an_error_and_stays(folder: Path) -> None:
    path = folder / "journal.db"
    path.rename(folder / "elsewhere")
    path.symlink_to(folder / "elsewhere")
    with pytest.raises(JournalUnusable, match="cannot be written"):
        forget(folder)
    assert (folder / "elsewhere").exists()
