"""Both parties on real stores without a network, where any write may be the last before a crash."""

import itertools
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Final

from aggregator.aggregation import HelperAggregation, LeaderAggregation
from aggregator.asking import LeaderRelease
from aggregator.batch_keys import BatchKeyring, CouncilBatchKeys
from aggregator.forgetting import Forgetting
from aggregator.intake import Intake
from aggregator.issuing import Issuing
from aggregator.ledger import CouncilLedger
from aggregator.mark import Mark
from aggregator.release import HelperRelease
from aggregator.retirement import CouncilRetirement
from aggregator.store.sql import Store, Transaction
from aggregator.token_mark import TokenMark
from aggregator.verify_key import HelperActivationService, LeaderActivation
from aggregator.window_keys import CouncilKeys, LeaderKeys, WindowKeyring
from aggregator.witness import Witness
from aggregator.worker import HelperWorker, LeaderWorker
from privacy.aggregation import Job, Outcome
from privacy.agreement.model import AgreementDigest, Party, TaskDigest
from privacy.batch import BatchId
from privacy.book import AgreementBook
from privacy.device_key import Signed
from privacy.errors import PluraleError
from privacy.groups import Group, GroupId, Level
from privacy.ledger.answers import FollowAnswer
from privacy.ledger.entries import AgreementActivated
from privacy.membership import BatchKey
from privacy.receipt import Receipt
from privacy.release import Ask, Opening, OpeningAnswer, Withheld
from privacy.report import Submission
from privacy.window import Window
from protos.errors import Unreachable
from tests import batch_keys
from tests.agreements import headline, make_agreement, party_keys, sign
from tests.pair import WINDOW, NoNoise, TurnableClock, verified

# One batch of a team of twelve: every write is about it.
SIGNED: Final = verified(
    sign(
        make_agreement(
            first_window=WINDOW,
            last_window=WINDOW,
            groups=(Group(GroupId("north"), Level.TEAM, 12),),
            tasks=(headline(share=Fraction(1)),),
        )
    )
)


class Crash(BaseException):
    """The process died here: nothing catches it."""


