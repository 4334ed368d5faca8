"""One HPKE key for each party and window: published ahead, erased afterwards (protocol §4.5).

1. Leader: for every window that starts within four weeks, or has not ended, and has no key in the
   ledger, make a key, keep it, and offer the public part to the helper.
2. Helper: make and keep an own key; put both public parts into the ledger, once. Offered another
   key for the same window, refuse: a second key could single somebody out. Refuse too what comes
   more than a day sooner than step 1 has it.
3. When nothing is sealed to a window's keys any more that could still be counted, erase them. A key
   that leaks later opens nothing.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from cryptography.hazmat.primitives.hpke import MLKEM768X25519PrivateKey

from aggregator.ledger import CouncilLedger
from aggregator.model import BatchState, ReportState
from aggregator.store.sql import Store, Transaction
from privacy import sealing
from privacy.agreement.model import Agreement
from privacy.book import AgreementBook
from privacy.errors import KeysNotExchanged, NotInForce, PluraleError, WrongOpening
from privacy.ledger.agreement_rules import AHEAD, MOST_AHEAD
from privacy.ledger.entries import WindowKeysPublished
from privacy.window import Clock, Window
from protos.errors import Unreachable


class HelperKeys(Protocol):
    """The helper, as the leader sees it."""

    def offer_key(self, window: Window, public: bytes) -> bytes:
        """Give the leader's public key of a window, get the helper's."""
        ...


@dataclass
class WindowKeyring:
    """A party's own private keys, read from its store when first used."""

    store: Store
    _loaded: dict[Window, MLKEM768X25519PrivateKey] = field(default_factory=dict)

    def private(self, window: Window) -> MLKEM768X25519PrivateKey:
        """The key that opens shares of a window; raises `KeysNotExchanged` without one."""
        known = self._loaded.get(window)
        if known is not None:
            return known
        with self.store.read() as tx:
            raw = tx.window_keys.get(window)
        if raw is None:
            raise KeysNotExchanged(
                f"this server has no key for {window}: it is not made yet, or erased, or the "
                "database is an old copy"
            )
        self._loaded[window] = sealing.private_key(raw)
        return self._loaded[window]

    def erase(self, tx: Transaction, window: Window) -> None:
        """Forget a key for good."""
        tx.window_keys.erase(window)
        self._loaded.pop(window, None)


@dataclass(frozen=True)
class LeaderKeys:
    """The leader's side. `random(n)` returns n fresh random bytes."""

    store: Store
    book: AgreementBook
    helper: HelperKeys
    keyring: WindowKeyring
    clock: Clock
    random: Callable[[int], bytes]

    def publish(self) -> list[PluraleError]:
        """Step 1, for every window that needs it; returns what the helper refused."""
        refused: list[PluraleError] = []
        for window in ahead(self.book, self.clock()):
            with self.store.read() as tx:
                if tx.ledger.about(window):
                    continue
            with self.store.write() as tx:
                public = sealing.public_bytes(_own(tx, window, self.random))
            try:
                self.helper.offer_key(window, public)
            except Unreachable:
                raise
            except PluraleError as error:
                refused.append(error)
        return refused

    def erase(self) -> None:
        """Step 3: after its closing, once no report of the window waits for verification."""
        now = self.clock()
        with self.store.read() as tx:
            old = [each for each in tx.window_keys.windows() if _over(self.book, each, now)]
        for window in old:
            with self.store.write() as tx:
                batches = (tx.batches.get(batch) for batch in self.book.batches(window))
                if not any(
                    batch is not None
                    and batch.state is BatchState.OPEN
                    and tx.reports.number(batch, ReportState.PENDING, ReportState.IN_JOB)
                    for batch in batches
                ):
                    self.keyring.erase(tx, window)


@dataclass(frozen=True)
class CouncilKeys:
    """The helper's side. `random(n)` returns n fresh random bytes."""

    store: Store
    book: AgreementBook
    ledger: CouncilLedger
    keyring: WindowKeyring
    clock: Clock
    random: Callable[[int], bytes]

    def offer(self, window: Window, public: bytes) -> bytes:
        """Step 2. Raises `NotInForce`, or `WrongOpening` for a second key."""
        with self.store.write() as tx:
            self.ledger.state(tx)  # so that the book knows which versions were ended
            for entry in tx.ledger.about(window):
                if isinstance(entry.body, WindowKeysPublished):
                    if entry.body.employer != public:
                        raise WrongOpening(
                            f"{window} already has another key of the employer in the ledger"
                        )
                    return entry.body.council
            signed = self.book.in_force(window)
            if signed is None:
                raise NotInForce(f"no agreement is in force for {window}: no key is published")
            now, zone = self.ledger.now(tx), signed.agreement.working_time.zone
            if now >= signed.agreement.upload_opens(window):
                raise NotInForce(f"{window} is over, and no key is published after its end")
            if window.start(zone) > now + MOST_AHEAD:
                raise NotInForce(
                    f"{window} starts in more than {MOST_AHEAD.days} days: its keys are published "
                    f"{AHEAD.days} days ahead; compare the clocks of both servers"
                )
            own = sealing.public_bytes(_own(tx, window, self.random))
            self.ledger.append(tx, WindowKeysPublished(window, public, own))
        return own

    def erase(self) -> None:
        """Step 3: once every batch of the window is decided."""
        now = self.clock()
        with self.store.read() as tx:
            old = [each for each in tx.window_keys.windows() if _over(self.book, each, now)]
            states = tx.batches.states() if old else {}
        for window in old:
            if all(
                states.get(batch, BatchState.OPEN) is not BatchState.OPEN
                for batch in self.book.batches(window)
            ):
                with self.store.write() as tx:
                    self.keyring.erase(tx, window)


def _own(tx: Transaction, window: Window, random: Callable[[int], bytes]) -> bytes:
    """The raw private key of a window, made now if there is none."""
    known = tx.window_keys.get(window)
    if known is None:
        known = random(sealing.PRIVATE_KEY_SIZE)
        tx.window_keys.put(window, known)
    return known


def ahead(book: AgreementBook, now: datetime) -> Iterator[Window]:
    """Windows that need keys now, the next first."""
    for window in sorted({each for signed in book.signed for each in _soon(signed.agreement, now)}):
        if book.in_force(window) is not None:
            yield window


def _soon(agreement: Agreement, now: datetime) -> Iterator[Window]:
    zone = agreement.working_time.zone
    window = max(agreement.first_window, Window.of(now.astimezone(zone).date()))
    while window <= agreement.last_window and window.start(zone) <= now + AHEAD:
        if agreement.covers(window):
            yield window
        window = window.plus(1)


def _over(book: AgreementBook, window: Window, now: datetime) -> bool:
    """Whether the window takes no more reports, under any version.

    Not only under the one in force: after a version was ended, a later one may cover its windows
    again, and there is only one key for each.
    """
    covering = [each.agreement for each in book.signed if each.agreement.covers(window)]
    return all(now >= each.upload_closes(window) for each in covering)
