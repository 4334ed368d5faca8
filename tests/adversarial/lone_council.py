"""The council's side of releases on a real store, called directly: no network and no reports.

Counts and sums appear in the store as if jobs had brought them. Everything else is real: ledger,
mark, rules, noise. `left` keeps every answer that ever left.
"""

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, Final

from aggregator.batch_keys import CouncilBatchKeys
from aggregator.ledger import CouncilLedger
from aggregator.mark import Mark
from aggregator.model import BatchState, ReportState
from aggregator.release import HelperRelease
from aggregator.retirement import CouncilRetirement
from aggregator.store.sql import Store
from aggregator.window_keys import CouncilKeys, WindowKeyring
from privacy import checkpoint, sealing
from privacy.agreement.envelope import SignedAgreement
from privacy.agreement.model import Agreement, Party
from privacy.batch import BatchId, Collection
from privacy.book import AgreementBook
from privacy.errors import NotInForce
from privacy.groups import Group, GroupId, Level
from privacy.ledger.agreement_rules import AHEAD
from privacy.ledger.entries import AgreementActivated, BatchReleased, VerifyKeysCommitted
from privacy.ledger.rules import Ledger
from privacy.membership import MODULUS_SIZE, BatchKey
from privacy.noise import DiscreteGaussian
from privacy.release import Ask, Opening, OpeningAnswer, Withheld, commitment, id_root
from privacy.report import ReportId
from privacy.vdaf.messages import AggregateShare
from privacy.window import Window
from tests.agreements import headline, make_agreement, party_keys, sign
from tests.pair import TurnableClock, verified

FIRST: Final = Window(2026, 2)
BEGIN: Final = datetime.fromisoformat("2026-01-05T00:00:00+01:00")
"""The start of the first window, with which the ledger begins."""

ZONE: Final = make_agreement().working_time.zone
_STEP: Final = timedelta(weeks=2)
DATABASE: Final = "council.db"
MARK: Final = "ledger.mark"


@dataclass
class Noise:
    """Real noise, with every draw kept."""

    drawn: list[tuple[int, ...]] = field(default_factory=list)

    def draw(self, variance: Fraction, count: int) -> list[int]:
        made = DiscreteGaussian().draw(variance, count)
        self.drawn.append(tuple(made))
        return made


@cache
def _employer_key(window: Window) -> bytes:
    return sealing.public_bytes(secrets.token_bytes(sealing.PRIVATE_KEY_SIZE))


def _new_batch_key() -> BatchKey:
    """Nobody asks this council for a token: an odd number of the right size will do."""
    middle = secrets.token_bytes(MODULUS_SIZE - 2)
    return BatchKey(b"\xff" + middle + b"\xff", exponent=0, der=middle)


def one_team(**changes: Any) -> Agreement:
    """One task for one team of twelve with the whole budget of 1, from FIRST on."""
    terms: dict[str, Any] = {
        "first_window": FIRST,
        "groups": (Group(GroupId("north"), Level.TEAM, 12),),
        "tasks": (headline(share=Fraction(1)),),
    }
    return make_agreement(**(terms | changes))


