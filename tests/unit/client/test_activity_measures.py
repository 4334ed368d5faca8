"""The activity measures, from spans in a journal to values.

Working time is Monday to Friday, 9 to 17, core hours 10 to 15, in Berlin.
"""

from collections.abc import Iterable, Mapping
from datetime import date, time, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from client.activity import Span
from client.intervals import Interval
from client.journal import Journal
from client.measures.core_hours_coverage import split
from client.personal_hours import parse
from client.values import compute
from privacy.catalogue import CATALOGUE
from privacy.window import Window
from tests.agreements import make_agreement, working_time
from tests.unit.client.mailbox import WINDOW, at

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri")


def active(day: str, start: str, end: str) -> Span:
    return Span(at(f"{day} {start}"), at(f"{day} {end}"), active=True)


def idle(day: str, start: str, end: str) -> Span:
    return Span(at(f"{day} {start}"), at(f"{day} {end}"), active=False)


def values(
    folder: Path,
    spans: Iterable[Span],
    away: Iterable[date] = (),
    window: Window = WINDOW,
    personal: str = "",
    **times: Any,
) -> Mapping[str, Fraction | None]:
    with Journal(folder / "journal.sqlite") as journal:
        journal.record(spans)
        journal.mark_away(away)
        if personal:
            journal.hours.keep(window.monday, parse(personal.split()))
        return compute(make_agreement(working_time=working_time(**times)), window, journal)


def full_week(days: Iterable[str] = WEEKDAYS) -> list[Span]:
    """Active from 9 to 12 and 13 to 17, idle between."""
    return [
        span
        for day in days
        for span in (
            active(day, "09:00", "12:00"),
            idle(day, "12:00", "13:00"),
            active(day, "13:00", "17:00"),
        )
    ]


def test_nothing_recorded_is_missing_never_zero(tmp_path: Path) -> None:
    found = values(tmp_path, [])
    assert set(found.values()) == {None}
    assert len(found) == len(CATALOGUE)


def test_a_full_week(tmp_path: Path) -> None:
    found = values(tmp_path, full_week())
    assert found["active_hours"] == 35
    assert found["after_hours_share"] == 0
    assert found["core_hours_coverage"] == Fraction(4, 5)


def test_recorded_and_idle_all_week_is_zero_not_missing(tmp_path: Path) -> None:
    found = values(tmp_path, [idle(day, "09:00", "17:00") for day in WEEKDAYS])
    assert found["active_hours"] == 0
    assert found["after_hours_share"] is None
    assert found["core_hours_coverage"] == 0


@pytest.mark.parametrize(("days", "expected"), [(5, 35), (4, 35), (3, 35), (2, None)])
def test_hours_scale_to_the_days_with_a_recording(
    days: int, expected: int | None, tmp_path: Path
) -> None:
    assert values(tmp_path, full_week(WEEKDAYS[:days]))["active_hours"] == expected


def test_half_of_the_days_is_enough(tmp_path: Path) -> None:
    found = values(tmp_path, full_week(("Mon", "Tue")), days=frozenset(range(4)))
    assert found["active_hours"] == 28


def test_what_happens_on_a_day_away_is_not_looked_at(tmp_path: Path) -> None:
    spans = [*full_week(), active("Wed", "20:00", "23:00"), active("Sat", "10:00", "12:00")]
    found = values(tmp_path, spans, away=[date(2026, 2, 4), date(2026, 2, 7)])
    assert found["active_hours"] == 35
    assert found["after_hours_share"] == 0
    assert found["core_hours_coverage"] == Fraction(4, 5)


def test_a_public_holiday_is_outside_working_time_and_scales_the_hours(tmp_path: Path) -> None:
    """Friday 1 May 2026."""
    weeks = timedelta(weeks=12)
    spans = [Span(s.start + weeks, s.end + weeks, s.active) for s in full_week()]
    spans = [
        Span(s.start - timedelta(hours=1), s.end - timedelta(hours=1), s.active) for s in spans
    ]
    found = values(tmp_path, spans, window=Window(2026, 18))
    assert found["active_hours"] == Fraction(35 * 5, 4)
    assert found["after_hours_share"] == Fraction(7, 35)
    assert found["core_hours_coverage"] == Fraction(4, 5)


def test_after_hours_are_evenings_nights_and_weekends(tmp_path: Path) -> None:
    spans = [
        active("Mon", "16:00", "18:00"),
        Span(at("Tue 23:00"), at("Wed 01:00"), active=True),
        active("Sun", "22:00", "23:00"),
    ]
    assert values(tmp_path, spans)["after_hours_share"] == Fraction(4, 5)


def test_a_span_across_the_end_of_the_window_counts_only_inside(tmp_path: Path) -> None:
    spans = [*full_week(), Span(at("Sun 23:00"), at("+1 Mon 01:00"), active=True)]
    found = values(tmp_path, spans)
    assert found["active_hours"] == 36
    assert found["after_hours_share"] == Fraction(1, 36)


def test_an_evening_on_an_unrecorded_day_does_not_count_as_the_day(tmp_path: Path) -> None:
    spans = [*full_week(WEEKDAYS[:4]), active("Fri", "20:00", "22:00")]
    assert values(tmp_path, spans)["active_hours"] == 35


