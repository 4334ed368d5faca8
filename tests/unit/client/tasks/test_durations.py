"""Durations that people type, that Taskwarrior writes, and that are shown."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.durations import exported, shown, typed
from client.errors import TaskError


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("3h", 180),
        ("1h30m", 90),
        ("1h 30m", 90),
        ("1 H 30 Min", 90),
        ("45m", 45),
        ("90min", 90),
        ("1.5h", 90),
        ("0,25h", 15),
        ("3 hours", 180),
        (" 2hrs ", 120),
        ("40h", 2400),
        ("0m", 0),
    ],
)
def test_a_typed_duration(text: str, minutes: int) -> None:
    assert typed(text) == timedelta(minutes=minutes)


@pytest.mark.parametrize(
    "text",
    ["", " ", "3", "h", "-3h", "3h-", "1e3h", "30m1h", "1.5m", "٣h", "3h3h", "PT3H", "three"],
)
def test_what_is_no_duration_is_refused_and_an_example_given(text: str) -> None:
    with pytest.raises(TaskError, match="write it like 3h, 1h30m or 45m"):
        typed(text)


@pytest.mark.parametrize("text", ["2d", "1 day", "0.5d", "1w", "2 weeks", "1d 2h"])
def test_a_day_is_refused_since_nobody_knows_how_long_it_is(text: str) -> None:
    with pytest.raises(TaskError, match="days of 24 hours or working days"):
        typed(text)
    with pytest.raises(TaskError, match="days of 24 hours or working days"):
        exported(text)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("PT3H", 180), ("PT1H30M", 90), ("PT45M", 45), ("PT3600S", 60), ("40h", 2400), ("3 hrs", 180)],
)
def test_an_exported_duration(text: str, minutes: int) -> None:
    assert exported(text) == timedelta(minutes=minutes)


# What Taskwarrior makes of 24h, 40h, 45m (months), 1w and P1DT2H.
@pytest.mark.parametrize("text", ["P1D", "P1DT16H", "P1350D", "P7D", "P1DT2H", "P", "PT", "large"])
def test_an_exported_duration_that_says_no_hours_is_refused(text: str) -> None:
    with pytest.raises(TaskError):
        exported(text)


@given(st.integers(0, 120_000))
def test_what_is_shown_reads_as_the_same_whole_minutes(minutes: int) -> None:
    assert typed(shown(timedelta(minutes=minutes, seconds=59))) == timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 min"), (59, "0 min"), (3600, "1 h"), (3900, "1 h 05 min")]
)
def test_a_duration_is_shown(seconds: int, text: str) -> None:
    assert shown(timedelta(seconds=seconds)) == text
