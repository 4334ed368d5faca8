"""Releasing a batch, and opening it (protocol §6).

Helper, when asked, in one transaction:

1. Never released. Asked again with the same root: the stored bytes; with another: refused.
   (Before that: the batch must be closed; an early question is answered "not yet".)
2. Count and root equal its own. If not, the batch stops and needs a person.
3. The count reaches the release threshold. If not, the batch is withheld, for good.
4. The budget holds. If not, the batch is withheld, for good.
5. Draw the noise, once; store the noised share; erase the un-noised one.
6. Put the release on the record; then answer.

Then the leader opens its share to the helper, both compute the result, and the helper puts its
hash on the record. A leader that has looked and does not open within a day is on the record too.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Final

from aggregator.agreements import AgreementBook
from aggregator.budget import spent
from aggregator.model import Batch, BatchState, OutcomeKind, ReleaseRecord
from aggregator.store.sql import Store, Transaction
from privacy import fields
from privacy.batch import Collection
from privacy.budget import Budget
from privacy.errors import (
    AlreadyReleased,
    BatchDisagreement,
    BatchNotClosed,
    BudgetExhausted,
    NotAsked,
    UnopenedShare,
    WrongOpening,
)
from privacy.noise import NoiseSource, helper_noise
from privacy.release import (
    SALT_SIZE,
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

TIME_TO_OPEN: Final = timedelta(days=1)

TIME_TO_ASK: Final = timedelta(days=7)
"""After a batch closed. Long enough for a server that is down over a holiday; then nobody can wait
for a week that pleases better."""


TIME_AFTER_START: Final = timedelta(hours=1)
"""For a leader that asks again every second, to reach a helper that was down."""


@dataclass(frozen=True)
class HelperRelease:
    """The helper's side. `random(n)` returns n fresh random bytes, for salts."""

    store: Store
    book: AgreementBook
    noise: NoiseSource
    clock: Clock
    random: Callable[[int], bytes]

    def ask(self, ask: Ask) -> bytes | Withheld:
        """The noised share, or why the batch is withheld. Raises `ReleaseRefused`."""
        collection = self.book.collection(ask.batch)
        disagreement = None
        with self.store.write() as tx:
            batch = tx.batches.get_or_open(ask.batch)
            if batch.state is not BatchState.OPEN:  # 1
                return _answer_again(tx, batch, ask)
            if not self.book.closed(ask.batch, batch.count, self.clock()):
                raise BatchNotClosed(
                    f"{ask.batch} is not closed yet: ask again after "
                    f"{self.book.upload_closes(ask.batch):%Y-%m-%d %H:%M} UTC"
                )
            disagreement = self._disagreement(tx, batch, ask)  # 2
            if disagreement is None:
                return self._decide(tx, batch, ask, collection)
            tx.batches.set_state(batch, BatchState.STOPPED)
            self._record(tx, batch, OutcomeKind.STOPPED, reason=disagreement)
        raise BatchDisagreement(f"{ask.batch}: {disagreement}. The batch stops and needs a person")

    def _disagreement(self, tx: Transaction, batch: Batch, ask: Ask) -> str | None:
        if ask.count != batch.count:
            return f"the leader counts {ask.count} reports and the helper {batch.count}"
        if ask.id_root != id_root(tx.reports.counted_ids(batch)):
            return "leader and helper count different reports"
        return None

    def _decide(
        self, tx: Transaction, batch: Batch, ask: Ask, collection: Collection
    ) -> bytes | Withheld:
        record = ReleaseRecord(ask.count, ask.id_root, ask.commitment, self.clock())
        if batch.count < collection.threshold or batch.aggregate_share is None:  # 3
            return self._withhold(tx, batch, record, Withheld.BATCH_TOO_SMALL)
        cap = self.book.of(batch.id).agreement.privacy.rho_quarter
        try:  # 4
            budget = spent(tx).charge(batch.id.task_digest, batch.id.window, collection.rho, cap)
        except BudgetExhausted:
            return self._withhold(tx, batch, record, Withheld.BUDGET_EXHAUSTED)
        noise = helper_noise(collection.coordinate_scales, self.noise)  # 5
        noised = add_noise(collection, batch.aggregate_share, noise)
        tx.releases.put(batch, replace(record, noised_share=noised))
        tx.batches.set_sum(batch, batch.count, None)
        tx.batches.set_state(batch, BatchState.RELEASED)
        self._record_release(tx, batch, ask, budget, collection.rho, cap, noised)  # 6
        return noised

    def _withhold(
        self, tx: Transaction, batch: Batch, record: ReleaseRecord, reason: Withheld
    ) -> Withheld:
        tx.releases.put(batch, replace(record, withheld=reason.name))
        tx.batches.set_sum(batch, batch.count, None)
        tx.batches.set_state(batch, BatchState.WITHHELD)
        self._record(tx, batch, OutcomeKind.WITHHELD, reason=reason.name)
        return reason

    def _record_release(
        self,
        tx: Transaction,
        batch: Batch,
        ask: Ask,
        budget: Budget,
        rho: Fraction,
        cap: Fraction,
        noised: bytes,
    ) -> None:
        self._record(
            tx,
            batch,
            OutcomeKind.RELEASE,
            count=str(ask.count),
            rho=str(rho),
            rho_left=str(cap - budget.worst_around(batch.id.window)),
            id_root=ask.id_root.hex(),
            commitment=ask.commitment.hex(),
            noised_share_hash=fields.sha256(noised).hex(),
        )

    def open(self, opening: Opening) -> OpeningAnswer:
        """Check the leader's share against its commitment and put the result on the record."""
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
            self._record(tx, batch, OutcomeKind.RESULT, hash=answer.result_hash.hex())
        return answer

    def close_not_asked(self, started: datetime) -> None:
        """Put on the record every batch that the leader did not ask for, and erase its sum.

        `started`: when this server did. A leader that could not reach it gets time to ask first.
        """
        now = self.clock()
        if now < started + TIME_AFTER_START:
            return
        late = list(self.book.past_deadline(now - TIME_TO_ASK))
        with self.store.read() as tx:
            states = tx.batches.states()
        for batch_id in late:
            if states.get(batch_id, BatchState.OPEN) is not BatchState.OPEN:
                continue
            with self.store.write() as tx:
                batch = tx.batches.get_or_open(batch_id)
                if batch.state is BatchState.OPEN:
                    tx.batches.set_sum(batch, batch.count, None)
                    tx.batches.set_state(batch, BatchState.NOT_ASKED)
                    self._record(tx, batch, OutcomeKind.NOT_ASKED, count=str(batch.count))

    def close_unopened(self) -> None:
        """Put on the record every release that the leader did not open within a day."""
        with self.store.write() as tx:
            for batch in tx.batches.in_states([BatchState.RELEASED]):
                record = tx.releases.get(batch)
                if record is not None and self.clock() >= record.asked_at + TIME_TO_OPEN:
                    tx.batches.set_state(batch, BatchState.UNOPENED)
                    self._record(tx, batch, OutcomeKind.UNOPENED)

    def _record(self, tx: Transaction, batch: Batch, kind: OutcomeKind, **body: str) -> None:
        where = {
            "agreement": batch.id.agreement.hex(),
            "task": batch.id.task,
            "group": batch.id.group,
            "window": str(batch.id.window),
        }
        tx.outcomes.append(self.clock(), kind, where | body)


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
