"""Employer: following the council's ledger, and witnessing it (protocol §8).

1. Fetch every new entry and a checkpoint signed by the council.
2. Hold each entry against the rules of the ledger, and against what this server itself knows: the
   agreement it began with, its own window keys, and what it asked. The tree over all entries must
   be the one signed.
3. Whatever the council answered to this server must be among the entries.
4. Keep entries and cosigned checkpoint, in one transaction; only then send the cosignature.

This server keeps the whole ledger, so it needs no consistency proof: it computes the tree itself.
What fails is not witnessed, and nothing is asked for until a person has looked.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from aggregator.mark import Mark
from aggregator.model import BatchState, ReleaseRecord
from aggregator.store.sql import Store, Transaction
from privacy import checkpoint, fields, sealing
from privacy.agreement.model import AgreementDigest
from privacy.batch import BatchId
from privacy.book import AgreementBook
from privacy.checkpoint import Checkpoint
from privacy.errors import (
    BadCheckpoint,
    BadConsistency,
    BrokenLedger,
    LedgerError,
    PluraleError,
)
from privacy.ledger.answers import FollowAnswer
from privacy.ledger.entries import (
    AgreementActivated,
    BatchReleased,
    BatchWithheld,
    Entry,
    ResultOpened,
    WindowKeysPublished,
)
from privacy.ledger.rules import Ledger
from privacy.merkle import LeafHash
from privacy.release import BatchResult
from privacy.window import Clock
from protos.errors import Unreachable

_RELEASED: Final = frozenset({BatchState.RELEASED, BatchState.OPENED, BatchState.UNOPENED})
_ENDED: Final = frozenset(
    {BatchState.OPENED, BatchState.UNOPENED, BatchState.WITHHELD, BatchState.NOT_ASKED}
)
"""States that follow from an answer of the council, which it wrote down before it gave it."""

_AHEAD: Final = timedelta(minutes=10)
"""How far the council's clock may be ahead. Time in the ledger never runs back, so one entry from a
wrong year would make everything after it too late."""

_SHORTER: Final = (
    "the council's ledger is shorter than the entries that it showed: it is not witnessed; its "
    "database may be an old copy"
)


class HelperLedger(Protocol):
    """The council's ledger, as the employer sees it."""

    def follow(self, first: int) -> FollowAnswer:
        """New entries and a signed checkpoint."""
        ...

    def cosign(self, note: str) -> None:
        """Give the checkpoint back, cosigned."""
        ...

    def retire(self, agreement: AgreementDigest) -> None:
        """End a version, after the window that has begun."""
        ...


