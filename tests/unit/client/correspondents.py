"""Random mail between a person and clients over four weeks, and the scans that find it."""

import dataclasses
import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from hypothesis import strategies as st

from client.sources.base import MailFact, MessageKey, StrandKey
from privacy.window import Window
from tests.unit.client.mailbox import BERLIN

FIRST = Window(2026, 5)
WEEKS = 4
_HOURS = WEEKS * 7 * 24
_SOON = timedelta(days=7)
_DOMAINS = ("client.example", "other.example", "example.com")


@dataclass(frozen=True)
class Delivered:
    """A mail, and how long after its delivery it shows in the mailbox."""

    fact: MailFact
    late: timedelta

    def shows_until(self, now: datetime) -> bool:
        """Whether a scan at a moment finds it."""
        return self.fact.received + self.late <= now


def _digest(*parts: object) -> bytes:
    return hashlib.sha256(repr(parts).encode()).digest()


@st.composite
def _delivered(draw: st.DrawFn) -> Delivered:
    number = draw(st.integers(0, 11))
    outgoing = draw(st.booleans())
    hour = draw(st.integers(0, _HOURS - 1))
    references = draw(st.lists(st.integers(0, 11), max_size=3, unique=True))
    fact = MailFact(
        key=MessageKey(_digest("mail", number)),
        received=FIRST.start(BERLIN) + timedelta(hours=hour, minutes=30),
        outgoing=outgoing,
        automated=number % 6 == 5,
        domains=frozenset({draw(st.sampled_from(_DOMAINS))}),
        references=tuple(MessageKey(_digest("mail", each)) for each in references),
        strand=None if outgoing else StrandKey(_digest("strand", draw(st.integers(0, 3)))),
    )
    return Delivered(fact, timedelta(hours=draw(st.sampled_from((0, 0, 0, 5, 23)))))


def _soon(delivered: list[Delivered]) -> list[Delivered]:
    """An answer waits four weeks for a mail that is delivered after it, and not for ever."""
    arrivals: dict[MessageKey, datetime] = {}
    for each in delivered:
        if not each.fact.outgoing:
            key, received = each.fact.key, each.fact.received
            arrivals[key] = max(received, arrivals.get(key, received))
    return [
        Delivered(
            dataclasses.replace(
                each.fact,
                references=tuple(
                    key
                    for key in each.fact.references
                    if arrivals.get(key, FIRST.start(BERLIN)) - each.fact.received <= _SOON
                ),
            ),
            each.late,
        )
        for each in delivered
    ]


mails = st.lists(_delivered(), max_size=25).map(_soon)
"""Often with several copies of a message, as in two folders."""
