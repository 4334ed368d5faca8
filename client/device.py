"""One person's device, run by run.

1. For every window that is over and still open, and every task that concerns the person, times are
   drawn and keys fetched, once (`client.making`).
2. What became of earlier reports is asked for and checked (`client.receipts`).
3. Reports whose moment has come get their token (`client.tokens`). One that could not be made yet,
   since mail or the journal could not be read, is made without them before anybody is asked.
4. Reports whose moment to leave has come are sent, the same bytes at every try (`client.sending`),
   but not in a run that asks for a token, of any week: the two would be seconds apart, and the
   token request says who asks. A report that has to leave today goes first, and 3 waits; only a
   token and a report of one batch, on its last day, cannot wait for each other.
5. Mail that is new is read into the journal, unless the person has paused.
6. Reports are made, from what is stored: nobody is asked (`client.making`).
7. A report that was made just now, on the last day of its batch, goes through 3 and 4 at once. Any
   other waits for the next run, whoever made it late and why.
8. What was recorded and no later window needs is erased (`client.retention`): of windows whose
   reports are all made, or whose batches are closed.
9. What the watcher has to know of the agreement is written again, if it is not there.

All that a server sees of a run comes before mail is touched, and the connections are closed by
then: how long reading and computing took would show a pause. Only 7 cannot wait.

A person who paused changes two things: mail is not read while the pause lasts, and a window that it
touches has no values. What is made, asked for and sent, when, and how large it is stays the same.

The council is asked only in a run in which 1, 2, 3 or 7 has something to do. If it showed another
ledger than before, in this run or an earlier one, nothing is made, asked for or sent.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from client import (
    alarm,
    device_key_file,
    enrolment_file,
    mailboxes_file,
    making,
    pausing,
    receipts,
    reported,
    schedule,
    sending,
    watch_rules,
)
from client.council import Council
from client.enrolment import Enrolment
from client.errors import JournalUnusable, NotEnrolled, OtherLedger, SettingsUnusable
from client.happened import Happened, Running, Troubles
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
        self._journal = _opened(folder / "journal.db")
        self.outbox = Outbox(folder / "outbox.db")
        self._ledger_file = LedgerFile(folder / "ledger.db")
        self._check_not_leaving()
        self._maker = Maker(
            self.enrolment,
            self.pauses,
            lambda: self.journal,
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
        if isinstance(self._journal, Journal):
            self._journal.close()
        self.outbox.close()
        self._ledger_file.close()

    @property
    def journal(self) -> Journal:
        """Raises `JournalUnusable`: a report that is due is made without it all the same."""
        if isinstance(self._journal, JournalUnusable):
            raise self._journal
        return self._journal

    def run(self) -> Happened:
        """All steps. What goes wrong with one report never holds up another."""
        run = Running()
        if self.pauses.fault is not None:
            run.troubles.add(self.pauses.fault)
        stopped = alarm.raised(self.folder) is not None
        try:
            if not stopped:
                run.made += self._maker.make(run.troubles, mail_read=False)  # for 3
                self._ask_and_send(run)  # 1 to 4
            mail_read = self._mail_is_read(run.troubles)  # 5
            if not stopped:
                made = list(self._maker.make(run.troubles, mail_read=mail_read))  # 6
                run.made += made
                self._catch_up(made, run)  # 7
        except OtherLedger as error:
            if alarm.raised(self.folder) is None:  # the evidence could not be kept
                run.troubles.add(error)
        self._erase_reported(run.troubles)  # 8
        self._tell_watcher(run.troubles)  # 9
        return run.happened(self.outbox.waiting(), self.alarms())

    def _ask_and_send(self, run: Running) -> None:
        with self._council() as (ledger, membership):
            self._maker.prepare(ledger, run.troubles)  # 1
            now = self._outside.clock()
            run.decided += receipts.fetch(
                self.enrolment, self.outbox, ledger, now, run.troubles
            )  # 2
            wanted = self._wanted(self.outbox.waiting())
            run.approved += self._collector.collect(wanted, ledger, membership, run.troubles)  # 3
        waiting = self.outbox.waiting()
        self._send([each for each in waiting if not wanted or self._last_day(each)], run)  # 4

    def _catch_up(self, made: list[Parcel], run: Running) -> None:
        late = [each for each in made if self._last_day(each)]
        if not late:
            return
        with self._council() as (ledger, membership):
            approved = list(self._collector.collect(late, ledger, membership, run.troubles))  # 3
        run.approved += approved
        self._send(approved, run)  # 4

    def _wanted(self, waiting: list[Parcel]) -> list[Parcel]:
        """What a token is asked for. A report that has to leave today has the run to itself."""
        wanted = self._collector.wanted(waiting)
        if any(each.token is not None and self._last_day(each) for each in waiting):
            return [each for each in wanted if self._last_day(each)]
        return wanted

    def _last_day(self, parcel: Parcel) -> bool:
        agreement = (
            self.enrolment.version(parcel.batch.agreement) or self.enrolment.newest.agreement
        )
        closes = agreement.upload_closes(parcel.batch.window)
        return self._outside.clock() >= schedule.end(closes)

    def _send(self, parcels: list[Parcel], run: Running) -> None:
        run.sent += sending.send(
            parcels, self.enrolment, self.outbox, self._outside.clock, run.troubles
        )

    @contextmanager
    def _council(self) -> Iterator[tuple[Ledger, Membership]]:
        clock = self._outside.clock
        terms = self.enrolment.at(clock()).council
        with Council(terms) as council, Membership(terms) as membership:
            ledger = Ledger(self.folder, self._ledger_file, council, self.enrolment, clock)
            yield ledger, membership

    def read_mail(self) -> None:
        """Step 5: nothing while the person has paused.

        Raises `MailboxUnreadable`, `SettingsUnusable` or `JournalUnusable`.
        """
        if self.pauses.now(self._outside.clock()):
            return
        sources = [mailbox.source() for mailbox in mailboxes_file.load(self.folder)]
        scan(sources, self.journal, self._outside.clock, self.pauses)

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

    def _erase_reported(self, troubles: Troubles) -> None:
        try:
            first, now = self._maker.first_unfinished(), self._outside.clock()
            reported.erase(self.enrolment, self.journal, first, now)
        except PluraleError as error:
            troubles.add(error)

    def _tell_watcher(self, troubles: Troubles) -> None:
        if not (self.folder / enrolment_file.FILE_NAME).exists():
            return  # the person left meanwhile
        try:
            watch_rules.keep(self.folder, self.enrolment.watch_rules())
        except SettingsUnusable as error:
            troubles.add(error)

    def _check_not_leaving(self) -> None:
        """Raise `NotEnrolled` if the person leaves just now (`client.leaving`).

        What was opened before this is erased with the rest.
        """
        if not (self.folder / enrolment_file.FILE_NAME).exists():
            self.close()
            raise NotEnrolled("this device is not enrolled any more, since its person leaves")


def _opened(path: Path) -> Journal | JournalUnusable:
    try:
        return Journal(path)
    except JournalUnusable as error:
        return error
