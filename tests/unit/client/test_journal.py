"""The journal on a real file."""

import dataclasses
import itertools
import os
import random
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from client.activity import Activity, Span
from client.errors import JournalUnusable
from client.intervals import Interval
from client.journal import Journal
from client.sources.base import MailFact, MessageKey, SeenKey, StrandKey
from privacy.errors import InvalidValue

START = datetime(2026, 2, 2, tzinfo=UTC)
PERIOD = Interval(START, START + timedelta(days=7))


def minute(n: int) -> datetime:
    return START + timedelta(minutes=n)


def span(start: int, end: int, *, active: bool = True) -> Span:
    return Span(minute(start), minute(end), active)


def fact(
    number: int, *, outgoing: bool = False, automated: bool = False, when: int = 0
) -> MailFact:
    return MailFact(
        key=MessageKey(bytes([number] * 32)),
        received=minute(when),
        outgoing=outgoing,
        automated=automated,
        domains=frozenset({"client.example", "other.example"}),
        references=(MessageKey(b"r" * 32), MessageKey(b"s" * 32)),
        strand=None if outgoing else StrandKey(b"t" * 32),
    )


@contextmanager
def umask(mask: int) -> Iterator[None]:
    old = os.umask(mask)
    try:
        yield
    finally:
        os.umask(old)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o277])
def test_only_the_owner_can_read_it_whatever_the_umask(mask: int, tmp_path: Path) -> None:
    folder = tmp_path / "plurale"
    with umask(mask), Journal(folder / "journal.sqlite") as journal:
        journal.mark_away([date(2026, 2, 2)])
        files = sorted(folder.iterdir())
        assert {path.name for path in files} >= {"journal.sqlite", "journal.sqlite-wal"}
        assert {mode(path) for path in files} == {0o600}
        assert mode(folder) == 0o700


