"""Leader: admitting reports, as numbered in protocol §5.

1. The agreement is in force for the window.
2. Task, group and window are valid, the window is over, the batch is open.
3. Every part of the report has exactly its size.
4. Its membership token verifies, with the key of the batch that the witnessed ledger has.
5. The report id is new. The same bytes again get the same receipt; other bytes are rejected.
6. The leader's input share opens and decodes.

6 comes before 5: it needs no database, and 5 must stand in the transaction that stores the
report, so that of two reports with one id only one can win. That transaction takes many reports
at once: a commit costs a disk flush, whatever its size.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TypeAlias

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from aggregator.batch_keys import BatchKeyring
from aggregator.model import Batch, BatchState, ReportState
from aggregator.store.sql import Store, Transaction
from aggregator.window_keys import WindowKeyring
from privacy import membership
from privacy.agreement.model import Role
from privacy.batch import BatchId, Collection
from privacy.book import AgreementBook
from privacy.errors import BadToken, PluraleError, Rejection, ReportRejected
from privacy.receipt import Receipt, sign_receipt
from privacy.report import Report, Submission, check_sizes, open_input_share
from privacy.window import Clock


@dataclass(frozen=True, slots=True)
class Turned:
    """A report that was turned away before the database was asked. Only counted."""

    batch: BatchId | None
    reason: Rejection


Admission: TypeAlias = Submission | Turned
Decision: TypeAlias = Receipt | PluraleError


@dataclass(frozen=True)
class Intake:
    """What the leader does with an upload: `admit` each, then `store` many together."""

    store: Store
    book: AgreementBook
    keyring: WindowKeyring
    batch_keys: BatchKeyring
    server_key: Ed25519PrivateKey
    clock: Clock

    def admit(self, submission: Submission) -> Admission:
        """Steps 1 to 4 and 6: everything but the report's id.

        Raises `KeysNotExchanged` when this server lacks a key of the window or the batch.
        """
        report = submission.report
        try:
            collection = self.book.collection(report.batch)  # 1, 2
            if self.clock() < self.book.upload_opens(report.batch):
                raise ReportRejected(Rejection.WINDOW_NOT_OVER)
            check_sizes(collection, report)  # 3
            self._check_token(submission)  # 4
            if self.clock() < self.book.upload_closes(report.batch):
                self._open(collection, report)  # 6
        except ReportRejected as rejected:
            known = self.book.exists(report.batch)
            return Turned(report.batch if known else None, rejected.reason)
        return submission

    def _check_token(self, submission: Submission) -> None:
        report = submission.report
        try:
            key = self.batch_keys.public(report.batch)
            membership.verify(key, report.digest, submission.token)
        except BadToken as error:
            raise ReportRejected(Rejection.INVALID_TOKEN) from error

    def _open(self, collection: Collection, report: Report) -> None:
        # Not after the closing: the key may be erased, and what is new is refused anyway.
        open_input_share(
            collection,
            self.keyring.private(report.batch.window),
            Role.LEADER,
            report.batch,
            report.id,
            report.public_share,
            report.leader_share,
        )

    def commit(self, admissions: Sequence[Admission]) -> list[Decision]:
        """Step 5 and storing, in one transaction; one decision for each admission, in order."""
        decisions: dict[int, Decision] = {}
        with self.store.write() as tx:
            taken = [(n, each) for n, each in enumerate(admissions) if isinstance(each, Submission)]
            taken.sort(key=lambda pair: pair[1].report.batch)
            for batch_id, same in groupby(taken, key=lambda pair: pair[1].report.batch):
                decisions |= self._commit_batch(tx, batch_id, list(same))
            for n, each in enumerate(admissions):
                if isinstance(each, Turned):
                    decisions[n] = self._turn_away(tx, each.batch, each.reason)
        return [decisions[n] for n in range(len(admissions))]

    def _commit_batch(
        self, tx: Transaction, batch_id: BatchId, taken: list[tuple[int, Submission]]
    ) -> dict[int, Decision]:
        batch = tx.batches.get_or_open(batch_id)
        known = tx.reports.digests(batch, (each.report.id for _, each in taken))
        open_now = batch.state is BatchState.OPEN and self.clock() < self.book.upload_closes(
            batch_id
        )
        room = self._room(tx, batch)
        decisions: dict[int, Decision] = {}
        fresh: list[tuple[Submission, bytes]] = []
        for n, submission in taken:
            report = submission.report
            digest = report.digest
            if known.get(report.id) == digest:  # 5: sent again, even after the batch closed
                decisions[n] = sign_receipt(digest, self.server_key)
            elif report.id in known:
                decisions[n] = self._turn_away(tx, batch_id, Rejection.REPORT_ID_REUSED)
            elif not open_now:  # 2
                decisions[n] = self._turn_away(tx, batch_id, Rejection.BATCH_CLOSED)
            elif len(fresh) >= room:
                decisions[n] = self._turn_away(tx, batch_id, Rejection.BATCH_FULL)
            else:
                known[report.id] = digest
                fresh.append((submission, digest))
                decisions[n] = sign_receipt(digest, self.server_key)
        tx.reports.add_pending(batch, fresh)
        return decisions

    def _room(self, tx: Transaction, batch: Batch) -> int:
        roster = self.book.collection(batch.id).group.roster
        waiting = tx.reports.number(batch, ReportState.PENDING, ReportState.IN_JOB)
        return roster - batch.count - waiting

    def _turn_away(
        self, tx: Transaction, batch: BatchId | None, reason: Rejection
    ) -> ReportRejected:
        tx.rejections.add(batch, reason)
        return ReportRejected(reason)
