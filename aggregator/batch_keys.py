"""One RSA key for each batch, which signs its membership tokens (protocol §4.6).

1. Council: for every batch of every window that starts within four weeks, or has not ended, and has
   no key in the ledger, make a key; keep it and publish its public part, in one transaction. A few
   in a step, since making one takes a while.
2. Both: tokens are checked with the key that the ledger has. There is one, or none.
3. Council: when a batch is decided, erase its key, and who was given a token of it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from aggregator.ledger import CouncilLedger
from aggregator.model import BatchState
from aggregator.store.sql import Store, Transaction
from aggregator.window_keys import ahead
from privacy.batch import BatchId
from privacy.book import AgreementBook
from privacy.errors import KeysNotExchanged, PluraleError
from privacy.ledger.entries import BatchKeyPublished
from privacy.membership import BatchKey, load_public
from privacy.window import Clock, Window

_MOST_A_STEP: Final = 8
"""A key takes about 50 ms: jobs and releases do not wait longer than half a second."""


@dataclass
class BatchKeyring:
    """The public keys of batches, as the ledger at this server has them (step 2)."""

    store: Store
    _loaded: dict[BatchId, RSAPublicKey] = field(default_factory=dict)

    def public(self, batch: BatchId) -> RSAPublicKey:
        """The key that checks a batch's tokens; raises `KeysNotExchanged` while there is none."""
        known = self._loaded.get(batch)
        if known is None:
            with self.store.read() as tx:
                known = self._loaded[batch] = load_public(_published(tx, batch))
        return known


@dataclass(frozen=True)
class CouncilBatchKeys:
    """The council's private keys. `new_key` makes a fresh one."""

    store: Store
    book: AgreementBook
    ledger: CouncilLedger
    clock: Clock
    new_key: Callable[[], BatchKey]
    _loaded: dict[BatchId, BatchKey] = field(default_factory=dict)

    def publish(self, most: int = _MOST_A_STEP) -> list[PluraleError]:
        """Step 1, for some of the batches that need it; returns why one cannot be published."""
        with self.store.read() as tx:
            state = self.ledger.state(tx)
            now = self.ledger.now(tx)
            missing = [
                batch
                for window in ahead(self.book, now)
                if self.book.awaited(window, now)
                for batch in self.book.batches(window)
                if batch not in state.batch_keys
            ]
        refused: list[PluraleError] = []
        published = 0
        for batch in missing:
            if max(published, len(refused)) == most:
                break  # those that are refused do not keep the others waiting for ever
            try:
                self._publish(batch, self.new_key())
                published += 1
            except PluraleError as error:
                refused.append(error)
        return refused

    def _publish(self, batch: BatchId, key: BatchKey) -> None:
        with self.store.write() as tx:
            if batch not in self.ledger.state(tx).batch_keys:
                tx.batch_keys.put(batch, key.der)
                self.ledger.append(tx, BatchKeyPublished(batch, key.modulus))

    def private(self, tx: Transaction, batch: BatchId) -> BatchKey:
        """The key that signs a batch's tokens; raises `KeysNotExchanged` without one."""
        known = self._loaded.get(batch)
        if known is None:
            der = tx.batch_keys.get(batch)
            key = None if der is None else BatchKey.load(der)
            # An old copy may have made another one before it was restored.
            if key is None or key.modulus != _published(tx, batch):
                raise KeysNotExchanged(
                    f"this server has no key for the tokens of {batch}: it is not made yet, or "
                    "erased, or the database is an old copy"
                )
            known = self._loaded[batch] = key
        return known

    def erase(self) -> None:
        """Step 3. Batches that are not decided keep theirs, however late the leader is."""
        now = self.clock()
        with self.store.read() as tx:
            keeping = {
                window: self._undecided(tx, window)
                for window in tx.batch_keys.windows()
                if not self.book.awaited(window, now)
            }
            over = [
                window
                for window, kept in keeping.items()
                if tx.batch_keys.held(window) - {batch.context for batch in kept}
            ]
        for window in over:
            with self.store.write() as tx:
                tx.batch_keys.erase(window, keeping[window])
                tx.tokens.erase(window, keeping[window])
            for batch in [each for each in self._loaded if each.window == window]:
                if batch not in keeping[window]:
                    self._loaded.pop(batch, None)

    def _undecided(self, tx: Transaction, window: Window) -> set[BatchId]:
        states = tx.batches.states(window)
        return {
            batch
            for batch in self.book.batches(window)
            if states.get(batch, BatchState.OPEN) is BatchState.OPEN
        }


def _published(tx: Transaction, batch: BatchId) -> bytes:
    for entry in tx.ledger.about(batch):
        if isinstance(entry.body, BatchKeyPublished):
            return entry.body.modulus
    raise KeysNotExchanged(
        f"the ledger here has no key for the tokens of {batch} yet: the council publishes it, and "
        "the employer witnesses it, before the window ends"
    )
