"""Days away: what a person types, and which days can still change."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.days_away import Stretch, in_open_weeks, parse, stretches
from client.errors import SettingsUnusable
from privacy.window import Window

TODAY = date(2026, 11, 24)


def test_one_day_and_several() -> None:
    assert parse("2026-12-01", TODAY).days == (date(2026, 12, 1),)
    assert parse("2026-12-01..2026-12-03", TODAY).days == tuple(
        date(2026, 12, day) for day in (1, 2, 3)
    )
    assert parse("2026-12-31..2027-01-01", TODAY).days == (date(2026, 12, 31), date(2027, 1, 1))


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("tomorrow", "'tomorrow' is no date: write it like 2026-12-01, or 2026-12-01..2026-12-05"),
        ("1.12.2026", "is no date"),
        ("2026-12-1", "is no date"),
        ("2026-W49-2", "is no date"),
        ("2026-12-01..", "is no date"),
        ("2026-12-01...2026-12-02", "is no date"),
        ("2026-12-01 2026-12-02", "is no date"),
        ("2026-02-29", "2026-02-29 is a day that no calendar has"),
        ("2026-12-01..2026-12-32", "2026-12-32 is a day that no calendar has"),
        ("2026-12-05..2026-12-01", "2026-12-05 to 2026-12-01 ends before it starts"),
        ("2062-12-01", "2062-12-01 is far off: days can be marked from a year ago"),
        ("2026-12-01..2062-12-01", "2062-12-01 is far off"),
        ("2016-12-01..2026-12-01", "2016-12-01 is far off"),
        ("0001-01-01", "0001-01-01 is far off"),
        ("9999-12-31", "9999-12-31 is far off"),
    ],
)
def test_what_is_no_day_is_one_sentence(typed: str, said: str) -> None:
    with pytest.raises(SettingsUnusable) as error:
        parse(typed, TODAY)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_parental_leave_can_be_marked_as_a_whole() -> None:
    assert len(parse("2026-12-01..2029-11-30", TODAY).days) == 3 * 365 + 1


@given(st.sets(st.integers(0, 30)))
def test_days_in_a_row_are_one_stretch(numbers: set[int]) -> None:
    days = {TODAY + timedelta(days=n) for n in numbers}
    found = stretches(days)
    assert {day for each in found for day in each.days} == days
    assert all(before.last + timedelta(days=1) < after.first for before, after in pairwise(found))


def test_a_stretch_is_written_for_people() -> None:
    assert str(Stretch(TODAY, TODAY)) == "Tue 24 Nov 2026"
    assert str(Stretch(TODAY, date(2026, 12, 1))) == "Tue 24 Nov 2026 to Tue 01 Dec 2026"


def test_days_of_weeks_that_are_done_with_are_left_out_and_their_weeks_named() -> None:
    days = parse("2026-11-14..2026-11-24", TODAY).days
    open_days, done = in_open_weeks(days, lambda window: window <= Window(2026, 47))
    assert open_days == (date(2026, 11, 23), date(2026, 11, 24))
    assert done == (Window(2026, 46), Window(2026, 47))
