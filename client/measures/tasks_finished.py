"""`tasks_finished`: how many tasks were finished, as of a full week."""

from collections.abc import Sequence
from fractions import Fraction

from client.business_hours import BusinessHours
from client.presence import Presence
from client.tasks import FinishedTask


def tasks_finished(
    finished: Sequence[FinishedTask], hours: BusinessHours, presence: Presence
) -> Fraction | None:
    """Tasks finished on a day that counts, scaled to a full agreed week.

    - What: a count, with or without estimate or time. A task counts on the day, in the agreed time
      zone, on which it was marked as done; one of a day away does not.
    - Why: how much work a department gets through. People cut tasks differently, so it makes a
      poor target for one team.
    - Clip: about half of the target. Counts differ far more between people than shares do.
    - Missing: ``None`` below half of one's own working hours. Whoever calls this sees to it that
      somebody who keeps no tasks has none: without a list, nothing finished is not zero.
    """
    counted = sum(hours.day_of(task.done) in presence.counted for task in finished)
    return presence.scaled(Fraction(counted))
