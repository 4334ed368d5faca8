from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.errors import InvalidValue
from privacy.window import Quarter, Window, local_midnight

BERLIN = ZoneInfo("Europe/Berlin")
days = st.dates(date(1980, 1, 1), date(2200, 1, 1))


@given(days)
def test_a_day_lies_in_its_window_and_the_window_reads_back(day: date) -> None:
    window = Window.of(day)
    assert day in window.days
    assert window.monday.weekday() == 0
    assert Window.parse(str(window)) == window


@given(days, st.integers(-200, 200))
def test_plus_moves_by_whole_weeks_and_keeps_the_order(day: date, weeks: int) -> None:
    window = Window.of(day)
    later = window.plus(weeks)
    assert later.monday - window.monday == timedelta(weeks=weeks)
    assert (later > window) == (weeks > 0)


@pytest.mark.parametrize(
    "text", ["2026-W5", "2026-W00", "2025-W53", "2026W05", " 2026-W05", "٢٠٢٦-W05", "2026-w05", ""]
)
def test_anything_else_than_an_iso_week_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue):
        Window.parse(text)


def test_week_53_exists_belongs_to_the_fourth_quarter_and_is_not_collected() -> None:
    window = Window(2026, 53)
    assert not window.collected
    assert window.quarter == Quarter(2026, 4)
    assert window not in window.quarter.windows


@pytest.mark.parametrize(
    ("week", "number"), [(1, 1), (13, 1), (14, 2), (26, 2), (27, 3), (39, 3), (40, 4), (52, 4)]
)
def test_quarters_start_at_weeks_1_14_27_and_40(week: int, number: int) -> None:
    window = Window(2026, week)
    assert window.quarter == Quarter(2026, number)
    assert window in window.quarter.windows


def test_a_quarter_has_13_windows_in_order() -> None:
    windows = Quarter(2026, 3).windows
    assert [window.week for window in windows] == list(range(27, 40))


@pytest.mark.parametrize("number", [0, 5])
def test_there_is_no_other_quarter(number: int) -> None:
    with pytest.raises(InvalidValue):
        Quarter(2026, number)


def test_a_window_ends_where_the_next_one_starts_in_local_time() -> None:
    window = Window(2026, 5)
    assert window.start(BERLIN) == datetime(2026, 1, 25, 23, tzinfo=UTC)
    assert window.end(BERLIN) == window.plus(1).start(BERLIN)


def test_the_week_in_which_clocks_go_forward_is_an_hour_shorter() -> None:
    window = Window.of(date(2026, 3, 29))
    assert window.end(BERLIN) - window.start(BERLIN) == timedelta(days=7, hours=-1)


def test_local_midnight_is_given_in_utc() -> None:
    assert local_midnight(date(2026, 7, 1), BERLIN) == datetime(2026, 6, 30, 22, tzinfo=UTC)
    assert local_midnight(date(2026, 7, 1), BERLIN).tzinfo is UTC


def test_a_year_out_of_the_calendar_is_refused() -> None:
    for edge in (Window(1970, 1), Window(9998, 52)):
        assert edge.end(ZoneInfo("Pacific/Kiritimati")) > edge.start(ZoneInfo("Etc/GMT+12"))
    for year in (1, 1969, 9999):
        with pytest.raises(InvalidValue, match="out of the calendar"):
            Window(year, 1)
