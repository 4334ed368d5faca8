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

from client import enrol
from client.device import Device
from client.enrolment import Mailbox
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
    """One person at their device."""

    person: Person
    folder: Path
    device: Device
    undelivered: list[Message] = field(default_factory=list)

    def live(self, now: datetime) -> None:
        """Receive and answer mail until now."""
        while self.undelivered and self.undelivered[0].at <= now:
            self.undelivered.pop(0).deliver(self.folder / "mail")

    def begin(self, window: Window) -> None:
        """A week begins: its mail is on its way, its activity will be in the journal."""
        self.undelivered += messages(self.person, window)
        self.undelivered.sort(key=lambda message: message.at)
        record_activity(self.person, window, self.device.journal)


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
    mailbox = Mailbox(folder / "mail", frozenset({person.address}))
    now = outside.clock()
    enrol.enrol(
        folder,
        enrol.read_signed(agreement, now, known=None),
        code.group,
        [mailbox],
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
        happened = member.device.run()
        truths += _truths(member.device, happened.made)
        sent += [parcel.report_id for parcel in happened.sent]
        trouble += [str(each) for each in happened.trouble]
        trouble += happened.alarms
    return Day(tuple(truths), tuple(sent), tuple(trouble))


def _truths(device: Device, made: tuple[Parcel, ...]) -> list[Truth]:
    agreement = device.enrolment.newest.agreement
    values = {
        window: compute(agreement, window, device.journal)
        for window in {parcel.batch.window for parcel in made}
    }
    return [
        Truth(
            parcel.batch,
            parcel.report_id,
            parcel.measurement or (),
            dict(values[parcel.batch.window]),
        )
        for parcel in made
    ]
