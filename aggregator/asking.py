"""Leader: asking for releases and opening its share (protocol §6).

1. When a batch is closed and every admitted report is decided, fix count, root, salt and
   commitment in one transaction. From then on the batch takes no report.
2. Ask the helper. Store its noised share, or why the batch is withheld.
3. Open the own share to the helper, once its ledger shows the release; only then is the result the
   leader's to show.

Each step repeats with the same bytes after a crash.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, Protocol

from aggregator.model import Batch, BatchState, ReleaseRecord, ReportState
from aggregator.store.sql import Store, Transaction
from aggregator.witness import Witness
from privacy import fields
from privacy.batch import BatchId
from privacy.book import AgreementBook
from privacy.errors import (
    BatchDisagreement,
    BatchNotClosed,
    InvalidValue,
    NotAsked,
    PluraleError,
    ReleaseRefused,
    UnopenedShare,
)
from privacy.ledger.entries import BatchReleased, Body, ResultOpened
from privacy.release import (
    SALT_SIZE,
    Ask,
    BatchResult,
    Opening,
    OpeningAnswer,
    Withheld,
    commitment,
    id_root,
    unshard,
)
from privacy.window import Clock

_FINAL_STATE: Final[Mapping[type[PluraleError], BatchState]] = MappingProxyType(
    {UnopenedShare: BatchState.UNOPENED, NotAsked: BatchState.NOT_ASKED}
)


class HelperReleases(Protocol):
    """The helper, as the leader sees it."""

    def ask(self, ask: Ask, witnessed: str) -> bytes | Withheld:
        """The helper's noised share, or why the batch is withheld.

        `witnessed`: the last checkpoint that this side witnessed.
        """
        ...

    def open(self, opening: Opening) -> OpeningAnswer:
        """Open the leader's share."""
        ...


