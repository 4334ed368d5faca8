"""Results as flat rows, one for each task, group, metric and window or quarter (protocol §9)."""

from dataclasses import dataclass
from typing import TypeAlias

from privacy.agreement import quantities
from privacy.metrics import Metric, Scalar
from privacy.release import HistogramResult, Interval, ScalarResult, Withheld
from privacy.results import QuarterResult, WindowResult
from privacy.verdict import Verdict

Number: TypeAlias = float | list[float] | None
"""A scalar's number, a histogram's numbers bin by bin, or nothing where it is withheld."""


@dataclass(frozen=True, slots=True)
class Tidy:
    """One result. A window has no `period`, a quarter no `window`.

    `task`, `group` and `metric` are ids: a metric may be in two tasks, with a target in each.
    `bins`: what the numbers of a histogram are about, its ranges or the agreed categories.
    `low` and `high`: 95 % for a window, the margin of the verdict for a quarter. `target` and
    `direction` are those of a scalar. A window has a verdict only when it is withheld.
    """

    task: str
    group: str
    metric: str
    window: str | None
    period: str | None
    bins: list[str] | None
    estimate: Number
    low: Number
    high: Number
    target: float | None
    direction: str | None
    verdict: str | None
    withheld_reason: str | None


def window_row(result: WindowResult) -> Tidy:
    """The row of one window."""
    outcome = result.outcome
    estimate, low, high = _numbers(outcome)
    target, direction = _aim(result.metric)
    withheld = outcome if isinstance(outcome, Withheld) else None
    return Tidy(
        task=result.task.id,
        group=result.group.id,
        metric=result.metric.id,
        window=str(result.window),
        period=None,
        bins=None if isinstance(result.metric, Scalar) else list(quantities.bins(result.metric)),
        estimate=estimate,
        low=low,
        high=high,
        target=target,
        direction=direction,
        verdict=Verdict.WITHHELD if withheld else None,
        withheld_reason=withheld and withheld.value,
    )


def quarter_row(result: QuarterResult) -> Tidy:
    """The row of one quarter."""
    verdict = result.verdict
    interval: Interval | None = None if verdict is None else verdict.interval
    withheld = None if verdict is None else verdict.withheld
    target, direction = _aim(result.metric)
    return Tidy(
        task=result.task.id,
        group=result.group.id,
        metric=result.metric.id,
        window=None,
        period=str(result.quarter),
        bins=None,
        estimate=None if interval is None else interval.estimate,
        low=None if interval is None else interval.low,
        high=None if interval is None else interval.high,
        target=target,
        direction=direction,
        verdict=None if verdict is None else verdict.words,
        withheld_reason=withheld and withheld.value,
    )


def _numbers(outcome: ScalarResult | HistogramResult | Withheld) -> tuple[Number, Number, Number]:
    if isinstance(outcome, ScalarResult):
        interval = outcome.interval()
        return interval.estimate, interval.low, interval.high
    if isinstance(outcome, HistogramResult):
        bins = outcome.intervals()
        return (
            [each.estimate for each in bins],
            [each.low for each in bins],
            [each.high for each in bins],
        )
    return None, None, None


def _aim(metric: Metric) -> tuple[float | None, str | None]:
    if isinstance(metric, Scalar):
        return float(metric.target), metric.direction.value
    return None, None
