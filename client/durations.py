"""How long something takes: as a person types it, as other programs write it, and as it is shown.

A day is refused everywhere. It can mean 24 hours or a working day, and nobody here can know which.
"""

import re
from datetime import timedelta
from fractions import Fraction
from typing import Final

from client.errors import TaskError

_HOURS: Final = r"(?P<h>[0-9]{1,5}(?:[.,][0-9]{1,3})?)\s*(?:h|hrs?|hours?)"
_MINUTES: Final = r"(?P<m>[0-9]{1,6})\s*(?:m|mins?|minutes?)"
_TYPED: Final = re.compile(rf"(?=.)(?:{_HOURS})?\s*(?:{_MINUTES})?", re.ASCII)
_ISO: Final = re.compile(
    r"PT(?=.)(?:(?P<h>[0-9]{1,5})H)?(?:(?P<m>[0-9]{1,6})M)?(?:(?P<s>[0-9]{1,8})S)?", re.ASCII
)
_DAYS: Final = re.compile(r"[0-9.,]+\s*(?:d|days?|w|wks?|weeks?)\b.*|P(?!T).*", re.ASCII)
_MINUTE: Final = timedelta(minutes=1)


def typed(text: str) -> timedelta:
    """Read ``3h``, ``1h30m``, ``1.5h`` or ``45m``; raises `TaskError`. Zero is a duration."""
    written = text.strip().lower()
    found = _TYPED.fullmatch(written)
    if found is not None:
        hours = Fraction((found["h"] or "0").replace(",", "."))
        return _exact(hours * 3600 + 60 * int(found["m"] or 0))
    if _DAYS.fullmatch(written):
        raise TaskError(
            f"{text!r} can mean days of 24 hours or working days: write it in hours, like 16h"
        )
    raise TaskError(f"{text!r} is no duration: write it like 3h, 1h30m or 45m")


def exported(text: str) -> timedelta:
    """Read what Taskwarrior writes, ``PT1H30M`` or a text as in `typed`; raises `TaskError`."""
    found = _ISO.fullmatch(text.strip())
    if found is None:
        if _DAYS.fullmatch(text.strip()):
            raise TaskError(f"{text!r} can mean days of 24 hours or working days")
        return typed(text)
    hours, minutes, seconds = (int(found[part] or 0) for part in "hms")
    return timedelta(hours=hours, minutes=minutes, seconds=seconds)


def shown(duration: timedelta) -> str:
    """Like ``3 h 05 min``, rounded down to minutes; what is shorter than one is ``0 min``."""
    hours, minutes = divmod(duration // _MINUTE, 60)
    if hours == 0:
        return f"{minutes} min"
    return f"{hours} h" if minutes == 0 else f"{hours} h {minutes:02} min"


def _exact(seconds: Fraction) -> timedelta:
    return timedelta(microseconds=round(seconds * 1_000_000))
