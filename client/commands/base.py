"""What commands share: the time, the week, and an answer from whoever sits there."""

from datetime import UTC, datetime

from client.enrolment import Enrolment
from client.errors import NoConsent
from privacy.window import Window


def right_now() -> datetime:
    """The time (UTC)."""
    return datetime.now(UTC)


def week_of(now: datetime, enrolment: Enrolment) -> Window:
    """The week that runs, where the agreement holds."""
    zone = enrolment.newest.agreement.working_time.zone
    return Window.of(now.astimezone(zone).date())


def ask(question: str) -> str:
    """What somebody types; raises `NoConsent` if nobody is there."""
    try:
        return input(question)
    except (EOFError, RuntimeError):  # nothing to read from, or standard input is closed
        raise NoConsent(
            "this needs an answer, and there is nobody to give it: run it in a terminal"
        ) from None
