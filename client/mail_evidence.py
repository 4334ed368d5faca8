"""What is known about the mail of one window, for the measures that read it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from types import MappingProxyType
from typing import Final

from client.business_hours import BusinessHours
from client.correspondence import Request, requests
from client.intervals import Interval
from client.journal import Journal
from client.measures.client_mails_answered import client_mails_answered
from client.measures.mail_answered_in_time import mail_answered_in_time
from client.measures.mail_response_hours import mail_response_hours
from client.pausing import Pauses
from client.presence import Presence, presence
from privacy.agreement.model import Agreement
from privacy.window import Window, local_midnight


@dataclass(frozen=True, slots=True)
class MailEvidence:
    """What the mail measures read. `judged` is the part of the window that mail is known for.

    `timed`: the requests whose time to answer no pause met; only of these is it known whether they
    were answered in it.
    """

    judged: Interval
    requests: tuple[Request, ...]
    timed: tuple[Request, ...]
    hours: BusinessHours
    presence: Presence


MEASURES: Final[Mapping[str, Callable[[MailEvidence], Fraction | None]]] = MappingProxyType(
    {
        "mail_answered_in_time": lambda e: mail_answered_in_time(e.timed, e.judged),
        "client_mails_answered": lambda e: client_mails_answered(
            e.requests, e.judged, e.hours, e.presence
        ),
        "mail_response_hours": lambda e: mail_response_hours(e.timed, e.judged, e.hours),
    }
)


def mail_evidence(
    agreement: Agreement,
    window: Window,
    journal: Journal,
    hours: BusinessHours,
    pauses: Pauses,
) -> MailEvidence | None:
    """What is known about the window's mail; ``None`` if no mailbox was read since it began."""
    zone = hours.working_time.zone
    read_until = journal.mail_read_until()
    if read_until is None or read_until <= window.start(zone):
        return None
    judged = Interval(window.start(zone), min(read_until, window.end(zone)))
    covered = {
        day for day in window.days if local_midnight(day + timedelta(days=1), zone) <= judged.end
    }
    found = requests(journal.mail(judged.end), agreement.mail, hours)
    timed = tuple(each for each in found if not pauses.meets(each.asked, each.deadline))
    return MailEvidence(judged, found, timed, hours, presence(window, hours, covered))
