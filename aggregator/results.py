"""What the leader may show: released windows and quarters, for pages and exports (protocol §9).

Only batches that were opened appear with numbers; every other final batch appears with the reason
why it is withheld. Everything here is made from released values and costs no budget.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from aggregator.agreements import AgreementBook
from aggregator.model import BatchState
from aggregator.store.sql import Store, Transaction
from privacy.agreement.envelope import SignedAgreement
from privacy.batch import BatchId, Collection
from privacy.groups import Group
from privacy.metrics import Metric, Scalar, Task
from privacy.release import BatchResult, MetricResult, ScalarResult, Withheld
from privacy.verdict import QuarterVerdict, WindowOutcome, judge
from privacy.window import Quarter, Window

_WITHOUT_RESULT: Final[Mapping[BatchState, Withheld]] = MappingProxyType(
    {
        BatchState.STOPPED: Withheld.STOPPED,
        BatchState.UNOPENED: Withheld.UNOPENED,
        BatchState.NOT_ASKED: Withheld.NOT_ASKED,
    }
)


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


@dataclass(frozen=True)
class Results:
    """Reads the leader's store."""

    store: Store
    book: AgreementBook

    def windows(self) -> list[WindowResult]:
        """Every window that has its outcome, by group, metric and time."""
        with self.store.read() as tx:
            outcomes = dict(_outcomes(tx, self.book))
        return [
            WindowResult(collection.task, collection.group, metric, batch.window, outcome)
            for signed in self.book.signed
            for collection in _collections(signed)
            for position, metric in enumerate(collection.task.metrics)
            for batch, outcome in _of(signed, collection, position, outcomes)
        ]

    def quarters(self) -> list[QuarterResult]:
        """Every quarter that has begun, by group and metric.

        Each version of the agreement is judged for itself: under another version the target may
        be another one. Windows of the quarter before its first count as withheld.
        """
        with self.store.read() as tx:
            outcomes = dict(_outcomes(tx, self.book))
        return [
            _quarter(collection, metric, quarter, signed.agreement.first_window, by_window)
            for signed in self.book.signed
            for collection in _collections(signed)
            for position, metric in enumerate(collection.task.metrics)
            if isinstance(metric, Scalar)
            for by_window in [
                {batch.window: each for batch, each in _of(signed, collection, position, outcomes)}
            ]
            for quarter in sorted({window.quarter for window in by_window})
        ]


def _outcomes(
    tx: Transaction, book: AgreementBook
) -> Iterator[tuple[BatchId, tuple[MetricResult, ...] | Withheld]]:
    for batch in tx.batches.in_states(state for state in BatchState if state.final):
        record = tx.releases.get(batch)
        if batch.state in _WITHOUT_RESULT:
            yield batch.id, _WITHOUT_RESULT[batch.state]
        elif record is None:
            yield batch.id, Withheld.STOPPED
        elif record.withheld is not None or record.totals is None:
            yield batch.id, Withheld[record.withheld or Withheld.STOPPED.name]
        else:
            result = BatchResult(batch.id, record.count, record.totals)
            yield batch.id, result.metrics(book.collection(batch.id))


def _collections(signed: SignedAgreement) -> Iterator[Collection]:
    for task in signed.agreement.tasks:
        for group in signed.agreement.groups_of(task):
            yield Collection.of(signed, task.id, group.id)


def _of(
    signed: SignedAgreement,
    collection: Collection,
    position: int,
    outcomes: Mapping[BatchId, tuple[MetricResult, ...] | Withheld],
) -> list[tuple[BatchId, MetricResult | Withheld]]:
    found = [
        (batch, outcome if isinstance(outcome, Withheld) else outcome[position])
        for batch, outcome in outcomes.items()
        if (batch.agreement, batch.task, batch.group)
        == (signed.digest, collection.task.id, collection.group.id)
    ]
    return sorted(found, key=lambda pair: pair[0].window)


def _quarter(
    collection: Collection,
    metric: Scalar,
    quarter: Quarter,
    first_window: Window,
    by_window: Mapping[Window, MetricResult | Withheld],
) -> QuarterResult:
    # The beginning of the quarter in which nothing is undecided any more.
    decided: list[WindowOutcome] = []
    for window in quarter.windows:
        outcome = by_window.get(window)
        if isinstance(outcome, ScalarResult | Withheld):
            decided.append(outcome)
        elif window < first_window:
            decided.append(Withheld.NOT_COLLECTED)
        else:
            break
    released = tuple(outcome for outcome in decided if isinstance(outcome, ScalarResult))
    return QuarterResult(
        collection.task, collection.group, metric, quarter, judge(metric, decided), released
    )
