"""One person's device: making reports and sending them (protocol §4.7).

1. Mail that is new is read into the journal.
2. For every window that is over and still open, and every task that concerns the person, a report
   is made once: values, clipping, noise, shares, sealed. It is stored before anything is sent,
   with a time drawn at random.
3. Reports that are due are sent, the same bytes at every try, until there is a receipt.

Away, ill, without data or with a broken source: a report is made all the same, with nothing in it
but noise. So whether a report was sent says nothing about the person.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from pathlib import Path

from client import enrolment, schedule
from client.enrolment import Enrolment
from client.journal import Journal
from client.mail_scan import scan
from client.outbox import Outbox, Parcel, State
from client.upload import Uplink
from client.values import compute
from privacy.agreement.model import Role
from privacy.batch import BatchId, Collection
from privacy.errors import PASSING, PluraleError, ReportRejected
from privacy.noise import NoiseSource, noisy_measurement
from privacy.report import prepare
from privacy.window import Clock, Window


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What comes from outside. `random(n)` returns n fresh random bytes."""

    clock: Clock
    noise: NoiseSource
    random: Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Trouble:
    """What could not be done, and why; `batch` if it concerns one report."""

    error: PluraleError
    batch: BatchId | None = None

    def __str__(self) -> str:
        return str(self.error) if self.batch is None else f"{self.batch}: {self.error}"


@dataclass(frozen=True, slots=True)
class Happened:
    """What a run did, for the person to read."""

    made: tuple[Parcel, ...]
    sent: tuple[Parcel, ...]
    waiting: tuple[Parcel, ...]
    trouble: tuple[Trouble, ...]


class Device:
    """An enrolled device. Use it as a context manager."""

    def __init__(self, folder: Path, outside: Surroundings) -> None:
        """Open the device's files; raises `NotEnrolled`, `JournalUnusable`, `OutboxUnusable`."""
        self.enrolment: Enrolment = enrolment.load(folder)
        self._outside = outside
        self.journal = Journal(folder / "journal.db")
        self.outbox = Outbox(folder / "outbox.db")

    def __enter__(self) -> "Device":
        return self

    def __exit__(self, *_: object) -> None:
        self.journal.close()
        self.outbox.close()

    def run(self) -> Happened:
        """All three steps. What goes wrong with one report never holds up another."""
        trouble: list[Trouble] = []
        mail_read = self._read_mail(trouble)
        made = list(self._make(trouble, mail_read=mail_read))
        sent = list(self._send(trouble))
        return Happened(tuple(made), tuple(sent), tuple(self.outbox.waiting()), tuple(trouble))

    def read_mail(self) -> None:
        """Step 1. Raises `MailboxUnreadable`."""
        sources = [mailbox.source() for mailbox in self.enrolment.mailboxes]
        scan(sources, self.journal, self._outside.clock)

    def collection(self, batch: BatchId) -> Collection:
        """The parameters under which a batch's report is made."""
        return Collection.of(self.enrolment.signed, batch.task, batch.group)

    def batches(self, window: Window) -> list[BatchId]:
        """The batches that this person's reports for a window belong to."""
        digest = self.enrolment.signed.digest
        return [
            BatchId(digest, task.id, group.id, window) for task, group in self.enrolment.tasks()
        ]

    def _read_mail(self, trouble: list[Trouble]) -> bool:
        try:
            self.read_mail()
        except PluraleError as error:
            trouble.append(Trouble(error))
            return False
        return True

    def _make(self, trouble: list[Trouble], *, mail_read: bool) -> Iterator[Parcel]:
        agreement = self.enrolment.signed.agreement
        now = self._outside.clock()
        for window in self._open_windows(now):
            # A mailbox that cannot be read today may be readable tomorrow; at the last moment the
            # report is made without it.
            if not mail_read and now < agreement.upload_closes(window) - schedule.SPARE:
                continue
            missing = [
                batch
                for batch in self.batches(window)
                if self.outbox.get(batch.task_digest, window) is None
            ]
            try:
                values = compute(agreement, window, self.journal) if missing else {}
            except PluraleError as error:
                trouble.append(Trouble(error))
                continue
            for batch in missing:
                try:
                    yield self._make_one(batch, values, now)
                except PluraleError as error:
                    trouble.append(Trouble(error, batch))

    def _make_one(
        self, batch: BatchId, values: Mapping[str, Fraction | None], now: datetime
    ) -> Parcel:
        agreement = self.enrolment.signed.agreement
        collection = self.collection(batch)
        # The device's own account: it refuses beyond the budget, whatever the servers say.
        self.outbox.budget().charge(
            batch.task_digest, batch.window, collection.rho, agreement.privacy.rho_quarter
        )
        measurement = noisy_measurement(
            collection.encode(values), collection.coordinate_scales, self._outside.noise
        )
        keys = {
            Role.LEADER: agreement.employer.hpke_key,
            Role.HELPER: agreement.council.hpke_key,
        }
        report = prepare(batch, collection, measurement, keys, self._outside.random)
        parcel = Parcel(
            batch=batch,
            rho=collection.rho,
            state=State.WAITING,
            made_at=now,
            due=schedule.draw(
                agreement.upload_opens(batch.window),
                agreement.upload_closes(batch.window),
                now,
                self._outside.random,
            ),
            finished_at=None,
            report_id=report.id,
            digest=report.digest,
            size=len(report.public_share) + len(report.leader_share) + len(report.helper_share),
            report=report,
            measurement=tuple(measurement),
        )
        self.outbox.add(parcel)
        # Another run may have been quicker: what is stored is what counts.
        return self.outbox.get(batch.task_digest, batch.window) or parcel

    def _send(self, trouble: list[Trouble]) -> Iterator[Parcel]:
        agreement = self.enrolment.signed.agreement
        now = self._outside.clock()
        with Uplink(agreement.employer) as uplink:
            for parcel in self.outbox.waiting():
                if parcel.due > now or parcel.report is None:
                    continue
                try:
                    receipt = uplink.send(parcel.report)
                except PluraleError as error:
                    trouble.append(Trouble(error, parcel.batch))
                    self._after_failure(parcel, error, now)
                else:
                    self.outbox.finish(parcel, State.SENT, now, receipt=receipt)
                    yield parcel

    def _after_failure(self, parcel: Parcel, error: PluraleError, now: datetime) -> None:
        """Keep the report for the next run, unless it was refused for good or its time is over."""
        agreement = self.enrolment.signed.agreement
        if isinstance(error, ReportRejected) and error.reason not in PASSING:
            self.outbox.finish(parcel, State.REFUSED, now, reason=error.reason.value)
        elif now >= agreement.upload_closes(parcel.batch.window):
            reason = f"it could not be sent before the batch closed ({error})"
            self.outbox.finish(parcel, State.MISSED, now, reason=reason)

    def _open_windows(self, now: datetime) -> Iterator[Window]:
        agreement = self.enrolment.signed.agreement
        window = max(self.enrolment.first_window, agreement.first_window)
        while window <= agreement.last_window and agreement.upload_opens(window) <= now:
            if window.collected and now < agreement.upload_closes(window):
                yield window
            window = window.plus(1)
