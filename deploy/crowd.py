"""The devices of several people in one worker process, each with its own folder and files.

On a real device every report has a short-lived process of its own. Here the same code runs for
many people in turn, so that a quarter fits into a minute.
"""

import secrets
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from multiprocessing.connection import Connection
from pathlib import Path

from client import enrol, mailboxes_file
from client.device import Device
from client.happened import Happened
from client.mailboxes import MaildirBox
from client.parcel import Parcel
from client.surroundings import Surroundings
from client.values import compute
from deploy.file_clock import FileClock
from deploy.people import Message, Person, make_mailbox, messages, record_activity
from privacy.batch import BatchId
from privacy.enrolment_code import EnrolmentCode
from privacy.noise import DiscreteGaussian
from privacy.report import ReportId
from privacy.window import Window


@dataclass(frozen=True, slots=True)
class Truth:
    """What only the demonstration knows of one report. On no server.

    `measurement`: the noised numbers that were split. `values`: what they were made from.
    """

    batch: BatchId
    report_id: ReportId
    measurement: tuple[int, ...]
    values: Mapping[str, Fraction | None]


@dataclass(frozen=True, slots=True)
class Day:
    """What happened on the devices of one worker on one day."""

    truths: tuple[Truth, ...]
    sent: tuple[ReportId, ...]
    trouble: tuple[str, ...]


@dataclass
class Member:
    """One person at their device. `unmade`: windows that have begun, until a report is made.

    `values`: what reports of a window are made from. The device erases what it is computed from as
    soon as they are made, so it is computed before.
    """

    person: Person
    folder: Path
    device: Device
    undelivered: list[Message] = field(default_factory=list)
    unmade: list[Window] = field(default_factory=list)
    values: dict[Window, Mapping[str, Fraction | None]] = field(default_factory=dict)

    def live(self, now: datetime) -> None:
        """Receive and answer mail until now."""
        while self.undelivered and self.undelivered[0].at <= now:
            self.undelivered.pop(0).deliver(self.folder / "mail")

    def begin(self, window: Window) -> None:
        """A week begins: its mail is on its way, its activity will be in the journal."""
        self.undelivered += messages(self.person, window)
        self.undelivered.sort(key=lambda message: message.at)
        record_activity(self.person, window, self.device.journal)
        self.unmade.append(window)

    def run(self, now: datetime) -> Happened:
        """One run of the device."""
        agreement = self.device.enrolment.newest.agreement
        self.device.read_mail()
        for window in self.unmade:
            if agreement.upload_opens(window) <= now:
                self.values[window] = compute(agreement, window, self.device.journal)
        happened = self.device.run()
        made = {parcel.batch.window for parcel in happened.made}
        self.unmade = [
            each for each in self.unmade if each not in made and now < agreement.upload_closes(each)
        ]
        return happened


def work(
    people: list[tuple[Person, EnrolmentCode]], directory: Path, agreement: Path, orders: Connection
) -> None:
    """Enrol everybody, then do what is ordered until there are no more orders.

    Orders: ``("begin", window)`` and ``("day", now)``; the answer to a day is a `Day`.
    """
    # Ctrl-C reaches every process of a terminal; the demonstration itself ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    outside = Surroundings(FileClock(directory / "clock"), DiscreteGaussian(), secrets.token_bytes)
    members = [_enrol(*each, directory, agreement, outside) for each in people]
    orders.send(len(members))
    while True:
        try:
            order = orders.recv()
        except (EOFError, ConnectionError):  # the demonstration is gone
            break
        if order is None:
            break
        what, when = order
        if what == "begin":
            for member in members:
                member.begin(when)
            orders.send(None)
        else:
            orders.send(_day(members, when))
    for member in members:
        member.device.close()


def _enrol(
    person: Person, code: EnrolmentCode, directory: Path, agreement: Path, outside: Surroundings
) -> Member:
    folder = directory / "people" / f"{person.number:02}"
    make_mailbox(folder / "mail")
    mailbox = MaildirBox((folder / "mail").absolute(), frozenset({person.address}))
    mailboxes_file.save(folder, [mailbox])
    now = outside.clock()
    enrol.enrol(
        folder,
        enrol.read_signed(agreement, now, known=None),
        code.group,
        code=code,
        answer=lambda: enrol.CONSENT_WORD,
        now=now,
    )
    return Member(person, folder, Device(folder, outside))


def _day(members: list[Member], now: datetime) -> Day:
    truths: list[Truth] = []
    trouble: list[str] = []
    sent: list[ReportId] = []
    for member in members:
        member.live(now)
        if not member.person.laptop_on(Window.of(now.date())):
            continue
        happened = member.run(now)
        truths += _truths(member, happened.made)
        sent += [parcel.report_id for parcel in happened.sent]
        trouble += [str(each) for each in happened.trouble]
        trouble += happened.alarms
    return Day(tuple(truths), tuple(sent), tuple(trouble))


def _truths(member: Member, made: tuple[Parcel, ...]) -> list[Truth]:
    return [
        Truth(
            parcel.batch,
            parcel.report_id,
            parcel.measurement or (),
            dict(member.values[parcel.batch.window]),
        )
        for parcel in made
    ]
