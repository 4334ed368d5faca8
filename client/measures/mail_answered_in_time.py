"""`mail_answered_in_time`: the share of client mails answered within the agreed business hours."""

from collections.abc import Sequence
from fractions import Fraction

from client.correspondence import Request
from client.intervals import Interval


def mail_answered_in_time(requests: Sequence[Request], judged: Interval) -> Fraction | None:
    """Answered in time / all, over the requests whose deadline lies in `judged`.

    A request belongs to the window of its deadline. So each is judged exactly once, when its time
    is up, and none escapes by staying unanswered. ``None`` if no deadline lies in `judged`.
    """
    due = [request.in_time for request in requests if request.deadline in judged]
    return Fraction(sum(due), len(due)) if due else None
