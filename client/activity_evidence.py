"""What is known about the use of the device in one window, for the measures that read it."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from types import MappingProxyType
from typing import Final

from client.activity import Activity
from client.business_hours import BusinessHours
from client.intervals import Interval, intersection, union
from client.journal import Journal
from client.measures.active_hours import active_hours
from client.measures.after_hours_share import after_hours_share
from client.measures.core_hours_coverage import core_hours_coverage
from client.measures.time_by_category import time_by_category
from client.presence import Presence, presence
from client.sources.activity import Used
from privacy.agreement.model import Agreement
from privacy.window import Window, local_midnight


@dataclass(frozen=True, slots=True)
class ActivityEvidence:
    """What the activity measures read.

    `activity` leaves out days away; `counted` also the working days on which nothing was recorded.
    `used`: what was in front. `categories`: the ids of the agreed ones, in their order.
    `categorised`: the presence on days on which the category of some active time is known.
    """

    activity: Activity
    counted: Activity
    working: tuple[Interval, ...]
    core: tuple[Interval, ...]
    usual_core_hours: int
    presence: Presence
    used: tuple[Used, ...]
    categories: tuple[str, ...]
    categorised: Presence


MEASURES: Final[Mapping[str, Callable[[ActivityEvidence], Fraction | None]]] = MappingProxyType(
    {
        "active_hours": lambda e: active_hours(e.counted, e.presence),
        "after_hours_share": lambda e: after_hours_share(e.activity, e.working),
        "core_hours_coverage": lambda e: core_hours_coverage(
            e.activity, e.core, e.usual_core_hours
        ),
        "time_by_category": lambda e: time_by_category(
            e.activity.active, e.used, e.categories, e.categorised
        ),
    }
)


def activity_evidence(
    agreement: Agreement, window: Window, journal: Journal, hours: BusinessHours
) -> ActivityEvidence:
    """What was recorded in the window."""
    zone = hours.working_time.zone
    period = Interval(window.start(zone), window.end(zone))
    whole = {
        day: Interval(local_midnight(day, zone), local_midnight(day + timedelta(days=1), zone))
        for day in window.days
    }
    recorded, used = journal.activity(period), journal.used(period)
    working = {day: span for day in window.days if (span := hours.working(day)) is not None}

    def there(known: tuple[Interval, ...]) -> Presence:
        days = (day for day, span in working.items() if intersection(known, (span,)))
        return presence(window, hours, days)

    seen = there(recorded.recorded)
    present = recorded.within(union(span for day, span in whole.items() if day not in hours.away))
    return ActivityEvidence(
        activity=present,
        counted=recorded.within(union(whole[day] for day in seen.counted)),
        working=union(working.values()),
        core=tuple(span for day in window.days if (span := hours.core(day)) is not None),
        usual_core_hours=_usual_core_hours(window, hours),
        presence=seen,
        used=used,
        categories=tuple(category.id for category in agreement.categories),
        categorised=there(intersection(present.active, union(each.interval for each in used))),
    )


def _usual_core_hours(window: Window, hours: BusinessHours) -> int:
    """Core hours of a full week of this person, a shorter last one of a day counted as one."""
    usual = (hours.usual_core(day) for day in window.days)
    return sum(math.ceil(core.length) for core in usual if core is not None)
