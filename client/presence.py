"""When in a week a person was there, and how a count over some hours stands for a week of all.

A public holiday is a day on which nobody is there: a week with one is scaled like a week with a
day of leave, so that one target fits every week. For the same reason the week of somebody with
fewer hours is scaled to the agreed one. Nothing that happens on a day of leave or sickness is
looked at, on whichever day of the week it falls.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from client.business_hours import BusinessHours
from privacy.window import Window


@dataclass(frozen=True, slots=True)
class Presence:
    """Days and working hours of a window.

    `present` are the working days on which the person was there and the source worked. `counted`
    are these and the days off that are not days away: what happens on them counts.

    `agreed_hours` are those of a full week as agreed, `own_hours` those of a full week of this
    person, `present_hours` those of the days in `present`.
    """

    agreed_hours: Fraction
    own_hours: Fraction
    present_hours: Fraction
    present: frozenset[date]
    counted: frozenset[date]

    @property
    def enough(self) -> bool:
        """Whether at least half of the person's own working hours are there."""
        return self.present_hours > 0 and 2 * self.present_hours >= self.own_hours

    def scaled(self, amount: Fraction) -> Fraction | None:
        """`amount` on the counted days, as of a full agreed week; ``None`` below half of one."""
        return amount * self.agreed_hours / self.present_hours if self.enough else None


def presence(window: Window, hours: BusinessHours, covered: Iterable[date]) -> Presence:
    """The presence in a window, `covered` being the days on which the source has data."""
    working = {day for day in window.days if hours.works(day)}
    present = frozenset(working.intersection(covered))
    off = {day for day in window.days if day not in working and day not in hours.away}
    return Presence(
        agreed_hours=hours.agreed_length,
        own_hours=hours.length(window.days),
        present_hours=hours.length(present),
        present=present,
        counted=present | off,
    )