@dataclass
class LoneCouncil:
    """What it is asked is answered with real bytes; the leader's half is made up."""

    folder: Path
    clock: TurnableClock = field(default_factory=lambda: TurnableClock(BEGIN))
    noise: Noise = field(default_factory=Noise)
    signed: list[SignedAgreement] = field(default_factory=list)
    notes: list[str] = field(default_factory=lambda: [""])
    openings: dict[BatchId, Opening] = field(default_factory=dict)
    left: dict[BatchId, set[bytes]] = field(default_factory=dict)
    results: dict[BatchId, set[OpeningAnswer]] = field(default_factory=dict)

    _folded: Ledger = field(default_factory=Ledger)
    _known: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._open()

    def _open(self) -> None:
        self.store = store = Store(self.folder / DATABASE)
        book, random, clock = AgreementBook([*self.signed]), secrets.token_bytes, self.clock
        key, mark = party_keys(Party.COUNCIL).server, Mark(self.folder / MARK)
        self.ledger = CouncilLedger(store, book, clock, key, mark)
        self.release = HelperRelease(store, book, self.ledger, self.noise, clock, random)
        self._keys = CouncilKeys(store, book, self.ledger, WindowKeyring(store), clock, random)
        self._batch_keys = CouncilBatchKeys(store, book, self.ledger, clock, _new_batch_key)
        self._retirement = CouncilRetirement(store, book, self.ledger)
        self.started = clock()

    @classmethod
    def begun(cls, folder: Path, agreement: Agreement) -> "LoneCouncil":
        """With a first version, and the keys of the first windows."""
        council = cls(folder)
        council.activate(agreement)
        council.turn(BEGIN)
        return council

    def turn(self, moment: datetime) -> None:
        """Set the clock; on the way forward, both parties publish keys as their servers do."""
        while self.clock.now < moment - _STEP:
            self.clock.now += _STEP
            self._publish()
        self.clock.now = moment
        self._publish()

    def _publish(self) -> None:
        window = Window.of(self.clock.now.astimezone(ZONE).date())
        while window.start(ZONE) <= self.clock.now + AHEAD:
            with suppress(NotInForce):  # by the ledger's time it is over, or nothing covers it
                self._keys.offer(window, _employer_key(window))
            window = window.plus(1)
        self._batch_keys.publish(most=1000)

    # --- what the party does ---------------------------------------------------------------------

    def restart(self) -> None:
        """The process ends, and begins anew on the same files."""
        self.store.close()
        self._open()
        self._batch_keys.publish(most=1000)

    def activate(self, agreement: Agreement, *, restart: bool = True) -> SignedAgreement:
        """As the command does; a server that runs learns of it when it starts again."""
        signed = verified(sign(agreement))
        with self.store.write() as tx:
            tx.agreements.add(signed)
            body = AgreementActivated(signed.digest, agreement.version, signed.envelope.decode())
            tx.ledger.append(self.clock(), body)
            for task in agreement.tasks:
                batch = BatchId(signed.digest, task.id, GroupId(""), FIRST)
                halves = secrets.token_bytes(32), secrets.token_bytes(32)
                tx.ledger.append(self.clock(), VerifyKeysCommitted(batch.task_digest, *halves))
        self.signed.append(signed)
        if restart:
            self.restart()
        return signed

    def retire(self, signed: SignedAgreement) -> None:
        """End a version."""
        self._retirement.retire(signed.digest)

    def work(self) -> None:
        """What the worker does: give every batch that is overdue its end."""
        with self.store.read() as tx:
            self.ledger.state(tx)
        self.release.close_not_asked(self.started)
        self.release.close_unopened()

    @contextmanager
    def old_copy(self, copy: Path) -> Iterator[None]:
        """For a while the database is the older `copy`, beside the mark of now."""
        now, mark = self.folder / "now", self.folder / MARK
        self.copy(now)
        shutil.copy(mark, now)
        self._put_back(copy)
        try:
            yield
        finally:
            self._put_back(now)
            shutil.copy(now / MARK, mark)
            shutil.rmtree(now)

    def copy(self, to: Path) -> None:
        """Back up the database."""
        self.store.close()
        to.mkdir()
        shutil.copy(self.folder / DATABASE, to)
        self._open()

    def _put_back(self, copy: Path) -> None:
        self.store.close()
        for file in self.folder.glob(f"{DATABASE}*"):
            file.unlink()
        shutil.copy(copy / DATABASE, self.folder)
        self._open()

    # --- what the leader does --------------------------------------------------------------------

    def batch(self, signed: SignedAgreement, window: Window, task: int = 0) -> BatchId:
        """A batch of one of the tasks, in the first group."""
        agreement = signed.agreement
        return BatchId(signed.digest, agreement.tasks[task].id, agreement.groups[0].id, window)

    def question(self, batch: BatchId, count: int = 11) -> Ask:
        """The honest question. The first time it also makes so many reports counted."""
        ids = [ReportId(bytes([n]) * 16) for n in range(count)]
        if batch not in self.openings:
            salt = secrets.token_bytes(32)
            self.openings[batch] = Opening(batch, salt, self._share(batch))
            with self.store.write() as tx:
                known = tx.batches.get_or_open(batch)
                if known.state is BatchState.OPEN:
                    tx.batches.set_sum(known, count, self._share(batch) if count else None)
                    decided = [(each, ReportState.COUNTED, bytes(32)) for each in ids]
                    tx.reports.add_decided(known, decided)
        with self.store.read() as tx:
            known = tx.batches.get_or_open(batch)
            ids = tx.reports.counted_ids(known)
        opening = self.openings[batch]
        bound = commitment(opening.salt, opening.aggregate_share)
        return Ask(batch, len(ids), id_root(ids), bound)

    def ask(self, ask: Ask, witnessed: str = "") -> bytes | Withheld:
        """Ask, and keep what comes."""
        answer = self.release.ask(ask, witnessed)
        if isinstance(answer, bytes):
            self.left.setdefault(ask.batch, set()).add(answer)
        return answer

    def open(self, batch: BatchId) -> OpeningAnswer:
        """Open the leader's half."""
        answer = self.release.open(self.openings[batch])
        self.results.setdefault(batch, set()).add(answer)
        return answer

    def witness(self) -> str:
        """The employer cosigns the ledger as it is now."""
        signed = checkpoint.sign(self.folded.checkpoint(), party_keys(Party.COUNCIL).server)
        key = party_keys(Party.EMPLOYER).server
        self.notes.append(checkpoint.cosign(signed, key, BEGIN + timedelta(days=1)).encode())
        return self.notes[-1]

    def _share(self, batch: BatchId) -> bytes:
        signed = next(each for each in self.signed if each.digest == batch.agreement)
        vdaf = Collection.of(signed, batch.task, batch.group).vdaf
        numbers = (secrets.randbits(64) for _ in range(vdaf.length))
        return vdaf.encode_aggregate_share(AggregateShare(tuple(numbers)))

    # --- what there is ---------------------------------------------------------------------------

    @property
    def data(self) -> list[bytes]:
        """The entries."""
        with self.store.read() as tx:
            return tx.ledger.data(0)

    @property
    def folded(self) -> Ledger:
        """The ledger, by its rules; fails if an entry is another one than it was before."""
        data = self.data
        assert data[: len(self._known)] == self._known
        for each in data[len(self._known) :]:
            self._folded.apply(each)
        self._known = data
        return self._folded

    @property
    def releases(self) -> list[BatchReleased]:
        """In order."""
        return [e.body for e in self.folded.entries if isinstance(e.body, BatchReleased)]
