"""`task_time_ratio`: the time that finished tasks took, as a part of what was estimated."""

from collections.abc import Sequence
from datetime import timedelta
from fractions import Fraction

from client.intervals import hours
from client.tasks import FinishedTask, compared


def task_time_ratio(finished: Sequence[FinishedTask]) -> Fraction | None:
    """Time spent / time estimated, both summed over the tasks that have both.

    - What: 1 is as estimated, 3/2 half as long again. A ratio of sums and no mean of ratios, so
      that a task of ten minutes that took an hour does not outweigh one of a week.
    - Why: by how much plans are off, and in which direction, which a share within cannot say.
    - Clip: 1/2. Beyond it one task that went astray would stand for the week.
    - Missing: ``None`` when no finished task has both an estimate and time spent.
    """
    pairs = compared(finished)
    spent = sum((spent for spent, _ in pairs), timedelta(0))
    estimated = sum((estimate for _, estimate in pairs), timedelta(0))
    return hours(spent) / hours(estimated) if pairs else None