@dataclass
class Fate:
    """When to crash: at the write of this number, before or after it is committed; 0 is never."""

    at: int = 0
    committed: bool = False
    writes: int = 0

    @property
    def crashed(self) -> bool:
        """Whether it has happened."""
        return 0 < self.at <= self.writes

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One write, which is done at the end. A process that died writes no more."""
        if self.crashed:
            raise Crash
        self.writes += 1
        if self.crashed and not self.committed:
            raise Crash
        yield
        if self.crashed:
            raise Crash


class MortalStore(Store):
    """A store whose process may die just before or just after a commit."""

    def __init__(self, path: Path, fate: Fate) -> None:
        super().__init__(path)
        self._fate = fate

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        with ExitStack() as stack:
            with super().write() as tx:
                yield tx
                stack.enter_context(self._fate.writing())


@dataclass
class MortalMark(Mark):
    """A mark whose process may die just before or just after writing it."""

    fate: Fate = field(default_factory=Fate)

    def _write(self, line: str) -> None:
        with self.fate.writing():
            super()._write(line)


@dataclass
class Helper:
    """The council's side, called directly. To the leader a crash is a call without an answer."""

    folder: Path
    clock: TurnableClock
    fate: Fate
    asked: list[tuple[Ask, bytes | Withheld]] = field(default_factory=list)
    _keys_made: "itertools.count[int]" = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.store = store = MortalStore(self.folder / "helper.db", self.fate)
        book, random, clock = AgreementBook([SIGNED]), secrets.token_bytes, self.clock
        mark = MortalMark(self.folder / "ledger.mark", fate=self.fate)
        server_key, keyring = party_keys(Party.COUNCIL).server, WindowKeyring(store)
        self.ledger = CouncilLedger(store, book, clock, server_key, mark)
        self._activation = HelperActivationService(store, book, self.ledger, random)
        public = BatchKeyring(store)
        self._jobs = HelperAggregation(store, book, self.ledger, keyring, public, clock)
        self.release = HelperRelease(store, book, self.ledger, NoNoise(), clock, random)
        self._keys = CouncilKeys(store, book, self.ledger, keyring, clock, random)
        self._retirement = CouncilRetirement(store, book, self.ledger)
        private = CouncilBatchKeys(store, book, self.ledger, clock, self._new_key)
        tokens = TokenMark(self.folder / "tokens.mark")
        self._issuing = Issuing(store, book, self.ledger, private, tokens, random)
        self._worker = HelperWorker(
            store,
            self.ledger,
            self.release,
            self._keys,
            private,
            Forgetting(store, book, clock),
            clock(),
        )

    def _new_key(self) -> BatchKey:
        return batch_keys.pooled(next(self._keys_made))

    @classmethod
    def activated(cls, folder: Path, clock: TurnableClock, fate: Fate) -> "Helper":
        """A helper with the agreement in its ledger, as its command puts it there."""
        with closing(Store(folder / "helper.db")) as store, store.write() as tx:
            version, envelope = SIGNED.agreement.version, SIGNED.envelope.decode()
            tx.ledger.append(clock(), AgreementActivated(SIGNED.digest, version, envelope))
        return cls(folder, clock, fate)

    def restart(self) -> None:
        """Begin anew on the same database."""
        self.store.close()
        self.fate = Fate()
        self.__post_init__()

    @contextmanager
    def _mortal(self) -> Iterator[None]:
        try:
            yield
        except Crash:
            self.restart()
            raise Unreachable("no answer") from None

    def commit(self, task: TaskDigest, commitment: bytes) -> bytes:
        with self._mortal():
            return self._activation.commit(task, commitment)

    def reveal(self, task: TaskDigest, half: bytes) -> bytes:
        with self._mortal():
            return self._activation.reveal(task, half)

    def run_job(self, job: Job) -> tuple[Outcome, ...]:
        with self._mortal():
            return self._jobs.run_job(job)

    def ask(self, ask: Ask, witnessed: str) -> bytes | Withheld:
        with self._mortal():
            answer = self.release.ask(ask, witnessed)
        self.asked.append((ask, answer))
        return answer

    def open(self, opening: Opening) -> OpeningAnswer:
        with self._mortal():
            return self.release.open(opening)

    def issue(self, batch: BatchId, request: bytes, signed: Signed) -> bytes:
        with self._mortal():
            return self._issuing.issue(batch, request, signed)

    def follow(self, first: int) -> FollowAnswer:
        with self._mortal():
            return self.ledger.follow(first)

    def cosign(self, note: str) -> None:
        with self._mortal():
            self.ledger.cosign(note)

    def offer_key(self, window: Window, public: bytes) -> bytes:
        with self._mortal():
            return self._keys.offer(window, public)

    def retire(self, agreement: AgreementDigest) -> None:
        with self._mortal():
            self._retirement.retire(agreement)

    def step(self) -> None:
        """One step of the worker; after a crash it begins anew."""
        with suppress(Unreachable), self._mortal():
            self._worker.step()


@dataclass
class Leader:
    """The employer's side."""

    folder: Path
    clock: TurnableClock
    helper: Helper
    fate: Fate

    def __post_init__(self) -> None:
        self.store = MortalStore(self.folder / "leader.db", self.fate)
        book, server_key = AgreementBook([SIGNED]), party_keys(Party.EMPLOYER).server
        store, helper, random, clock = self.store, self.helper, secrets.token_bytes, self.clock
        keyring = WindowKeyring(store)
        mark = MortalMark(self.folder / "leader.mark", fate=self.fate)
        witness = Witness(store, book, helper, server_key, mark, clock)
        public = BatchKeyring(store)
        self._intake = Intake(store, book, keyring, public, server_key, clock)
        self._worker = LeaderWorker(
            store,
            witness,
            LeaderKeys(store, book, helper, keyring, clock, random),
            LeaderActivation(store, book, helper, random),
            LeaderAggregation(store, book, keyring, public, helper, clock, random),
            LeaderRelease(store, book, helper, witness, clock, random),
        )

    def restart(self) -> None:
        """Begin anew on the same database."""
        self.store.close()
        self.fate = Fate()
        self.__post_init__()

    def upload(self, submission: Submission) -> Receipt:
        """As a device does: the same bytes again until there is a receipt."""
        while True:
            try:
                (decision,) = self._intake.commit([self._intake.admit(submission)])
            except Crash:
                self.restart()
                continue
            if isinstance(decision, PluraleError):
                raise decision
            return decision

    def step(self) -> None:
        """One step of the worker; after a crash it begins anew."""
        try:
            self._worker.step()
        except Crash:
            self.restart()
