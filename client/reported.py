"""Step 8 of a run (`client.device`): what no later window needs is erased from the journal."""

from datetime import datetime, timedelta

from client import retention
from client.business_hours import BusinessHours
from client.enrolment import Enrolment
from client.journal import Journal
from client.journal_erasing import gone
from client.retention import Mail
from client.sources.base import MessageKey
from privacy.window import Window

_AHEAD = timedelta(weeks=53)
"""Mail that a wrong clock dated ahead is seen too."""


def erase(enrolment: Enrolment, journal: Journal, first: Window, now: datetime) -> None:
    """Erase what no window from `first` on needs (`client.retention`).

    Raises `JournalUnusable`; `JournalInUse` while another program keeps it in the file, and the
    next call does the rest. Raises `UnknownCalendar`, and nothing is erased.
    """
    away, personal = journal.away(), journal.hours.all()
    agreements = [each.agreement for each in enrolment.acceptances]
    ahead = [each for each in agreements if each.last_window >= first] or agreements[-1:]
    terms = [(each, BusinessHours(each.working_time, away, personal)) for each in ahead]
    names = journal.mail_memory()

    def was_here(key: MessageKey) -> bool:
        return gone(key, outgoing=False) in names or gone(key, outgoing=True) in names

    facts = journal.mail(before=now + _AHEAD)
    found = retention.erasable(first, terms, Mail(facts, journal.mail_read_until(), was_here))
    journal.erase(found.before, found.mail, found.away_before, now)
