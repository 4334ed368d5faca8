"""Releasing a batch, and opening it (protocol §6).

Helper, when asked, in one transaction:

0. The ledger is not behind what it once showed, nor behind what the employer has witnessed. An old
   copy of the database would draw noise twice.
1. Never released. Asked again with the same root: the stored bytes; with another: refused.
   (Before that: the batch must be closed; an early question is answered "not yet".)
2. Count and root equal its own. If not, the batch stops and needs a person.
3. The count reaches the release threshold. If not, the batch is withheld, for good.
4. The budget holds. If not, the batch is withheld, for good.
5. Draw the noise, once; store the noised share; erase the un-noised one.
6. Append the release to the ledger; note how far the ledger has come; then answer.

Then the leader opens its share to the helper, both compute the result, and the helper appends its
hash. A leader that has looked and does not open within a day is in the ledger too.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from aggregator.ledger import CouncilLedger
from aggregator.model import Batch, BatchState, ReleaseRecord
from aggregator.store.sql import Store, Transaction
from privacy import fields
from privacy.batch import BatchId, Collection
from privacy.book import AgreementBook
from privacy.errors import (
    AlreadyReleased,
    BatchDisagreement,
    BatchNotClosed,
    BudgetExhausted,
    LedgerBehind,
    NotAsked,
    PluraleError,
    UnopenedShare,
    WrongOpening,
)
from privacy.ledger.entries import (
    BatchNotAsked,
    BatchReleased,
    BatchStopped,
    BatchUnopened,
    BatchWithheld,
    BudgetAlarm,
    ResultOpened,
    StopReason,
)
from privacy.noise import NoiseSource, helper_noise
from privacy.release import (
    SALT_SIZE,
    TIME_TO_ASK,
    TIME_TO_OPEN,
    Ask,
    Opening,
    OpeningAnswer,
    Withheld,
    add_noise,
    commitment,
    id_root,
    unshard,
)
from privacy.window import Clock

TIME_AFTER_START: Final = timedelta(hours=1)
"""For a leader that asks again every second, to reach a helper that was down."""

_DISAGREEMENT: Final = {
    StopReason.OTHER_COUNT: "the leader counts {} reports and the helper {}",
    StopReason.OTHER_REPORTS: "leader and helper count different reports",
    StopReason.SUM_LOST: "the helper's sum is lost, since its database was restored",
}
"""What the leader is told; its count, then the helper's."""


