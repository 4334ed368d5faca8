"""How single values are written in an entry: each in one way, so that an entry has one form."""

import re
from datetime import UTC, datetime
from fractions import Fraction
from typing import Final

from privacy.agreement.codec import Codec, record, spelled
from privacy.agreement.validate import MAX_ID_LENGTH
from privacy.batch import BatchId
from privacy.errors import InvalidValue
from privacy.window import Window

HASH_BYTES: Final = 32

_MOST_DIGITS: Final = 2000
_TIME: Final = "%Y-%m-%dT%H:%M:%SZ"


def _hash(written: str) -> bytes:
    if not re.fullmatch(rf"[0-9a-f]{{{2 * HASH_BYTES}}}", written):
        raise InvalidValue(f"this must be {HASH_BYTES} bytes in hex")
    return bytes.fromhex(written)


def _name(written: str) -> str:
    if not written.isprintable() or not 0 < len(written) <= MAX_ID_LENGTH:
        raise InvalidValue(f"an id has 1 to {MAX_ID_LENGTH} characters, on one line")
    return written


def _moment(written: str) -> datetime:
    try:
        return datetime.strptime(written, _TIME).replace(tzinfo=UTC)
    except ValueError:
        raise InvalidValue("this must be a time like 2026-02-16T00:00:05Z") from None


def _ratio(written: str) -> Fraction:
    """Any exact number: sums over tasks and versions have more digits than an agreement may."""
    if not re.fullmatch(
        rf"-?[0-9]{{1,{_MOST_DIGITS}}}(/0*[1-9][0-9]{{0,{_MOST_DIGITS}}})?", written
    ):
        raise InvalidValue('this must be an exact number like "1/26"')
    return Fraction(written)


AT: Final[Codec[datetime]] = spelled(lambda at: f"{at.astimezone(UTC):{_TIME}}", _moment)
HASH: Final[Codec[bytes]] = spelled(bytes.hex, _hash)
RATIO: Final[Codec[Fraction]] = spelled(str, _ratio)
WINDOW: Final[Codec[Window]] = spelled(str, Window.parse)
_ID: Final[Codec[str]] = spelled(str, _name)
BATCH: Final[Codec[BatchId]] = record(
    BatchId, {"agreement": HASH, "task": _ID, "group": _ID, "window": WINDOW}
)
