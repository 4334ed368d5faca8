"""On which days of a week a person was there, and how a count over some days stands for a week.

A public holiday is a day on which nobody is there: a week with one is scaled like a week with a
day of leave, so that one target fits every week. Nothing that happens on a day of leave or
sickness is looked at, on whichever day of the week it falls.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from client.business_hours import BusinessHours
from privacy.window import Window


@dataclass(frozen=True, slots=True)
class Presence:
    """Days of a window.

    `agreed` is the number of working days in a full week. `present` are those on which the person
    was there and the source worked. `counted` are these and the days off that are not days away:
    what happens on them counts.
    """

    agreed: int
    present: frozenset[date]
    counted: frozenset[date]

    @property
    def enough(self) -> bool:
        """Whether at least half of the agreed working days are there."""
        return bool(self.present) and 2 * len(self.present) >= self.agreed

    def scaled(self, amount: Fraction) -> Fraction | None:
        """`amount` on the counted days, as of a full week; ``None`` below half of one."""
        return amount * self.agreed / len(self.present) if self.enough else None


def presence(window: Window, hours: BusinessHours, covered: Iterable[date]) -> Presence:
    """The presence in a window, `covered` being the days on which the source has data."""
    working = {day for day in window.days if hours.works(day)}
    present = frozenset(working.intersection(covered))
    off = {day for day in window.days if day not in working and day not in hours.away}
    return Presence(len(hours.working_time.days), present, present | off)
