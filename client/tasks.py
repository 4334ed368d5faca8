"""Tasks: what somebody means to do, how long they think it takes, and how long it took.

Titles and times stay on the device. A measure sees a `FinishedTask`, which has no title.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NewType

from client.intervals import Interval, check_utc, total, union
from privacy.errors import InvalidValue

TaskNumber = NewType("TaskNumber", int)
"""What a person calls a task by. It is never given to another one."""

Origin = NewType("Origin", bytes)
"""SHA-256 of the UUID of a task in the program that it was imported from (32 bytes)."""

LONGEST_TITLE: Final = 200
LONGEST_ESTIMATE: Final = timedelta(hours=2000)
"""More than somebody works in a year."""

FORGOTTEN_AFTER: Final = timedelta(hours=10)
"""A task that runs for longer was most likely not stopped when the work ended."""

_ORIGIN_BYTES: Final = 32
_NO_TITLE: Final = ("Cc", "Cs", "Zl", "Zp")


def is_plain(character: str) -> bool:
    """Whether a title may hold it: no control character, no end of a line, no half of a pair."""
    return unicodedata.category(character) not in _NO_TITLE


@dataclass(frozen=True, slots=True, order=True)
class TaskTime:
    """A stretch of work, from `start` to `end` (UTC); `end` is None while it goes on.

    `imported`: it comes from another program, and the next import may change it.
    """

    start: datetime
    end: datetime | None
    imported: bool = False

    def __post_init__(self) -> None:
        """Raise `InvalidValue` for moments that are no interval."""
        check_utc("the start", self.start)
        if self.end is not None:
            Interval(self.start, self.end)
        elif self.imported:
            raise InvalidValue("time that is still going on is not imported")


@dataclass(frozen=True, slots=True)
class Task:
    """One task. `times` are in order; those that are imported may overlap the others.

    `done`: when it was finished (UTC), None while it is open. `origin`: None for a task that was
    added here. `recurs`: it comes again under the same title.
    """

    number: TaskNumber
    title: str
    estimate: timedelta | None
    added: datetime
    done: datetime | None = None
    origin: Origin | None = None
    recurs: bool = False
    times: tuple[TaskTime, ...] = ()

    def __post_init__(self) -> None:
        """Raise `InvalidValue` with one sentence for whoever typed it."""
        if self.number < 1:
            raise InvalidValue("tasks are numbered from 1")
        check_title(self.title)
        if self.estimate is not None:
            _check_estimate(self.estimate)
        check_utc("the time of adding", self.added)
        if self.done is not None:
            check_utc("the time of finishing", self.done)
        if self.origin is not None and len(self.origin) != _ORIGIN_BYTES:
            raise InvalidValue("an origin is a SHA-256")
        # Of one start the imported time may come after the one of this program.
        starts = [(time.start, time.imported) for time in self.times]
        if starts != sorted(set(starts)):
            raise InvalidValue("the times of a task are not in order")
        running = sum(time.end is None for time in self.times)
        if running > 1 or (running and self.done is not None):
            raise InvalidValue("a task runs once, and not when it is finished")

    @property
    def running_since(self) -> datetime | None:
        """When work on it began that goes on, if any does."""
        return next((time.start for time in self.times if time.end is None), None)

    @property
    def last_ended(self) -> datetime | None:
        """When work on it ended last, if any did."""
        return max((time.end for time in self.times if time.end is not None), default=None)

    def spent(self, now: datetime) -> timedelta:
        """Work on it until `now`; what overlaps counts once."""
        ends = ((time.start, now if time.end is None else time.end) for time in self.times)
        return total(union(Interval(start, end) for start, end in ends if start < end))


@dataclass(frozen=True, slots=True)
class FinishedTask:
    """What the measures see. `spent` is zero if no time was noted."""

    done: datetime
    estimate: timedelta | None
    spent: timedelta

    def __post_init__(self) -> None:
        """Raise `InvalidValue` for a time that is not in UTC or durations that are none."""
        check_utc("the time of finishing", self.done)
        if self.estimate is not None:
            _check_estimate(self.estimate)
        if self.spent < timedelta(0):
            raise InvalidValue("no task takes less than no time")


def compared(finished: Iterable[FinishedTask]) -> list[tuple[timedelta, timedelta]]:
    """The time spent and the estimate of those that have both."""
    return [
        (task.spent, task.estimate)
        for task in finished
        if task.estimate is not None and task.spent > timedelta(0)
    ]


def check_title(title: str) -> None:
    """Raise `InvalidValue` unless it is one line of a sensible length."""
    if not title or title != title.strip():
        raise InvalidValue("a task needs a title, without spaces around it")
    if len(title) > LONGEST_TITLE:
        raise InvalidValue(
            f"a title has at most {LONGEST_TITLE} characters, and this one {len(title)}"
        )
    if not all(map(is_plain, title)):
        raise InvalidValue("a title is one line without control characters")


def _check_estimate(estimate: timedelta) -> None:
    if not timedelta(0) < estimate <= LONGEST_ESTIMATE:
        raise InvalidValue(
            "an estimate is more than nothing and at most "
            f"{LONGEST_ESTIMATE // timedelta(hours=1)} hours"
        )
