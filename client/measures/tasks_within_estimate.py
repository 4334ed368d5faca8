"""`tasks_within_estimate`: the share of finished tasks that took no longer than estimated."""

from collections.abc import Sequence
from fractions import Fraction

from client.tasks import FinishedTask, compared


def tasks_within_estimate(finished: Sequence[FinishedTask]) -> Fraction | None:
    """Those that took at most their estimate / those with an estimate and time spent.

    - What: a share from 0 to 1 over the tasks that were finished in the window, each counted once,
      with all the time that was ever spent on it. Exactly the estimate is within it.
    - Why: whether plans hold. A team is asked whether it can say how long things take, not how
      fast it is.
    - Clip: 1/4. A person with four tasks moves in steps of 1/4.
    - Missing: ``None`` when no finished task has both. Without an estimate, or without any time
      noted, a task says nothing about estimates: it is neither within one nor beyond it.
    """
    pairs = compared(finished)
    within = sum(spent <= estimate for spent, estimate in pairs)
    return Fraction(within, len(pairs)) if pairs else None
