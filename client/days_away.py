"""Days of leave or sickness, as a person types them and as they are shown.

Marked days stay on this device. A week that is done with, since its report is made or its upload
period is over, keeps the days that it had: otherwise a mail that was judged in it could be judged
a second time.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from client.errors import SettingsUnusable
from privacy.window import Window

_WRITTEN = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:\.\.([0-9]{4}-[0-9]{2}-[0-9]{2}))?")
_DAY = timedelta(days=1)
_BACK: Final = timedelta(days=366)
_AHEAD: Final = timedelta(days=4 * 366)
"""Parental leave is told years ahead."""


@dataclass(frozen=True, slots=True, order=True)
class Stretch:
    """From `first` to `last`, both included."""

    first: date
    last: date

    @property
    def days(self) -> tuple[date, ...]:
        """All of them, in order."""
        return tuple(self.first + n * _DAY for n in range((self.last - self.first).days + 1))

    def __str__(self) -> str:
        if self.first == self.last:
            return f"{self.first:%a %d %b %Y}"
        return f"{self.first:%a %d %b %Y} to {self.last:%a %d %b %Y}"


def parse(text: str, today: date) -> Stretch:
    """``2026-12-01`` or ``2026-12-01..2026-12-05``.

    Raises `SettingsUnusable` for what is no date, an end before the start, and a year far off.
    """
    match = _WRITTEN.fullmatch(text.strip())
    if match is None:
        raise SettingsUnusable(
            f"{text!r} is no date: write it like 2026-12-01, or 2026-12-01..2026-12-05 for several"
        )
    first, last = _date(match[1]), _date(match[2] or match[1])
    if last < first:
        raise SettingsUnusable(
            f"{first} to {last} ends before it starts: write the earlier date first"
        )
    for day in (first, last):
        if not today - _BACK <= day <= today + _AHEAD:
            raise SettingsUnusable(
                f"{day} is far off: days can be marked from a year ago to four years ahead"
            )
    return Stretch(first, last)


def stretches(days: Iterable[date]) -> tuple[Stretch, ...]:
    """The days in order, those in a row as one."""
    found: list[Stretch] = []
    for day in sorted(set(days)):
        if found and found[-1].last + _DAY == day:
            found[-1] = Stretch(found[-1].first, day)
        else:
            found.append(Stretch(day, day))
    return tuple(found)


def in_open_weeks(
    days: Iterable[date], is_done: Callable[[Window], bool]
) -> tuple[tuple[date, ...], tuple[Window, ...]]:
    """The days that can still change, and the weeks of the others."""
    open_days, done = [], set()
    for day in days:
        week = Window.of(day)
        if is_done(week):
            done.add(week)
        else:
            open_days.append(day)
    return tuple(open_days), tuple(sorted(done))


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise SettingsUnusable(f"{text} is a day that no calendar has: check it") from None
