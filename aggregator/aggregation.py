"""Aggregation jobs: moving reports into the sums of both parties, exactly once (protocol §5).

Leader, for each batch once it takes no more reports:

1. Take up to 256 pending reports and verify the own half of each.
2. Store the job with the bytes to send, and reserve its reports. One transaction.
3. Send. A job without an answer is sent again with the same bytes, after a crash too.
4. Add the accepted output shares to the sum and count, mark every report, erase its shares and
   the bytes that were sent. One transaction.

Helper, for each job, in one transaction:

1. A job it knows gets the stored bytes.
2. The batch exists under the agreement in force, its window is over, and it is still open.
3. Each report: its id is new in the batch, there is room, its token is valid, and it verifies
   (`Verifier.answer`).
4. There are no more reports than members were given tokens; or the batch stops.
5. Add up, count, index every id, store the answer.

The helper relies on nothing the leader says: it makes each of these checks itself.

The leader waits until all reports are there, and passes them on in the order of their random ids.
So the council learns neither when a report came nor in which order they did: it knows when each
member asked for a token, and at which hour people run their devices.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from aggregator.batch_keys import BatchKeyring
from aggregator.ledger import CouncilLedger
from aggregator.model import Batch, BatchState, ReportState
from aggregator.store.sql import Store, Transaction
from aggregator.verify_key import verify_key
from aggregator.window_keys import WindowKeyring
from privacy import fields
from privacy.aggregation import (
    JOB_ID_SIZE,
    MAX_JOB_REPORTS,
    Job,
    Outcome,
    ReportShare,
    Verifier,
    add_up,
)
from privacy.agreement.model import Role
from privacy.batch import BatchId
from privacy.book import AgreementBook
from privacy.errors import BatchDisagreement, NotAsked, Rejection, ReportRejected
from privacy.ledger.entries import BatchStopped, StopReason
from privacy.report import ReportId, report_digest
from privacy.vdaf.messages import OutShare, VerifyState
from privacy.window import Clock
from protos.convert.stored import decode_job, decode_outcomes, encode_job, encode_outcomes

_MOST_JOBS: Final = 4
"""Of one batch in one step, so that a flood into one does not keep the others waiting."""


class HelperJobs(Protocol):
    """The helper, as the leader sees it."""

    def run_job(self, job: Job) -> tuple[Outcome, ...]:
        """One outcome for each report of the job, in order."""
        ...


@dataclass(frozen=True)
class LeaderAggregation:
    """The leader's side. `random(n)` returns n fresh random bytes, for job ids."""

    store: Store
    book: AgreementBook
    keyring: WindowKeyring
    batch_keys: BatchKeyring
    helper: HelperJobs
    clock: Clock
    random: Callable[[int], bytes]

    def due(self) -> list[Batch]:
        """Open batches that take no more reports: their period is over, or all members' are in."""
        now = self.clock()
        with self.store.read() as tx:
            return [
                batch
                for batch in tx.batches.in_states([BatchState.OPEN])
                if self.book.exists(batch.id)
                and self.book.closed(batch.id, batch.count + _waiting(tx, batch), now)
            ]

    def run(self, batch: Batch) -> None:
        """Move the reports of the batch that were admitted so far, as many as fit in a step."""
        with self.store.read() as tx:
            verifier = _verifier(
                tx, self.book, batch.id, Role.LEADER, self.keyring, self.batch_keys
            )
            unanswered = [decode_job(request) for request in tx.jobs.unanswered(batch)]
        for job in unanswered:
            with self.store.read() as tx:
                submissions = tx.reports.in_job(batch, job.id)
            states = {each.report.id: verifier.start(each)[1] for each in submissions.values()}
            self._send(batch, verifier, job, states)
        for _ in range(_MOST_JOBS):
            if not self._start(batch, verifier):
                break

    def _start(self, batch: Batch, verifier: Verifier) -> bool:
        with self.store.read() as tx:
            pending = tx.reports.pending(batch, MAX_JOB_REPORTS)
        shares, states, refused = [], {}, []
        for submission in pending:  # 1
            report = submission.report
            try:
                share, states[report.id] = verifier.start(submission)
                shares.append(share)
            except ReportRejected as rejected:
                refused.append((report, rejected.reason))
        job = Job(self.random(JOB_ID_SIZE), batch.id, tuple(shares)) if shares else None
        with self.store.write() as tx:  # 2
            for report, reason in refused:
                tx.reports.decide(batch, [report.id], ReportState.REJECTED)
                tx.rejections.add(batch.id, reason)
            if job is not None:
                tx.jobs.ask(batch, job.id, encode_job(job))
                tx.reports.put_in_job(batch, [share.id for share in shares], job.id)
        if job is not None:
            self._send(batch, verifier, job, states)
        return bool(pending)

    def _send(
        self, batch: Batch, verifier: Verifier, job: Job, states: dict[ReportId, VerifyState]
    ) -> None:
        outcomes = self.helper.run_job(job)  # 3
        if len(outcomes) != len(job.reports):
            raise BatchDisagreement(f"{batch.id}: the helper answered for other reports than asked")
        counted: list[ReportId] = []
        shares: list[OutShare] = []
        rejected: dict[ReportId, Rejection] = {}
        for report, outcome in zip(job.reports, outcomes, strict=True):
            if isinstance(outcome, Rejection):
                rejected[report.id] = outcome
                continue
            try:
                shares.append(verifier.finish(states[report.id], outcome))
                counted.append(report.id)
            except ReportRejected as error:
                raise BatchDisagreement(
                    f"{batch.id}: the helper accepted a report that does not verify here"
                ) from error
        with self.store.write() as tx:  # 4
            _count(tx, batch, verifier, shares)
            tx.reports.decide(batch, counted, ReportState.COUNTED)
            tx.reports.decide(batch, list(rejected), ReportState.REJECTED)
            for reason, number in Counter(rejected.values()).items():
                tx.rejections.add(batch.id, reason, number)
            tx.jobs.answered(job.id)


