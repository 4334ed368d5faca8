"""One person's device, run by run.

1. Mail that is new is read into the journal, unless the person has paused.
2. For every window that is over and still open, and every task that concerns the person, a report
   is made once (`client.making`).
3. What became of earlier reports is asked for and checked (`client.receipts`).
4. Reports whose moment has come get their token (`client.tokens`).
5. Reports whose moment to leave has come are sent, the same bytes at every try (`client.sending`).

A person who paused changes two things: mail is not read while the pause lasts, and a window that it
touches has no values. What is made, asked for and sent, when, and how large it is stays the same.

The council is asked only in a run in which 2, 3 or 4 has something to do. If it showed another
ledger than before, in this run or an earlier one, nothing is made, asked for or sent.
"""

from collections.abc import Sequence
from pathlib import Path

from client import alarm, device_key_file, enrolment_file, making, pausing, receipts, sending
from client.council import Council
from client.enrolment import Enrolment
from client.errors import OtherLedger
from client.happened import Happened, Troubles
from client.journal import Journal
from client.ledger import Ledger
from client.ledger_file import LedgerFile
from client.mail_scan import scan
from client.making import Maker
from client.membership import Membership
from client.outbox import Outbox
from client.parcel import Parcel
from client.pausing import Pauses
from client.surroundings import Surroundings
from client.tokens import Collector
from privacy.batch import BatchId
from privacy.errors import PluraleError


class Device:
    """An enrolled device. Use it as a context manager."""

    def __init__(self, folder: Path, outside: Surroundings) -> None:
        """Open the device's files; raises `NotEnrolled` or another `DeviceError`."""
        self.enrolment: Enrolment = enrolment_file.load(folder)
        self.pauses: Pauses = pausing.load(folder)
        self.folder = folder
        self._outside = outside
        self.journal = Journal(folder / "journal.db")
        self.outbox = Outbox(folder / "outbox.db")
        self._ledger_file = LedgerFile(folder / "ledger.db")
        self._maker = Maker(
            self.enrolment,
            self.pauses,
            self.journal,
            self.outbox,
            self._ledger_file,
            self._outside,
        )
        self._collector = Collector(
            self.enrolment, self.outbox, lambda: device_key_file.load(folder), self._outside
        )

    def __enter__(self) -> "Device":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the device's files."""
        self.journal.close()
        self.outbox.close()
        self._ledger_file.close()

    def run(self) -> Happened:
        """All steps. What goes wrong with one report never holds up another."""
        troubles = Troubles()
        if self.pauses.fault is not None:
            troubles.add(self.pauses.fault)
        mail_read = self._mail_is_read(troubles)  # 1
        if alarm.raised(self.folder) is not None:
            return self._happened(troubles)
        now = self._outside.clock()
        terms = self.enrolment.at(now).council
        with Council(terms) as council, Membership(terms) as membership:
            ledger = Ledger(
                self.folder, self._ledger_file, council, self.enrolment, self._outside.clock
            )
            try:
                made = list(
                    self._maker.make(ledger, troubles, mail_read=mail_read)  # 2
                )
                decided = list(
                    receipts.fetch(self.enrolment, self.outbox, ledger, now, troubles)  # 3
                )
                approved = list(self._collector.collect(ledger, membership, troubles))  # 4
            except OtherLedger as error:
                if alarm.raised(self.folder) is None:  # the evidence could not be kept
                    troubles.add(error)
                return self._happened(troubles)
        sent = list(sending.send(self.enrolment, self.outbox, now, troubles))  # 5
        return self._happened(troubles, made, decided, approved, sent)

    def read_mail(self) -> None:
        """Step 1: nothing while the person has paused. Raises `MailboxUnreadable`."""
        if self.pauses.now(self._outside.clock()):
            return
        sources = [mailbox.source() for mailbox in self.enrolment.mailboxes]
        scan(sources, self.journal, self._outside.clock)

    def checkpoint_seen(self) -> str | None:
        """The newest checkpoint of the ledger that this device relies on, as a signed note."""
        return self._ledger_file.seen()

    def see_to_alarms(self) -> int:
        """The person has seen the alarms about reports, so many. Another ledger stays an alarm."""
        alarming = self.outbox.alarming()
        for parcel in alarming:
            self.outbox.see_to(parcel)
        unmade = self._unmade()
        for batch, _ in unmade:
            self.outbox.see_to_unmade(batch)
        return len(alarming) + len(unmade)

    def alarms(self) -> tuple[str, ...]:
        """What somebody has to look at; said at every run until they have."""
        ledger = alarm.raised(self.folder)
        sentences = [] if ledger is None else [str(ledger)]
        sentences += [receipts.alarm(parcel) for parcel in self.outbox.alarming()]
        sentences += [
            making.alarm(*each, self.enrolment.newest.agreement) for each in self._unmade()
        ]
        return tuple(sentences)

    def _unmade(self) -> list[tuple[BatchId, str]]:
        """Of what batches that are closed the person has no report, and why."""
        now = self._outside.clock()
        return [
            (batch, why)
            for batch, why in self.outbox.unmade()
            if (agreement := self.enrolment.version(batch.agreement)) is None
            or now >= agreement.upload_closes(batch.window)
        ]

    def _mail_is_read(self, troubles: Troubles) -> bool:
        """Whether nothing is to be waited for. A pause is not waited out: that would show."""
        try:
            self.read_mail()
        except PluraleError as error:
            troubles.add(error)
            return False
        return True

    def _happened(
        self,
        troubles: Troubles,
        made: Sequence[Parcel] = (),
        decided: Sequence[Parcel] = (),
        approved: Sequence[Parcel] = (),
        sent: Sequence[Parcel] = (),
    ) -> Happened:
        return Happened(
            made=tuple(made),
            decided=tuple(decided),
            approved=tuple(approved),
            sent=tuple(sent),
            waiting=tuple(self.outbox.waiting()),
            trouble=tuple(troubles),
            alarms=self.alarms(),
        )
