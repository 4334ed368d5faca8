"""`client_mails_answered`: how many client mails were answered, as of a full week."""

from collections.abc import Sequence
from fractions import Fraction

from client.business_hours import BusinessHours
from client.correspondence import Request
from client.intervals import Interval
from client.presence import Presence


def client_mails_answered(
    requests: Sequence[Request], judged: Interval, hours: BusinessHours, presence: Presence
) -> Fraction | None:
    """Requests whose first answer was sent in `judged`, on a day that counts, scaled to a week.

    A second answer to the same request counts nothing. An old request counts when it is answered.
    ``None`` below half of the person's working hours.
    """
    answers = (
        request.answered
        for request in requests
        if request.answered is not None and request.answered in judged
    )
    counted = sum(hours.day_of(answer) in presence.counted for answer in answers)
    return presence.scaled(Fraction(counted))