@dataclass(frozen=True)
class HelperAggregation:
    """The helper's side."""

    store: Store
    book: AgreementBook
    ledger: CouncilLedger
    keyring: WindowKeyring
    batch_keys: BatchKeyring
    clock: Clock
    _refused: set[bytes] = field(default_factory=set)

    def run_job(self, job: Job) -> tuple[Outcome, ...]:
        """Decide on each report of a job, once. `ReportRejected` is for the batch as a whole.

        Raises `BatchDisagreement` when the job stops the batch.
        """
        request = encode_job(job)
        try:
            with self.store.write() as tx:
                known = tx.jobs.answer_to(job.id, request)  # 1
                if known is not None:
                    return decode_outcomes(known)
                batch = self._batch(tx, job.batch)  # 2
                tally = self._decide(tx, batch, job)
                if tally.counted <= tx.tokens.number(batch.id):  # 4
                    self._keep(tx, batch, tally)
                    tx.jobs.answer(batch, job.id, request, encode_outcomes(tally.outcomes))
                    return tally.outcomes
                tx.batches.end(batch, BatchState.STOPPED)
                reason = StopReason.MORE_THAN_TOKENS
                self.ledger.append(tx, BatchStopped(batch.id, batch.count, reason))
        except ReportRejected as rejected:
            if job.id in self._refused:
                raise  # asked again every second: its reports are counted once
            self._refused.add(job.id)
            where = job.batch if self.book.exists(job.batch) else None
            with self.store.write() as tx:
                tx.rejections.add(where, rejected.reason, len(job.reports))
            raise
        self.ledger.show()
        raise BatchDisagreement(
            f"{job.batch}: it has more reports than members were given tokens: somebody else can "
            "make tokens, or the database is an old copy. The batch stops and needs a person"
        )

    def _batch(self, tx: Transaction, batch_id: BatchId) -> Batch:
        self.book.collection(batch_id)
        if self.clock() < self.book.upload_opens(batch_id):
            raise ReportRejected(Rejection.WINDOW_NOT_OVER)
        batch = tx.batches.get_or_open(batch_id)
        if batch.state is BatchState.NOT_ASKED:
            raise NotAsked(f"{batch_id} was not asked for within a week of its closing")
        sum_lost = batch.count > 0 and batch.aggregate_share is None
        if batch.state is not BatchState.OPEN or sum_lost:
            # After a restored copy a sum may be lost: a new one would be of few people, or of one.
            raise ReportRejected(Rejection.BATCH_CLOSED)
        return batch

    def _decide(self, tx: Transaction, batch: Batch, job: Job) -> "_Tally":
        verifier = _verifier(tx, self.book, batch.id, Role.HELPER, self.keyring, self.batch_keys)
        tally = _Tally(
            verifier=verifier,
            seen=set(tx.reports.digests(batch, (report.id for report in job.reports))),
            before=batch.count,
        )
        tally.outcomes = tuple(tally.decide(report) for report in job.reports)  # 3
        return tally

    def _keep(self, tx: Transaction, batch: Batch, tally: "_Tally") -> None:
        _count(tx, batch, tally.verifier, tally.shares)  # 5
        tx.reports.add_decided(batch, tally.decided)
        for reason, number in tally.rejected.items():
            tx.rejections.add(batch.id, reason, number)


