"""The category with most active time, from a journal to a place.

Working time is Monday to Friday, 9 to 17, in Berlin; the agreement names documents and meetings.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from client.activity import Span
from client.journal import Journal
from client.sources.activity import Used
from client.values import compute
from privacy.window import Window
from tests.agreements import with_categories, working_time
from tests.unit.client.mailbox import WINDOW, at

DOCUMENTS, MEETINGS, OTHER = map(Fraction, range(3))
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri")

Stretch = tuple[str, str, str]
"""From, to (of one day), and the category in front."""


def value(
    folder: Path,
    used: Iterable[Used],
    *,
    active: Iterable[Span] | None = None,
    away: Iterable[date] = (),
    window: Window = WINDOW,
    **times: Any,
) -> Fraction | None:
    """What is computed; by default somebody was active whenever something was in front."""
    used = list(used)
    spans = [Span(each.start, each.end, active=True) for each in used]
    agreement = with_categories(working_time=working_time(**times))
    with Journal(folder / "journal.sqlite") as journal:
        journal.record(spans if active is None else active)
        journal.record_used(used)
        journal.mark_away(away)
        return compute(agreement, window, journal)["time_by_category"]


def each_day(*stretches: Stretch, days: Iterable[str] = WEEKDAYS) -> list[Used]:
    return [
        Used(at(f"{day} {start}"), at(f"{day} {end}"), category)
        for day in days
        for start, end, category in stretches
    ]


@pytest.mark.parametrize(
    ("hours", "place"),
    [((3, 2, 1), DOCUMENTS), ((2, 3, 1), MEETINGS), ((1, 2, 3), OTHER), ((0, 0, 1), OTHER)],
)
def test_the_category_with_most_time_wins(
    hours: tuple[int, int, int], place: Fraction, tmp_path: Path
) -> None:
    names = ("documents", "meetings", "other")
    stretches = [
        (f"{9 + 3 * n:02}:00", f"{9 + 3 * n + length:02}:00", name)
        for n, (name, length) in enumerate(zip(names, hours, strict=True))
        if length
    ]
    assert value(tmp_path, each_day(*stretches)) == place


def test_it_is_the_sum_of_the_week_and_no_vote_of_its_days(tmp_path: Path) -> None:
    used = each_day(("09:00", "10:00", "documents"), days=WEEKDAYS[:4])
    used += each_day(("09:00", "14:00", "meetings"), days=("Fri",))
    assert value(tmp_path, used) == MEETINGS


def test_of_equals_the_first_in_the_agreement_wins_and_other_never(tmp_path: Path) -> None:
    equals = (
        ("09:00", "10:00", "other"),
        ("10:00", "11:00", "meetings"),
        ("11:00", "12:00", "documents"),
    )
    assert value(tmp_path, each_day(*equals)) == DOCUMENTS
    (tmp_path / "b").mkdir()
    assert value(tmp_path / "b", each_day(*equals[:2])) == MEETINGS


def test_a_category_that_this_agreement_does_not_name_counts_as_other(tmp_path: Path) -> None:
    used = each_day(
        ("09:00", "11:00", "documents"), ("11:00", "13:00", "mail"), ("13:00", "15:00", "games")
    )
    assert value(tmp_path, used) == OTHER


def test_only_active_time_counts(tmp_path: Path) -> None:
    """A document stays in front all day while the person is in a meeting."""
    used = each_day(("09:00", "15:00", "documents"), ("15:00", "17:00", "meetings"))
    active = [
        Span(at(f"{day} {start}"), at(f"{day} {end}"), active=True)
        for day in WEEKDAYS
        for start, end in (("09:00", "10:00"), ("15:00", "17:00"))
    ]
    assert value(tmp_path, used, active=active) == MEETINGS


def test_active_time_of_which_no_category_is_known_counts_nowhere(tmp_path: Path) -> None:
    used = each_day(("09:00", "10:00", "documents"))
    active = [Span(at(f"{day} 09:00"), at(f"{day} 17:00"), active=True) for day in WEEKDAYS]
    assert value(tmp_path, used, active=active) == DOCUMENTS


def test_overlapping_stretches_of_other_things_count_once(tmp_path: Path) -> None:
    used = each_day(
        ("09:00", "11:00", "mail"), ("09:00", "11:00", "games"), ("13:00", "16:00", "documents")
    )
    assert value(tmp_path, used) == DOCUMENTS


# --- missing --------------------------------------------------------------------------------------


def test_without_any_category_it_is_missing(tmp_path: Path) -> None:
    active = [Span(at(f"{day} 09:00"), at(f"{day} 17:00"), active=True) for day in WEEKDAYS]
    assert value(tmp_path, [], active=active) is None


def test_a_category_in_front_of_nobody_is_missing(tmp_path: Path) -> None:
    used = each_day(("09:00", "12:00", "documents"))
    idle = [Span(each.start, each.end, active=False) for each in used]
    assert value(tmp_path, used, active=idle) is None


@pytest.mark.parametrize(("days", "place"), [(3, MEETINGS), (2, None)])
def test_fewer_than_half_of_the_days_are_too_few(
    days: int, place: Fraction | None, tmp_path: Path
) -> None:
    used = each_day(("09:00", "12:00", "meetings"), days=WEEKDAYS[:days])
    assert value(tmp_path, used) == place


def test_days_away_are_not_looked_at(tmp_path: Path) -> None:
    used = each_day(("09:00", "10:00", "documents"))
    used += each_day(("10:00", "16:00", "meetings"), days=("Mon", "Tue"))
    assert value(tmp_path, used, away=WINDOW.days[:2]) == DOCUMENTS
    (tmp_path / "b").mkdir()
    assert value(tmp_path / "b", used, away=WINDOW.days[:3]) is None


# --- days are those of the agreement --------------------------------------------------------------


def test_a_stretch_across_the_end_of_the_window_counts_only_inside(tmp_path: Path) -> None:
    used = each_day(("09:00", "09:30", "documents"))
    used.append(Used(at("Sun 23:00"), at("+1 Mon 04:00"), "meetings"))
    assert value(tmp_path, used) == DOCUMENTS
    (tmp_path / "b").mkdir()
    used.append(Used(at("Sun 20:00"), at("Sun 23:00"), "meetings"))
    assert value(tmp_path / "b", used) == MEETINGS


def test_a_night_belongs_to_the_days_of_the_agreement_wherever_the_device_is(
    tmp_path: Path,
) -> None:
    """23:00 on Sunday in Berlin is Monday morning in Tokyo; the person is there all week."""
    tokyo = ZoneInfo("Asia/Tokyo")
    used = each_day(("09:00", "10:00", "documents"))
    monday_in_tokyo = Used(
        at("Mon 06:00", zone=tokyo), at("Mon 07:30", zone=tokyo), "meetings"
    )  # Sunday 22:00 to 23:30 in Berlin, the week before
    assert value(tmp_path, [*used, monday_in_tokyo]) == DOCUMENTS
    away = [WINDOW.days[2]]
    wednesday = Used(at("Wed 23:00"), at("+0 Thu 06:00"), "meetings")
    (tmp_path / "b").mkdir()
    # Of seven hours one lies on the day away.
    assert value(tmp_path / "b", [*used, wednesday], away=away) == MEETINGS
    (tmp_path / "c").mkdir()
    assert value(tmp_path / "c", [*used, wednesday], away=[*away, WINDOW.days[3]]) == DOCUMENTS


def test_an_hour_that_the_clocks_repeat_counts_twice(tmp_path: Path) -> None:
    """Sunday 25 October 2026: from 2 to 3 twice."""
    window = Window(2026, 43)
    used = [
        Used(at("Sun 01:00", window), at("Sun 04:00", window), "meetings"),
        Used(at("Sun 09:00", window), at("Sun 12:30", window), "documents"),
    ]
    assert used[0].interval.length == timedelta(hours=4)
    assert value(tmp_path, used, window=window, days=frozenset({6})) == MEETINGS
