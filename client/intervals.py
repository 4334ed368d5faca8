"""Half-open intervals of time, and the little algebra that the measures need.

Everything is in UTC: the difference of two moments in UTC is real time, also in a night in which
the clocks change, where the difference of two local times is not.

A *set* of intervals here is a tuple in order, in which no two overlap or touch. `union` makes one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Final

from privacy.errors import InvalidValue

HOUR: Final = timedelta(hours=1)


def check_utc(what: str, moment: datetime) -> None:
    """Raise `InvalidValue` unless `moment` is aware and has no offset from UTC."""
    if moment.utcoffset() != timedelta(0):
        raise InvalidValue(f"{what} {moment.isoformat()} is not a moment in UTC")


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """From `start`, included, to `end`, excluded; both in UTC."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        """Raise `InvalidValue` for a moment not in UTC, or an end that is not after the start."""
        check_utc("the start", self.start)
        check_utc("the end", self.end)
        if self.start >= self.end:
            raise InvalidValue(f"an interval must end after its start {self.start.isoformat()}")

    def __contains__(self, moment: datetime) -> bool:
        return self.start <= moment < self.end

    @property
    def length(self) -> timedelta:
        """Real time from start to end."""
        return self.end - self.start


def union(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """The set that covers exactly what any of `intervals` covers."""
    merged: list[Interval] = []
    for interval in sorted(intervals):
        if merged and interval.start <= merged[-1].end:
            last = merged.pop()
            interval = Interval(last.start, max(last.end, interval.end))
        merged.append(interval)
    return tuple(merged)


def intersection(left: Sequence[Interval], right: Sequence[Interval]) -> tuple[Interval, ...]:
    """The set that both sets cover, in time linear in their sizes."""
    common: list[Interval] = []
    i = j = 0
    while i < len(left) and j < len(right):
        start = max(left[i].start, right[j].start)
        end = min(left[i].end, right[j].end)
        if start < end:
            common.append(Interval(start, end))
        if left[i].end <= right[j].end:
            i += 1
        else:
            j += 1
    return tuple(common)


def without(left: Sequence[Interval], right: Sequence[Interval]) -> tuple[Interval, ...]:
    """The part of one set that another does not cover."""
    kept: list[Interval] = []
    for interval in left:
        start = interval.start
        for cut in right:
            if cut.end <= start or cut.start >= interval.end:
                continue
            if start < cut.start:
                kept.append(Interval(start, cut.start))
            start = cut.end
        if start < interval.end:
            kept.append(Interval(start, interval.end))
    return tuple(kept)


def total(intervals: Iterable[Interval]) -> timedelta:
    """The length of a set."""
    return sum((interval.length for interval in intervals), timedelta(0))


def hours(duration: timedelta) -> Fraction:
    """A duration as an exact number of hours."""
    return Fraction(duration // timedelta(microseconds=1), HOUR // timedelta(microseconds=1))