def test_core_hours_that_were_not_recorded_are_missing_not_idle(tmp_path: Path) -> None:
    spans = [active(day, "10:00", "11:00") for day in WEEKDAYS]
    spans += [idle(day, "11:00", "12:30") for day in WEEKDAYS]
    assert values(tmp_path, spans)["core_hours_coverage"] == Fraction(1, 3)
    fewer = [span for span in spans if span.active] + [
        idle(day, "11:00", "12:29") for day in WEEKDAYS
    ]
    (tmp_path / "b").mkdir()
    assert values(tmp_path / "b", fewer)["core_hours_coverage"] is None


def test_any_activity_makes_a_core_hour_active(tmp_path: Path) -> None:
    second = timedelta(seconds=1)
    spans = [idle(day, "10:00", "15:00") for day in WEEKDAYS]
    spans += [Span(at(f"{day} 10:59"), at(f"{day} 10:59") + second, True) for day in WEEKDAYS]
    assert values(tmp_path, spans)["core_hours_coverage"] == Fraction(1, 5)


def test_core_time_that_is_no_whole_number_of_hours_ends_with_a_shorter_one(tmp_path: Path) -> None:
    spans = [active(day, "10:00", "11:30") for day in WEEKDAYS]
    found = values(tmp_path, spans, core_start=time(10), core_end=time(11, 30))
    assert found["core_hours_coverage"] == 1
    pieces = split(Interval(at("Mon 10:00"), at("Mon 11:30")))
    assert [piece.length for piece in pieces] == [timedelta(hours=1), timedelta(minutes=30)]


def test_a_clock_change_does_not_lengthen_activity(tmp_path: Path) -> None:
    """Sunday 25 October 2026 has 25 hours."""
    window = Window(2026, 43)
    spans = [Span(at("Sun 00:00", window), at("+1 Mon 00:00", window), active=True)]
    with Journal(tmp_path / "journal.sqlite") as journal:
        journal.record(spans)
        agreement = make_agreement(
            working_time=working_time(
                days=frozenset({6}), start=time(0), end=time(6), core_start=time(0),
                core_end=time(6),
            )
        )  # fmt: skip
        found = compute(agreement, window, journal)
    assert found["active_hours"] == 25
    assert found["after_hours_share"] == Fraction(18, 25)


MORNINGS = "mon-thu=9:00-13:00"


def test_a_part_timer_s_hours_look_like_anybody_s(tmp_path: Path) -> None:
    """16 hours of 40, of which 12 are active."""
    mornings = [active(day, "09:00", "12:00") for day in WEEKDAYS[:4]]
    mornings += [idle(day, "12:00", "17:00") for day in WEEKDAYS[:4]]
    found = values(tmp_path, mornings, personal=MORNINGS)
    assert found["active_hours"] == Fraction(12 * 40, 16)
    assert found["core_hours_coverage"] == Fraction(2, 3)


def test_half_of_a_part_timer_s_own_hours_is_enough(tmp_path: Path) -> None:
    mornings = [active(day, "09:00", "12:00") for day in WEEKDAYS[:4]]
    own = "mon=9:00-17:00 tue-thu=9:00-11:00"
    short = values(tmp_path, mornings[1:], personal=own)
    assert short["active_hours"] is None
    (tmp_path / "b").mkdir()
    long = values(tmp_path / "b", mornings[:1], personal=own)
    assert long["active_hours"] == Fraction(3 * 40, 8)


def test_what_is_after_hours_depends_on_one_s_own_hours(tmp_path: Path) -> None:
    spans = [active("Mon", "12:00", "14:00"), active("Fri", "10:00", "12:00")]
    assert values(tmp_path, spans)["after_hours_share"] == 0
    (tmp_path / "b").mkdir()
    found = values(tmp_path / "b", spans, personal=MORNINGS)
    assert found["after_hours_share"] == Fraction(3, 4)


def test_core_hours_that_are_not_one_s_own_are_not_looked_at(tmp_path: Path) -> None:
    spans = [active(day, "10:00", "11:00") for day in WEEKDAYS[:4]]
    spans += [idle(day, "11:00", "12:00") for day in WEEKDAYS[:2]]
    spans += [idle("Fri", "10:00", "15:00")]
    found = values(tmp_path, spans, personal=MORNINGS)
    assert found["core_hours_coverage"] == Fraction(4, 6)


def test_core_coverage_is_missing_below_half_of_one_s_own_core_hours(tmp_path: Path) -> None:
    """Four mornings have 12 core hours."""
    spans = [active(day, "10:00", "11:00") for day in WEEKDAYS[:4]]
    two = [idle("Mon", "11:00", "12:00"), idle("Tue", "11:00", "12:00")]
    enough = values(tmp_path, [*spans, *two], personal=MORNINGS)
    assert enough["core_hours_coverage"] == Fraction(4, 6)
    (tmp_path / "b").mkdir()
    fewer = values(tmp_path / "b", [*spans, *two[:1]], personal=MORNINGS)
    assert fewer["core_hours_coverage"] is None
    (tmp_path / "c").mkdir()
    none = values(tmp_path / "c", spans, personal="mon-fri=6:00-10:00")
    assert none["core_hours_coverage"] is None
