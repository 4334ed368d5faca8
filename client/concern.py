"""What somebody has to look at about one report, and what the council has failed to show of it."""

from dataclasses import dataclass
from enum import StrEnum

from privacy.errors import InvalidValue


class Concern(StrEnum):
    """Why there is an alarm. Once a person has seen it, the same one is not said again."""

    WRONG = "wrong answer"
    UNSHOWN = "not shown in time"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Fault:
    """Why it is not known how a report's batch ended: one sentence, with the next step."""

    concern: Concern
    sentence: str

    def __post_init__(self) -> None:
        """Raise `InvalidValue` for a report of which it is known that it is missing."""
        if self.concern is Concern.MISSING:
            raise InvalidValue("a missing report is shown by its ending, not by a fault")
