"""The agreed working time as a clock that stands still at night, on holidays and on leave.

Local times of the agreement become moments in UTC once, day by day; all arithmetic is done there,
so an hour is an hour also where the clocks change. A day's working time is one unbroken interval.

Personal working hours (part-time) do not exist yet; until then everybody has the agreed ones.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

import holidays

from client.errors import UnknownCalendar
from client.intervals import HOUR, Interval
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
    """The agreed working time of one person, without public holidays and days `away`."""

    working_time: WorkingTime
    away: frozenset[date] = frozenset()

    def works(self, day: date) -> bool:
        """Whether `day` is an agreed working day, not a public holiday, and not a day away."""
        agreed = self.working_time
        return (
            day.weekday() in agreed.days
            and day not in self.away
            and day not in public_holidays(agreed.country, agreed.region, day.year)
        )

    def working(self, day: date) -> Interval | None:
        """The working time of one day, if it has any."""
        return self._between(day, self.working_time.start, self.working_time.end)

    def core(self, day: date) -> Interval | None:
        """The core hours of one day, if it has any."""
        return self._between(day, self.working_time.core_start, self.working_time.core_end)

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

    def _between(self, day: date, start: time, end: time) -> Interval | None:
        if not self.works(day):
            return None
        zone = self.working_time.zone
        first = datetime.combine(day, start, zone).astimezone(UTC)
        last = datetime.combine(day, end, zone).astimezone(UTC)
        # Hours that fall wholly into a skipped hour leave nothing.
        return Interval(first, last) if first < last else None