@dataclass
class _Tally:
    """What the helper decides while it goes through a job. `before`: reports counted so far."""

    verifier: Verifier
    seen: set[ReportId]
    before: int
    outcomes: tuple[Outcome, ...] = ()
    shares: list[OutShare] = field(default_factory=list)
    decided: list[tuple[ReportId, ReportState, bytes]] = field(default_factory=list)
    rejected: Counter[Rejection] = field(default_factory=Counter)

    @property
    def counted(self) -> int:
        """Reports of the batch that are counted, with those of this job so far."""
        return self.before + len(self.shares)

    def decide(self, report: ReportShare) -> Outcome:
        """The outcome of one report; adds to the tally."""
        try:
            if report.id in self.seen:
                # Not indexed again: the id belongs to the report that came first.
                self.rejected[Rejection.REPORT_ID_REUSED] += 1
                return Rejection.REPORT_ID_REUSED
            if self.counted >= self.verifier.collection.group.roster:
                raise ReportRejected(Rejection.BATCH_FULL)
            message, share = self.verifier.answer(report)
        except ReportRejected as error:
            self.rejected[error.reason] += 1
            self._index(report, ReportState.REJECTED)
            return error.reason
        self.shares.append(share)
        self._index(report, ReportState.COUNTED)
        return message

    def _index(self, report: ReportShare, state: ReportState) -> None:
        self.seen.add(report.id)
        digest = report_digest(
            self.verifier.batch,
            report.id,
            report.public_share,
            leader_hash=report.leader_share_hash,
            helper_hash=fields.sha256(report.helper_share),
        )
        self.decided.append((report.id, state, digest))


def _waiting(tx: Transaction, batch: Batch) -> int:
    return tx.reports.number(batch, ReportState.PENDING, ReportState.IN_JOB)


def _verifier(
    tx: Transaction,
    book: AgreementBook,
    batch: BatchId,
    role: Role,
    keyring: WindowKeyring,
    batch_keys: BatchKeyring,
) -> Verifier:
    return Verifier(
        role,
        batch,
        book.collection(batch),
        batch_keys.public(batch),
        keyring.private(batch.window),
        verify_key(tx, batch.task_digest),
    )


def _count(tx: Transaction, batch: Batch, verifier: Verifier, shares: Sequence[OutShare]) -> None:
    # Read again: the state in hand may be from before other jobs.
    current = tx.batches.get_or_open(batch.id)
    total = add_up(verifier.collection, current.aggregate_share, shares)
    tx.batches.set_sum(current, current.count + len(shares), total)
