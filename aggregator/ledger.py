"""Council: writing the ledger, having it witnessed, and answering questions about it (protocol §8).

Writing:

1. An entry is only appended to a ledger that is not behind what it once showed.
2. Every entry is held against the rules of the ledger: before it is committed, since nothing can be
   taken back, and again when it is read, before a checkpoint over it is signed.

Witnessing:

3. The employer gets the new entries and a signed checkpoint, checks, and sends it back cosigned.
4. The cosigned one is kept, unless a newer one is. Devices are given this one and no other.

The rules and the tree are folded in memory, from the database, entry by entry.
"""

import threading
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from aggregator.errors import SetupError
from aggregator.mark import Mark
from aggregator.store.sql import Store, Transaction
from privacy import checkpoint
from privacy.batch import BatchId
from privacy.book import AgreementBook
from privacy.checkpoint import Checkpoint
from privacy.errors import BadCheckpoint, BrokenLedger, InvalidValue, LedgerBehind
from privacy.ledger.answers import CheckpointAnswer, FollowAnswer, OutcomeAnswer, WindowAnswer
from privacy.ledger.entries import BatchKeyPublished, BatchReleased, Body, Entry, Outcome
from privacy.ledger.proven import ProvenEntry
from privacy.ledger.rules import Ledger
from privacy.merkle import Tree
from privacy.report import ReportId
from privacy.window import Clock, Window

_MOST_ENTRIES: Final = 500
_MOST_BYTES: Final = 4 * 1024 * 1024
"""In one answer to the employer; gRPC's own limit is twice that."""


