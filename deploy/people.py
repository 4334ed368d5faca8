"""People of the demonstration: their mail, their activity, their absences, week by week.

Everything a person's device later reads is made here as it would be on a real one: message files
in a Maildir, spans in the activity journal, days away. Drawn from a seed, so a run can be repeated.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from email.utils import format_datetime
from pathlib import Path
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from holidays import country_holidays

from client.activity import Span
from client.journal import Journal
from deploy.scene import MAIL_DOMAIN, Team
from privacy.window import Window

_ZONE: Final = ZoneInfo("Europe/Berlin")
_CLIENTS: Final = ("customer.example", "shop.example", "works.example")
_FLAGS: Final = ":2,S"
_HOLIDAYS: Final = country_holidays("DE", subdiv="BE")
"""As in the agreement: nobody works on them."""


@dataclass(frozen=True, slots=True)
class Person:
    """One member of a team; `number` is unique in the department."""

    number: int
    team: Team

    @property
    def address(self) -> str:
        """The person's address."""
        return f"person{self.number:02}@{MAIL_DOMAIN}"

    def draws(self, window: Window) -> Random:
        """The person's own randomness for a week."""
        return Random(f"{self.number}/{window}")  # noqa: S311 - a demonstration, not a key

    def laptop_on(self, window: Window) -> bool:
        """Whether the device runs in the week; it is off in a holiday without it."""
        return self.draws(window).random() >= self.team.off

    def away(self, window: Window) -> bool:
        """Whether the person is away that week, with the laptop on or off."""
        draws = self.draws(window)
        return draws.random() < self.team.off or draws.random() < self.team.away


@dataclass(frozen=True, slots=True)
class Message:
    """A message file: when it is delivered, in which folder, and its text."""

    at: datetime
    sent: bool
    name: str
    text: str

    def deliver(self, mailbox: Path) -> None:
        """Write it into the Maildir, with its delivery time."""
        folder = mailbox / ".Sent" / "cur" if self.sent else mailbox / "cur"
        target = folder / f"{int(self.at.timestamp())}.{self.name}{_FLAGS}"
        target.write_text(self.text)
        os.utime(target, (self.at.timestamp(), self.at.timestamp()))


def make_mailbox(mailbox: Path) -> None:
    """An empty Maildir with a folder for sent mail."""
    for folder in (mailbox, mailbox / ".Sent"):
        for part in ("cur", "new", "tmp"):
            (folder / part).mkdir(parents=True)


def messages(person: Person, window: Window) -> list[Message]:
    """The mail of a person's week, and its answers, in order of delivery."""
    if person.away(window):
        return []
    return sorted(_week(person, window), key=lambda message: message.at)


def record_activity(person: Person, window: Window, journal: Journal) -> None:
    """Write the week's activity into the journal, or mark the days as away."""
    working = [day for day in window.days[:5] if day not in _HOLIDAYS]
    if person.away(window):
        journal.mark_away(working)
        return
    draws = person.draws(window)
    spans: list[Span] = []
    for day in working:
        opened = datetime.combine(day, time(9), _ZONE).astimezone(UTC)
        moment = opened + timedelta(minutes=draws.randint(-15, 40))
        end = moment + timedelta(minutes=draws.randint(430, 510))
        while moment < end:
            # At the device, then away from it: a call, a meeting, lunch.
            pause = draws.randint(60, 130) if draws.random() < 0.25 else draws.randint(5, 25)
            after = moment + timedelta(minutes=draws.randint(20, 90))
            spans.append(Span(moment, after, active=True))
            moment = after + timedelta(minutes=pause)
            spans.append(Span(after, moment, active=False))
        if draws.random() < 0.15:
            late = moment + timedelta(hours=2)
            spans.append(Span(late, late + timedelta(minutes=draws.randint(10, 50)), active=True))
    journal.record(spans)


def _week(person: Person, window: Window) -> Iterator[Message]:
    draws = person.draws(window)
    # A good week and a bad one differ, and so do people.
    in_time = min(0.98, max(0.05, draws.gauss(person.team.in_time, 0.10)))
    for count in range(draws.randint(7, 15)):
        received = _office_hour(window, draws)
        reference = f"{window}.{person.number}.{count}"
        client = draws.choice(_CLIENTS)
        yield _incoming(person, received, reference, f"anna@{client}")
        if draws.random() < in_time:
            yield _answer(person, _soon(received, draws), reference, f"anna@{client}")
        elif draws.random() < 0.7:
            yield _answer(person, _later(received, draws), reference, f"anna@{client}")
    for count in range(draws.randint(1, 4)):
        at, reference = _office_hour(window, draws), f"{window}.{person.number}.n{count}"
        yield _incoming(
            person, at, reference, "news@shop.example", "List-Id: <news.shop.example>\n"
        )
        at, reference = _office_hour(window, draws), f"{window}.{person.number}.i{count}"
        yield _incoming(person, at, reference, f"colleague@{MAIL_DOMAIN}")


def _incoming(
    person: Person, at: datetime, reference: str, sender: str, extra: str = ""
) -> Message:
    text = (
        f"From: <{sender}>\nTo: <{person.address}>\nSubject: Order {reference}\n"
        f"Date: {format_datetime(at)}\nMessage-ID: <{reference}@in.example>\n{extra}\n"
        "Good day,\nplease tell me how my order is doing.\n"
    )
    return Message(at, sent=False, name=f"{reference}.in", text=text)


def _answer(person: Person, at: datetime, reference: str, client: str) -> Message:
    text = (
        f"From: <{person.address}>\nTo: <{client}>\nSubject: Re: Order {reference}\n"
        f"Date: {format_datetime(at)}\nMessage-ID: <{reference}.re@{MAIL_DOMAIN}>\n"
        f"In-Reply-To: <{reference}@in.example>\nReferences: <{reference}@in.example>\n\n"
        "Good day,\nit is on its way.\n"
    )
    return Message(at, sent=True, name=f"{reference}.re", text=text)


def _office_hour(window: Window, draws: Random) -> datetime:
    day = draws.choice(window.days[:5])
    opened = datetime.combine(day, time(9), _ZONE).astimezone(UTC)
    return opened + timedelta(minutes=draws.randint(0, 470))


def _soon(received: datetime, draws: Random) -> datetime:
    """Within eight hours of work: the same day, or the next working morning."""
    closing = datetime.combine(received.astimezone(_ZONE).date(), time(17), _ZONE).astimezone(UTC)
    answered = received + timedelta(minutes=draws.randint(10, 400))
    if answered <= closing:
        return answered
    return _next_morning(received) + (answered - closing)


def _later(received: datetime, draws: Random) -> datetime:
    """After two to four days."""
    return received + timedelta(days=draws.randint(4, 6), minutes=draws.randint(0, 200))


def _next_morning(moment: datetime) -> datetime:
    day = moment.astimezone(_ZONE).date() + timedelta(days=1)
    while day.weekday() >= 5:
        day += timedelta(days=1)
    return datetime.combine(day, time(9), _ZONE).astimezone(UTC)
