"""What is erased from a journal is in none of its files any more, and does not come back."""

import random
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from client import journal_file
from client.activity import Span
from client.errors import JournalInUse
from client.intervals import Interval
from client.journal import Journal
from client.sources.activity import Used
from client.sources.base import MailFact, SeenKey
from client.tasks import TaskNumber
from client.values import MISSING, compute
from privacy.window import Window
from tests.agreements import make_agreement
from tests.unit.client.recorded import START, fact, stored

CUT = START + timedelta(days=7)
ALL = Interval(START, START + timedelta(days=30))
DAY = timedelta(days=1)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "journal.db") as there:
        yield there


def raw(journal: Journal) -> bytes:
    return b"".join(path.read_bytes() for path in journal.path.parent.iterdir())


def erase(journal: Journal, *mail: MailFact, now: datetime = CUT) -> None:
    journal.erase(CUT, mail, date(2026, 2, 9), now)


def with_tasks(journal: Journal) -> None:
    """One that is done before the cut, one after it, one that is open."""
    for title in ("mark of the first", "mark of the second", "mark of the third"):
        journal.tasks.change(lambda tasks, title=title: tasks.added(title, None, START))  # type: ignore[misc]
    for number, end in ((1, CUT - DAY), (2, CUT + DAY), (3, None)):
        at = CUT - 3 * DAY + timedelta(hours=number)
        journal.tasks.change(lambda tasks, n=number, at=at: tasks.started(TaskNumber(n), at))  # type: ignore[misc]
        journal.tasks.change(lambda tasks, at=at: tasks.stopped(at + timedelta(minutes=30)))  # type: ignore[misc]
        if end is not None:
            journal.tasks.change(lambda tasks, n=number, e=end: tasks.finished(TaskNumber(n), e))  # type: ignore[misc]


def test_of_every_kind_what_is_from_before_is_gone_from_the_files_and_the_rest_stays(
    journal: Journal,
) -> None:
    old, kept = fact(1), fact(2)
    first, last = START + timedelta(hours=3), CUT + timedelta(hours=5)
    journal.record([Span(first, first + timedelta(hours=1), active=True)])
    journal.record([Span(CUT - timedelta(hours=2), last, active=False)])
    journal.record_used([Used(first, first + timedelta(hours=1), "markcategory")])
    journal.record_used([Used(CUT - timedelta(hours=2), last, "other")])
    journal.add_mail([old, kept], [SeenKey(b"n" * 32)])
    journal.mark_away([date(2026, 2, 8), date(2026, 2, 9)])
    with_tasks(journal)
    marks = [old.key, b"mark000001x", b"markcategory", b"2026-02-08", b"mark of the first"]
    marks += [stored(first), stored(first + timedelta(hours=1)), stored(CUT - timedelta(hours=2))]
    marks += [stored(CUT - 3 * DAY + timedelta(hours=1)), stored(CUT - DAY)]
    assert [mark for mark in marks if mark not in raw(journal)] == []
    erase(journal, old)
    assert [mark for mark in marks if mark in raw(journal)] == []
    assert journal.activity(ALL).recorded == (Interval(CUT, last),)
    assert journal.used(ALL) == (Used(CUT, last, "other"),)
    assert journal.mail(ALL.end) == (kept,)
    assert journal.away() == {date(2026, 2, 9)}
    assert [task.number for task in journal.tasks.read().tasks] == [2, 3]
    assert all(task.times for task in journal.tasks.read().tasks)
    assert SeenKey(b"n" * 32) in journal.mail_memory()


