"""What an aggregator does by itself, again and again.

A step does everything that is due and can be repeated; a fault in one batch never holds up
another, and a peer that cannot be reached is tried again at the next step. At its end what was
erased is gone from the disk.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Protocol

from aggregator.aggregation import LeaderAggregation
from aggregator.asking import LeaderRelease
from aggregator.batch_keys import CouncilBatchKeys
from aggregator.forgetting import Forgetting
from aggregator.ledger import CouncilLedger
from aggregator.model import Batch, BatchState
from aggregator.novelty import Novelty
from aggregator.release import HelperRelease
from aggregator.store.sql import Store
from aggregator.verify_key import LeaderActivation
from aggregator.window_keys import CouncilKeys, LeaderKeys
from aggregator.witness import Witness
from privacy.batch import BatchId
from privacy.errors import (
    BatchDisagreement,
    BatchNotClosed,
    KeysNotExchanged,
    NotAsked,
    PluraleError,
    Rejection,
    ReportRejected,
)
from protos.errors import Unreachable
from protos.faults import describe

_log = logging.getLogger(__name__)

SECONDS_BETWEEN_STEPS = 1.0

_NOT_SCRUBBED = (
    "the database was in use: what was erased stays in its write-ahead log until a later step"
)


class Worker(Protocol):
    """Something that is done again and again."""

    def step(self) -> None:
        """Do all that is due. Raises nothing but bugs."""
        ...


@dataclass(frozen=True)
class LeaderWorker:
    """Witnesses the ledger, exchanges keys, runs aggregation jobs, asks for releases."""

    store: Store
    witness: Witness
    keys: LeaderKeys
    activation: LeaderActivation
    aggregation: LeaderAggregation
    release: LeaderRelease
    novelty: Novelty = field(default_factory=lambda: Novelty(_log))

    def step(self) -> None:
        """One round over all batches.

        The ledger is witnessed first, since nothing is asked of a council whose ledger is broken,
        and last, so that what this step brought about is witnessed with it.
        """
        self.novelty.next_step()
        try:
            self._talk()
            self.keys.erase()
        finally:
            if not self.store.scrub():
                self._tell(logging.INFO, _NOT_SCRUBBED)

    def _talk(self) -> None:
        """All that needs the council's server; as much as there is while it can be reached."""
        try:
            sound = self._witnessed()
            if sound:
                self._exchange()
            for batch in self.aggregation.due():
                self.pass_on(batch)
            for batch_id in self.release.due() if sound else ():
                self._guarded(batch_id, partial(self.release.run, batch_id))
            self._witnessed()
        except Unreachable as error:
            self._tell(logging.WARNING, str(error))

    def pass_on(self, batch: Batch) -> None:
        """Have the reports of a batch verified together with the council."""
        self._guarded(batch.id, partial(self.aggregation.run, batch))

    def _witnessed(self) -> bool:
        """Witness what is new; whether the ledger is sound."""
        try:
            self.witness.run()
        except Unreachable:
            raise
        except PluraleError as error:
            self._tell(logging.ERROR, f"the ledger is not witnessed and needs a person: {error}")
            return False
        return True

    def _exchange(self) -> None:
        """Everything that makes the council write into its ledger, but for releases."""
        for refusal in self.witness.send_retirements():
            self._tell(logging.WARNING, f"a version of the agreement is not ended: {refusal}")
        for refusal in self.activation.run():
            self._tell(logging.WARNING, f"a verify key is not exchanged: {refusal}")
        for refusal in self.keys.publish():
            self._tell(logging.WARNING, f"a window's keys are not published: {refusal}")

    def _guarded(self, batch: BatchId, action: Callable[[], None]) -> None:
        try:
            action()
        except Unreachable:
            raise
        except (BatchNotClosed, KeysNotExchanged) as error:
            self._tell(logging.INFO, _about(batch, error))
        except NotAsked as error:
            self._tell(logging.ERROR, _about(batch, error))
            with self.store.write() as tx:
                tx.batches.end(tx.batches.get_or_open(batch), BatchState.NOT_ASKED)
        except BatchDisagreement as error:
            self._stop(batch, error)
        except ReportRejected as error:
            # The helper refused the whole job. Its clock or its agreement may be behind; but if
            # it closed the batch, the two sides no longer agree.
            if error.reason is Rejection.BATCH_CLOSED:
                self._stop(batch, error)
            else:
                self._tell(logging.WARNING, f"{batch}: the helper refused a job: {error}")
        except PluraleError as error:
            self._tell(logging.ERROR, _about(batch, error))
        except Exception as bug:  # noqa: BLE001 - a bug in one batch never holds up another
            self._tell(logging.ERROR, f"{batch}: a step failed; it is repeated: {describe(bug)}")

    def _stop(self, batch: BatchId, error: PluraleError) -> None:
        sentence = _about(batch, error)
        if "needs a person" not in sentence:
            sentence = f"{sentence}. The batch stops and needs a person"
        self._tell(logging.ERROR, sentence)
        with self.store.write() as tx:
            tx.batches.set_state(tx.batches.get_or_open(batch), BatchState.STOPPED)

    def _tell(self, level: int, sentence: str) -> None:
        self.novelty.tell(level, sentence)


def _about(batch: BatchId, error: PluraleError) -> str:
    """The error's sentence, with the batch named once."""
    sentence = str(error).rstrip(".")
    return sentence if str(batch) in sentence else f"{batch}: {sentence}"


@dataclass(frozen=True)
class HelperWorker:
    """Publishes batch keys, erases keys that are over, and ends what the leader leaves undone."""

    store: Store
    ledger: CouncilLedger
    release: HelperRelease
    keys: CouncilKeys
    batch_keys: CouncilBatchKeys
    forgetting: Forgetting
    started: datetime
    novelty: Novelty = field(default_factory=lambda: Novelty(_log))

    def step(self) -> None:
        """One round over all batches."""
        self.novelty.next_step()
        try:
            for refusal in [*self._close(), *self._publish()]:
                self.novelty.tell(logging.ERROR, f"the ledger needs a person: {refusal}")
            self.keys.erase()
            self.batch_keys.erase()
            self.forgetting.run()
        finally:
            if not self.store.scrub():
                self.novelty.tell(logging.INFO, _NOT_SCRUBBED)

    def _publish(self) -> list[PluraleError]:
        """Publish some of the keys that are due; returns why that cannot be."""
        try:
            return self.batch_keys.publish()
        except PluraleError as error:
            return [error]

    def _close(self) -> list[PluraleError]:
        """End every batch that is overdue; returns why one, or the whole ledger, cannot go on."""
        try:
            with self.store.read() as tx:
                self.ledger.state(tx)  # a version may have been retired by command
            return [*self.release.close_not_asked(self.started), *self.release.close_unopened()]
        except PluraleError as error:
            return [error]


@dataclass
class Loop:
    """Runs a worker's steps in a thread until it is stopped."""

    worker: Worker
    seconds: float = SECONDS_BETWEEN_STEPS
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._run, name="worker", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End after the step that is under way."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.worker.step()
            except Exception as bug:  # noqa: BLE001 - logged, and repeated
                _log.error("a worker step failed; it is repeated: %s", describe(bug))
            self._stop.wait(self.seconds)
