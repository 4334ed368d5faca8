"""A person at a device, enrolled in team north, with a mailbox, and both servers on loopback.

The clock stands an hour before WINDOW begins; keys are published for it and the four after it. A
report is made the morning after a window, gets its token in the first half of the upload period and
is sent in the second::

    made = desk.run(at=after()).made
    desk.run(at=fetch(made))       # both get their tokens
    desk.run(at=due(made))         # both are sent
"""

import dataclasses
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from client import enrol, mailboxes_file
from client.device import Device
from client.enrolment import Enrolment
from client.happened import Happened
from client.mailboxes import MaildirBox
from client.parcel import Parcel
from client.surroundings import Surroundings
from privacy.agreement.envelope import SignedAgreement
from privacy.agreement.model import Agreement
from privacy.batch import BatchId
from privacy.enrolment_code import EnrolmentCode
from privacy.groups import GroupId
from privacy.noise import DiscreteGaussian
from privacy.window import Window
from tests.agreements import make_agreement
from tests.council import Council, Employer, Servers, on_loopback, running
from tests.ledgers import Story, started

WINDOW = Window(2026, 5)
BERLIN = ZoneInfo("Europe/Berlin")
OWN = "me@example.com"


@dataclass
class TurnableClock:
    """A clock that stands where it was put."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now


@dataclass
class TickingClock(TurnableClock):
    """One that goes on: every look at it is a millisecond later than the one before."""

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now


@dataclass
class CountingNoise:
    """Real noise that counts how often it was asked for."""

    draws: int = 0

    def draw(self, variance: Fraction, count: int) -> list[int]:
        self.draws += 1
        return DiscreteGaussian().draw(variance, count)


class NoNoise(CountingNoise):
    """What is reported is what was measured."""

    def draw(self, variance: Fraction, count: int) -> list[int]:
        self.draws += 1
        return [0] * count


@dataclass
class Desk:
    """The person's folder and clocks. `servers_clock`: the employer's server's.

    `random`: where the device gets its randomness.
    """

    folder: Path
    story: Story
    servers: Servers
    clock: TurnableClock
    servers_clock: TurnableClock
    noise: CountingNoise = field(default_factory=CountingNoise)
    random: Callable[[int], bytes] = secrets.token_bytes

    @property
    def signed(self) -> SignedAgreement:
        """The first version."""
        return self.story.signed[0]

    @property
    def council(self) -> Council:
        """The council's service."""
        return self.servers.council

    @property
    def employer(self) -> Employer:
        """The employer's service."""
        return self.servers.employer

    def device(self) -> Device:
        """The device, opened; a context manager."""
        return Device(self.folder, Surroundings(self.clock, self.noise, self.random))

    def run(self, at: datetime | None = None) -> Happened:
        """One run of the device, as a process of its own would do it; `at` turns both clocks."""
        if at is not None:
            self.clock.now = self.servers_clock.now = at
        with self.device() as device:
            return device.run()

    def reports(self, window: Window = WINDOW) -> list[Parcel]:
        """Make the reports of a window and send them, as they are kept afterwards."""
        made = self.approved(window)
        happened = self.run(at=due(made))
        assert (len(happened.sent), happened.trouble) == (len(made), ())
        with self.device() as device:
            return [each for each in device.outbox.all() if each.batch.window == window]

    def approved(self, window: Window = WINDOW) -> tuple[Parcel, ...]:
        """Make the reports of a window and get their tokens."""
        made = self.run(at=after(window)).made
        happened = self.run(at=fetch(made))
        assert (len(happened.approved), happened.trouble) == (len(made), ())
        return happened.approved

    def enrols(
        self,
        signed: SignedAgreement,
        at: datetime,
        group: str = "north",
        *,
        code: EnrolmentCode | None = None,
    ) -> Enrolment:
        """The person says yes."""
        return enrol.enrol(
            self.folder,
            signed,
            GroupId(group),
            code=code,
            answer=lambda: enrol.CONSENT_WORD,
            now=at,
        )

    def batch(self, task: str = "headline", window: Window = WINDOW) -> BatchId:
        """A batch that the person reports to, under the first version."""
        group = "north" if task == "headline" else "sales"
        return dataclasses.replace(
            self.story.batch(task, group, str(window)), agreement=self.signed.digest
        )

    def mail(self, name: str, at: datetime, *, answers: str | None = None) -> None:
        """A client mail, or the answer to one, delivered at a moment."""
        sender, to = (
            ("anna@client.example", OWN) if answers is None else (OWN, "anna@client.example")
        )
        text = f"From: {sender}\nTo: {to}\nMessage-ID: <{name}@x>\n"
        if answers is not None:
            text += f"In-Reply-To: <{answers}@x>\n"
        box = self.folder / "mail" / (".Sent" if answers else "")
        (box / "cur" / f"{int(at.timestamp())}.{name}:2,S").write_text(text + "\nHello.\n")


def next_version(desk: Desk, **changes: Any) -> Agreement:
    """A version after the first, from the week after WINDOW on, with another purpose."""
    defaults: dict[str, Any] = {
        "version": 2,
        "first_window": WINDOW.plus(1),
        "purpose": "Something else.",
    }
    return dataclasses.replace(desk.signed.agreement, **(defaults | changes))


def monday(hour: int, minute: int = 0) -> datetime:
    """A moment of WINDOW's first day."""
    return WINDOW.start(BERLIN) + timedelta(hours=hour, minutes=minute)


def after(window: Window = WINDOW) -> datetime:
    """The morning after a window."""
    return window.end(BERLIN) + timedelta(hours=9)


def fetch(parcels: Iterable[Parcel]) -> datetime:
    """When the last of them asks for its token."""
    return max(each.times.fetch for each in parcels)


def due(parcels: Iterable[Parcel]) -> datetime:
    """When the last of them is to be sent."""
    return max(each.due for each in parcels)


@contextmanager
def at_a_desk(
    tmp_path: Path, change: Callable[[Agreement], Agreement] = lambda agreed: agreed
) -> Iterator[Desk]:
    """Everything running. Upload periods do not overlap, so there is one window at a time."""
    agreement = make_agreement(**on_loopback(), upload_days=6)
    story = started(change(agreement))
    for weeks in range(5):
        story.publish(WINDOW.plus(weeks))
    folder = tmp_path / "device"
    for box in ("mail", "mail/.Sent"):
        for part in ("cur", "new", "tmp"):
            (folder / box / part).mkdir(parents=True)
    before = WINDOW.start(BERLIN) - timedelta(hours=1)
    mailboxes_file.save(folder, [MaildirBox(folder / "mail", frozenset({OWN}))])
    servers_clock = TurnableClock(after() + timedelta(days=1))
    with running(story, servers_clock) as servers:
        there = Desk(folder, story, servers, TurnableClock(before), servers_clock)
        code = servers.council.new_code("north")
        there.enrols(story.signed[0], before, code=code)
        servers.council.asked.clear()
        yield there
