"""`active_hours`: hours of active use of the device, as of a full week."""

from fractions import Fraction

from client.activity import Activity
from client.intervals import hours, total
from client.presence import Presence


def active_hours(counted: Activity, presence: Presence) -> Fraction | None:
    """Active time on the counted days, scaled to a full week.

    `counted` is the activity on exactly the days of `presence.counted`; a working day counts only
    if something was recorded in its working time. A gap adds nothing, neither active nor idle.
    ``None`` below half of the person's working hours.
    """
    return presence.scaled(hours(total(counted.active)))
