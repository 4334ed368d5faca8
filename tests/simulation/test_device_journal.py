"""A broken journal makes nobody silent: once it is time for the token, the report is made."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta

import pytest

from client.errors import JournalUnusable
from client.parcel import Parcel
from privacy.scales import HALF_RANGE
from tests.desk import WINDOW, Desk, NoNoise, after, due, monday


def change(desk: Desk, statement: str) -> None:
    with closing(sqlite3.connect(desk.folder / "journal.db")) as journal, journal:
        journal.execute(statement)


def no_database(desk: Desk) -> None:
    (desk.folder / "journal.db").write_bytes(b"not a journal" * 100)


def a_damaged_row(desk: Desk) -> None:
    change(desk, "UPDATE mail SET received = 'x'")


def a_damaged_day(desk: Desk) -> None:
    change(desk, "INSERT INTO away VALUES ('Monday')")


def a_missing_table(desk: Desk) -> None:
    change(desk, "ALTER TABLE away RENAME COLUMN day TO dai")


def of_another_version(desk: Desk) -> None:
    change(desk, "PRAGMA user_version = 99")


WAYS = [no_database, a_damaged_row, a_damaged_day, a_missing_table, of_another_version]


def with_mail(desk: Desk) -> None:
    desk.noise = NoNoise()
    desk.mail("one", monday(10))
    desk.mail("two", monday(11))
    desk.run(at=monday(13))


def numbers(parcel: Parcel) -> set[int]:
    assert parcel.measurement is not None
    return set(parcel.measurement)


@pytest.mark.parametrize("way", WAYS)
def test_a_broken_journal_puts_a_report_off_until_its_token_and_no_longer(
    desk: Desk, way: Callable[[Desk], None]
) -> None:
    with_mail(desk)
    way(desk)
    happened = desk.run(at=after())
    assert happened.made == ()
    assert {type(each.error) for each in happened.trouble} == {JournalUnusable}
    assert all("journal.db" in str(each) for each in happened.trouble)
    with desk.device() as device:
        times = {task: device.outbox.times(desk.batch(task)) for task in ("headline", "breadth")}
    moments = sorted((drawn.fetch, task) for task, drawn in times.items() if drawn is not None)
    assert len(moments) == 2
    for moment, task in moments:
        assert desk.run(at=moment - timedelta(seconds=1)).made == ()
        happened = desk.run(at=moment)
        assert [each.batch.task for each in happened.made] == [task]
        assert [each.batch.task for each in happened.approved] == [task]
        assert [numbers(each) for each in happened.made] == [{HALF_RANGE}]
        assert {type(each.error) for each in happened.trouble} == {JournalUnusable}
    with desk.device() as device:
        waiting = device.outbox.waiting()
    assert len(desk.run(at=due(waiting)).sent) == 2


def test_a_journal_that_works_again_in_time_is_used(desk: Desk) -> None:
    with_mail(desk)
    change(desk, "ALTER TABLE away RENAME COLUMN day TO dai")
    assert desk.run(at=after()).made == ()
    change(desk, "ALTER TABLE away RENAME COLUMN dai TO day")
    happened = desk.run(at=after() + timedelta(minutes=1))
    assert happened.trouble == ()
    (headline,) = [each for each in happened.made if each.batch.task == "headline"]
    assert numbers(headline) != {HALF_RANGE}


def test_a_paused_week_does_not_wait_for_a_broken_journal(desk: Desk) -> None:
    no_database(desk)
    (desk.folder / "pauses.json").write_text(
        f'[{{"from": "{monday(9).isoformat()}", "until": null}}]'
    )
    happened = desk.run(at=after())
    assert [each.batch.window for each in happened.made] == [WINDOW] * 2
    assert [type(each.error) for each in happened.trouble] == [JournalUnusable]
