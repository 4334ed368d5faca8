"""Making reports: for every window that is over and still open, once (protocol §4.7).

1. A window is reported under the newest version that was accepted when it began, in the group that
   the person was in then. A window with a report under another version gets none.
2. When its token is asked for and when it is sent are drawn and stored (`client.schedule`), before
   anything else is known about it.
3. The keys that its shares are sealed to are those of the ledger, proven, and the version is the
   one in force there. They are asked for when the times are drawn, and stored.
4. Values, clipping, noise, shares, sealed; stored before anything is asked for or sent.

`Maker.prepare` does 1 to 3, and knows nothing of mail, activity or pauses; `Maker.make` does 4 from
what is stored, and asks nobody. So neither when a device asks nor how long it took to think says
anything.

Away, ill, paused, without data or with a broken source: a report is made all the same, with nothing
in it but noise. So whether and when a report was sent says nothing about the person. What cannot be
read now may be readable later; once it is time for the token, the report is made without it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from client import schedule, values
from client.acceptance import Acceptance
from client.concern import for_both, hindrance
from client.enrolment import Enrolment
from client.errors import KeysUnpublished, OtherLedger
from client.happened import Troubles
from client.journal import Journal
from client.ledger import Ledger
from client.ledger_file import LedgerFile
from client.outbox import Outbox
from client.parcel import Parcel
from client.pausing import Pauses
from client.schedule import Times
from client.surroundings import Surroundings
from privacy.agreement.model import Agreement, AgreementDigest, Role
from privacy.batch import BatchId, Collection
from privacy.errors import LedgerError, NotInForce, PluraleError
from privacy.noise import noisy_measurement
from privacy.report import prepare
from privacy.window import Window
from protos.errors import Unreachable


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes what is due, from what is stored on the device and proven by the ledger.

    `journal()` gives the open journal, or raises `JournalUnusable`.
    """

    enrolment: Enrolment
    pauses: Pauses
    journal: Callable[[], Journal]
    outbox: Outbox
    ledger_file: LedgerFile
    outside: Surroundings

    def prepare(self, ledger: Ledger, troubles: Troubles) -> None:
        """Times and keys of what is to be reported and is not yet; raises `OtherLedger`."""
        now = self.outside.clock()
        for window, acceptance in self._open_windows(now, troubles):
            missing = self._missing(window, acceptance)  # 1
            for batch in missing:
                self._draw(batch, acceptance.agreement, now)  # 2
            if not missing:
                continue
            try:
                self._fetch_keys(ledger, window, acceptance.signed.digest, now)  # 3
            except OtherLedger:
                raise
            except PluraleError as error:
                self._tell(troubles, error, window)
                self._hold_up(missing, error)
        self._say_when_ended(troubles, now)

    def make(self, troubles: Troubles, *, mail_read: bool) -> Iterator[Parcel]:
        """Every report that is prepared and not made yet. `mail_read`: as far as it is to be."""
        now = self.outside.clock()
        for window, acceptance in self._open_windows(now, troubles):
            keys = self.ledger_file.window_keys(window, acceptance.signed.digest)
            missing = [] if keys is None else self._missing(window, acceptance)
            times = {batch: known for batch in missing if (known := self.outbox.times(batch))}
            late = [batch for batch, drawn in times.items() if drawn.fetch <= now]
            if keys is None or not (late or (times and mail_read)):
                continue
            found = self._values(acceptance.agreement, window, troubles)
            for batch in times if mail_read and found is not None else late:
                try:
                    numbers = values.MISSING if found is None else found
                    yield self._make_one(acceptance, times[batch], batch, numbers, keys, now)  # 4
                except PluraleError as error:
                    troubles.add(error, batch)

    def first_unfinished(self) -> Window:
        """The first window that something is still to be made for: those before are done with."""
        now = self.outside.clock()
        window = max(self.enrolment.first_window, self._oldest(now))
        while self._is_finished(window, now):
            window = window.plus(1)
        return window

    def _is_finished(self, window: Window, now: datetime) -> bool:
        """Whether it is over, and nothing can or has to be made for it any more."""
        acceptance = self.enrolment.for_window(window)
        agreement = (acceptance or self.enrolment.newest).agreement
        return now >= agreement.upload_opens(window) and (
            acceptance is None
            or now >= agreement.upload_closes(window)
            or not self._missing(window, acceptance)
        )

    def _open_windows(
        self, now: datetime, troubles: Troubles
    ) -> Iterator[tuple[Window, Acceptance]]:
        window = max(self.enrolment.first_window, self._oldest(now))
        while window <= Window.of(now.date()):
            acceptance = self.enrolment.for_window(window)
            if acceptance is None:
                self._say_when_late(window, troubles)
            elif (
                acceptance.agreement.upload_opens(window)
                <= now
                < acceptance.agreement.upload_closes(window)
            ):
                yield window, acceptance
            window = window.plus(1)

    def _oldest(self, now: datetime) -> Window:
        """No window before it is still open. A week to spare, for time zones."""
        days = max(each.agreement.upload_days for each in self.enrolment.acceptances)
        return Window.of((now - timedelta(days=days + 14)).date())

    def _missing(self, window: Window, acceptance: Acceptance) -> list[BatchId]:
        if self.outbox.reported_under(window) - {acceptance.signed.digest}:
            return []
        return [
            batch
            for batch in acceptance.batches(window)
            if self.outbox.get(batch.task_digest, window) is None
        ]

    def _fetch_keys(
        self, ledger: Ledger, window: Window, agreement: AgreementDigest, now: datetime
    ) -> None:
        if self.ledger_file.window_keys(window, agreement) is None:
            keys = ledger.window_keys(window, agreement)
            self.ledger_file.keep_window_keys(window, agreement, keys, self._oldest(now))

    def _draw(self, batch: BatchId, agreement: Agreement, now: datetime) -> None:
        if self.outbox.times(batch) is None:
            opens = agreement.upload_opens(batch.window)
            closes = agreement.upload_closes(batch.window)
            self.outbox.schedule(batch, schedule.draw(opens, closes, now, self.outside.random))

    def _values(
        self, agreement: Agreement, window: Window, troubles: Troubles
    ) -> Mapping[str, Fraction | None] | None:
        """None if they cannot be computed now."""
        if self.pauses.touches(window, agreement.working_time.zone):
            return values.MISSING
        try:
            return values.compute(agreement, window, self.journal(), self.pauses)
        except PluraleError as error:
            troubles.add(error)
            return None

    def _tell(self, troubles: Troubles, error: PluraleError, window: Window) -> None:
        """What will not change is said once for a window; it is asked again all the same."""
        if not isinstance(error, NotInForce) or self.ledger_file.tell_once(window):
            troubles.add(error)

    def _hold_up(self, missing: list[BatchId], error: PluraleError) -> None:
        """Keep what the council's server did not give: if it never does, that is an alarm."""
        if isinstance(error, KeysUnpublished | Unreachable | LedgerError):
            for batch in missing:
                self.outbox.hold_up(batch, hindrance(error))

    def _say_when_late(self, window: Window, troubles: Troubles) -> None:
        agreement = self.enrolment.newest.agreement
        if agreement.covers(window):
            error = NotInForce(
                f"nothing is reported for {window}: you agreed to version {agreement.version} "
                "after the week had begun"
            )
            self._tell(troubles, error, window)

    def _say_when_ended(self, troubles: Troubles, now: datetime) -> None:
        agreement = self.enrolment.newest.agreement
        beyond = agreement.last_window.plus(1)
        if now >= agreement.upload_opens(beyond):
            error = NotInForce(
                f"the agreement ended with {agreement.last_window}, and nothing is reported any "
                "more: ask the works council for the next version"
            )
            self._tell(troubles, error, beyond)

    def _make_one(
        self,
        acceptance: Acceptance,
        times: Times,
        batch: BatchId,
        found: Mapping[str, Fraction | None],
        keys: Mapping[Role, bytes],
        now: datetime,
    ) -> Parcel:
        collection = Collection.of(acceptance.signed, batch.task, batch.group)
        # The device's own account: it refuses beyond the budget, whatever the servers say.
        self.outbox.budget().charge(
            batch.task_digest,
            batch.window,
            collection.rho,
            acceptance.agreement.privacy.rho_quarter,
        )
        measurement = noisy_measurement(
            collection.encode(found), collection.coordinate_scales, self.outside.noise
        )
        report = prepare(batch, collection, measurement, keys, self.outside.random)
        parcel = Parcel.waiting(report, collection.rho, measurement, made_at=now, times=times)
        self.outbox.add(parcel)
        # Another run may have been quicker: what is stored is what counts.
        return self.outbox.get(batch.task_digest, batch.window) or parcel


def alarm(batch: BatchId, why: str, agreement: Agreement) -> str:
    """Why somebody has to look at a report that was not made before its batch closed."""
    what = (
        f"no report was made for {batch}, since the works council's server did not give the keys "
        f"for it before the batch closed ({why})"
    )
    return for_both(what, agreement)
