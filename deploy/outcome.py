"""Results beside the truth, as rows: what the demonstration prints, serves and writes.

Truth is the estimand of protocol §9, the mean of clipped values over the reports that were
counted, people without data counting as on target. Beside it stands the plain mean of those who
had data. Neither exists anywhere but here, where the demonstration made the data itself.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

from aggregator.model import BatchState
from aggregator.results import read_results
from aggregator.store.sql import Store
from deploy.crowd import Truth
from privacy.agreement.model import DELTA
from privacy.batch import BatchId
from privacy.book import AgreementBook
from privacy.budget import Budget
from privacy.ledger.entries import BatchReleased
from privacy.metrics import Metric, Scalar
from privacy.noise import epsilon
from privacy.results import QuarterResult, WindowResult
from privacy.tidy import Number, Tidy, quarter_row, window_row
from privacy.window import Quarter, Window


@dataclass(frozen=True, slots=True)
class Row:
    """A result and what only the demonstration can put beside it.

    `count`: reports behind the numbers. `own_rho`: what this result cost each member; `rho`,
    `epsilon`: what all results of the quarter did so far.
    """

    result: Tidy
    count: int
    truth: Number
    plain_mean: Number
    own_rho: Fraction
    rho: Fraction
    epsilon: float

    def as_json(self) -> dict[str, Any]:
        """For ``--json``; a window has no period and a quarter no window."""
        fields = asdict(self.result)
        del fields["period" if self.result.period is None else "window"]
        return fields | {
            "count": self.count,
            "truth": self.truth,
            "plain_mean": self.plain_mean,
            "own_rho": float(self.own_rho),
            "cumulative_rho": float(self.rho),
            "cumulative_epsilon": self.epsilon,
        }


def rows(leader: Store, helper: Store, book: AgreementBook, truths: Iterable[Truth]) -> list[Row]:
    """One row for every group, metric and window with an outcome, and one for every quarter."""
    with helper.read() as tx:
        bodies = [entry.body for entry in tx.ledger.of(BatchReleased)]
    released = [body for body in bodies if isinstance(body, BatchReleased)]
    beside = _Beside(_counted(leader, truths), released)
    results = read_results(leader, book)
    return [
        *(beside.window(each) for each in results.windows()),
        *(beside.quarter(each) for each in results.quarters()),
    ]


def _counted(leader: Store, truths: Iterable[Truth]) -> Mapping[BatchId, Sequence[Truth]]:
    known = {truth.report_id: truth for truth in truths}
    with leader.read() as tx:
        return {
            batch.id: [known[each] for each in tx.reports.counted_ids(batch)]
            for batch in tx.batches.in_states(BatchState)
        }


@dataclass(frozen=True)
class _Beside:
    """Finds what belongs beside a result: the truths behind it, and the budget spent by then."""

    counted: Mapping[BatchId, Sequence[Truth]]
    released: Sequence[BatchReleased]

    def window(self, result: WindowResult) -> Row:
        place = result.task.id, result.group.id
        spent = self._spent(result.window.quarter, until=result.window)
        return self._row(window_row(result), result.metric, place, [result.window], spent)

    def quarter(self, result: QuarterResult) -> Row:
        verdict, windows = result.verdict, result.quarter.windows
        looked_at = [] if verdict is None else list(windows[: verdict.look.windows])
        place = result.task.id, result.group.id
        released = [each for each in looked_at if self._releases(place, [each])]
        spent = self._spent(result.quarter, until=windows[-1])
        return self._row(quarter_row(result), result.metric, place, released, spent)

    def _row(
        self,
        result: Tidy,
        metric: Metric,
        place: tuple[str, str],
        windows: list[Window],
        spent: Fraction,
    ) -> Row:
        behind = self._truths(place, windows)
        truth, plain_mean = _truth(metric, [each.values[metric.id] for each in behind])
        costs = [each.rho for each in self._releases(place, windows)]
        return Row(
            result=result,
            count=len(behind),
            truth=truth,
            plain_mean=plain_mean,
            own_rho=metric.share * sum(costs, Fraction(0)),
            rho=spent,
            epsilon=epsilon(spent, DELTA) if spent else 0.0,
        )

    def _truths(self, place: tuple[str, str], windows: list[Window]) -> list[Truth]:
        return [
            truth
            for batch, truths in self.counted.items()
            if (batch.task, batch.group) == place and batch.window in windows
            for truth in truths
        ]

    def _releases(self, place: tuple[str, str], windows: list[Window]) -> list[BatchReleased]:
        return [
            each
            for each in self.released
            if (each.batch.task, each.batch.group) == place and each.batch.window in windows
        ]

    def _spent(self, quarter: Quarter, *, until: Window) -> Fraction:
        """What a member of every group with a release has spent in the quarter, at the most."""
        budget = Budget()
        for each in self.released:
            budget = budget.with_spend(each.batch.task_digest, each.batch.window, each.rho)
        return sum(
            (
                rho
                for (_, window), rho in budget.spends.items()
                if window.quarter == quarter and window <= until
            ),
            Fraction(0),
        )


def _truth(metric: Metric, values: Sequence[Fraction | None]) -> tuple[Number, Number]:
    if not values:
        return None, None
    if not isinstance(metric, Scalar):
        columns = zip(*(metric.clipped(value) for value in values), strict=True)
        return [float(sum(column)) for column in columns], None
    known = [value for value in values if value is not None]
    clipped = sum((metric.clipped(value) for value in values), Fraction(0))
    mean = float(sum(known) / len(known)) if known else None
    return float(metric.target + clipped / len(values)), mean