@dataclass
class CouncilLedger:
    """The council's side. `book` learns from the ledger which versions are retired."""

    store: Store
    book: AgreementBook
    clock: Clock
    server_key: Ed25519PrivateKey
    mark: Mark
    _state: Ledger = field(default_factory=Ledger)
    _tree: Tree = field(default_factory=Tree)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _draft: tuple[Transaction, Ledger] | None = None
    _behind: str = ""

    def now(self, tx: Transaction) -> datetime:
        """The council's time, which never runs behind the ledger's last entry (protocol §2).

        What is decided by time is decided by this one: the entry will say it too.
        """
        return tx.ledger.moment(self.clock())

    def state(self, tx: Transaction) -> Ledger:
        """The ledger as the rules see it, up to its last entry. Raises `BrokenLedger`.

        Call it before this transaction appends: what is rolled back must not be folded.
        """
        with self._lock:
            for data in tx.ledger.data(len(self._state.leaves)):  # 2
                self._tree.append(self._state.apply(data).leaf)
            self.book.retired |= self._state.book.retired
            return self._state

    def append(self, tx: Transaction, body: Body) -> Entry:
        """Write one entry. Raises `LedgerBehind` or `BrokenLedger`: then roll back."""
        self.mark.check(tx.ledger.size(), tx.ledger.leaf)  # 1
        self._check_not_behind()
        with self._lock:
            if self._draft is None or self._draft[0] is not tx:
                self._draft = tx, self.state(tx).copy()
            entry = tx.ledger.append(self.clock(), body)
            self._draft[1].apply(entry.data)  # 2
        return entry

    def check_not_old(self, tx: Transaction) -> datetime:
        """Raise `LedgerBehind` for a ledger behind what it once showed; else what time it is."""
        state = self.state(tx)
        self._check_mark(state)
        self._check_not_behind()
        now = self.clock()
        return max(now, state.entries[-1].at) if state.entries else now

    def check_current(self, tx: Transaction, witnessed: str) -> None:
        """Raise `LedgerBehind` unless this ledger has all that the employer has witnessed.

        `witnessed`: the signed note that the employer holds; empty before its first. After a note
        that shows this ledger to be an old copy nothing is written until the server starts again.
        """
        state = self.state(tx)
        self._check_mark(state)
        if witnessed:
            shown = self._verified(witnessed)
            if shown.size > len(state.leaves):
                self._behind = _shorter(len(state.leaves), shown.size)
            elif self._tree.root(shown.size) != shown.root:
                self._behind = (
                    f"the council's ledger is another one than the {shown.size} entries that the "
                    "employer has witnessed: nothing is released until it is restored from the "
                    "employer's copy: plurale-aggregator ledger restore"
                )
        self._check_not_behind()

    def show(self) -> None:
        """Note how far the ledger has come; call it before an answer leaves that rests on it."""
        with self.store.read() as tx, self._lock:
            self._raise_mark(self.state(tx))

    def follow(self, first: int) -> FollowAnswer:
        """New entries for the employer, and a signed checkpoint (step 3)."""
        with self.store.read() as tx, self._lock:
            state = self.state(tx)
            self._check_mark(state)
            self._check_not_behind()
            if first > len(state.leaves):
                raise LedgerBehind(_shorter(len(state.leaves), first))
            if not state.leaves:
                return FollowAnswer("", (), "")
            note = checkpoint.sign(state.checkpoint(), self.server_key).encode()
            self._raise_mark(state)
            entries: list[bytes] = []
            for data in tx.ledger.data(first, _MOST_ENTRIES):
                if entries and sum(map(len, entries)) + len(data) > _MOST_BYTES:
                    break
                entries.append(data)
            witnessed = tx.checkpoints.get() or ""
        return FollowAnswer(note, tuple(entries), witnessed)

    def cosign(self, note: str) -> None:
        """Keep what the employer cosigned (step 4). Raises `BadCheckpoint` or `LedgerBehind`."""
        with self.store.read() as tx:
            self.check_current(tx, note)
            if tx.checkpoints.get() == note:
                return  # sent again, every second: nothing is to be written
        with self.store.write() as tx:
            known, size = tx.checkpoints.get(), checkpoint.decode(note).checkpoint.size
            if known is None or checkpoint.decode(known).checkpoint.size < size:
                tx.checkpoints.put(note)

    def checkpoint(self, first_size: int) -> CheckpointAnswer:
        """The newest witnessed checkpoint, and the proof that it continues an earlier one.

        Nothing can be proven of a longer one: then the proof is empty, and whoever holds the longer
        one has two signed notes that contradict each other.
        """
        with self.store.read() as tx:
            note = tx.checkpoints.get()
            if note is None:
                raise BadCheckpoint("the ledger has no witnessed checkpoint yet: try again later")
            size = checkpoint.decode(note).checkpoint.size
            tree = self._witnessed(tx, size)
        if first_size > size:
            return CheckpointAnswer(note, ())
        return CheckpointAnswer(note, tree.consistency_proof(first_size, size))

    def window(self, size: int, window: Window) -> WindowAnswer:
        """Which version is in force for a window, and its keys if the first `size` entries say."""
        with self.store.read() as tx:
            tree = self._witnessed(tx, size)
            keys = [entry for entry in tx.ledger.about(window) if entry.index < size]
        signed = self.book.in_force(window)
        return WindowAnswer(
            agreement=None if signed is None else signed.digest,
            version=0 if signed is None else signed.agreement.version,
            keys=_proven(keys[0], tree, size) if keys else None,
        )

    def batch_key(self, size: int, batch: BatchId) -> ProvenEntry | None:
        """The key of a batch's tokens, if the first `size` entries have it."""
        with self.store.read() as tx:
            tree = self._witnessed(tx, size)
            entries = [entry for entry in tx.ledger.about(batch) if entry.index < size]
        keys = [entry for entry in entries if isinstance(entry.body, BatchKeyPublished)]
        return _proven(keys[0], tree, size) if keys else None

    def outcome(self, size: int, batch: BatchId) -> OutcomeAnswer:
        """Every entry on how a batch ended among the first `size`, and all ids that it counted.

        Raises `SetupError` when they were lost: fewer would look like a forgery to a device.
        """
        with self.store.read() as tx:
            tree = self._witnessed(tx, size)
            entries = [
                entry
                for entry in tx.ledger.about(batch)
                if entry.index < size and isinstance(entry.body, Outcome)
            ]
            ids = [id_ for entry in entries for id_ in _counted(tx, entry.body)]
            return OutcomeAnswer(
                tuple(_proven(entry, tree, size) for entry in entries), tuple(sorted(ids))
            )

    def _witnessed(self, tx: Transaction, size: int) -> Tree:
        """The tree, if its first `size` entries are witnessed: nothing else is shown to devices."""
        self._check_mark(self.state(tx))
        note = tx.checkpoints.get()
        shown = 0 if note is None else checkpoint.decode(note).checkpoint.size
        if not 0 < size <= shown:
            raise InvalidValue(f"the ledger has {shown} witnessed entries, not {size}")
        return self._tree

    def _check_mark(self, state: Ledger) -> None:
        self.mark.check(len(state.leaves), state.leaves.__getitem__)

    def _check_not_behind(self) -> None:
        if self._behind:
            raise LedgerBehind(self._behind)

    def _raise_mark(self, state: Ledger) -> None:
        if state.leaves:
            self.mark.raise_to(len(state.leaves), state.leaves[-1])

    def _verified(self, note: str) -> Checkpoint:
        """A checkpoint that this server signed and the employer witnessed."""
        return checkpoint.verify(
            note,
            council_key=self.server_key.public_key().public_bytes_raw(),
            # Every version names the same server keys.
            employer_key=self.book.signed[0].agreement.employer.server_key,
        )


def append_alone(tx: Transaction, mark: Mark, now: datetime, body: Body) -> Entry:
    """Write one entry by command, by steps 1 and 2, without a server's state.

    Raises `LedgerBehind`, or `SetupError` for what the rules do not allow: then roll back.
    """
    mark.check(tx.ledger.size(), tx.ledger.leaf)  # 1
    state = Ledger()
    try:  # 2
        for data in tx.ledger.data(0):
            state.apply(data)
        entry = tx.ledger.append(now, body)
        state.apply(entry.data)
    except BrokenLedger as error:
        raise SetupError(
            f"nothing was changed, since the ledger would not keep its rules: {error}"
        ) from None
    return entry


def _counted(tx: Transaction, body: Body) -> list[ReportId]:
    if not isinstance(body, BatchReleased):
        return []
    known = tx.batches.get(body.batch)
    ids = [] if known is None else tx.reports.counted_ids(known)
    if len(ids) != body.count:
        raise SetupError(
            f"the report ids of {body.batch} were lost when the database was restored: ask the "
            "works council"
        )
    return ids


def _shorter(size: int, witnessed: int) -> str:
    return (
        f"the council's ledger has {size} entries and the employer has witnessed {witnessed}: the "
        "council's database is an old copy; nothing is released until it is restored from the "
        "employer's copy: plurale-aggregator ledger restore"
    )


def _proven(entry: Entry, tree: Tree, size: int) -> ProvenEntry:
    return ProvenEntry(entry.index, entry.data, tree.inclusion_proof(entry.index, size))
