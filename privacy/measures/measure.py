"""One thing that a device can compute, with all that is said about it anywhere."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What one person's value for one week looks like.

    A ratio is a part of what was expected, which may be more than the whole: 1 is as expected. A
    bin is a number of hours of which only the range is reported; a category is the place of one
    of the agreed categories, from 0, with "other" as the last.
    """

    SHARE = "share"
    RATIO = "ratio"
    COUNT = "count"
    HOURS = "hours"
    BIN = "bin"
    CATEGORY = "category"

    @property
    def in_percent(self) -> bool:
        """Whether people read the value as a percentage."""
        return self in (Kind.SHARE, Kind.RATIO)


class Source(StrEnum):
    """Which data on the device a measure reads."""

    MAIL = "mail"
    ACTIVITY = "activity"
    TASKS = "tasks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One thing that a device can compute. `title` is what pages call it.

    On the pages and in the consent: `sentence` completes "Each week your device computes …";
    `roll_up` completes "On average, people …" on a result; `missing` completes "There is no value
    if …".

    In docs/measures.md, whole sentences: `what` is computed exactly, and `why` anybody asks;
    `clip` is a starting point for a first agreement, and what to mind; `detail` the cases that
    somebody will ask about; `example` one person's week with its value.
    """

    id: str
    title: str
    kind: Kind
    source: Source
    sentence: str
    roll_up: str
    missing: str
    what: str
    why: str
    clip: str
    example: str
    detail: str = ""
