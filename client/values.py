"""From the journal to one exact value, or a missing one, for every measure in the catalogue.

What a measure is given ends where its source's knowledge ends: mail at the moment when every
mailbox was last read, activity where something was recorded. So the same call previews a week that
is not over; afterwards, once the mail has been read, the values do not change any more.

In a pause nothing is known, and an answer that was sent in it is not either. So a window with a
pause in it has no values, and of another one no mail is judged whose time to answer meets a pause.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from types import MappingProxyType
from typing import Final, TypeAlias

from client.activity import Activity
from client.business_hours import BusinessHours
from client.correspondence import Request, requests
from client.intervals import HOUR, Interval, intersection, union
from client.journal import Journal
from client.measures.active_hours import active_hours
from client.measures.after_hours_share import after_hours_share
from client.measures.client_mails_answered import client_mails_answered
from client.measures.core_hours_coverage import core_hours_coverage
from client.measures.mail_answered_in_time import mail_answered_in_time
from client.measures.mail_response_hours import mail_response_hours
from client.pausing import NEVER, Pauses
from client.presence import Presence, presence
from privacy.agreement.model import Agreement, WorkingTime
from privacy.catalogue import CATALOGUE, Source
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


@dataclass(frozen=True, slots=True)
class ActivityEvidence:
    """What the activity measures read.

    `activity` leaves out days away; `counted` also the working days on which nothing was recorded.
    """

    activity: Activity
    counted: Activity
    working: tuple[Interval, ...]
    core: tuple[Interval, ...]
    agreed_core_hours: int
    presence: Presence


Value: TypeAlias = Fraction | None

MAIL_MEASURES: Final[Mapping[str, Callable[[MailEvidence], Value]]] = MappingProxyType(
    {
        "mail_answered_in_time": lambda e: mail_answered_in_time(e.timed, e.judged),
        "client_mails_answered": lambda e: client_mails_answered(
            e.requests, e.judged, e.hours, e.presence
        ),
        "mail_response_hours": lambda e: mail_response_hours(e.timed, e.judged, e.hours),
    }
)

ACTIVITY_MEASURES: Final[Mapping[str, Callable[[ActivityEvidence], Value]]] = MappingProxyType(
    {
        "active_hours": lambda e: active_hours(e.counted, e.presence),
        "after_hours_share": lambda e: after_hours_share(e.activity, e.working),
        "core_hours_coverage": lambda e: core_hours_coverage(
            e.activity, e.core, e.agreed_core_hours
        ),
    }
)


MISSING: Final[Mapping[str, Value]] = MappingProxyType(dict.fromkeys(CATALOGUE))
"""Nothing is known, or nothing is to be told: the values of a window with a pause in it."""


def compute(
    agreement: Agreement, window: Window, journal: Journal, pauses: Pauses = NEVER
) -> Mapping[str, Value]:
    """One person's value of every measure in the catalogue; ``None`` where it is missing.

    Values are in the units of the catalogue: a share from 0 to 1, a count or hours a week, business
    hours. Raises `JournalUnusable`, and `UnknownCalendar` for holidays that nobody lists.
    """
    hours = BusinessHours(agreement.working_time, journal.away())
    mail = mail_evidence(agreement, window, journal, hours, pauses)
    activity = activity_evidence(window, journal, hours)
    values: dict[str, Value] = {}
    for measure in CATALOGUE.values():
        if measure.source is Source.ACTIVITY:
            values[measure.id] = ACTIVITY_MEASURES[measure.id](activity)
        else:
            values[measure.id] = None if mail is None else MAIL_MEASURES[measure.id](mail)
    return MappingProxyType(values)


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


def activity_evidence(window: Window, journal: Journal, hours: BusinessHours) -> ActivityEvidence:
    """What was recorded in the window."""
    zone = hours.working_time.zone
    whole = {
        day: Interval(local_midnight(day, zone), local_midnight(day + timedelta(days=1), zone))
        for day in window.days
    }
    recorded = journal.activity(Interval(window.start(zone), window.end(zone)))
    working = {day: span for day in window.days if (span := hours.working(day)) is not None}
    there = presence(
        window,
        hours,
        (day for day, span in working.items() if intersection(recorded.recorded, (span,))),
    )
    core = tuple(span for day in window.days if (span := hours.core(day)) is not None)
    return ActivityEvidence(
        activity=recorded.within(
            union(span for day, span in whole.items() if day not in hours.away)
        ),
        counted=recorded.within(union(whole[day] for day in there.counted)),
        working=union(working.values()),
        core=core,
        agreed_core_hours=_agreed_core_hours(hours.working_time),
        presence=there,
    )


def _agreed_core_hours(agreed: WorkingTime) -> int:
    """Core hours of a full week, a shorter last one of a day counted as one."""
    start = timedelta(hours=agreed.core_start.hour, minutes=agreed.core_start.minute)
    end = timedelta(hours=agreed.core_end.hour, minutes=agreed.core_end.minute)
    return len(agreed.days) * -(-(end - start) // HOUR)