def test_an_existing_file_is_made_private_and_an_existing_folder_left_alone(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    path = tmp_path / "journal.sqlite"
    Journal(path).close()
    path.chmod(0o644)
    Journal(path).close()
    assert (mode(path), mode(tmp_path)) == (0o600, 0o755)


def test_everything_is_there_after_reopening(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    incoming, outgoing = fact(1, when=2), fact(2, outgoing=True, automated=True, when=1)
    with Journal(path) as journal:
        journal.record([span(0, 5), span(5, 6, active=False)])
        journal.add_mail([incoming, outgoing], [SeenKey(b"n" * 32)])
        journal.mail_was_read(minute(3))
        journal.mark_away([date(2026, 2, 3), date(2026, 2, 4)])
        journal.unmark_away([date(2026, 2, 4)])
    with Journal(path) as journal:
        assert journal.activity(PERIOD) == Activity(
            recorded=(Interval(minute(0), minute(6)),), active=(Interval(minute(0), minute(5)),)
        )
        assert journal.mail(minute(3)) == (outgoing, incoming)
        assert journal.mail(minute(2)) == (outgoing,)
        assert journal.mail_memory().names == {b"n" * 32}
        assert journal.mail_read_until() == minute(3)
        assert journal.away() == {date(2026, 2, 3)}


def test_a_new_journal_knows_nothing(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.sqlite") as journal:
        assert journal.activity(PERIOD) == Activity((), ())
        assert journal.mail(minute(3)) == ()
        assert journal.mail_read_until() is None
        assert (journal.mail_memory().names, journal.away()) == (frozenset(), frozenset())


def stored_spans(path: Path) -> list[tuple[int, int, int]]:
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT active, start, end FROM span ORDER BY 1, 2").fetchall()
    connection.close()
    return rows


spans = st.lists(
    st.builds(
        lambda start, length, active: span(start, start + length, active=active),
        st.integers(0, 40), st.integers(1, 9), st.booleans(),
    ),
    max_size=8,
)  # fmt: skip


@settings(max_examples=25)
@given(spans, st.integers(0, 2**32))
def test_spans_merge_alike_in_any_order_and_any_number_of_times(
    some: list[Span], seed: int
) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        shuffled = some * 2
        random.Random(seed).shuffle(shuffled)
        with Journal(folder / "a") as first, Journal(folder / "b") as second:
            first.record(some)
            for one in shuffled:
                second.record([one])
            assert first.activity(PERIOD) == Activity.of(some, PERIOD)
        stored = stored_spans(folder / "a")
        assert stored == stored_spans(folder / "b")
        for (kind, _, end), (next_kind, start, _) in itertools.pairwise(stored):
            assert kind < next_kind or end < start


def test_a_growing_span_stays_one_row(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with Journal(path) as journal:
        for end in range(1, 50):
            journal.record([span(0, end)])
    assert len(stored_spans(path)) == 1


def test_the_same_mail_again_changes_nothing(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.sqlite") as journal:
        for _ in range(2):
            journal.add_mail([fact(1, when=2)], [SeenKey(b"n" * 32)])
        assert journal.mail(minute(9)) == (fact(1, when=2),)


def test_of_two_copies_the_earlier_delivery_counts_in_any_order(tmp_path: Path) -> None:
    for outgoing in (False, True):
        copies = [
            fact(1, when=2, outgoing=outgoing),
            fact(1, when=5, outgoing=outgoing, automated=True),
        ]
        for number, order in enumerate((copies, copies[::-1])):
            with Journal(tmp_path / f"{number}{outgoing}") as journal:
                journal.add_mail(order, [])
                # A mail came directly too; an automatic answer stays one.
                assert journal.mail(minute(9)) == (
                    fact(1, when=2, outgoing=outgoing, automated=outgoing),
                )


def test_of_a_mail_that_came_directly_and_through_a_list_the_direct_copy_counts(
    tmp_path: Path,
) -> None:
    direct = fact(1, when=2)
    listed = dataclasses.replace(
        fact(1, automated=True),
        domains=frozenset({"example.com"}),
        references=(),
        strand=StrandKey(b"u" * 32),
    )
    for number, order in enumerate(([direct, listed], [listed, direct])):
        with Journal(tmp_path / str(number)) as journal:
            journal.add_mail(order, [])
            assert journal.mail(minute(9)) == (dataclasses.replace(direct, received=minute(0)),)


def test_a_sent_and_a_received_copy_are_kept_apart(tmp_path: Path) -> None:
    both = [fact(1), fact(1, outgoing=True)]
    with Journal(tmp_path / "journal.sqlite") as journal:
        journal.add_mail(both, [])
        assert set(journal.mail(minute(9))) == set(both)


def test_a_failing_write_leaves_nothing_behind(tmp_path: Path) -> None:
    def facts() -> Iterator[MailFact]:
        yield fact(1)
        raise KeyboardInterrupt

    with Journal(tmp_path / "journal.sqlite") as journal:
        with pytest.raises(KeyboardInterrupt):
            journal.add_mail(facts(), [SeenKey(b"n" * 32)])
        assert (journal.mail(minute(9)), journal.mail_memory().names) == ((), frozenset())
        journal.add_mail([fact(2)], [])
        assert journal.mail(minute(9)) == (fact(2),)


def test_two_programs_write_at_once(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with Journal(path) as watcher, Journal(path) as scan:
        watcher.record([span(0, 1)])
        scan.add_mail([fact(1)], [])
        watcher.record([span(1, 2)])
        assert scan.activity(PERIOD).active == (Interval(minute(0), minute(2)),)
        assert watcher.mail(minute(9)) == (fact(1),)


def is_one_sentence(error: pytest.ExceptionInfo[JournalUnusable], path: Path) -> bool:
    text = str(error.value)
    return str(path) in text and "\n" not in text and ": " in text


@pytest.mark.parametrize("content", [b"this is not a database" * 100, b"SQLite format 3\0" * 400])
def test_a_damaged_file_is_one_sentence_and_stays(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    path.write_bytes(content)
    with pytest.raises(JournalUnusable, match="is damaged: move the file away") as error:
        Journal(path)
    assert is_one_sentence(error, path)
    assert path.read_bytes() == content


def test_damage_found_later_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with Journal(path) as journal:
        journal.add_mail([fact(n) for n in range(200)], [])
    content = bytearray(path.read_bytes())
    content[8192:] = b"\xff" * (len(content) - 8192)
    path.write_bytes(content)
    with Journal(path) as journal:
        with pytest.raises(JournalUnusable, match="is damaged: move the file away") as error:
            journal.mail(minute(9))
    assert is_one_sentence(error, path)


ROWS = {
    "a time": ("UPDATE mail SET received = 'x'", lambda each: each.mail(minute(9))),
    "a time beyond all": ("UPDATE mail SET received = -1e300", lambda each: each.mail(minute(9))),
    "a key": ("UPDATE mail SET key = 'short'", lambda each: each.mail(minute(9))),
    "domains": ("UPDATE mail SET domains = X'6162'", lambda each: each.mail(minute(9))),
    "no domain": ("UPDATE mail SET domains = ''", lambda each: each.mail(minute(9))),
    "references": ("UPDATE mail SET refs = 7", lambda each: each.mail(minute(9))),
    "an end": ("UPDATE span SET end = 'x'", lambda each: each.activity(PERIOD)),
    "an end before": ("UPDATE span SET end = start", lambda each: each.activity(PERIOD)),
    "a day": ("UPDATE away SET day = 'Monday'", lambda each: each.away()),
    "the scan": ("UPDATE mail_read SET until = 'x'", lambda each: each.mail_read_until()),
}


@pytest.mark.parametrize(("damage", "read"), ROWS.values(), ids=ROWS)
def test_a_row_that_is_no_fact_any_more_is_one_sentence(
    damage: str, read: Callable[[Journal], object], tmp_path: Path
) -> None:
    path = tmp_path / "journal.sqlite"
    with Journal(path) as journal:
        journal.add_mail([fact(1)], [])
        journal.record([span(5, 6)])
        journal.mark_away([date(2026, 2, 2)])
        journal.mail_was_read(minute(3))
        read(journal)
        journal._connection.execute(damage)
        with pytest.raises(JournalUnusable, match="something in it cannot be read") as error:
            read(journal)
    assert is_one_sentence(error, path)


def test_another_program_s_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE contacts (name)")
    connection.close()
    with pytest.raises(JournalUnusable, match="is not a journal of Plurale"):
        Journal(path)


def test_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    Journal(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(JournalUnusable, match="has version 99"):
        Journal(path)


def test_a_folder_in_its_place_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(JournalUnusable, match="cannot be written") as error:
        Journal(tmp_path)
    assert is_one_sentence(error, tmp_path)


def test_a_naive_time_is_refused(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.sqlite") as journal:
        with pytest.raises(InvalidValue, match="not a moment in UTC"):
            journal.mail_was_read(START.replace(tzinfo=None))