@dataclass
class Witness:
    """The employer's side. `book` learns from the ledger which versions are retired."""

    store: Store
    book: AgreementBook
    helper: HelperLedger
    server_key: Ed25519PrivateKey
    mark: Mark
    clock: Clock
    _state: Ledger = field(default_factory=Ledger)

    def run(self) -> None:
        """All four steps. Raises a `LedgerError` for a ledger that cannot be witnessed.

        Then the council is reminded of what was witnessed last: a council that went back to an old
        copy of its database learns of it, and stops writing.
        """
        try:
            self._run()
        except LedgerError:
            last = self.witnessed()
            if last:
                with suppress(PluraleError):
                    self.helper.cosign(last)
            raise

    def _run(self) -> None:
        with self.store.read() as tx:
            for data in tx.ledger.data(len(self._state.leaves)):
                self._state.apply(data)
            answered = tx.batches.states()
        self.book.retired |= self._state.book.retired
        marked = self.mark.shown()  # before asking: another process of this party may be faster
        read = self._read()  # 1, 2
        if read is None:
            return
        note, after, entries, before = read
        _check_shown(after, answered)  # 3
        self._check_marked(after, *marked)
        signed = checkpoint.decode(note)
        if signed.verify(self.book.signed[0].agreement.council.server_key) != after.checkpoint():
            raise BadConsistency(
                "the council signed another ledger than the entries it shows: it is not witnessed, "
                "and nothing is asked for until a person has looked"
            )
        with self.store.read() as tx:
            known = tx.checkpoints.get()
        same = known is not None and checkpoint.decode(known).checkpoint == signed.checkpoint
        if known is not None and same and not entries:
            if known != before:  # the council did not get it, or lost it
                self.helper.cosign(known)
            return
        cosigned = checkpoint.cosign(signed, self.server_key, self.clock()).encode()
        with self.store.write() as tx:  # 4
            if tx.ledger.size() != len(self._state.leaves):
                return  # another process of this party was faster
            tx.ledger.copy(entries)
            tx.checkpoints.put(cosigned)
            for agreement in after.book.retired:
                tx.retirements.remove(agreement)
        self._state = after
        self.book.retired |= after.book.retired
        self.mark.raise_to(len(after.leaves), after.leaves[-1])
        self.helper.cosign(cosigned)

    def _check_marked(self, after: Ledger, size: int, leaf: LeafHash) -> None:
        """What this server witnessed it must be shown again, though its database forgot it."""
        if size > len(after.leaves) or (size and after.leaves[size - 1] != leaf):
            raise BadConsistency(
                "the council shows a shorter or another ledger than this server had witnessed "
                f"({self.mark.path.name}): it is not witnessed, and nothing is asked for until a "
                "person has looked"
            )

    def check_released(self, batch: BatchId) -> None:
        """Raise `BadConsistency` unless the witnessed ledger has the release of the batch."""
        if batch not in self._state.released:
            self.run()
        if batch not in self._state.released:
            raise BadConsistency(
                f"{batch}: the council answered and does not show the release in its ledger; this "
                "server keeps its half closed"
            )

    def witnessed(self) -> str:
        """The last checkpoint witnessed, a signed note; empty before the first."""
        with self.store.read() as tx:
            return tx.checkpoints.get() or ""

    def _read(self) -> tuple[str, Ledger, list[Entry], str] | None:
        """Steps 1 and 2; None while the ledger is empty.

        A signed note, the ledger it is said to be of, the entries that are new, and what the
        council has cosigned. Each page is checked before the next is asked for.
        """
        after, entries = self._state, list[Entry]()
        while True:
            answer = self.helper.follow(len(after.leaves))
            if not answer.note:
                if after.leaves:
                    raise BadConsistency(_SHORTER)
                return None
            if answer.entries:
                after = self._state.copy() if after is self._state else after
                with self.store.read() as tx:
                    entries += self._checked(tx, after, answer.entries, answer.witnessed)
            missing = checkpoint.decode(answer.note).checkpoint.size - len(after.leaves)
            if missing < 0 or (missing > 0 and not answer.entries):
                raise BadConsistency(_SHORTER)
            if missing == 0:
                return answer.note, after, entries, answer.witnessed

    def _checked(
        self, tx: Transaction, state: Ledger, fetched: Sequence[bytes], witnessed: str
    ) -> list[Entry]:
        """The new entries, once the rules and this server's own knowledge allow each.

        What this server cosigned before it need not know any more: its database may be an old copy.
        """
        cosigned = self._cosigned(witnessed)
        entries = []
        for data in fetched:
            entries.append(entry := state.apply(data))
            if cosigned is None or entry.index >= cosigned.size:
                self._check_own(tx, entry)
            elif entry.index == cosigned.size - 1 and state.tree.root() != cosigned.root:
                raise BadConsistency(
                    f"the council shows {cosigned.size} other entries than this server witnessed "
                    "before: nothing is asked for until a person has looked"
                )
        return entries

    def _cosigned(self, note: str) -> Checkpoint | None:
        """What a note shows that this server cosigned it, or None for any other text."""
        try:
            return checkpoint.verify(
                note,
                council_key=self.book.signed[0].agreement.council.server_key,
                employer_key=self.server_key.public_key().public_bytes_raw(),
            )
        except BadCheckpoint:
            return None

    def _check_own(self, tx: Transaction, entry: Entry) -> None:
        body = entry.body
        if entry.at > self.clock() + _AHEAD:
            raise BrokenLedger(
                entry.index,
                f"it is dated {entry.at:%Y-%m-%d %H:%M} UTC, which is still to come: set the "
                "clocks of both servers right; if the council's was wrong, restore its ledger from "
                "this server's copy",
            )
        if entry.index == 0:
            self._check_first(entry)
        if isinstance(body, WindowKeysPublished):
            own = tx.window_keys.get(body.window)
            if own is None or sealing.public_bytes(own) != body.employer:
                raise BrokenLedger(
                    entry.index,
                    f"the employer's key for {body.window} is not the one that this server made",
                )
        elif isinstance(body, BatchReleased):
            self._check_release(tx, entry.index, body)
        elif isinstance(body, BatchWithheld):
            self._check_withheld(tx, entry.index, body)
        elif isinstance(body, ResultOpened):
            self._check_result(tx, entry.index, body)

    def _check_first(self, entry: Entry) -> None:
        """The keys of every later version follow from the first one's."""
        body = entry.body
        known = {each.digest for each in self.book.signed}
        if not isinstance(body, AgreementActivated) or body.agreement not in known:
            raise BrokenLedger(
                entry.index, "the ledger begins with an agreement that is not activated here"
            )

    def _check_release(self, tx: Transaction, index: int, body: BatchReleased) -> None:
        asked = _asked(tx, body.batch)
        if asked is None or (asked.count, asked.id_root, asked.commitment) != (
            body.count,
            body.id_root,
            body.commitment,
        ):
            raise BrokenLedger(index, f"this server did not ask for this release of {body.batch}")
        # An answer that is still on the way is compared when it comes (`aggregator.asking`).
        if asked.noised_share and fields.sha256(asked.noised_share) != body.noised_share_hash:
            raise BrokenLedger(index, f"{body.batch} was released with another share than this")

    def _check_withheld(self, tx: Transaction, index: int, body: BatchWithheld) -> None:
        asked = _asked(tx, body.batch)
        if asked is None or asked.count != body.count:
            raise BrokenLedger(
                index, f"this server did not ask for {body.batch} with {body.count} reports"
            )

    def _check_result(self, tx: Transaction, index: int, body: ResultOpened) -> None:
        asked = _asked(tx, body.batch)
        if asked is None or asked.totals is None or asked.result_salt is None:
            return  # its answer is still on the way; it is compared when it comes
        result = BatchResult(body.batch, asked.count, asked.totals)
        if result.hash(asked.result_salt) != body.hash:
            raise BrokenLedger(index, f"the result of {body.batch} is another one than here")

    def send_retirements(self) -> list[PluraleError]:
        """Ask the council to end the versions that this party ended; returns what it refused."""
        refused: list[PluraleError] = []
        with self.store.read() as tx:
            wanted = tx.retirements.all()
        for agreement in wanted:
            try:
                self.helper.retire(agreement)
            except Unreachable:
                raise
            except PluraleError as error:
                refused.append(error)
        return refused


def _asked(tx: Transaction, batch: BatchId) -> ReleaseRecord | None:
    known = tx.batches.get(batch)
    return None if known is None else tx.releases.get(known)


def _check_shown(ledger: Ledger, answered: Mapping[BatchId, BatchState]) -> None:
    """Raise `BadConsistency` when the council said more about a batch than it shows."""
    for batch, state in answered.items():
        if (state in _RELEASED and batch not in ledger.released) or (
            state in _ENDED and batch not in ledger.ended
        ):
            raise BadConsistency(
                f"the council's ledger lacks what it answered about {batch} ({state}): it is not "
                "witnessed; its database may be an old copy"
            )
