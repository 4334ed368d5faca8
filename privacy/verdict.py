"""Met, not met, cannot tell, or withheld (protocol §9).

Judged is the mean of clipped values over all reports counted in the quarter's released windows.
Its only unknown is the noise, whose variance is known. There are three looks in a quarter, with
O'Brien–Fleming boundaries (O'Brien and Fleming 1979), so that whoever reads every tile of the
quarter is wrong in at most 5 % of the quarters in each direction. Between looks the last verdict
stands; withheld windows change neither looks nor boundaries.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Final, TypeAlias

from privacy.metrics import Direction, Scalar
from privacy.release import Interval, ScalarResult, Withheld
from privacy.window import WINDOWS_PER_QUARTER


class Verdict(StrEnum):
    """What a manager is told."""

    MET = "met"
    NOT_MET = "not met"
    CANNOT_TELL = "cannot tell"
    WITHHELD = "withheld"


@dataclass(frozen=True, slots=True)
class Look:
    """A moment at which the quarter is judged: after `windows` windows, at `z` standard errors."""

    windows: int
    z: float


LOOKS: Final = (Look(4, 3.07), Look(8, 2.17), Look(WINDOWS_PER_QUARTER, 1.70))

WindowOutcome: TypeAlias = ScalarResult | Withheld
"""How one window of the quarter ended for the metric."""


@dataclass(frozen=True, slots=True)
class QuarterVerdict:
    """A quarter judged at one look; `interval` is None exactly when it is withheld."""

    look: Look
    verdict: Verdict
    interval: Interval | None
    reports: int
    withheld: Withheld | None = None

    @property
    def words(self) -> str:
        """The verdict; before the quarter is over, like ``met so far (weeks 1–4)``."""
        if self.look.windows == WINDOWS_PER_QUARTER:
            return self.verdict.value
        return f"{self.verdict.value} so far (weeks 1–{self.look.windows})"


def mean(results: Sequence[ScalarResult]) -> tuple[Fraction, Fraction]:
    """Mean and its variance over all reports of several windows of one metric."""
    reports = sum(result.count for result in results)
    total = sum((result.total for result in results), Fraction(0))
    variance = sum((result.variance for result in results), Fraction(0))
    return results[0].metric.target + total / reports, variance / reports**2


def judge(metric: Scalar, outcomes: Sequence[WindowOutcome]) -> QuarterVerdict | None:
    """The verdict that stands after the quarter's first ``len(outcomes)`` windows.

    `outcomes` are in the order of the windows. Returns None before the first look.
    """
    reached = [look for look in LOOKS if look.windows <= len(outcomes)]
    if not reached:
        return None
    look = reached[-1]
    seen = outcomes[: look.windows]
    released = [outcome for outcome in seen if isinstance(outcome, ScalarResult)]
    if not released:
        return QuarterVerdict(look, Verdict.WITHHELD, None, 0, Withheld.NO_RELEASE)
    estimate, variance = mean(released)
    return QuarterVerdict(
        look,
        _verdict(metric, estimate, look.z * math.sqrt(variance)),
        Interval.around(estimate, variance, look.z),
        sum(result.count for result in released),
    )


def _verdict(metric: Scalar, estimate: Fraction, margin: float) -> Verdict:
    towards_good = estimate - metric.target
    if metric.direction is Direction.AT_MOST:
        towards_good = -towards_good
    if towards_good > margin:
        return Verdict.MET
    if towards_good < -margin:
        return Verdict.NOT_MET
    return Verdict.CANNOT_TELL