@dataclass(frozen=True)
class HelperRelease:
    """The helper's side. `random(n)` returns n fresh random bytes, for salts."""

    store: Store
    book: AgreementBook
    ledger: CouncilLedger
    noise: NoiseSource
    clock: Clock
    random: Callable[[int], bytes]

    def ask(self, ask: Ask, witnessed: str) -> bytes | Withheld:
        """The noised share, or why the batch is withheld.

        `witnessed`: the last checkpoint that the leader witnessed; empty before the first. Raises
        `ReleaseRefused`, or `LedgerBehind`.
        """
        answer = self._ask(ask, witnessed)
        self.ledger.show()
        return answer

    def _ask(self, ask: Ask, witnessed: str) -> bytes | Withheld:
        collection = self.book.collection(ask.batch)
        disagreement = None
        with self.store.write() as tx:
            self.ledger.check_current(tx, witnessed)  # 0
            batch = tx.batches.get_or_open(ask.batch)
            if batch.state is not BatchState.OPEN:  # 1
                return _answer_again(tx, batch, ask)
            if not self.book.closed(ask.batch, batch.count, self.ledger.now(tx)):
                raise BatchNotClosed(
                    f"{ask.batch} is not closed yet: ask again after "
                    f"{self.book.upload_closes(ask.batch):%Y-%m-%d %H:%M} UTC"
                )
            disagreement = self._disagreement(tx, batch, ask)  # 2
            if disagreement is None:
                return self._decide(tx, batch, ask, collection)
            tx.batches.set_state(batch, BatchState.STOPPED)
            self.ledger.append(tx, BatchStopped(batch.id, batch.count, disagreement))
        self.ledger.show()
        why = _DISAGREEMENT[disagreement].format(ask.count, batch.count)
        raise BatchDisagreement(f"{ask.batch}: {why}. The batch stops and needs a person")

    def _disagreement(self, tx: Transaction, batch: Batch, ask: Ask) -> StopReason | None:
        if batch.count and batch.aggregate_share is None:
            return StopReason.SUM_LOST
        if ask.count != batch.count:
            return StopReason.OTHER_COUNT
        if ask.id_root != id_root(tx.reports.counted_ids(batch)):
            return StopReason.OTHER_REPORTS
        return None

    def _decide(
        self, tx: Transaction, batch: Batch, ask: Ask, collection: Collection
    ) -> bytes | Withheld:
        record = ReleaseRecord(ask.count, ask.id_root, ask.commitment, self.ledger.now(tx))
        if batch.count < collection.threshold or batch.aggregate_share is None:  # 3
            return self._withhold(tx, batch, record, Withheld.BATCH_TOO_SMALL)
        cap = self.book.of(batch.id).agreement.privacy.rho_quarter
        spend = batch.id.task_digest, batch.id.window, collection.rho
        before = self.ledger.state(tx).budget
        try:  # 4
            budget = before.charge(*spend, cap)
        except BudgetExhausted:
            self._withhold(tx, batch, record, Withheld.BUDGET_EXHAUSTED)
            would = before.with_spend(*spend).worst_around(batch.id.window)
            self.ledger.append(tx, BudgetAlarm(batch.id, collection.rho, would, cap))
            return Withheld.BUDGET_EXHAUSTED
        noise = helper_noise(collection.coordinate_scales, self.noise)  # 5
        noised = add_noise(collection, batch.aggregate_share, noise)
        tx.batches.set_sum(batch, batch.count, None)
        tx.batches.set_state(batch, BatchState.RELEASED)
        left = cap - budget.worst_around(batch.id.window)
        entry = self.ledger.append(  # 6
            tx,
            BatchReleased(
                batch.id,
                ask.count,
                collection.rho,
                left,
                ask.id_root,
                ask.commitment,
                fields.sha256(noised),
            ),
        )
        tx.releases.put(batch, replace(record, noised_share=noised, asked_at=entry.at))
        return noised

    def _withhold(
        self, tx: Transaction, batch: Batch, record: ReleaseRecord, reason: Withheld
    ) -> Withheld:
        tx.releases.put(batch, replace(record, withheld=reason.name))
        tx.batches.set_sum(batch, batch.count, None)
        tx.batches.set_state(batch, BatchState.WITHHELD)
        self.ledger.append(tx, BatchWithheld(batch.id, batch.count, reason))
        return reason

    def open(self, opening: Opening) -> OpeningAnswer:
        """Check the leader's share against its commitment and append the result's hash.

        Raises `ReleaseRefused`, or `LedgerBehind`.
        """
        answer = self._open(opening)
        self.ledger.show()
        return answer

    def _open(self, opening: Opening) -> OpeningAnswer:
        collection = self.book.collection(opening.batch)
        self.close_unopened()  # now, so that a late opening does not depend on who comes first
        with self.store.write() as tx:
            batch = tx.batches.get_or_open(opening.batch)
            record = tx.releases.get(batch)
            if record is None or record.noised_share is None:
                raise WrongOpening(f"{opening.batch} was not released: there is nothing to open")
            if batch.state is BatchState.UNOPENED:
                raise UnopenedShare(f"{opening.batch} was not opened within a day of its release")
            if commitment(opening.salt, opening.aggregate_share) != record.commitment:
                raise WrongOpening(f"{opening.batch}: the share is not the one committed to")
            result = unshard(
                batch.id, collection, record.count, opening.aggregate_share, record.noised_share
            )
            if record.result_salt is not None:
                return OpeningAnswer(record.result_salt, result.hash(record.result_salt))
            answer = OpeningAnswer(salt := self.random(SALT_SIZE), result.hash(salt))
            opened = replace(
                record,
                salt=opening.salt,
                own_share=opening.aggregate_share,
                totals=result.totals,
                result_salt=salt,
            )
            tx.releases.put(batch, opened)
            tx.batches.set_state(batch, BatchState.OPENED)
            self.ledger.append(tx, ResultOpened(batch.id, answer.result_hash))
        return answer

    def close_not_asked(self, started: datetime) -> list[PluraleError]:
        """Append every batch that the leader did not ask for, and erase its sum.

        `started`: when this server did. A leader that could not reach it gets time to ask first.
        Returns why some of them cannot be written; raises `LedgerBehind`: then none can.
        """
        if self.clock() < started + TIME_AFTER_START:
            return []
        with self.store.read() as tx:
            late = list(self.book.past_deadline(self.ledger.now(tx) - TIME_TO_ASK))
            states = tx.batches.states()
        waiting = (each for each in late if states.get(each, BatchState.OPEN) is BatchState.OPEN)
        return _one_by_one(self._close_not_asked, waiting)

    def _close_not_asked(self, batch_id: BatchId) -> None:
        with self.store.write() as tx:
            batch = tx.batches.get_or_open(batch_id)
            if batch.state is BatchState.OPEN:
                tx.batches.set_sum(batch, batch.count, None)
                tx.batches.set_state(batch, BatchState.NOT_ASKED)
                self.ledger.append(tx, BatchNotAsked(batch.id, batch.count))

    def close_unopened(self) -> list[PluraleError]:
        """Append every release that the leader did not open within a day.

        Returns why some of them cannot be written; raises `LedgerBehind`: then none can.
        """
        with self.store.read() as tx:
            waiting = [batch.id for batch in tx.batches.in_states([BatchState.RELEASED])]
        return _one_by_one(self._close_unopened, waiting)

    def _close_unopened(self, batch_id: BatchId) -> None:
        with self.store.write() as tx:
            batch = tx.batches.get_or_open(batch_id)
            record = tx.releases.get(batch)
            if batch.state is not BatchState.RELEASED or record is None:
                return
            if self.ledger.now(tx) >= record.asked_at + TIME_TO_OPEN:
                tx.batches.set_state(batch, BatchState.UNOPENED)
                self.ledger.append(tx, BatchUnopened(batch.id))


def _one_by_one(close: Callable[[BatchId], None], batches: Iterable[BatchId]) -> list[PluraleError]:
    """Close each batch by itself; returns what was refused."""
    refused: list[PluraleError] = []
    for batch in batches:
        try:
            close(batch)
        except LedgerBehind:
            raise
        except PluraleError as error:
            refused.append(error)
    return refused


def _answer_again(tx: Transaction, batch: Batch, ask: Ask) -> bytes | Withheld:
    if batch.state is BatchState.NOT_ASKED:
        raise NotAsked(f"{ask.batch} was not asked for within a week of its closing")
    record = tx.releases.get(batch)
    if record is None:
        raise BatchDisagreement(f"{ask.batch} is stopped and needs a person")
    if (ask.count, ask.id_root, ask.commitment) != (
        record.count,
        record.id_root,
        record.commitment,
    ):
        raise AlreadyReleased(f"{ask.batch} already has its outcome, for another question")
    if record.withheld is not None:
        return Withheld[record.withheld]
    if record.noised_share is None:
        raise BatchDisagreement(f"{ask.batch} is stopped and needs a person")
    return record.noised_share
