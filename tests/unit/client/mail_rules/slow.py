"""The mail measures a second time, slowly: every quarter of an hour is looked at.

Nothing here is shared with `client`. Rules are taken from docs/measures.md. A moment is a number of
quarters since the start; all that a case has lies on quarters.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from typing import TypeAlias
from zoneinfo import ZoneInfo

QUARTER = timedelta(minutes=15)
WEEKS = 7
"""How far the clock looks from the start on."""

ZONE = ZoneInfo("Europe/Berlin")

HOLIDAYS = {
    date(2026, month, day)
    for month, day in [(1, 1), (3, 8), (4, 3), (4, 6), (5, 1), (5, 14), (5, 25), (10, 3), (12, 25)]
}
"""Berlin, known by heart."""

Week: TypeAlias = dict[int, tuple[time, time]]
"""Weekdays that work, from when to when."""


@dataclass(frozen=True)
class Letter:
    """One message. `person` says who writes, `names` which letters it refers to, oldest first."""

    number: int
    moment: int
    mine: bool
    person: int
    names: tuple[int, ...] = ()
    automatic: bool = False
    inside: bool = False


@dataclass
class Case:
    """A window of a person: `weeks` by the Monday from which they hold, the first from ever."""

    start: datetime
    monday: date
    letters: list[Letter]
    agreed: Week
    weeks: list[tuple[date, Week]]
    away: set[date]
    answer_hours: int
    last_starts: bool
    working: list[bool] = field(init=False)

    def __post_init__(self) -> None:
        self.working = [self._works(n) for n in range(WEEKS * 7 * 96)]

    def moment(self, n: int) -> datetime:
        return self.start + n * QUARTER

    def day(self, n: int) -> date:
        return self.moment(n).astimezone(ZONE).date()

    def week(self, day: date) -> Week:
        return [week for since, week in self.weeks if since <= day][-1]

    def _works(self, n: int) -> bool:
        wall = self.moment(n).astimezone(ZONE)
        day = wall.date()
        hours = self.week(day).get(day.weekday())
        if hours is None or day in HOLIDAYS or day in self.away:
            return False
        return hours[0] <= wall.time() < hours[1]

    def due(self, n: int) -> int:
        left = 4 * self.answer_hours
        while left:
            left -= self.working[n]
            n += 1
        return n

    def quarters(self, start: int, end: int) -> int:
        return sum(self.working[start:end])


@dataclass
class Row:
    letters: list[Letter]
    asked: int
    due: int
    answered: int | None = None


def thread_of(letter: Letter) -> int:
    return letter.names[0] if letter.names else letter.number


def rows(case: Case) -> list[Row]:
    """All requests: letters are looked at one after the other, rows are searched each time."""
    found: list[Row] = []
    seen: list[Letter] = []
    for letter in sorted(case.letters, key=lambda each: (each.moment, each.mine)):
        if letter.automatic or letter.inside:
            continue
        if letter.mine:
            for row in found:
                if row.answered is None and any(
                    each.number in letter.names for each in row.letters
                ):
                    row.answered = letter.moment
        else:
            row = _row_for(case, letter, found)
            if any(letter.number in each.names for each in seen if each.mine):
                row.answered = letter.moment
        seen.append(letter)
    return found


def _row_for(case: Case, letter: Letter, found: list[Row]) -> Row:
    candidates = [row for name in letter.names for row in found if name in _numbers(row)]
    same = [
        (each.moment, row)
        for row in found
        for each in row.letters
        if (thread_of(each), each.person) == (thread_of(letter), letter.person)
    ]
    candidates += [row for _, row in sorted(same, key=lambda pair: pair[0])[-1:]]
    for row in candidates:
        if row.answered is None and letter.moment <= row.due:
            row.letters.append(letter)
            if case.last_starts:
                row.asked, row.due = letter.moment, case.due(letter.moment)
            return row
    found.append(Row([letter], letter.moment, case.due(letter.moment)))
    return found[-1]


def _numbers(row: Row) -> list[int]:
    return [letter.number for letter in row.letters]


Number: TypeAlias = Fraction | None


def measures(case: Case, unanswered: Fraction) -> tuple[Number, Number, Number]:
    """Share, count and median of the window that begins on `case.monday`."""
    days = [case.monday + timedelta(days=n) for n in range(7)]
    ticks = [n for n in range(len(case.working)) if case.day(n) in days]
    start, end = ticks[0], ticks[-1] + 1
    due = [row for row in rows(case) if start <= row.due < end]
    times = sorted(
        unanswered
        if row.answered is None or row.answered >= end
        else Fraction(case.quarters(row.asked, row.answered), 4)
        for row in due
    )
    in_time = [row for row in due if row.answered is not None and row.answered <= row.due]
    return (
        Fraction(len(in_time), len(due)) if due else None,
        _count(case, days, [row.answered for row in rows(case)]),
        times[(len(times) - 1) // 2] if times else None,
    )


def _count(case: Case, days: list[date], answered: list[int | None]) -> Number:
    own = {day: case.week(day).get(day.weekday()) for day in days}
    off = HOLIDAYS | case.away
    there = sum((_length(hours) for day, hours in own.items() if day not in off), Fraction(0))
    full = sum((_length(hours) for hours in own.values()), Fraction(0))
    agreed = sum((_length(hours) for hours in case.agreed.values()), Fraction(0))
    if there == 0 or there < full / 2:
        return None
    on = [case.day(n) for n in answered if n is not None]
    return sum(day in days and day not in case.away for day in on) * agreed / there


def _length(hours: tuple[time, time] | None) -> Fraction:
    if hours is None:
        return Fraction(0)
    start, end = (4 * each.hour + each.minute // 15 for each in hours)
    return Fraction(end - start, 4)