def test_pages_that_rows_were_moved_between_hold_none_of_them(journal: Journal) -> None:
    """SQLite overwrites what is deleted, and not the copies that moving it left behind."""
    numbers = random.Random(2)
    kept: list[int] = []
    erased: list[int] = []
    for number in range(1500):
        kept.append(number)
        journal.add_mail([fact(number)], [])
        if number % 30 == 29:
            going = numbers.sample(kept, len(kept) // 2)
            kept = [each for each in kept if each not in going]
            erased += going
            with closing(sqlite3.connect(journal.path, isolation_level=None)) as another:
                another.execute("PRAGMA secure_delete = ON")
                keys = [(fact(each).key,) for each in going]
                another.executemany("DELETE FROM mail WHERE key = ?", keys)
    erase(journal, *map(fact, kept[:1]))
    found = {int(each) for each in re.findall(rb"mark([0-9]{6})x", raw(journal))}
    assert found == set(kept[1:])


@contextmanager
def a_reader(journal: Journal) -> Iterator[None]:
    with closing(sqlite3.connect(journal.path, isolation_level=None)) as another:
        another.execute("BEGIN")
        another.execute("SELECT count(*) FROM mail").fetchone()
        yield


def test_what_another_program_holds_up_is_done_at_the_next_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_file, "_BUSY_SECONDS", 0.05)
    with Journal(tmp_path / "journal.db") as journal:
        journal.add_mail([fact(1)], [])
        with a_reader(journal), pytest.raises(JournalInUse, match="try again in a minute"):
            erase(journal, fact(1))
        assert b"mark000001x" in raw(journal)
        assert journal.mail(ALL.end) == ()
        erase(journal)
        assert b"mark000001x" not in raw(journal)


def test_a_file_in_which_nothing_was_erased_is_not_written_anew(journal: Journal) -> None:
    journal.add_mail([fact(1), fact(2)], [])
    erase(journal, fact(1))
    statements: list[str] = []
    journal._connection.set_trace_callback(statements.append)
    erase(journal)
    assert "VACUUM" not in statements
    erase(journal, fact(2))
    assert "VACUUM" in statements


@pytest.mark.parametrize("outgoing", [False, True])
def test_a_mail_that_was_erased_is_not_taken_in_again(journal: Journal, outgoing: bool) -> None:
    journal.add_mail([fact(1, outgoing=outgoing)], [])
    erase(journal, fact(1, outgoing=outgoing))
    journal.add_mail([fact(1, CUT + DAY, outgoing=outgoing), fact(1, CUT + DAY)], [])
    assert journal.mail(ALL.end) == ()
    journal.add_mail([fact(2)], [])
    assert journal.mail(ALL.end) == (fact(2),)


def test_a_sent_copy_of_a_received_mail_that_was_erased_still_answers(journal: Journal) -> None:
    journal.add_mail([fact(1)], [])
    erase(journal, fact(1))
    journal.add_mail([fact(1, outgoing=True)], [])
    assert journal.mail(ALL.end) == (fact(1, outgoing=True),)


def test_activity_from_before_the_cut_is_not_taken_in_again(journal: Journal) -> None:
    erase(journal)
    journal.record([Span(CUT - DAY, CUT + DAY, active=True), Span(START, CUT, active=False)])
    journal.record_used([Used(CUT - DAY, CUT + DAY, "other")])
    assert journal.activity(ALL).recorded == (Interval(CUT, CUT + DAY),)
    assert journal.used(ALL) == (Used(CUT, CUT + DAY, "other"),)


def test_that_tasks_were_ever_kept_is_not_erased_with_them(journal: Journal) -> None:
    assert not journal.tasks.kept_before(CUT)
    journal.tasks.change(lambda tasks: tasks.added("one", None, START))
    journal.tasks.change(lambda tasks: tasks.finished(TaskNumber(1), START + DAY))
    erase(journal)
    assert journal.tasks.read().tasks == ()
    assert journal.tasks.kept_before(START + DAY)
    assert not journal.tasks.kept_before(START)


def test_of_a_window_that_is_erased_nothing_is_known(journal: Journal) -> None:
    """Not zero answers: what is left of it would look like all there was."""
    journal.mail_was_read(CUT + 14 * DAY)
    agreement = make_agreement()
    assert compute(agreement, Window(2026, 6), journal) != MISSING
    erase(journal)
    assert compute(agreement, Window(2026, 6), journal) == MISSING
    assert compute(agreement, Window(2026, 8), journal) != MISSING


def test_a_clock_that_was_ahead_once_costs_no_week_that_begins_later(journal: Journal) -> None:
    ahead = CUT + timedelta(days=40_000)
    journal.erase(ahead, [], date(2026, 2, 9), ahead)
    assert journal.erased_until() == ahead
    now = CUT + 3 * DAY
    erase(journal, now=now)
    assert journal.erased_until() == now
    erase(journal, now=now + DAY)
    assert journal.erased_until() == now
