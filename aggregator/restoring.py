"""Council: bringing an old copy of the database up to what was witnessed (protocol §6).

From an old copy the helper must not go on by itself: it would draw noise a second time for batches
that it has forgotten. The employer's server keeps the whole witnessed ledger; from its export:

1. Every entry keeps the rules, every opening has its hash, both servers' keys signed the
   checkpoint, and this copy knows of no longer one.
2. Whatever this copy wrote beyond what was witnessed is taken back; what is missing is added.
3. Every batch in the ledger gets the state that the ledger says, and loses its sum.
4. No noise can be drawn a second time and no second token given, whatever the export leaves out:
   every other batch loses its sum, and every window that is over its keys.
5. The marks say what the ledger has now, and how many tokens this copy knows of.

So the windows that were being reported are lost: their batches end as not asked or stopped.
"""

from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from aggregator.errors import SetupError
from aggregator.home import Home
from aggregator.model import BatchState, ReleaseRecord
from aggregator.store.sql import Store, Transaction
from privacy import checkpoint
from privacy.agreement.model import Party
from privacy.errors import BadConsistency, BrokenLedger, LedgerBehind
from privacy.ledger.entries import (
    BatchNotAsked,
    BatchReleased,
    BatchStopped,
    BatchUnopened,
    BatchWithheld,
    End,
    Entry,
    Outcome,
    ResultOpened,
    decode,
)
from privacy.ledger.export import Export, Opened
from privacy.ledger.rules import Ledger
from privacy.release import BatchResult


@dataclass(frozen=True, slots=True)
class Restored:
    """How many entries were added, and how many that nobody had witnessed were taken back."""

    added: int
    taken_back: int


def restore(home: Home, witnessed: Export, now: datetime) -> Restored:
    """Take over the employer's copy of the ledger.

    Raises a `LedgerError` or `SetupError`, and changes nothing, for an export that is not of this
    server's ledger.
    """
    if home.party is not Party.COUNCIL:
        raise SetupError(f"{home.path} is the {home.party}'s: the ledger is the council's")
    ledger = _checked(home, witnessed)  # 1
    with closing(Store(home.database)) as store:
        with store.write() as tx:
            own = tx.ledger.data(0)
            common = _common(own, witnessed.entries)
            if own and not common:
                raise BadConsistency(
                    "the export is of another ledger: it begins with another agreement than this "
                    "server's; nothing was changed"
                )
            _check_newest(tx, len(ledger.leaves))
            if common == len(own) == len(witnessed.entries) and _current(home, tx, ledger):
                raise SetupError(
                    "this ledger has every entry of the export already: nothing is to be restored"
                )
            # Killed between here and the end, the database is behind its mark and releases nothing.
            home.mark.raise_to(len(ledger.leaves), ledger.leaves[-1])
            for data in own[common:]:  # 2
                _reopen(tx, decode(data))
            tx.ledger.cut(common)
            tx.ledger.copy(ledger.entries[common:])
            tx.checkpoints.put(witnessed.checkpoint)
            tx.agreements.keep(ledger.signed)
            openings = {opened.index: opened for opened in witnessed.openings}
            for entry in ledger.entries[common:]:  # 3
                _settle(tx, entry, openings.get(entry.index))
            _forget_open_windows(tx, ledger, now)  # 4
            given = tx.tokens.given()
        home.mark.replace(len(ledger.leaves), ledger.leaves[-1])  # 5
        home.token_mark.replace(given)
        store.scrub()
    return Restored(len(witnessed.entries) - common, len(own) - common)


def _checked(home: Home, witnessed: Export) -> Ledger:
    ledger = Ledger()
    for data in witnessed.entries:
        ledger.apply(data)
    if not ledger.signed:
        raise SetupError("the export has no agreement: ask the employer for a whole one")
    shown = checkpoint.verify(
        witnessed.checkpoint,
        council_key=home.server_key().public_key().public_bytes_raw(),
        employer_key=ledger.signed[0].agreement.employer.server_key,
    )
    if shown != ledger.checkpoint():
        raise BadConsistency("the checkpoint of the export is of another ledger than its entries")
    for opened in witnessed.openings:
        _check_opening(ledger, opened)
    return ledger


