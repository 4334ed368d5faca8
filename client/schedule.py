"""When a report is sent: drawn at random, whatever the person did (protocol §4.7).

If reports left when a person opens the laptop, their times would tell when that is.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

SPARE: Final = timedelta(days=1)
"""Kept free at the end of the upload period, for devices that are off or servers that are."""

_RESOLUTION_BYTES: Final = 8


def draw(
    opens: datetime, closes: datetime, now: datetime, random: Callable[[int], bytes]
) -> datetime:
    """A moment, uniform between now (or `opens`) and a day before `closes`.

    A period that is nearly over gives `now`. `random(n)` returns n fresh random bytes.
    """
    first = max(opens, now)
    room = max(closes - SPARE - first, timedelta(0))
    fraction = int.from_bytes(random(_RESOLUTION_BYTES), "big") / 256**_RESOLUTION_BYTES
    return first + room * fraction
