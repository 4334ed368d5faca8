"""What the leader reads from its store: numbers of what was opened, reasons for all else."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest

from aggregator.model import BatchState, ReleaseRecord
from aggregator.results import read_results
from aggregator.store.sql import Store
from privacy.agreement.model import Party
from privacy.batch import BatchId
from privacy.book import AgreementBook
from privacy.release import ScalarResult, Withheld
from privacy.results import BatchOutcome
from tests.pair import Pair


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    """Two homes under an agreement from the first week on; nothing runs."""
    return Pair.make(tmp_path)


@pytest.fixture
def store(pair: Pair) -> Iterator[Store]:
    """The leader's database, which the test fills."""
    opened = Store(pair.homes[Party.EMPLOYER].database)
    yield opened
    opened.close()


def ended(
    pair: Pair, store: Store, state: BatchState, record: ReleaseRecord | None = None
) -> BatchId:
    """As if the batch of team north had come so far."""
    with store.write() as tx:
        batch = tx.batches.get_or_open(pair.batch())
        if record is not None:
            tx.releases.put(batch, record)
        tx.batches.set_state(batch, state)
        return batch.id


def record(
    pair: Pair, *, totals: tuple[int, ...] | None = None, withheld: str | None = None
) -> ReleaseRecord:
    return ReleaseRecord(12, b"", b"", pair.clock.now, totals=totals, withheld=withheld)


def read(pair: Pair, store: Store) -> dict[BatchId, BatchOutcome]:
    results = read_results(store, AgreementBook([pair.signed]))
    assert results.signed == [pair.signed]
    return dict(results.outcomes)


def test_an_opened_batch_has_the_numbers_of_its_record(pair: Pair, store: Store) -> None:
    batch = ended(pair, store, BatchState.OPENED, record(pair, totals=(-300,)))
    (scales,) = pair.collection(batch).scales
    (metric,) = pair.collection(batch).task.metrics
    ((found,),) = read(pair, store).values()
    assert isinstance(found, ScalarResult)
    assert (found.metric, found.count) == (metric, 12)
    assert found.total == Fraction(-300) / scales.units
    assert found.variance == scales.sum_variance(12)


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (BatchState.UNOPENED, Withheld.UNOPENED),
        (BatchState.NOT_ASKED, Withheld.NOT_ASKED),
        (BatchState.STOPPED, Withheld.STOPPED),
    ],
)
def test_a_batch_without_a_result_says_why(
    pair: Pair, store: Store, state: BatchState, reason: Withheld
) -> None:
    batch = ended(pair, store, state)
    assert read(pair, store) == {batch: reason}


@pytest.mark.parametrize("reason", [Withheld.BATCH_TOO_SMALL, Withheld.BUDGET_EXHAUSTED])
def test_a_withheld_batch_has_the_reason_of_its_record(
    pair: Pair, store: Store, reason: Withheld
) -> None:
    batch = ended(pair, store, BatchState.WITHHELD, record(pair, withheld=reason.name))
    assert read(pair, store) == {batch: reason}


@pytest.mark.parametrize("state", [state for state in BatchState if not state.final])
def test_a_batch_that_is_not_decided_has_no_outcome(
    pair: Pair, store: Store, state: BatchState
) -> None:
    ended(pair, store, state, record(pair, totals=(9000,)))
    assert read(pair, store) == {}
