"""`mail_response_hours`: the median time to answer a client mail, in business hours."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from client.business_hours import BusinessHours
from client.correspondence import Request
from client.intervals import Interval, hours

UNANSWERED: Final = Fraction(10_000)
"""Stands for "not answered": more hours than a year has (8,784), so it lies beyond every edge that
makes sense, and beyond every time that is measured. It falls in the last bin."""


def mail_response_hours(
    requests: Sequence[Request], judged: Interval, clock: BusinessHours
) -> Fraction | None:
    """The median over the requests whose deadline lies in `judged`.

    It is the time within which at least half of them were answered: of an even number, the lower
    of the two in the middle. A request that is unanswered at the end of `judged` is slower than
    every answered one; leaving it out would flatter whoever answers only what is easy. When fewer
    than half were answered the value is `UNANSWERED`. ``None`` if no deadline lies in `judged`.
    """
    times = sorted(
        UNANSWERED
        if request.answered is None or request.answered >= judged.end
        else hours(clock.business_time(request.asked, request.answered))
        for request in requests
        if request.deadline in judged
    )
    return times[(len(times) - 1) // 2] if times else None