def _check_opening(ledger: Ledger, opened: Opened) -> None:
    body = ledger.entries[opened.index].body if opened.index < len(ledger.entries) else None
    released = ledger.released[body.batch].body if isinstance(body, ResultOpened) else None
    if isinstance(body, ResultOpened) and isinstance(released, BatchReleased):
        result = BatchResult(body.batch, released.count, opened.totals)
        if result.hash(opened.salt) == body.hash:
            return
    raise BrokenLedger(opened.index, "the export opens it with other values than were written")


def _check_newest(tx: Transaction, size: int) -> None:
    note = tx.checkpoints.get()
    known = 0 if note is None else checkpoint.decode(note).checkpoint.size
    if known > size:
        raise LedgerBehind(
            f"the export has {size} entries, and the employer has witnessed {known}: ask the "
            "employer for a newer export; nothing was changed"
        )


def _current(home: Home, tx: Transaction, ledger: Ledger) -> bool:
    try:
        home.token_mark.check(tx.tokens.given())
        home.mark.check(len(ledger.leaves), ledger.leaves.__getitem__)
    except LedgerBehind:
        return False
    return True


def _forget_open_windows(tx: Transaction, ledger: Ledger, now: datetime) -> None:
    """Keys of windows that are over, and sums of batches that may have been released meanwhile."""
    now = max(now, ledger.entries[-1].at)
    for window in tx.window_keys.windows():
        signed = ledger.book.in_force(window)
        if signed is None or signed.agreement.upload_opens(window) <= now:
            tx.window_keys.erase(window)
    for window in tx.batch_keys.windows():
        signed = ledger.book.in_force(window)
        if signed is None or signed.agreement.upload_opens(window) <= now:
            tx.batch_keys.erase(window, set())
            tx.tokens.erase(window, set())
    for batch in tx.batches.in_states([BatchState.OPEN]):
        tx.batches.set_sum(batch, batch.count, None)


def _reopen(tx: Transaction, entry: Entry) -> None:
    """An outcome that this copy wrote and nobody witnessed is none: the batch waits for one."""
    body = entry.body
    if isinstance(body, Outcome):
        batch = tx.batches.get_or_open(body.batch)
        tx.batches.end(batch, BatchState.OPEN)
        record = tx.releases.get(batch)
        if record is not None:  # its noised share is of a release that nobody will know of
            asked = ReleaseRecord(record.count, record.id_root, record.commitment, record.asked_at)
            tx.releases.put(batch, asked)


def _common(own: list[bytes], witnessed: tuple[bytes, ...]) -> int:
    """How many entries both begin with."""
    for place, (mine, theirs) in enumerate(zip(own, witnessed, strict=False)):
        if mine != theirs:
            return place
    return min(len(own), len(witnessed))


def _settle(tx: Transaction, entry: Entry, opened: Opened | None) -> None:
    """What the entry says of its batch is so from now on; a later one may say more."""
    body = entry.body
    if isinstance(body, ResultOpened) and opened is not None:
        batch = tx.batches.get_or_open(body.batch)
        record = tx.releases.get(batch)
        if record is not None:
            record = replace(record, totals=opened.totals, result_salt=opened.salt)
            tx.releases.put(batch, record)
    match body:
        case BatchReleased():
            batch = tx.batches.get_or_open(body.batch)
            asked = ReleaseRecord(body.count, body.id_root, body.commitment, entry.at)
            tx.releases.put(batch, asked)
            tx.batches.end(batch, BatchState.RELEASED)
        case _ if isinstance(body, End):
            tx.batches.end(tx.batches.get_or_open(body.batch), _STATES[body.kind])


_STATES: Final = {
    ResultOpened.kind: BatchState.OPENED,
    BatchWithheld.kind: BatchState.WITHHELD,
    BatchNotAsked.kind: BatchState.NOT_ASKED,
    BatchUnopened.kind: BatchState.UNOPENED,
    BatchStopped.kind: BatchState.STOPPED,
}
