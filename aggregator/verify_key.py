"""Exchanging the halves of each task's verify key (protocol §5).

1. Each party draws its half and keeps it.
2. The leader sends its commitment; the helper keeps it and answers with its own.
3. The leader reveals its half; the helper checks it and answers with its own, which the leader
   checks.

Every step can be repeated: a half, once drawn, and a commitment, once received, never change.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from aggregator.ledger import CouncilLedger
from aggregator.store.sql import Store, Transaction
from aggregator.store.verify_keys import Halves
from privacy import verify_key as halves
from privacy.agreement.document import task_digest
from privacy.agreement.model import Role, TaskDigest
from privacy.book import AgreementBook
from privacy.errors import InvalidValue, KeysNotExchanged, NotInForce, PluraleError, WrongOpening
from privacy.ledger.entries import VerifyKeysCommitted
from privacy.verify_key import HALF_SIZE
from protos.errors import Unreachable


class HelperActivation(Protocol):
    """The helper, as the leader sees it."""

    def commit(self, task: TaskDigest, commitment: bytes) -> bytes:
        """Give the leader's commitment, get the helper's."""
        ...

    def reveal(self, task: TaskDigest, half: bytes) -> bytes:
        """Give the leader's half, get the helper's."""
        ...


def verify_key(tx: Transaction, task: TaskDigest) -> bytes:
    """The verify key of a task (32 bytes); raises `KeysNotExchanged` before that."""
    known = tx.verify_keys.get(task)
    if known is None or known.peer is None:
        raise KeysNotExchanged("the parties have not exchanged the verify key yet: try again later")
    return halves.combine(known.own, known.peer)


@dataclass(frozen=True)
class LeaderActivation:
    """The leader's side; run at start, before any job."""

    store: Store
    book: AgreementBook
    helper: HelperActivation
    random: Callable[[int], bytes]

    def run(self) -> list[PluraleError]:
        """Exchange whatever is not exchanged yet; returns what the helper refused, task by task.

        A new agreement that is not activated at the helper yet must not hold up the old one.
        """
        refused: list[PluraleError] = []
        for task in _tasks(self.book):
            try:
                self._exchange(task)
            except Unreachable:
                raise
            except PluraleError as error:
                refused.append(error)
        return refused

    def _exchange(self, task: TaskDigest) -> None:
        with self.store.read() as tx:
            exchanged = tx.verify_keys.get(task)
        if exchanged is not None and exchanged.peer is not None:
            return
        with self.store.write() as tx:  # 1
            known = _drawn(tx, task, self.random)
        if known.peer_commitment is None:  # 2
            commitment = self.helper.commit(task, halves.commit(task, Role.LEADER, known.own))
            known = replace(known, peer_commitment=commitment)
            with self.store.write() as tx:
                tx.verify_keys.put(task, known)
        peer = self.helper.reveal(task, known.own)  # 3
        halves.check_half(task, Role.HELPER, peer, known.peer_commitment or b"")
        with self.store.write() as tx:
            tx.verify_keys.put(task, replace(known, peer=peer))


@dataclass(frozen=True)
class HelperActivationService:
    """The helper's side."""

    store: Store
    book: AgreementBook
    ledger: CouncilLedger
    random: Callable[[int], bytes]

    def commit(self, task: TaskDigest, commitment: bytes) -> bytes:
        """Step 2. Raises `WrongOpening` when the leader changes its commitment."""
        if task not in _tasks(self.book):
            raise NotInForce("no activated agreement has this task: activate the agreement here")
        if len(commitment) != HALF_SIZE:
            raise InvalidValue(f"a commitment has {HALF_SIZE} bytes")
        with self.store.write() as tx:
            known = _drawn(tx, task, self.random)
            own = halves.commit(task, Role.HELPER, known.own)
            if known.peer_commitment is None:
                tx.verify_keys.put(task, replace(known, peer_commitment=commitment))
                self.ledger.append(tx, VerifyKeysCommitted(task, leader=commitment, helper=own))
            elif known.peer_commitment != commitment:
                raise WrongOpening("the leader already committed to another half")
        return own

    def reveal(self, task: TaskDigest, half: bytes) -> bytes:
        """Step 3. Raises `WrongOpening` for a half that was not committed to."""
        with self.store.write() as tx:
            known = tx.verify_keys.get(task)
            if known is None or known.peer_commitment is None:
                raise WrongOpening("the leader must commit to its half before it reveals it")
            halves.check_half(task, Role.LEADER, half, known.peer_commitment)
            tx.verify_keys.put(task, replace(known, peer=half))
        return known.own


def _tasks(book: AgreementBook) -> list[TaskDigest]:
    return [
        task_digest(signed.digest, task.id)
        for signed in book.signed
        for task in signed.agreement.tasks
    ]


def _drawn(tx: Transaction, task: TaskDigest, random: Callable[[int], bytes]) -> Halves:
    known = tx.verify_keys.get(task)
    if known is None:
        known = Halves(own=random(HALF_SIZE))
        tx.verify_keys.put(task, known)
    return known
