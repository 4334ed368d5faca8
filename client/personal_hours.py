"""When one person works, where that is not when all do: part-time, a shorter Friday.

This stays on the device. Nobody else learns it, and no report shows it: what is counted over a week
is scaled to a full one (`client.presence`).

Hours hold from a Monday on, until those of a later Monday do. A window that is over keeps the hours
that it had.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from fractions import Fraction
from itertools import pairwise
from types import MappingProxyType
from typing import Final

from client.errors import SettingsUnusable
from client.intervals import hours
from privacy.errors import InvalidValue

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
AGREED: Final = "agreed"

_PART = re.compile(r"([^=-]+)(?:-([^=-]+))?=([^=-]+)-([^=-]+)")
_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})")
_EXAMPLE: Final = "write it like mon-wed=9:00-13:00 thu=9:00-12:00"


@dataclass(frozen=True, slots=True)
class Hours:
    """One unbroken stretch of a day, by the clock on the wall."""

    start: time
    end: time

    def __post_init__(self) -> None:
        """Raise `InvalidValue` unless they rise, and are local times."""
        if self.start.tzinfo is not None or self.end.tzinfo is not None:
            raise InvalidValue("hours of a day are local times")
        if self.start >= self.end:
            raise InvalidValue(f"hours from {self.start:%H:%M} to {self.end:%H:%M} do not rise")

    @property
    def length(self) -> Fraction:
        """In hours, as if no clock changed that day."""
        return hours(_since_midnight(self.end) - _since_midnight(self.start))

    def cut_to(self, other: "Hours") -> "Hours | None":
        """The part that lies in other hours."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Hours(start, end) if start < end else None

    def __str__(self) -> str:
        return f"{self.start:%H:%M}-{self.end:%H:%M}"


@dataclass(frozen=True, slots=True)
class PersonalWeek:
    """The working days of one person, 0 being Monday, each with its hours."""

    days: Mapping[int, Hours]

    def __post_init__(self) -> None:
        """Raise `InvalidValue` for a week without a day, or a day that a week does not have."""
        if not self.days or not self.days.keys() <= set(range(7)):
            raise InvalidValue("working days are numbers from 0 (Monday) to 6, at least one")
        object.__setattr__(self, "days", MappingProxyType(dict(sorted(self.days.items()))))

    def __str__(self) -> str:
        """As it is typed; days in a row with the same hours are one."""
        rows: list[tuple[list[int], Hours]] = []
        for day, stretch in self.days.items():
            if rows and rows[-1][1] == stretch and rows[-1][0][-1] == day - 1:
                rows[-1][0].append(day)
            else:
                rows.append(([day], stretch))
        return " ".join(f"{_named(days)}={stretch}" for days, stretch in rows)


@dataclass(frozen=True, slots=True)
class PersonalHours:
    """Weeks of one person by the Monday from which they hold; ``None`` is the agreed week."""

    since: tuple[tuple[date, PersonalWeek | None], ...] = ()

    def __post_init__(self) -> None:
        """Raise `InvalidValue` unless these are Mondays that rise."""
        mondays = [monday for monday, _ in self.since]
        if any(monday.weekday() != 0 for monday in mondays):
            raise InvalidValue("personal hours hold from a Monday on")
        if any(before >= after for before, after in pairwise(mondays)):
            raise InvalidValue("personal hours are in order, once for a Monday")

    def week(self, day: date) -> PersonalWeek | None:
        """What holds in the week of `day`; ``None``: what is agreed for all."""
        held = [week for monday, week in self.since if monday <= day]
        return held[-1] if held else None


def parse(words: list[str]) -> PersonalWeek | None:
    """What a person types: ``mon-wed=9:00-13:00 thu=9:00-12:00``, or ``agreed`` (``None``).

    A day that is not named is a day off. Raises `SettingsUnusable` with a sentence for the person.
    """
    if [word.lower() for word in words] == [AGREED]:
        return None
    days: dict[int, Hours] = {}
    for word in words:
        match = _PART.fullmatch(word.lower())
        if match is None:
            raise SettingsUnusable(f"{word!r} names no days and hours: {_EXAMPLE}")
        named = _days(match[1], match[2] or match[1])
        stretch = _hours(word, match[3], match[4])
        for day in named:
            if day in days:
                raise SettingsUnusable(
                    f"{WEEKDAYS[day]} is named twice: a day has one unbroken stretch of hours"
                )
            days[day] = stretch
    return PersonalWeek(days)


def monday_of(day: date) -> date:
    """The Monday of the week of `day`."""
    return day - timedelta(days=day.weekday())


def _named(days: list[int]) -> str:
    first, last = WEEKDAYS[days[0]], WEEKDAYS[days[-1]]
    return first if first == last else f"{first}-{last}"


def _days(first: str, last: str) -> range:
    for name in (first, last):
        if name not in WEEKDAYS:
            raise SettingsUnusable(f"{name!r} is no day of the week: {', '.join(WEEKDAYS)} are")
    start, end = WEEKDAYS.index(first), WEEKDAYS.index(last)
    if end < start:
        raise SettingsUnusable(
            f"{first}-{last} runs over the end of the week: name {first} and {last} each"
        )
    return range(start, end + 1)


def _hours(word: str, start: str, end: str) -> Hours:
    first, last = _clock(start), _clock(end)
    if first >= last:
        raise SettingsUnusable(
            f"{word}: these hours end before they begin, or have no length; a day's hours lie "
            "between 0:00 and 23:59 of that day"
        )
    return Hours(first, last)


def _clock(text: str) -> time:
    match = _CLOCK.fullmatch(text)
    try:
        if match is not None:
            return time(int(match[1]), int(match[2]))
    except ValueError:
        pass
    raise SettingsUnusable(f"{text!r} is no time of day: write it like 9:00, up to 23:59")


def _since_midnight(clock: time) -> timedelta:
    return timedelta(hours=clock.hour, minutes=clock.minute, seconds=clock.second)
