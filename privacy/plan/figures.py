"""How sure one metric of one group is, before anything is measured (protocol §9).

Everything follows from `Scales`. Amounts are in the unit of the metric (a share of 0.01 is one
percentage point); those of a histogram are people in one range or category, averaged over the
weeks.
"""

import math
from dataclasses import dataclass
from fractions import Fraction
from statistics import NormalDist
from typing import Final

from privacy.agreement.model import Agreement
from privacy.catalogue import CATALOGUE, Kind
from privacy.groups import Group
from privacy.metrics import Direction, Metric, Scalar, Task
from privacy.scales import HALF_RANGE, Scales, derive
from privacy.verdict import Look, Verdict
from privacy.window import WINDOWS_PER_QUARTER

WEEKS: Final = (1, 4, WINDOWS_PER_QUARTER)
"""After how many released weeks the standard error is told."""

POWER: Final = 0.8
"""A distance counts as detected when the verdict follows with this probability."""

_Z_POWER: Final = NormalDist().inv_cdf(POWER)


@dataclass(frozen=True, slots=True)
class Figures:
    """One metric of a task in one group. `threshold` (m): reports that a release needs."""

    task: Task
    group: Group
    metric: Metric
    threshold: int
    scales: Scales

    @classmethod
    def of(cls, agreement: Agreement, task: Task, group: Group, metric: Metric) -> "Figures":
        """Derive from the agreement's terms; `group` need not be one of its groups.

        Raises `InvalidValue` where the budget is too small for the group (`scales.derive`).
        """
        terms = agreement.privacy
        scales = derive(
            clip=metric.clip,
            rho=agreement.weekly_rho(task) * metric.share,
            client_share=terms.client_share,
            honest=terms.thresholds.honest(group),
        )
        return cls(task, group, metric, terms.thresholds.release(group), scales)

    @property
    def kind(self) -> Kind:
        """What the metric's amounts are."""
        return CATALOGUE[self.metric.id].kind

    def _spread(self, reports: int) -> int:
        # A mean shares a disturbance of the sum among the reports; a number of people does not.
        return reports if isinstance(self.metric, Scalar) else 1

    def error_variance(self, weeks: int, reports: int) -> Fraction:
        """Variance of the estimate over `weeks` released weeks of `reports` reports each."""
        return self.scales.sum_variance(reports) / (weeks * self._spread(reports) ** 2)

    def standard_error(self, weeks: int, reports: int | None = None) -> float:
        """Standard error of the estimate; `reports` a week, by default the whole roster."""
        return math.sqrt(self.error_variance(weeks, reports or self.group.roster))

    def detectable(self, look: Look) -> float:
        """Distance of the true mean from the target that gives a verdict at `look` in `POWER`.

        The estimate has to be z standard errors away, and with 80 % probability it is not more
        than 0.84 standard errors nearer than the truth: (z + 0.84) · se. All report.
        """
        return (look.z + _Z_POWER) * self.standard_error(look.windows)

    def reach(self, verdict: Verdict) -> Fraction | None:
        """How far the mean can be on the side of MET or NOT_MET; None for a histogram.

        No value counts for more than the clip, none is negative and no share is above 1.
        """
        if not isinstance(self.metric, Scalar):
            return None
        above = (verdict is Verdict.MET) is (self.metric.direction is Direction.AT_LEAST)
        if not above:
            room = self.metric.target
        elif self.kind is Kind.SHARE:
            room = 1 - self.metric.target
        else:
            room = self.metric.clip
        return max(Fraction(0), min(self.metric.clip, room))

    def false_report(self, reports: int | None = None) -> Fraction:
        """By how much one false report moves a week's estimate at most.

        The proof admits every Y in [0, 2B], so a report that lies adds up to ±B units to the sum,
        B/C clips. The honest report would have added X in [−C, C] on average. So the worst is
        (B + C) / u: somebody whose true value is at one limit reports the far end of the range.
        In a histogram it is a member of the bin, in units of people.
        """
        furthest = (HALF_RANGE + self.scales.sensitivity) / self.scales.units
        return furthest / self._spread(reports or self.group.roster)

    def false_report_from_neutral(self, reports: int | None = None) -> Fraction:
        """The same for somebody whose honest report would have been neutral: B / u."""
        furthest = HALF_RANGE / self.scales.units
        return furthest / self._spread(reports or self.group.roster)

    @property
    def rounding(self) -> Fraction:
        """By how much rounding to whole units moves the mean at most, if all round alike."""
        return 1 / (2 * self.scales.units) if isinstance(self.metric, Scalar) else Fraction(0)
