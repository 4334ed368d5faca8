"""128 people in four teams of one department, who differ in all that must not show.

When the device runs: always, by a timer like everybody's (at noon and up to two hours later, as
docs/operations.md has it), or by a timer of its own, at an hour that is the person's. In each week
an eighth has the device off for the first half of the upload period, and two for all of it.

What there is to report: half of the people pause for some weeks; mail differs; most mail is in the
journal already, some is in a mailbox, and some mailboxes break.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from client.pausing import Pause, Pauses
from privacy.groups import GroupId
from privacy.window import Window

TEAMS: Final = tuple(GroupId(name) for name in ("north", "south", "east", "west"))
TEAM_SIZE: Final = 32
ZONE: Final = ZoneInfo("Europe/Berlin")
WINDOWS: Final = tuple(Window(2026, week) for week in (6, 7, 8, 9))
UPLOAD_DAYS: Final = 7
LATE: Final = 8
"""One in so many is off for the first half."""

_JITTER: Final = timedelta(minutes=5)


class Timer(StrEnum):
    """When a device runs."""

    ALWAYS = "always"
    COMMON = "common"
    OWN = "own"


@dataclass(frozen=True, slots=True)
class Person:
    """`number`: from 0. `hour`: of the person's day, from 5 to 23; a timer of its own runs then."""

    number: int
    hour: float

    @property
    def team(self) -> GroupId:
        """The group that they are a member of."""
        return TEAMS[self.number % len(TEAMS)]

    @property
    def timer(self) -> Timer:
        """What starts the device."""
        return tuple(Timer)[self.number // len(TEAMS) % len(Timer)]

    @property
    def has_mailbox(self) -> bool:
        """Whether mail is read from a mailbox, and not from the journal alone."""
        return self.number % 16 == 1

    @property
    def mailbox_breaks(self) -> bool:
        """Whether the mailbox is gone before the first week is reported."""
        return self.number % 32 == 1

    def draws(self, *what: object) -> Random:
        """The person's own randomness for something."""
        return Random("/".join(map(str, (self.number, *what))))

    def pauses_in(self, window: Window) -> bool:
        """Whether a pause touches the week; half of the people have any."""
        return self.draws("pauses").random() < 0.5 and self.draws(window).random() < 0.5

    def pauses(self) -> Pauses:
        """Each begins and ends within its week."""
        return Pauses(
            tuple(
                Pause(start + timedelta(days=1), start + timedelta(days=2))
                for window in WINDOWS
                if self.pauses_in(window)
                for start in [window.start(ZONE)]
            )
        )

    def late(self, window: Window) -> bool:
        """Whether the device is off for the first half of the week's upload period."""
        return self.number // 4 % LATE == 2 * WINDOWS.index(window)

    def off(self, window: Window) -> bool:
        """Whether it is off for all of it."""
        return self.number // 2 == 10 + WINDOWS.index(window)

    def off_until(self, window: Window) -> datetime:
        """When the device is on for the first time in the week's upload period."""
        opens = window.end(ZONE)
        if self.off(window):
            return opens + timedelta(days=UPLOAD_DAYS)
        if self.late(window):
            return opens + timedelta(days=self.draws(window, "late").uniform(3, 5.5))
        return opens

    def runs(self, at: datetime) -> datetime:
        """The first moment from `at` on at which the device runs."""
        for window in WINDOWS:
            if window.end(ZONE) <= at:
                at = max(at, min(self.off_until(window), window.plus(1).end(ZONE)))
        if self.timer is Timer.ALWAYS:
            return at
        day = at.astimezone(ZONE).date() - timedelta(days=1)
        return next(moment for moment in self._daily(day) if moment >= at)

    def _daily(self, day: date) -> Iterator[datetime]:
        while True:
            draws = self.draws("timer", day)
            midnight = datetime.combine(day, time(0), ZONE).astimezone(UTC)
            if self.timer is Timer.COMMON:
                yield midnight + timedelta(hours=12 + draws.uniform(0, 2))
            else:
                yield midnight + timedelta(hours=self.hour) + draws.uniform(-1, 1) * _JITTER
            day += timedelta(days=1)


def people() -> list[Person]:
    """Everybody. Hours of the day are spread evenly and in no order."""
    count = TEAM_SIZE * len(TEAMS)
    hours = [5 + 18 * n / count for n in range(count)]
    Random("hours").shuffle(hours)
    return [Person(number, hour) for number, hour in enumerate(hours)]
