"""From the journal to one exact value, or a missing one, for every measure in the catalogue.

What a measure is given ends where its source's knowledge ends: mail at the moment when every
mailbox was last read, activity where something was recorded. So the same call previews a week that
is not over; afterwards, once the mail has been read, the values do not change any more.

In a pause nothing is known, and an answer that was sent in it is not either. So a window with a
pause in it has no values, and of another one no mail is judged whose time to answer meets a pause.
"""

from collections.abc import Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import Final, TypeAlias

from client import activity_evidence, mail_evidence, task_evidence
from client.business_hours import BusinessHours
from client.journal import Journal
from client.pausing import NEVER, Pauses
from privacy.agreement.model import Agreement
from privacy.catalogue import CATALOGUE
from privacy.window import Window

Value: TypeAlias = Fraction | None

MISSING: Final[Mapping[str, Value]] = MappingProxyType(dict.fromkeys(CATALOGUE))
"""Nothing is known, or nothing is to be told: the values of a window with a pause in it."""


def compute(
    agreement: Agreement, window: Window, journal: Journal, pauses: Pauses = NEVER
) -> Mapping[str, Value]:
    """One person's value of every measure in the catalogue; ``None`` where it is missing.

    Values are in the units of the catalogue: a share from 0 to 1, a ratio, a count or hours a week,
    business hours, the place of a category. Raises `JournalUnusable`, and `UnknownCalendar` for
    holidays that nobody lists.
    """
    erased = journal.erased_until()
    if erased is not None and window.start(agreement.working_time.zone) < erased:
        return MISSING  # what is left of it would look like all there was
    hours = BusinessHours(agreement.working_time, journal.away(), journal.hours.all())
    values: dict[str, Value] = dict(MISSING)
    activity = activity_evidence.activity_evidence(agreement, window, journal, hours)
    values |= {name: of(activity) for name, of in activity_evidence.MEASURES.items()}
    mail = mail_evidence.mail_evidence(agreement, window, journal, hours, pauses)
    if mail is not None:
        values |= {name: of(mail) for name, of in mail_evidence.MEASURES.items()}
    tasks = task_evidence.task_evidence(window, journal, hours)
    if tasks is not None:
        values |= {name: of(tasks) for name, of in task_evidence.MEASURES.items()}
    return MappingProxyType(values)
