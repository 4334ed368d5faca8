"""Mail of a pause is never read, and no mail is judged by what happened in one."""

import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from fractions import Fraction

from client import pausing
from client.pausing import Pauses
from client.preview import preview
from privacy.scales import HALF_RANGE
from tests.desk import WINDOW, Desk, NoNoise, after, monday

NEXT = WINDOW.plus(1)


def at(day: int, hour: int) -> datetime:
    """`day`: from WINDOW's Monday on; 4 is Friday, 7 the next Monday."""
    return monday(24 * day + hour)


def pause(desk: Desk, begins: datetime) -> None:
    """Right after a run."""
    desk.run(at=begins - timedelta(minutes=1))
    pausing.save(desk.folder, Pauses().begun(begins))


def resume(desk: Desk, until: datetime) -> None:
    """Right after another, which reads nothing."""
    desk.run(at=until - timedelta(minutes=1))
    pausing.save(desk.folder, pausing.load(desk.folder).ended(until))


def values(desk: Desk, now: datetime) -> dict[str, Fraction | None]:
    """Of the week after WINDOW, so far."""
    desk.clock.now = now
    with desk.device() as device:
        device.read_mail()
        return {each.metric: each.value for task in preview(device, NEXT) for each in task.metrics}


def in_journal(desk: Desk) -> int:
    with closing(sqlite3.connect(desk.folder / "journal.db")) as journal:
        (count,) = journal.execute("SELECT count(*) FROM mail").fetchone()
        return int(count)


def test_mail_of_a_pause_is_not_read_after_it_either(desk: Desk) -> None:
    pause(desk, at(0, 9))
    desk.mail("paused", at(4, 16))  # due on Monday, in a week that no pause touches
    resume(desk, at(6, 12))
    assert values(desk, at(9, 12))["mail_answered_in_time"] is None
    assert in_journal(desk) == 0
    desk.mail("later", at(7, 10))
    assert values(desk, at(9, 13))["mail_answered_in_time"] == 0
    assert in_journal(desk) == 1


def test_an_answer_to_mail_of_a_pause_counts_nothing(desk: Desk) -> None:
    pause(desk, at(0, 9))
    desk.mail("paused", at(4, 16))
    resume(desk, at(6, 12))
    desk.mail("paused.re", at(7, 10), answers="paused")
    assert values(desk, at(9, 12))["mail_answered_in_time"] is None


def test_mail_from_before_a_pause_is_not_judged_by_what_was_not_read(desk: Desk) -> None:
    desk.mail("before", at(4, 15))
    pause(desk, at(4, 17))
    desk.mail("before.re", at(5, 10), answers="before")
    resume(desk, at(6, 12))
    desk.mail("after", at(7, 10))
    desk.mail("after.re", at(7, 12), answers="after")
    assert values(desk, at(9, 12))["mail_answered_in_time"] == 1
    assert in_journal(desk) == 3


def test_mail_whose_time_was_up_before_a_pause_is_judged(desk: Desk) -> None:
    desk.mail("one", at(7, 10))  # due on Tuesday at 10
    pausing.save(desk.folder, Pauses().begun(at(14, 9)).ended(at(14, 10)))
    assert values(desk, at(14, 12))["mail_answered_in_time"] == 0


def test_a_report_leaves_that_mail_out_too(desk: Desk) -> None:
    desk.mail("before", at(4, 15))
    pausing.save(desk.folder, Pauses().begun(at(4, 17)).ended(at(6, 12)))
    desk.noise = NoNoise()
    made = [each for each in desk.run(at=after(NEXT)).made if each.batch == desk.batch(window=NEXT)]
    assert [set(each.measurement or ()) for each in made] == [{HALF_RANGE}]
