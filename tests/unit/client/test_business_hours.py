"""Business hours against a slow clock that looks at every minute."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from client.business_hours import BusinessHours, public_holidays
from client.errors import UnknownCalendar
from client.personal_hours import Hours, PersonalHours, PersonalWeek, monday_of, parse
from tests.agreements import working_time

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC")

# Holidays that the oracle knows by heart: Berlin, 2026.
HOLIDAYS = {
    date(2026, month, day)
    for month, day in [(1, 1), (3, 8), (4, 3), (4, 6), (5, 1), (5, 14), (5, 25), (10, 3),
                       (12, 25), (12, 26)]
}  # fmt: skip
# The nights in which clocks change there: Berlin, New York, Lord Howe; and Easter.
AROUND = [date(2026, 3, 29), date(2026, 10, 25), date(2026, 3, 8), date(2026, 11, 1),
          date(2026, 4, 5), date(2026, 10, 4), date(2026, 6, 10)]  # fmt: skip


def oracle_works(minute: datetime, hours: BusinessHours) -> bool:
    """Whether the wall clock shows working time during the minute that begins now."""
    agreed = hours.working_time
    wall = minute.astimezone(ZoneInfo(agreed.time_zone))
    if wall.date() in HOLIDAYS or wall.date() in hours.away:
        return False
    own = [week for since, week in hours.personal.since if since <= wall.date()]
    if own and own[-1] is not None:
        stretch = own[-1].days.get(wall.weekday())
        return stretch is not None and stretch.start <= wall.time() < stretch.end
    return wall.weekday() in agreed.days and agreed.start <= wall.time() < agreed.end


def oracle_time(start: datetime, end: datetime, hours: BusinessHours) -> timedelta:
    minutes = (end - start) // MINUTE
    return sum((MINUTE for n in range(minutes) if oracle_works(start + n * MINUTE, hours)),
               timedelta(0))  # fmt: skip


def oracle_deadline(received: datetime, answer_hours: int, hours: BusinessHours) -> datetime:
    left, now = answer_hours * HOUR, received
    while left:
        if oracle_works(now, hours):
            left -= MINUTE
        now += MINUTE
    return now


def outside_the_change(clock: time) -> bool:
    """Whether working time may begin or end then: not in an hour that is skipped or repeated."""
    return not time(1) <= clock <= time(3)


def is_long_enough(times: tuple[time, time]) -> bool:
    """Whether 9 hours pass within weeks, so that the slow clock ends before the year does."""
    return times[0].hour + 3 <= times[1].hour


clocks = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 59])).filter(
    outside_the_change
)

personal_weeks = st.none() | st.dictionaries(
    st.integers(0, 6), st.tuples(clocks, clocks).filter(is_long_enough), min_size=2
).map(lambda week: PersonalWeek({day: Hours(*stretch) for day, stretch in week.items()}))


@st.composite
def business_hours(draw: st.DrawFn) -> BusinessHours:
    start, end = draw(st.tuples(clocks, clocks).filter(is_long_enough))
    around = draw(st.sampled_from(AROUND))
    away = draw(st.sets(st.integers(-3, 3), max_size=3))
    agreed = working_time(
        time_zone=draw(st.sampled_from(ZONES)),
        days=draw(st.frozensets(st.integers(0, 6), min_size=3, max_size=7)),
        start=start, end=end, core_start=start, core_end=end,
    )  # fmt: skip
    personal = PersonalHours(
        tuple(
            (monday_of(around) + timedelta(weeks=n), draw(personal_weeks))
            for n in sorted(draw(st.sets(st.integers(-2, 1), max_size=2)))
        )
    )
    return BusinessHours(agreed, frozenset(around + timedelta(days=n) for n in away), personal)


moments = st.builds(
    lambda day, minutes: datetime(day.year, day.month, day.day, tzinfo=UTC) + minutes * MINUTE,
    st.sampled_from(AROUND),
    st.integers(-2 * 1440, 2 * 1440),
)


@settings(max_examples=60)
@given(business_hours(), moments, st.integers(0, 6 * 1440))
def test_business_time_equals_the_minutes_counted(
    hours: BusinessHours, start: datetime, minutes: int
) -> None:
    end = start + minutes * MINUTE
    assert hours.business_time(start, end) == oracle_time(start, end, hours)


@settings(max_examples=60)
@given(business_hours(), moments, st.integers(1, 9))
def test_deadline_equals_the_minutes_waited(
    hours: BusinessHours, received: datetime, answer_hours: int
) -> None:
    deadline = hours.deadline(received, answer_hours)
    assert deadline == oracle_deadline(received, answer_hours, hours)
    assert hours.business_time(received, deadline) == answer_hours * HOUR


def local(text: str, zone: str = "Europe/Berlin") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("received", "deadline"),
    [
        ("2026-02-03 10:00", "2026-02-04 10:00"),
        ("2026-02-03 09:00", "2026-02-03 17:00"),
        ("2026-02-03 08:59:59.999999", "2026-02-03 17:00"),
        ("2026-02-03 17:00", "2026-02-04 17:00"),
        ("2026-02-03 16:59:59.999999", "2026-02-04 16:59:59.999999"),
        ("2026-02-06 12:00", "2026-02-09 12:00"),
        ("2026-03-27 12:00", "2026-03-30 12:00"),
        ("2026-04-02 12:00", "2026-04-07 12:00"),
        ("2025-12-31 12:00", "2026-01-02 12:00"),
    ],
)
def test_deadline_of_eight_hours(received: str, deadline: str) -> None:
    found = BusinessHours(working_time()).deadline(local(received), 8)
    assert found == local(deadline)
    assert found.tzinfo is UTC


def test_business_time_is_exact_to_the_microsecond() -> None:
    hours = BusinessHours(working_time())
    start = local("2026-02-03 16:59:59.999998")
    assert hours.business_time(start, local("2026-02-04 09:00:00.000001")) == timedelta(
        microseconds=3
    )


def test_business_time_backwards_is_zero() -> None:
    hours = BusinessHours(working_time())
    later, earlier = local("2026-02-03 12:00"), local("2026-02-03 10:00")
    assert hours.business_time(later, earlier) == timedelta(0)


def test_holidays_are_those_of_the_region() -> None:
    womens_day, epiphany = date(2026, 3, 8), date(2026, 1, 6)
    everyday: dict[str, Any] = {"days": frozenset(range(7))}
    berlin = BusinessHours(working_time(**everyday))
    bavaria = BusinessHours(working_time(**everyday, region="BY"))
    assert (berlin.works(womens_day), berlin.works(epiphany)) == (False, True)
    assert (bavaria.works(womens_day), bavaria.works(epiphany)) == (True, False)


@pytest.mark.parametrize(("country", "region"), [("ZZ", None), ("DE", "ZZ")])
def test_unknown_calendar_is_one_sentence(country: str, region: str | None) -> None:
    with pytest.raises(UnknownCalendar, match=f"public holidays of {country}.* not known"):
        public_holidays(country, region, 2026)


def test_working_time_in_a_skipped_hour_is_no_interval() -> None:
    times = {"start": time(2), "end": time(3), "core_start": time(2), "core_end": time(3)}
    hours = BusinessHours(working_time(days=frozenset({6}), **times))
    assert hours.working(date(2026, 3, 29)) is None
    working = hours.working(date(2026, 3, 22))
    assert working is not None
    assert working.length == HOUR


def own(*since: tuple[date, str]) -> BusinessHours:
    weeks = tuple((monday, parse(text.split())) for monday, text in since)
    return BusinessHours(working_time(), personal=PersonalHours(weeks))


def test_personal_hours_hold_from_their_monday_until_the_next() -> None:
    hours = own(
        (date(2026, 2, 2), "mon-wed=9:00-13:00"),
        (date(2026, 2, 16), "agreed"),
    )
    length = {
        day: 0 if (found := hours.working(day)) is None else found.length // HOUR
        for day in (date(2026, 1, 30), date(2026, 2, 3), date(2026, 2, 6), date(2026, 2, 17))
    }
    assert list(length.values()) == [8, 4, 0, 8]


@pytest.mark.parametrize(
    ("week", "core"),
    [
        ("tue=9:00-13:00", "10:00-13:00"),
        ("tue=12:30-20:00", "12:30-15:00"),
        ("tue=7:00-20:00", "10:00-15:00"),
        ("tue=6:00-10:00", None),
        ("wed=9:00-17:00", None),
    ],
)
def test_core_hours_are_the_agreed_ones_cut_to_the_person_s_own(
    week: str, core: str | None
) -> None:
    hours = own((date(2026, 2, 2), week))
    found = hours.usual_core(date(2026, 2, 3))
    assert (found and str(found)) == core
    assert (hours.core(date(2026, 2, 3)) is None) is (core is None)


def test_a_day_that_is_not_agreed_has_no_core_hours_and_no_holiday_has_any() -> None:
    hours = own((date(2026, 3, 30), "fri-sun=9:00-17:00"))
    saturday, good_friday = date(2026, 4, 4), date(2026, 4, 3)
    assert hours.working(saturday) is not None
    assert hours.core(saturday) is None
    assert hours.usual_core(good_friday) is not None
    assert hours.core(good_friday) is None


def test_the_length_of_a_week_is_what_the_wall_clock_says_in_every_week() -> None:
    hours = own((date(2026, 3, 23), "sat-sun=0:00-6:30"))
    week = [date(2026, 3, 23) + timedelta(days=n) for n in range(7)]
    assert hours.agreed_length == 40
    assert hours.length(week) == 13
