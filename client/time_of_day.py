"""``--at HH:MM``: a time on the clock of this computer, and the moment that it means.

In the night in which the clocks are set back an hour comes twice, and both are tried; in the night
in which they are set forward an hour does not come, and is refused.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from client.errors import TaskError

_TIME: Final = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", re.ASCII)
_DAY: Final = timedelta(days=1)


def parse(text: str) -> time:
    """Read ``HH:MM``; raises `TaskError`."""
    found = _TIME.fullmatch(text.strip())
    if found is None:
        raise TaskError(f"{text!r} is no time of day: write it like 9:05 or 17:30")
    return time(int(found[1]), int(found[2]))


def today(at: time, now: datetime) -> datetime:
    """The last moment of this day, not after `now`, at which the clock showed `at` (UTC)."""
    moments = list(_moments(now.astimezone().date(), at))
    past = [moment for moment in moments if moment <= now]
    if past:
        return past[-1]
    if moments:
        raise TaskError(f"today {at:%H:%M} is still to come: give a time that is past")
    raise TaskError(f"there is no {at:%H:%M} today, since the clocks are set forward")


def first_from(start: datetime, at: time, now: datetime) -> datetime:
    """The first moment from `start` on at which the clock showed `at`, not after `now` (UTC).

    So a task that was left running over night or a weekend can be stopped when the work ended.
    """
    begun = start.astimezone()
    # A start at 9:00:20 is shown as 9:00, and 9:00 then means this start.
    if begun.time().replace(second=0, microsecond=0, fold=0) == at:
        return start
    for days in range(3):  # the second may have no such time
        for moment in _moments(begun.date() + days * _DAY, at):
            if start < moment <= now:
                return moment
    raise TaskError(
        f"the clock has not shown {at:%H:%M} since {shown(start)}: give a time between then and now"
    )


def shown(moment: datetime) -> str:
    """Like ``Mon 23 Nov 2026, 09:05``, on the clock of this computer."""
    return f"{moment.astimezone():%a %d %b %Y, %H:%M}"


def _moments(day: date, at: time) -> Iterator[datetime]:
    found: set[datetime] = set()
    for fold in (0, 1):
        written = datetime.combine(day, at.replace(fold=fold))
        moment = written.astimezone(UTC)
        if moment.astimezone().replace(tzinfo=None) == written.replace(fold=0):
            found.add(moment)
    yield from sorted(found)
