"""``--at HH:MM``: which moment a time on the clock means, also in the nights of the change."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

import pytest

from client.errors import TaskError
from client.time_of_day import first_from, parse, shown, today
from tests.unit.client.tasks.moments import clock_in


@pytest.fixture(autouse=True)
def berlin() -> Iterator[None]:
    with clock_in("Europe/Berlin"):
        yield


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"), [("9:05", time(9, 5)), ("09:05", time(9, 5)), ("23:59", time(23, 59))]
)
def test_a_time_of_day_is_read(text: str, expected: time) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    "text", ["", "9", "24:00", "9:5", "9:60", "9.05", "9:05 pm", "٩:05", "-9:05"]
)
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(TaskError, match="no time of day"):
        parse(text)


def test_today_is_the_day_of_this_clock_and_not_of_utc() -> None:
    # 00:30 on Tuesday in Berlin, still Monday in UTC.
    now = utc("2026-03-02T23:30")
    assert today(time(0, 10), now) == utc("2026-03-02T23:10")
    with pytest.raises(TaskError, match="still to come"):
        today(time(9, 0), now)


def test_now_is_not_the_future() -> None:
    now = utc("2026-03-02T08:00")
    assert today(time(9, 0), now) == now


def test_an_hour_that_comes_twice_is_the_last_one_that_is_past() -> None:
    first, second = utc("2026-10-25T00:30"), utc("2026-10-25T01:30")
    assert today(time(2, 30), first + timedelta(minutes=15)) == first
    assert today(time(2, 30), second + timedelta(minutes=15)) == second


def test_an_hour_that_does_not_come_is_refused() -> None:
    with pytest.raises(TaskError, match="clocks are set forward"):
        today(time(2, 30), utc("2026-03-29T10:00"))


def test_a_stop_is_the_first_such_time_since_the_start_however_long_ago() -> None:
    friday = utc("2026-03-06T13:00")  # 14:00
    monday = utc("2026-03-09T08:00")  # 9:00
    assert first_from(friday, time(18, 0), monday) == utc("2026-03-06T17:00")
    assert first_from(friday, time(1, 0), monday) == utc("2026-03-07T00:00")


def test_a_stop_before_the_start_or_still_to_come_is_refused() -> None:
    start, now = utc("2026-03-02T08:00"), utc("2026-03-02T11:00")  # 9:00, 12:00
    for wrong in (time(8, 59), time(12, 1)):
        with pytest.raises(TaskError, match=r"has not shown .* since Mon 02 Mar 2026, 09:00"):
            first_from(start, wrong, now)
    assert first_from(start, time(12, 0), now) == now


def test_the_minute_of_the_start_is_the_start() -> None:
    start = utc("2026-03-02T08:00:20")
    assert first_from(start, time(9, 0), utc("2026-03-02T11:00")) == start


def test_a_stop_in_the_night_of_the_change_is_the_first_of_the_two() -> None:
    start, now = utc("2026-10-24T20:00"), utc("2026-10-25T08:00")
    assert first_from(start, time(2, 30), now) == utc("2026-10-25T00:30")
    # Started between the two: the second is the first one since.
    assert first_from(utc("2026-10-25T00:45"), time(2, 30), now) == utc("2026-10-25T01:30")


def test_a_moment_is_shown_on_this_clock() -> None:
    assert shown(utc("2026-03-02T23:30")) == "Tue 03 Mar 2026, 00:30"
