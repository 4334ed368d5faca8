"""The ledger as one file, from either party's database (protocol §8).

The council exports its own ledger, the employer the copy that it witnessed; both hold the openings
of results. Only what is witnessed is exported.
"""

from aggregator.errors import SetupError
from aggregator.store.sql import Store, Transaction
from privacy import checkpoint
from privacy.ledger.entries import Entry, ResultOpened, decode
from privacy.ledger.export import Export, Opened


def export(store: Store) -> Export:
    """Every witnessed entry, the openings still kept, and the checkpoint over them."""
    with store.read() as tx:
        note = tx.checkpoints.get()
        if note is None:
            raise SetupError(
                "the ledger has no witnessed checkpoint yet: let both servers run for a minute"
            )
        data = tx.ledger.data(0, checkpoint.decode(note).checkpoint.size)
        opened = (_opening(tx, decode(each)) for each in data)
        return Export(tuple(data), tuple(each for each in opened if each is not None), note)


def _opening(tx: Transaction, entry: Entry) -> Opened | None:
    if not isinstance(entry.body, ResultOpened):
        return None
    batch = tx.batches.get(entry.body.batch)
    record = None if batch is None else tx.releases.get(batch)
    if record is None or record.totals is None or record.result_salt is None:
        return None
    return Opened(entry.index, record.result_salt, record.totals)
