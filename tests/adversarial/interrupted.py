"""Both parties on real stores without a network, where any write may be the last before a crash."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Final

from aggregator.aggregation import HelperAggregation, LeaderAggregation
from aggregator.agreements import AgreementBook
from aggregator.asking import LeaderRelease
from aggregator.intake import Intake
from aggregator.release import HelperRelease
from aggregator.store.sql import Store, Transaction
from aggregator.verify_key import HelperActivationService, LeaderActivation
from aggregator.worker import LeaderWorker
from privacy.aggregation import Job, Outcome
from privacy.agreement.model import Party, TaskDigest
from privacy.errors import PluraleError
from privacy.groups import Group, GroupId, Level
from privacy.receipt import Receipt
from privacy.release import Ask, Opening, OpeningAnswer, Withheld
from privacy.report import Report
from protos.errors import Unreachable
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


class MortalStore(Store):
    """A store whose process may die just before or just after a commit."""

    def __init__(self, path: Path, fate: Fate) -> None:
        super().__init__(path)
        self._fate = fate

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        with super().write() as tx:
            yield tx
            self._fate.writes += 1
            if self._fate.writes == self._fate.at and not self._fate.committed:
                raise Crash
        if self._fate.writes == self._fate.at:
            raise Crash


@dataclass
class Helper:
    """The council's side, called directly. To the leader a crash is a call without an answer."""

    folder: Path
    clock: TurnableClock
    fate: Fate
    asked: list[tuple[Ask, bytes | Withheld]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.store = MortalStore(self.folder / "helper.db", self.fate)
        book, keys = AgreementBook([SIGNED]), party_keys(Party.COUNCIL)
        random = secrets.token_bytes
        self._activation = HelperActivationService(self.store, book, self.clock, random)
        self._jobs = HelperAggregation(self.store, book, keys.hpke, self.clock)
        self.release = HelperRelease(self.store, book, NoNoise(), self.clock, random)

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

    def ask(self, ask: Ask) -> bytes | Withheld:
        with self._mortal():
            answer = self.release.ask(ask)
        self.asked.append((ask, answer))
        return answer

    def open(self, opening: Opening) -> OpeningAnswer:
        with self._mortal():
            return self.release.open(opening)


@dataclass
class Leader:
    """The employer's side."""

    folder: Path
    clock: TurnableClock
    helper: Helper
    fate: Fate

    def __post_init__(self) -> None:
        self.store = MortalStore(self.folder / "leader.db", self.fate)
        book, keys = AgreementBook([SIGNED]), party_keys(Party.EMPLOYER)
        store, helper, random = self.store, self.helper, secrets.token_bytes
        self._intake = Intake(store, book, keys.hpke, keys.server, self.clock)
        self._worker = LeaderWorker(
            store,
            LeaderActivation(store, book, helper, random),
            LeaderAggregation(store, book, keys.hpke, helper, random),
            LeaderRelease(store, book, helper, self.clock, random),
        )

    def restart(self) -> None:
        """Begin anew on the same database."""
        self.store.close()
        self.fate = Fate()
        self.__post_init__()

    def upload(self, report: Report) -> Receipt:
        """As a device does: the same bytes again until there is a receipt."""
        while True:
            try:
                (decision,) = self._intake.commit([self._intake.admit(report)])
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
