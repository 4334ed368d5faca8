"""`after_hours_share`: the share of active time outside working time."""

from collections.abc import Sequence
from fractions import Fraction

from client.activity import Activity
from client.intervals import Interval, hours, total


def after_hours_share(activity: Activity, working: Sequence[Interval]) -> Fraction | None:
    """Active time outside `working` / all active time; `working` is a set of intervals.

    Weekends and public holidays are outside. Days away must not be in `activity`: nothing that
    happens on them is looked at. ``None`` without any active time.
    """
    active = hours(total(activity.active))
    if active == 0:
        return None
    inside = hours(total(activity.within(tuple(working)).active))
    return 1 - inside / active
