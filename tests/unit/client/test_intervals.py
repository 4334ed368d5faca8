"""Interval algebra against sets of minutes."""

import itertools
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.activity import Activity, Span
from client.intervals import Interval, intersection, total, union
from privacy.errors import InvalidValue

START = datetime(2026, 2, 2, tzinfo=UTC)


def minute(n: int) -> datetime:
    return START + timedelta(minutes=n)


def interval(bounds: tuple[int, int]) -> Interval:
    return Interval(minute(bounds[0]), minute(bounds[1]))


pairs = st.tuples(st.integers(0, 30), st.integers(0, 30)).filter(lambda pair: pair[0] < pair[1])
intervals = st.lists(pairs.map(interval), max_size=6)
spans = st.lists(
    st.builds(lambda pair, on: Span(minute(pair[0]), minute(pair[1]), on), pairs, st.booleans()),
    max_size=8,
)


def minutes(of: "list[Interval] | tuple[Interval, ...]") -> set[int]:
    return {n for n in range(31) if any(minute(n) in interval for interval in of)}


def is_a_set(of: tuple[Interval, ...]) -> bool:
    return all(left.end < right.start for left, right in itertools.pairwise(of))


@given(intervals)
def test_union_covers_the_same_minutes(some: list[Interval]) -> None:
    found = union(some)
    assert minutes(found) == minutes(some)
    assert is_a_set(found)
    assert total(found) == timedelta(minutes=len(minutes(some)))


@given(intervals, intervals)
def test_intersection_covers_the_common_minutes(some: list[Interval], more: list[Interval]) -> None:
    found = intersection(union(some), union(more))
    assert minutes(found) == minutes(some) & minutes(more)
    assert is_a_set(found)


@given(spans)
def test_activity_does_not_depend_on_order_and_active_wins(some: list[Span]) -> None:
    period = interval((5, 25))
    found = Activity.of(some, period)
    assert found == Activity.of(reversed(some), period)
    inside = set(range(5, 25))
    assert minutes(found.recorded) == minutes([span.interval for span in some]) & inside
    assert minutes(found.active) == (
        minutes([span.interval for span in some if span.active]) & inside
    )


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (minute(1), minute(1)),
        (minute(2), minute(1)),
        (minute(1).replace(tzinfo=None), minute(2)),
        (minute(1), minute(2).astimezone(timezone(timedelta(hours=1)))),
    ],
)
def test_invalid_spans_cannot_be_built(start: datetime, end: datetime) -> None:
    with pytest.raises(InvalidValue):
        Span(start, end, active=True)
