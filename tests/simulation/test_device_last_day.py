"""A device that comes late is in time as long as the batch is open, with a clock that goes on."""

import dataclasses
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from client.schedule import SPARE
from tests.desk import WINDOW, Desk, TickingClock, after, at_a_desk, due, fetch

HOUR = timedelta(hours=1)


def closes(desk: Desk) -> datetime:
    return desk.signed.agreement.upload_closes(WINDOW)


def let_time_pass_from(desk: Desk, moment: datetime) -> None:
    desk.clock = TickingClock(moment)
    desk.servers_clock.now = moment


@pytest.mark.parametrize("left", [SPARE, 12 * HOUR, timedelta(seconds=9)])
def test_a_first_run_on_the_last_day_makes_asks_and_sends(desk: Desk, left: timedelta) -> None:
    let_time_pass_from(desk, closes(desk) - left)
    happened = desk.run()
    assert (len(happened.made), len(happened.approved), len(happened.sent)) == (2, 2, 2)
    assert (happened.waiting, happened.trouble) == ((), ())


def test_a_token_that_comes_on_the_last_day_is_used_in_the_same_run(desk: Desk) -> None:
    desk.run(at=after())
    let_time_pass_from(desk, closes(desk) - 12 * HOUR)
    happened = desk.run()
    assert (len(happened.approved), len(happened.sent)) == (2, 2)


def test_what_became_due_while_a_run_goes_on_is_sent_in_it(desk: Desk) -> None:
    made = desk.run(at=after()).made
    desk.run(at=fetch(made))
    let_time_pass_from(desk, due(made) - timedelta(milliseconds=2))
    assert len(desk.run().sent) == 2


@pytest.mark.parametrize("hour", [1, 12, 23])
def test_three_days_to_upload_are_enough_for_a_timer_that_runs_once_a_day(
    tmp_path: Path, hour: int
) -> None:
    with at_a_desk(tmp_path, lambda agreed: dataclasses.replace(agreed, upload_days=3)) as desk:
        opens, sent = desk.signed.agreement.upload_opens(WINDOW), []
        for day in range(3):
            let_time_pass_from(desk, opens + timedelta(days=day, hours=hour))
            sent.append(len(desk.run().sent))
    assert sum(sent) == 2
