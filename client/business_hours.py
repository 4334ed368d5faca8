"""One person's working time as a clock that stands still at night, on holidays and on leave.

It is the agreed working time, or this person's own where they have set one. Local times become
moments in UTC once, day by day, in the agreement's time zone; all arithmetic is done there, so an
hour is an hour also where the clocks change. A day's working time is one unbroken interval.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from functools import lru_cache

import holidays

from client.errors import UnknownCalendar
from client.intervals import HOUR, Interval
from client.personal_hours import Hours, PersonalHours
from privacy.agreement.model import WorkingTime

_DAY = timedelta(days=1)


@lru_cache(maxsize=64)
def public_holidays(country: str, region: str | None, year: int) -> frozenset[date]:
    """The public holidays of a year, by the package ``holidays``, days in lieu included.

    Raises `UnknownCalendar` when it has no such country or region.
    """
    try:
        return frozenset(holidays.country_holidays(country, subdiv=region, years=year))
    except NotImplementedError as error:
        place = country if region is None else f"{country}-{region}"
        raise UnknownCalendar(
            f"the public holidays of {place} are not known on this device: "
            "the agreement must name a country and region that the package holidays has"
        ) from error


@dataclass(frozen=True, slots=True)
class BusinessHours:
    """The working time of one person, without public holidays and days `away`."""

    working_time: WorkingTime
    away: frozenset[date] = frozenset()
    personal: PersonalHours = field(default_factory=PersonalHours)

    def usual(self, day: date) -> Hours | None:
        """What the person works on such a day, were it neither a public holiday nor a day away."""
        own = self.personal.week(day)
        if own is not None:
            return own.days.get(day.weekday())
        return self._agreed if day.weekday() in self.working_time.days else None

    def usual_core(self, day: date) -> Hours | None:
        """The agreed core hours of such a day, cut to the person's own hours."""
        own = self.usual(day)
        if own is None or day.weekday() not in self.working_time.days:
            return None
        core = Hours(self.working_time.core_start, self.working_time.core_end)
        return core.cut_to(own)

    def works(self, day: date) -> bool:
        """Whether `day` is a working day, not a public holiday, and not a day away."""
        agreed = self.working_time
        return (
            self.usual(day) is not None
            and day not in self.away
            and day not in public_holidays(agreed.country, agreed.region, day.year)
        )

    def working(self, day: date) -> Interval | None:
        """The working time of one day, if it has any."""
        return self._moments(day, self.usual(day)) if self.works(day) else None

    def core(self, day: date) -> Interval | None:
        """The core hours of one day, if it has any."""
        return self._moments(day, self.usual_core(day)) if self.works(day) else None

    @property
    def agreed_length(self) -> Fraction:
        """Working hours of a full week as agreed."""
        return len(self.working_time.days) * self._agreed.length

    def length(self, days: Iterable[date]) -> Fraction:
        """Working hours of some days, were they neither public holidays nor days away."""
        usual = (self.usual(day) for day in days)
        return sum((hours.length for hours in usual if hours is not None), Fraction(0))

    def day_of(self, moment: datetime) -> date:
        """The local date at `moment`."""
        return moment.astimezone(self.working_time.zone).date()

    def business_time(self, start: datetime, end: datetime) -> timedelta:
        """Working time between two moments; zero when `end` is not after `start`."""
        elapsed = timedelta(0)
        day, last = self.day_of(start), self.day_of(end)
        while day <= last:
            working = self.working(day)
            if working is not None:
                elapsed += max(timedelta(0), min(end, working.end) - max(start, working.start))
            day += _DAY
        return elapsed

    def deadline(self, received: datetime, answer_hours: int) -> datetime:
        """The first moment (UTC) at which `answer_hours` of working time have passed.

        It lies in working time, or at its very end; never in the night after it.
        """
        left = answer_hours * HOUR
        day = self.day_of(received)
        while True:
            working = self.working(day)
            if working is not None:
                start = max(received.astimezone(UTC), working.start)
                if start < working.end:
                    if left <= working.end - start:
                        return start + left
                    left -= working.end - start
            day += _DAY

    @property
    def _agreed(self) -> Hours:
        return Hours(self.working_time.start, self.working_time.end)

    def _moments(self, day: date, hours: Hours | None) -> Interval | None:
        if hours is None:
            return None
        zone = self.working_time.zone
        first = datetime.combine(day, hours.start, zone).astimezone(UTC)
        last = datetime.combine(day, hours.end, zone).astimezone(UTC)
        # Hours that fall wholly into a skipped hour leave nothing.
        return Interval(first, last) if first < last else None
