"""Windows (ISO weeks) and quarters: the grid on which everything is collected and judged.

A quarter has 13 windows and starts at week 1, 14, 27 or 40. Week 53 belongs to the fourth quarter
and is not collected, so that a quarter never has more than 13 (protocol §2).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final, Self, TypeAlias

from privacy.errors import InvalidValue

WINDOWS_PER_QUARTER: Final = 13
_LAST_COLLECTED_WEEK: Final = 4 * WINDOWS_PER_QUARTER
_YEARS: Final = range(1970, 9999)
"""Beyond these, the end of a window in some time zone is no date."""

_PATTERN = re.compile(r"([0-9]{4})-W([0-9]{2})")

Clock: TypeAlias = Callable[[], datetime]
"""Returns the present moment, time-zone aware. Passed in, so that nothing reads the time itself."""


def local_midnight(day: date, zone: tzinfo) -> datetime:
    """The moment at which `day` begins in `zone`, in UTC: arithmetic on it counts real time."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """One ISO week, written ``2026-W05``."""

    year: int
    week: int

    def __post_init__(self) -> None:
        """Raise `InvalidValue` when the ISO year has no such week, or is out of the calendar."""
        if self.year not in _YEARS:
            raise InvalidValue(f"the year {self.year} is out of the calendar")
        try:
            date.fromisocalendar(self.year, self.week, 1)
        except ValueError as error:
            raise InvalidValue(f"{self.year}-W{self.week:02} is not an ISO week") from error

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``2026-W05``; raise `InvalidValue` for anything else."""
        match = _PATTERN.fullmatch(text)
        if match is None:
            raise InvalidValue(f"{text!r} is not an ISO week: write it like 2026-W05")
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def of(cls, day: date) -> Self:
        """The window that contains `day`."""
        iso = day.isocalendar()
        return cls(iso.year, iso.week)

    @classmethod
    def beginning_from(cls, moment: datetime, zone: tzinfo) -> Self:
        """The first window that begins in `zone` at `moment` or after it."""
        window = cls.of(moment.astimezone(zone).date())
        return window if window.start(zone) >= moment else window.plus(1)

    @property
    def monday(self) -> date:
        """The first day."""
        return date.fromisocalendar(self.year, self.week, 1)

    @property
    def days(self) -> tuple[date, ...]:
        """The seven days, Monday first."""
        return tuple(self.monday + timedelta(days=n) for n in range(7))

    @property
    def collected(self) -> bool:
        """Whether reports are made for this window at all (week 53 has none)."""
        return self.week <= _LAST_COLLECTED_WEEK

    @property
    def quarter(self) -> "Quarter":
        """The quarter this window belongs to."""
        return Quarter(self.year, min((self.week - 1) // WINDOWS_PER_QUARTER + 1, 4))

    def start(self, zone: tzinfo) -> datetime:
        """Monday 00:00 in `zone`, as a moment in UTC."""
        return local_midnight(self.monday, zone)

    def end(self, zone: tzinfo) -> datetime:
        """The next Monday 00:00 in `zone`, as a moment in UTC; the window does not contain it."""
        return local_midnight(self.monday + timedelta(days=7), zone)

    def plus(self, weeks: int) -> Self:
        """The window `weeks` later."""
        return self.of(self.monday + timedelta(weeks=weeks))

    def __str__(self) -> str:
        return f"{self.year:04}-W{self.week:02}"


@dataclass(frozen=True, slots=True, order=True)
class Quarter:
    """Thirteen windows, written ``2026-Q1``. The privacy unit is one person's quarter."""

    year: int
    number: int

    def __post_init__(self) -> None:
        """Raise `InvalidValue` unless the number is 1 to 4."""
        if self.number not in range(1, 5):
            raise InvalidValue(f"a year has quarters 1 to 4, not {self.number}")

    @property
    def windows(self) -> tuple[Window, ...]:
        """The 13 collected windows, in order."""
        first = WINDOWS_PER_QUARTER * (self.number - 1) + 1
        return tuple(Window(self.year, first + n) for n in range(WINDOWS_PER_QUARTER))

    def __str__(self) -> str:
        return f"{self.year:04}-Q{self.number}"
