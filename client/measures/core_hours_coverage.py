"""`core_hours_coverage`: the share of the agreed core hours in which there was any activity."""

from collections.abc import Sequence
from fractions import Fraction

from client.activity import Activity
from client.intervals import HOUR, Interval, total


def core_hours_coverage(
    activity: Activity, core: Sequence[Interval], usual_core_hours: int
) -> Fraction | None:
    """Core hours with activity / core hours that were observed.

    `core` holds the core time of each day that is not away and not a holiday. It is cut into hours
    from its start; the last one may be shorter. An hour is observed if there was activity in it, or
    if at least half of it was recorded; the rest is missing, not idle. ``None`` if less than half
    of `usual_core_hours`, those of a full week of this person, were observed.
    """
    observed = active = 0
    for hour in (hour for interval in core for hour in split(interval)):
        seen = activity.within((hour,))
        if seen.active:
            active += 1
        if seen.active or 2 * total(seen.recorded) >= hour.length:
            observed += 1
    if observed == 0 or 2 * observed < usual_core_hours:
        return None
    return Fraction(active, observed)


def split(interval: Interval) -> list[Interval]:
    """An interval cut into hours from its start; the last one may be shorter."""
    count = -(-interval.length // HOUR)
    cuts = [interval.start + n * HOUR for n in range(count)]
    return [Interval(cut, min(cut + HOUR, interval.end)) for cut in cuts]
