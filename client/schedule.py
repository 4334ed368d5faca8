"""When a device asks for a token and when it uploads: drawn at random, once (protocol §4.7).

If either happened when a person opens the laptop, its time would tell when that is. So both times
of a task and window are drawn in the first run after the window, and stored before anything else
happens about it. Mail, activity and pauses have no part in them::

    opens                      middle                       end     closes
      |------- fetch -----------|---------- due ------------|  SPARE  |

The token is asked for in the first half and the report leaves in the second, each at a uniform
moment that says nothing about the other. A device that first runs later draws from what is left.
After the end nothing is drawn any more: what is due then is due at once, and stays so.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

SPARE: Final = timedelta(days=1)
"""Kept free at the end of the upload period, for devices that are off or servers that are."""

_RESOLUTION_BYTES: Final = 8

_Random = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Times:
    """From `fetch` on the council is asked for a token, from `due` on the report is sent."""

    fetch: datetime
    due: datetime


def draw(opens: datetime, closes: datetime, now: datetime, random: _Random) -> Times:
    """Both times, never before `now`. `random(n)` returns n fresh random bytes.

    After the middle, `fetch` is drawn from now on and `due` from `fetch` on. A period that is
    nearly over gives `now` twice.
    """
    last = end(closes)
    middle = _middle(opens, last)
    if now < middle:
        return Times(_between(max(opens, now), middle, random), _between(middle, last, random))
    fetch = _between(now, last, random)
    return Times(fetch, _between(fetch, last, random))


def after_token(
    times: Times, opens: datetime, closes: datetime, now: datetime, random: _Random
) -> Times:
    """The times once the token is there, which is now.

    A token that comes after the middle gets a new `due`: the old one may be over, and then the two
    would leave together. After the end they do: there may be no later run in time.
    """
    last = end(closes)
    if now < _middle(opens, last):
        return times
    if now >= last:
        return Times(times.fetch, min(times.due, now))
    return Times(times.fetch, _between(now, last, random))


def end(closes: datetime) -> datetime:
    """When the last day begins: from then on everything is due at once."""
    return closes - SPARE


def _middle(opens: datetime, last: datetime) -> datetime:
    return opens + (last - opens) / 2


def _between(first: datetime, last: datetime, random: _Random) -> datetime:
    """A uniform moment between the two; the first if they are the wrong way round."""
    fraction = int.from_bytes(random(_RESOLUTION_BYTES), "big") / 256**_RESOLUTION_BYTES
    return first + max(last - first, timedelta(0)) * fraction
