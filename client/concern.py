"""What somebody has to look at about one report: what a server failed to give, take or show."""

from dataclasses import dataclass
from enum import StrEnum

from privacy.agreement.model import Agreement
from privacy.errors import InvalidValue, PluraleError
from protos.errors import Unreachable


class Concern(StrEnum):
    """Why there is an alarm. Once a person has seen it, the same one is not said again.

    The first is about its key, the second about its token or the report itself, the next two about
    its token, the others about how its batch ended.
    """

    UNPROVEN = "batch key not proven"
    REFUSED = "refused"
    ALTERED = "token altered"
    DELAYED = "token delayed"
    WRONG = "wrong answer"
    UNSHOWN = "not shown in time"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a report has no token, was not taken, or why it is not known how its batch ended.

    `sentence`: what is wrong, with the next step.
    """

    concern: Concern
    sentence: str

    def __post_init__(self) -> None:
        """Raise `InvalidValue` for a report of which it is known that it is missing."""
        if self.concern is Concern.MISSING:
            raise InvalidValue("a missing report is shown by its ending, not by a fault")


def for_both(what: str, agreement: Agreement) -> str:
    """The sentence of an alarm that either party may be the cause of: tell more than one."""
    return (
        f"{what}; tell the works council and, since either's server may be the cause, the "
        f"employer's data-protection officer (the agreement names: {agreement.contact})"
    )


def hindrance(error: PluraleError) -> str:
    """Why something did not come, as it is said once it is too late."""
    # Its own sentence says that the report will be sent later, and once this is read it will not.
    if isinstance(error, Unreachable):
        return "it could not be reached, which is no accident if other servers could be"
    return str(error)
