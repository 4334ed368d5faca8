"""What a device recorded is erased once nothing can be made of it any more, and not before."""

import dataclasses
import sqlite3
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest

from client import journal_file, mailboxes_file
from client.activity import Span
from client.errors import JournalInUse
from privacy.ledger.answers import WindowAnswer
from privacy.scales import HALF_RANGE
from tests.desk import WINDOW, Desk, NoNoise, after, due, fetch, monday

CLOSES = 6
"""Days after the window."""


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """With an answered client mail and activity in WINDOW, read in it, and some after it."""
    desk.noise = NoNoise()
    desk.mail("one", monday(10))
    desk.mail("answer", monday(11), answers="one")
    desk.run(at=monday(60))
    with desk.device() as device:
        device.journal.record([Span(monday(9), monday(17), active=True)])
        device.journal.record([Span(after(), after() + timedelta(minutes=9), active=True)])
    assert kept(desk) == (2, 2)
    return desk


def kept(desk: Desk) -> tuple[int, int]:
    """Mails and spans in the journal."""
    with closing(sqlite3.connect(desk.folder / "journal.db")) as journal:
        counts = [
            journal.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 - constants
            for table in ("mail", "span")
        ]
        return counts[0], counts[1]


def test_once_the_reports_are_made_what_they_are_made_of_is_gone(desk: Desk) -> None:
    happened = desk.run(at=after())
    assert (len(happened.made), happened.trouble) == (2, ())
    assert kept(desk) == (0, 1)
    assert {HALF_RANGE} != set(happened.made[0].measurement or ())
    files = b"".join(path.read_bytes() for path in desk.folder.glob("journal.db*"))
    assert b"client.example" not in files
    assert len(desk.run(at=fetch(happened.made)).approved) == 2
    assert len(desk.run(at=due(happened.made)).sent) == 2


def without_keys(answer: WindowAnswer) -> WindowAnswer:
    return dataclasses.replace(answer, keys=None)


def test_while_a_report_waits_for_its_keys_everything_stays(desk: Desk) -> None:
    desk.council.change["window"] = without_keys
    for days in range(CLOSES):
        assert desk.run(at=after() + timedelta(days=days)).made == ()
        assert kept(desk) == (2, 2)
    desk.council.change.clear()
    (headline,) = [
        each
        for each in desk.run(at=after() + timedelta(days=CLOSES - 1, hours=12)).made
        if each.batch.task == "headline"
    ]
    assert {HALF_RANGE} != set(headline.measurement or ())
    assert kept(desk) == (0, 1)


def test_while_one_of_the_reports_is_still_to_be_made_everything_stays(desk: Desk) -> None:
    path = desk.folder / mailboxes_file.FILE_NAME
    mailboxes = path.read_text()
    path.write_text("{")
    assert desk.run(at=after()).made == ()
    with desk.device() as device:
        drawn = [device.outbox.times(desk.batch(task)) for task in ("headline", "breadth")]
    first, last = sorted(times.fetch for times in drawn if times is not None)
    assert first < last
    assert len(desk.run(at=first).made) == 1
    assert kept(desk) == (2, 2)
    path.write_text(mailboxes)
    assert len(desk.run(at=first + timedelta(seconds=1)).made) == 1
    assert kept(desk) == (0, 1)


def test_a_window_that_closed_without_a_report_is_erased_too(desk: Desk) -> None:
    happened = desk.run(at=after() + timedelta(days=CLOSES))
    assert happened.made == ()
    assert kept(desk) == (0, 1)


@pytest.mark.parametrize("paused", [False, True])
def test_a_pause_changes_nothing_about_when_it_is_erased(desk: Desk, paused: bool) -> None:
    if paused:
        (desk.folder / "pauses.json").write_text(
            f'[{{"from": "{monday(61).isoformat()}", "until": "{monday(62).isoformat()}"}}]'
        )
    assert kept(desk) == (2, 2)
    assert len(desk.run(at=after()).made) == 2
    assert kept(desk) == (0, 1)


def test_what_cannot_be_erased_is_a_trouble_and_stops_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_file, "_BUSY_SECONDS", 0.05)
    with closing(sqlite3.connect(desk.folder / "journal.db", isolation_level=None)) as another:
        another.execute("BEGIN")
        another.execute("SELECT * FROM mail").fetchone()
        happened = desk.run(at=after())
    assert len(happened.made) == 2
    assert [type(each.error) for each in happened.trouble] == [JournalInUse]
    happened = desk.run(at=fetch(happened.made))
    assert (len(happened.approved), happened.trouble) == (2, ())
    files = b"".join(path.read_bytes() for path in desk.folder.glob("journal.db*"))
    assert b"client.example" not in files


def test_mail_whose_time_is_not_up_counts_in_the_next_week(desk: Desk) -> None:
    friday = monday(4 * 24 + 16)
    desk.mail("late", friday)
    desk.run(at=after())
    assert kept(desk) == (1, 1)
    desk.mail("reply", monday(7 * 24 + 10), answers="late")
    made: list[Any] = list(desk.run(at=after(WINDOW.plus(1))).made)
    (headline,) = [each for each in made if each.batch.task == "headline"]
    assert {HALF_RANGE} != set(headline.measurement or ())
    assert kept(desk)[0] == 0
