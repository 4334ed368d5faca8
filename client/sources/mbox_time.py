"""When a message of an mbox file was delivered.

The earlier of two: the time in the envelope line, and the one in the topmost ``Received``, which
the person's own mail server wrote. The envelope has the time at which a program put the message
into the file, which for a mail that was fetched or moved is later. Envelope times are local ones
unless they name a zone: RFC 4155 asks for UTC, but what writes them (Postfix, procmail, mutt,
Thunderbird) uses local time.

A mail without either has never been through a server: it was put into the file by the program that
the person writes with, and its ``Date`` is from there. Only then is it read; the ``Date`` of a mail
that came from somebody else never is. Nothing was delivered later than the file was changed.
"""

import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

from client.sources.mbox_file import ENVELOPE_DATE

_MONTHS = (
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
)  # fmt: skip
_RECEIVED = re.compile(rb"^Received[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)", re.IGNORECASE | re.MULTILINE)
_DATE = re.compile(rb"^Date[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)", re.IGNORECASE | re.MULTILINE)


def delivery_time(envelope: bytes, block: bytes, changed: datetime) -> datetime | None:
    """In UTC; ``None`` if nothing says it. `changed`: when the file was."""
    received = _RECEIVED.search(block)
    times = [_of_envelope(envelope)]
    if received is not None:
        times.append(_of_header(received[1].rpartition(b";")[2]))
    elif times == [None] and (date := _DATE.search(block)) is not None:
        times.append(_of_header(date[1]))
    known = [time for time in times if time is not None]
    return min([*known, changed]) if known else None


def _of_envelope(envelope: bytes) -> datetime | None:
    match = ENVELOPE_DATE.search(envelope)
    if match is None:
        return None
    try:
        time = datetime(  # noqa: DTZ001 - the zone comes next
            int(match["year"]),
            _MONTHS.index(match["month"]) + 1,
            int(match["day"]),
            int(match["hour"]),
            int(match["minute"]),
            int(match["second"] or 0),
        )
        zone = (match["zone"] or match["zone_after"] or b"").decode()
        return time.replace(tzinfo=_zone(zone)).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _zone(name: str) -> timezone | None:
    """``None`` stands for local time, which a name such as CET stands for as well."""
    if name in ("Z", "UT", "UTC", "GMT"):
        return UTC
    if not name.startswith(("+", "-")):
        return None
    offset = timedelta(hours=int(name[1:3]), minutes=int(name[3:]))
    return timezone(-offset if name[0] == "-" else offset)


def _of_header(value: bytes) -> datetime | None:
    try:
        time = parsedate_to_datetime(" ".join(value.decode("latin-1").split()))
        return (time.replace(tzinfo=UTC) if time.tzinfo is None else time).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
