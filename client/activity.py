"""What the watcher saw: stretches in which the device was in use, or was not.

A stretch that no span covers is a gap (suspend, lock, a dead watcher). A gap is missing: it is
neither activity nor idleness. Nothing says what was done.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from client.intervals import Interval, intersection, union


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """From `start` to `end` (UTC) the device was in use (`active`) or idle."""

    start: datetime
    end: datetime
    active: bool

    def __post_init__(self) -> None:
        """Raise `InvalidValue` for a moment not in UTC, or an end that is not after the start."""
        Interval(self.start, self.end)

    @property
    def interval(self) -> Interval:
        """The span without what it says."""
        return Interval(self.start, self.end)


@dataclass(frozen=True, slots=True)
class Activity:
    """Two sets of intervals: all that was `recorded`, and the `active` part of it."""

    recorded: tuple[Interval, ...]
    active: tuple[Interval, ...]

    @classmethod
    def of(cls, spans: Iterable[Span], period: Interval) -> "Activity":
        """What `spans` say about `period`.

        Where spans overlap, active wins over idle: two watchers see at least what one sees. The
        order of the spans does not matter.
        """
        spans = tuple(spans)
        recorded = union(span.interval for span in spans)
        active = union(span.interval for span in spans if span.active)
        return cls(intersection(recorded, (period,)), intersection(active, (period,)))

    def within(self, intervals: tuple[Interval, ...]) -> "Activity":
        """The part that lies in a set of intervals."""
        return Activity(
            intersection(self.recorded, intervals), intersection(self.active, intervals)
        )
