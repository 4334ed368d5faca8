"""What the leader may show: the final outcomes of its batches, read from its store."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from aggregator.model import BatchState
from aggregator.store.sql import Store, Transaction
from privacy.batch import BatchId
from privacy.book import AgreementBook
from privacy.release import BatchResult, Withheld
from privacy.results import BatchOutcome, Results

_WITHOUT_RESULT: Final[Mapping[BatchState, Withheld]] = MappingProxyType(
    {
        BatchState.STOPPED: Withheld.STOPPED,
        BatchState.UNOPENED: Withheld.UNOPENED,
        BatchState.NOT_ASKED: Withheld.NOT_ASKED,
    }
)


def read_results(store: Store, book: AgreementBook) -> Results:
    """The results as they stand in the leader's store now."""
    with store.read() as tx:
        return Results(book.signed, dict(_outcomes(tx, book)))


def _outcomes(tx: Transaction, book: AgreementBook) -> Iterator[tuple[BatchId, BatchOutcome]]:
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
