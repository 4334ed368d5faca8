"""Everything that can be measured at all, with its owner's question and what missing means.

An agreement chooses from this list; every program refuses what is not on it. The texts are what
an employee is shown, so they say what a number is made from and what it never contains
(protocol §3).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """What one person's value for one week looks like."""

    SHARE = "share"
    COUNT = "count"
    HOURS = "hours"
    BIN = "bin"


class Source(StrEnum):
    """Which data on the device a measure reads."""

    MAIL = "mail"
    ACTIVITY = "activity"


@dataclass(frozen=True, slots=True)
class Measure:
    """One thing that a device can compute. `title` is what pages call it.

    `sentence` completes "Each week your device computes …"; `roll_up` completes "On average,
    people …" on a result; `missing` says when there is no value.
    """

    id: str
    title: str
    kind: Kind
    source: Source
    sentence: str
    roll_up: str
    missing: str


_MEASURES = (
    Measure(
        "mail_answered_in_time",
        "Client mails answered in time",
        Kind.SHARE,
        Source.MAIL,
        "the share of client mails that you answered within the agreed business hours, over the "
        "mails whose time ran out that week",
        "answered {value} of their client mails in time",
        "no client mail's time ran out that week",
    ),
    Measure(
        "client_mails_answered",
        "Client mails answered",
        Kind.COUNT,
        Source.MAIL,
        "how many client mails you answered, scaled up to a full week if you were away part of it",
        "answered {value} client mails a week",
        "you were away, or your mail could not be read, for more than half of your working days",
    ),
    Measure(
        "mail_response_hours",
        "Hours to answer a client mail",
        Kind.BIN,
        Source.MAIL,
        "the range in which your median time to answer a client mail lies, in business hours; an "
        "unanswered mail counts as slower than every answered one",
        "took {value} business hours to answer, at the median",
        "no client mail's time ran out that week",
    ),
    Measure(
        "active_hours",
        "Active hours",
        Kind.HOURS,
        Source.ACTIVITY,
        "how many hours your device was in active use, scaled up to a full week if you were away "
        "part of it",
        "were active for {value} hours a week",
        "you were away, or nothing was recorded, for more than half of your working days",
    ),
    Measure(
        "after_hours_share",
        "Active time outside working time",
        Kind.SHARE,
        Source.ACTIVITY,
        "the share of your active time that lies outside the agreed working time",
        "spent {value} of their active time outside working time",
        "no active time was recorded that week",
    ),
    Measure(
        "core_hours_coverage",
        "Core hours with activity",
        Kind.SHARE,
        Source.ACTIVITY,
        "the share of the agreed core hours in which there was any activity; which hours stays "
        "on the device",
        "were active in {value} of the core hours",
        "you were away, or nothing was recorded, for more than half of the core hours",
    ),
)

CATALOGUE: Final = {measure.id: measure for measure in _MEASURES}
"""Every measure by its id."""
