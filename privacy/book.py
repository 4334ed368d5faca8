"""Which agreement is in force, and whether a batch exists under it (protocol §5, steps 1 and 2).

The parties' servers and the audit all ask here, so they cannot differ.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from privacy.agreement.envelope import SignedAgreement
from privacy.agreement.model import AgreementDigest
from privacy.batch import BatchId, Collection
from privacy.errors import Rejection, ReportRejected
from privacy.groups import GroupId
from privacy.metrics import TaskId
from privacy.window import Window


@dataclass
class AgreementBook:
    """The activated agreements. A window stays under the newest version that covers it.

    `retired`: the last window of every version that a party ended. Later windows have no agreement
    unless a newer version covers them; they never fall back to an older one.
    """

    signed: Sequence[SignedAgreement]
    retired: dict[AgreementDigest, Window] = field(default_factory=dict)
    _collections: dict[tuple[AgreementDigest, TaskId, GroupId], Collection] = field(
        default_factory=dict
    )

    def in_force(self, window: Window) -> SignedAgreement | None:
        """The agreement in force for a window, or None."""
        covering = [each for each in self.signed if each.agreement.covers(window)]
        newest = max(covering, key=lambda each: each.agreement.version, default=None)
        if newest is None or window > self.retired.get(newest.digest, window):
            return None
        return newest

    def batches(self, window: Window) -> Iterator[BatchId]:
        """Every batch of a window, under the agreement in force for it."""
        signed = self.in_force(window)
        if signed is not None:
            for task in signed.agreement.tasks:
                for group in signed.agreement.groups_of(task):
                    yield BatchId(signed.digest, task.id, group.id, window)

    def of(self, batch: BatchId) -> SignedAgreement:
        """The agreement of a batch; raises `ReportRejected` (NOT_IN_FORCE) for any but the one."""
        signed = self.in_force(batch.window)
        if signed is None or signed.digest != batch.agreement:
            raise ReportRejected(Rejection.NOT_IN_FORCE)
        return signed

    def collection(self, batch: BatchId) -> Collection:
        """The parameters of a batch. Raises `ReportRejected` with the first reason that applies.

        1. The window is collected, and the batch's agreement is in force for it.
        2. The agreement has the task, and collects it in the group.
        """
        if not batch.window.collected:
            raise ReportRejected(Rejection.WINDOW_NOT_COLLECTED)
        signed = self.of(batch)  # 1
        task = signed.agreement.task(batch.task)  # 2
        if task is None:
            raise ReportRejected(Rejection.UNKNOWN_TASK)
        if batch.group not in {group.id for group in signed.agreement.groups_of(task)}:
            raise ReportRejected(Rejection.UNKNOWN_GROUP)
        key = batch.agreement, batch.task, batch.group
        if key not in self._collections:
            self._collections[key] = Collection.of(signed, batch.task, batch.group)
        return self._collections[key]

    def exists(self, batch: BatchId) -> bool:
        """Whether there is such a batch at all."""
        try:
            self.collection(batch)
        except ReportRejected:
            return False
        return True

    def awaited(self, window: Window, now: datetime) -> bool:
        """Whether reports are made for a window, and none may be sent yet."""
        signed = self.in_force(window)
        return signed is not None and now < signed.agreement.upload_opens(window)

    def upload_opens(self, batch: BatchId) -> datetime:
        """When the batch's window is over."""
        return self.of(batch).agreement.upload_opens(batch.window)

    def upload_closes(self, batch: BatchId) -> datetime:
        """When the batch closes at the latest."""
        return self.of(batch).agreement.upload_closes(batch.window)

    def closed(self, batch: BatchId, count: int, now: datetime) -> bool:
        """Whether the batch takes no more reports: the period ended or the roster reported."""
        return now >= self.upload_closes(batch) or count >= self.collection(batch).group.roster

    def past_deadline(self, now: datetime) -> Iterator[BatchId]:
        """Every batch whose upload period is over, whether anybody reported or not."""
        for signed in self.signed:
            agreement, window = signed.agreement, signed.agreement.first_window
            while window <= agreement.last_window and agreement.upload_closes(window) <= now:
                if self.in_force(window) is signed:
                    yield from self.batches(window)
                window = window.plus(1)