@dataclass(frozen=True)
class LeaderRelease:
    """The leader's side. `random(n)` returns n fresh random bytes, for salts."""

    store: Store
    book: AgreementBook
    helper: HelperReleases
    witness: Witness
    clock: Clock
    random: Callable[[int], bytes]

    def due(self) -> list[BatchId]:
        """Batches that are closed, or were asked for, and have no final state yet."""
        now = self.clock()
        with self.store.read() as tx:
            states = tx.batches.states()
            full = [
                batch.id
                for batch in tx.batches.in_states([BatchState.OPEN])
                if self.book.exists(batch.id) and self.book.closed(batch.id, batch.count, now)
            ]
        begun = [
            batch
            for batch, state in states.items()
            if state in (BatchState.ASKED, BatchState.RELEASED)
        ]
        unheard = [batch for batch in self.book.past_deadline(now) if batch not in states]
        return begun + full + unheard

    def run(self, batch_id: BatchId) -> None:
        """Take one closed batch as far as it goes."""
        with self.store.write() as tx:
            batch = tx.batches.get_or_open(batch_id)
            if batch.state is BatchState.OPEN:
                if tx.reports.number(batch, ReportState.PENDING, ReportState.IN_JOB):
                    return
                salt = self.random(SALT_SIZE)
                share = self._share(batch)
                record = ReleaseRecord(  # 1
                    count=batch.count,
                    id_root=id_root(tx.reports.counted_ids(batch)),
                    commitment=commitment(salt, share),
                    asked_at=self.clock(),
                    salt=salt,
                    own_share=share,
                )
                tx.releases.put(batch, record)
                tx.batches.set_state(batch, BatchState.ASKED)
        try:
            self._ask_and_open(batch_id)
        except BatchNotClosed:
            raise
        except (ReleaseRefused, InvalidValue) as error:
            # Whatever the helper refuses now it refuses for good: the batch ends, and does not
            # hold up its quarter.
            with self.store.write() as tx:
                batch = tx.batches.get_or_open(batch_id)
                state = _FINAL_STATE.get(type(error), BatchState.STOPPED)
                if state is BatchState.STOPPED:  # a person may need it
                    tx.batches.set_state(batch, state)
                else:
                    tx.batches.end(batch, state)
                    asked = tx.releases.get(batch)
                    if asked is not None:
                        tx.releases.put(batch, replace(asked, own_share=None, noised_share=None))
            raise

    def _share(self, batch: Batch) -> bytes:
        vdaf = self.book.collection(batch.id).vdaf
        return batch.aggregate_share or vdaf.encode_aggregate_share(vdaf.aggregate_init())

    def _ask_and_open(self, batch_id: BatchId) -> None:
        with self.store.read() as tx:
            batch = tx.batches.get(batch_id)
            record = None if batch is None else tx.releases.get(batch)
        if batch is None or record is None:
            raise BatchDisagreement(f"{batch_id}: the question to the helper is lost")
        if record.noised_share is None:
            ask = Ask(batch_id, record.count, record.id_root, record.commitment)
            answer = self.helper.ask(ask, self.witness.witnessed())  # 2
            if isinstance(answer, Withheld):
                self._withhold(batch, record, answer)
                return
            self._check_threshold(batch, record)
            record = replace(record, noised_share=answer)
            self._result(batch, record)
            with self.store.write() as tx:
                _check_written(tx, batch, BatchReleased, fields.sha256(answer))
                tx.releases.put(batch, record)
                tx.batches.set_state(batch, BatchState.RELEASED)
        self._open(batch, record)

    def _check_threshold(self, batch: Batch, record: ReleaseRecord) -> None:
        # The helper must have withheld it. The leader's share stays closed: opened, it would show
        # what few people, or one, reported.
        if record.count < self.book.collection(batch.id).threshold:
            raise BatchDisagreement(f"{batch.id}: the helper released too few reports")

    def _withhold(self, batch: Batch, record: ReleaseRecord, reason: Withheld) -> None:
        with self.store.write() as tx:
            # Nothing will be opened any more, so the sum goes too.
            tx.releases.put(batch, replace(record, own_share=None, withheld=reason.name))
            tx.batches.set_sum(batch, batch.count, None)
            tx.batches.set_state(batch, BatchState.WITHHELD)

    def _open(self, batch: Batch, record: ReleaseRecord) -> None:
        if record.salt is None or record.own_share is None:
            raise BatchDisagreement(f"{batch.id}: the own share is lost and cannot be opened")
        result = self._result(batch, record)
        self.witness.check_released(batch.id)
        opening = Opening(batch.id, record.salt, record.own_share)
        answer = self.helper.open(opening)  # 3
        if answer.result_hash != result.hash(answer.salt):
            raise BatchDisagreement(f"{batch.id}: the helper recorded another result")
        with self.store.write() as tx:
            _check_written(tx, batch, ResultOpened, answer.result_hash)
            opened = replace(record, totals=result.totals, result_salt=answer.salt)
            tx.releases.put(batch, opened)
            tx.batches.set_sum(batch, batch.count, None)
            tx.batches.set_state(batch, BatchState.OPENED)

    def _result(self, batch: Batch, record: ReleaseRecord) -> BatchResult:
        if record.own_share is None or record.noised_share is None:
            raise BatchDisagreement(f"{batch.id}: a share is lost and the result with it")
        collection = self.book.collection(batch.id)
        try:
            return unshard(
                batch.id, collection, record.count, record.own_share, record.noised_share
            )
        except InvalidValue as error:
            raise BatchDisagreement(f"{batch.id}: the helper's share does not decode") from error


def _check_written(tx: Transaction, batch: Batch, kind: type[Body], answered: bytes) -> None:
    """Compare an answer with the ledger, if the entry came before it: after a crash or a timeout.

    What comes in the usual order is compared by `aggregator.witness`.
    """
    for entry in tx.ledger.about(batch.id):
        body = entry.body
        written = body.noised_share_hash if isinstance(body, BatchReleased) else None
        written = body.hash if isinstance(body, ResultOpened) else written
        if isinstance(body, kind) and written != answered:
            raise BatchDisagreement(
                f"{batch.id}: the helper answered something else than entry {entry.index} of the "
                f"ledger ({body.kind})"
            )
