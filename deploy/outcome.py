"""Results beside the truth, as rows: what the demonstration prints, serves and writes.

Truth is the estimand of protocol §9, the mean of clipped values over the reports that were
counted, people without data counting as on target. Beside it stands the plain mean of those who
had data. Neither exists anywhere but here, where the demonstration made the data itself.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from aggregator.agreements import AgreementBook
from aggregator.budget import from_record
from aggregator.model import BatchState, Outcome, OutcomeKind
from aggregator.results import QuarterResult, Results, WindowResult
from aggregator.store.sql import Store
from deploy.crowd import Truth
from privacy.agreement.model import DELTA
from privacy.batch import BatchId
from privacy.budget import Budget
from privacy.metrics import Histogram, Scalar
from privacy.noise import epsilon
from privacy.release import HistogramResult, Interval, ScalarResult, Withheld
from privacy.verdict import Verdict
from privacy.window import Quarter, Window

Number = float | list[float] | None


@dataclass(frozen=True, slots=True)
class Row:
    """One group and metric, for one window or one whole quarter. Histograms have lists."""

    group: str
    metric: str
    window: str | None
    period: str | None
    count: int
    estimate: Number
    low: Number
    high: Number
    target: float | None
    direction: str | None
    verdict: str | None
    withheld_reason: str | None
    truth: Number
    plain_mean: Number
    cumulative_epsilon: float
    cumulative_rho: float

    def as_json(self) -> dict[str, Any]:
        """For ``--json``; a window has no period and a quarter no window."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        del fields["window" if self.window is None else "period"]
        return fields


@dataclass(frozen=True)
class Counted:
    """The truths behind the reports that the leader counted, by batch."""

    by_batch: Mapping[BatchId, Sequence[Truth]]

    @classmethod
    def of(cls, leader: Store, truths: Iterable[Truth]) -> "Counted":
        """Match the truths to the report ids that the leader counted."""
        known = {truth.report_id: truth for truth in truths}
        with leader.read() as tx:
            return cls(
                {
                    batch.id: [known[each] for each in tx.reports.counted_ids(batch)]
                    for batch in tx.batches.in_states(BatchState)
                }
            )


def rows(leader: Store, helper: Store, book: AgreementBook, truths: Iterable[Truth]) -> list[Row]:
    """One row for every group, metric and window with an outcome, and one for every quarter."""
    counted = Counted.of(leader, truths)
    with helper.read() as tx:
        record = tx.outcomes.all(OutcomeKind.RELEASE)
    results = Results(leader, book)
    return [
        *(_window_row(each, counted, record) for each in results.windows()),
        *(_quarter_row(each, counted, record) for each in results.quarters()),
    ]


def _window_row(result: WindowResult, counted: Counted, record: list[Outcome]) -> Row:
    behind = [
        truth
        for batch, truths in counted.by_batch.items()
        if (batch.task, batch.group, batch.window)
        == (result.task.id, result.group.id, result.window)
        for truth in truths
    ]
    outcome, metric = result.outcome, result.metric
    estimate: Number = None
    low: Number = None
    high: Number = None
    if isinstance(outcome, ScalarResult):
        interval = outcome.interval()
        estimate, low, high = interval.estimate, interval.low, interval.high
    elif isinstance(outcome, HistogramResult):
        bins = outcome.intervals()
        estimate = [each.estimate for each in bins]
        low, high = [each.low for each in bins], [each.high for each in bins]
    return Row(
        group=result.group.id,
        metric=metric.id,
        window=str(result.window),
        period=None,
        count=len(behind),
        estimate=estimate,
        low=low,
        high=high,
        target=float(metric.target) if isinstance(metric, Scalar) else None,
        direction=metric.direction if isinstance(metric, Scalar) else None,
        verdict=Verdict.WITHHELD if isinstance(outcome, Withheld) else None,
        withheld_reason=outcome.value if isinstance(outcome, Withheld) else None,
        **_truth(metric, behind),
        **_spent(record, result.window.quarter, until=result.window),
    )


def _quarter_row(result: QuarterResult, counted: Counted, record: list[Outcome]) -> Row:
    verdict, metric = result.verdict, result.metric
    looked_at = result.quarter.windows[: verdict.look.windows] if verdict else ()
    behind = [
        truth
        for batch, truths in counted.by_batch.items()
        if (batch.task, batch.group) == (result.task.id, result.group.id)
        and batch.window in looked_at
        and _released(batch, record)
        for truth in truths
    ]
    interval: Interval | None = verdict.interval if verdict else None
    return Row(
        group=result.group.id,
        metric=metric.id,
        window=None,
        period=str(result.quarter),
        count=len(behind),
        estimate=None if interval is None else interval.estimate,
        low=None if interval is None else interval.low,
        high=None if interval is None else interval.high,
        target=float(metric.target),
        direction=metric.direction,
        verdict=verdict.words if verdict else None,
        withheld_reason=verdict.withheld.value if verdict and verdict.withheld else None,
        **_truth(metric, behind),
        **_spent(record, result.quarter, until=result.quarter.windows[-1]),
    )


def _truth(metric: Scalar | Histogram, behind: Sequence[Truth]) -> dict[str, Any]:
    if not behind:
        return {"truth": None, "plain_mean": None}
    values = [truth.values[metric.id] for truth in behind]
    known = [value for value in values if value is not None]
    if isinstance(metric, Histogram):
        columns = zip(*(metric.clipped(value) for value in values), strict=True)
        return {"truth": [float(sum(column)) for column in columns], "plain_mean": None}
    clipped = sum((metric.clipped(value) for value in values), Fraction(0))
    return {
        "truth": float(metric.target + clipped / len(values)),
        "plain_mean": float(sum(known) / len(known)) if known else None,
    }


def _released(batch: BatchId, record: list[Outcome]) -> bool:
    return any(
        (each.body["task"], each.body["group"], each.body["window"])
        == (batch.task, batch.group, str(batch.window))
        for each in record
    )


def _spent(record: list[Outcome], quarter: Quarter, *, until: Window) -> dict[str, Any]:
    """What a member of every group with a release has spent in the quarter, at the most."""
    budget: Budget = from_record(record)
    rho = sum(
        (
            spent
            for (_, window), spent in budget.spends.items()
            if window.quarter == quarter and window <= until
        ),
        Fraction(0),
    )
    return {
        "cumulative_epsilon": epsilon(rho, DELTA) if rho else 0.0,
        "cumulative_rho": float(rho),
    }
