"""Results: how every window ended, and how every quarter stands (protocol §9).

Made from agreements and final outcomes alone, so whoever has both, the employer's server or an
auditor, makes the same. A batch that was opened appears with numbers, every other one with the
reason why it is withheld. Everything here comes from released values and costs no budget.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from privacy.agreement.envelope import SignedAgreement
from privacy.batch import BatchId
from privacy.errors import InvalidValue
from privacy.groups import Group
from privacy.metrics import Metric, Scalar, Task
from privacy.release import MetricResult, ScalarResult, Withheld
from privacy.verdict import QuarterVerdict, WindowOutcome, judge
from privacy.window import Quarter, Window

BatchOutcome: TypeAlias = tuple[MetricResult, ...] | Withheld
"""How a batch ended: the result of each metric in the task's order, or why there is none."""


@dataclass(frozen=True, slots=True)
class WindowResult:
    """How one window ended for one metric of one group."""

    task: Task
    group: Group
    metric: Metric
    window: Window
    outcome: MetricResult | Withheld


@dataclass(frozen=True, slots=True)
class QuarterResult:
    """How one quarter stands for one scalar of one group; no verdict before the first look.

    `released`: the released windows so far, in order.
    """

    task: Task
    group: Group
    metric: Scalar
    quarter: Quarter
    verdict: QuarterVerdict | None
    released: tuple[ScalarResult, ...]


@dataclass(frozen=True, slots=True)
class Results:
    """What is known of agreements in the order they were activated; `outcomes` are final."""

    signed: Sequence[SignedAgreement]
    outcomes: Mapping[BatchId, BatchOutcome]

    def __post_init__(self) -> None:
        """Raise `InvalidValue` for an outcome that none of the agreements can have."""
        agreed = {
            (signed.digest, task.id, group.id): task
            for signed in self.signed
            for task in signed.agreement.tasks
            for group in signed.agreement.groups_of(task)
        }
        for batch, outcome in self.outcomes.items():
            task = agreed.get((batch.agreement, batch.task, batch.group))
            if task is None:
                raise InvalidValue(f"{batch}: none of the agreements has this task in this group")
            if isinstance(outcome, Withheld):
                continue
            if tuple(result.metric for result in outcome) != task.metrics:
                raise InvalidValue(f"{batch}: the results are not those of the task's metrics")

    def windows(self) -> list[WindowResult]:
        """Every window that has its outcome, by version, task, group, metric and time."""
        return [
            WindowResult(series.task, series.group, series.metric, window, outcome)
            for series in self._series()
            for window, outcome in series.by_window.items()
        ]

    def quarters(self) -> list[QuarterResult]:
        """Every quarter in which a window has its outcome, by version, task, group and metric.

        Each version of the agreement is judged for itself: under another version the target may
        be another one. Windows of the quarter before its first count as withheld.
        """
        return [
            _quarter(series, series.metric, quarter)
            for series in self._series()
            if isinstance(series.metric, Scalar)
            for quarter in sorted({window.quarter for window in series.by_window})
        ]

    def _series(self) -> Iterator["_Series"]:
        for signed in self.signed:
            for task in signed.agreement.tasks:
                for group in signed.agreement.groups_of(task):
                    ended = self._ended(signed, task, group)
                    for position, metric in enumerate(task.metrics):
                        by_window = {
                            window: outcome if isinstance(outcome, Withheld) else outcome[position]
                            for window, outcome in ended.items()
                        }
                        first = signed.agreement.first_window
                        yield _Series(task, group, metric, first, by_window)

    def _ended(
        self, signed: SignedAgreement, task: Task, group: Group
    ) -> Mapping[Window, BatchOutcome]:
        place = signed.digest, task.id, group.id
        found = {
            batch.window: outcome
            for batch, outcome in self.outcomes.items()
            if (batch.agreement, batch.task, batch.group) == place
        }
        return dict(sorted(found.items()))


@dataclass(frozen=True, slots=True)
class _Series:
    """One metric of one group under one version: its outcomes so far, in order."""

    task: Task
    group: Group
    metric: Metric
    first_window: Window
    by_window: Mapping[Window, MetricResult | Withheld]


def _quarter(series: _Series, metric: Scalar, quarter: Quarter) -> QuarterResult:
    # The beginning of the quarter in which nothing is undecided any more.
    decided: list[WindowOutcome] = []
    for window in quarter.windows:
        outcome = series.by_window.get(window)
        if isinstance(outcome, ScalarResult | Withheld):
            decided.append(outcome)
        elif window < series.first_window:
            decided.append(Withheld.NOT_COLLECTED)
        else:
            break
    released = tuple(outcome for outcome in decided if isinstance(outcome, ScalarResult))
    return QuarterResult(
        series.task, series.group, metric, quarter, judge(metric, decided), released
    )
