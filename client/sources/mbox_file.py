"""Reading the messages of one mbox file from a given place on (RFC 4155).

A message begins with an envelope line: "From ", after an empty line or at the start, that ends in
the date of asctime, or has nothing after it and is followed by a header field. The latter is how
newer versions of Thunderbird write it. All else that begins with "From " is text: programs that
forget to escape it with ">" are many.

`mailbox.mbox` of the standard library is not used. It reads the file as a whole before it gives the
first message, splits at each line that begins with "From ", and cannot go on from where it was.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO, Final

from client.sources.headers import MAX_HEADER_BYTES

ENVELOPE_DATE: Final = re.compile(
    rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? +"
    rb"(?P<month>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) +(?P<day>[0-9]{1,2}) +"
    rb"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2}))?"
    rb"(?: +(?P<zone>[+-][0-9]{4}|[A-Z]{1,5}))?"
    rb" +(?P<year>[0-9]{4})(?: +(?P<zone_after>[+-][0-9]{4}|[A-Z]{1,5}))?\s*$"
)
"""The end of an envelope line. Some programs add a zone, before the year or after it."""

_FIELD = re.compile(rb"[!-9;-~]+[ \t]*:")
_EMPTY = (b"\n", b"\r\n")
_LONGEST_LINE = 64 * 1024


@dataclass(frozen=True, slots=True)
class Letter:
    """A message. `start`: where its envelope line is. `block` is ``None`` beyond the size limit."""

    start: int
    envelope: bytes
    block: bytes | None


def letters(file: BinaryIO, start: int) -> Iterator[Letter]:
    """Messages from `start` on, where an envelope line is.

    One whose header has no end yet is still being written and is left out. The place in the file
    has to be the same when the next message is asked for.
    """
    file.seek(start)
    at, begun, empty = start, start, True
    envelope: bytes | None = None
    block = b""
    for line in iter(partial(file.readline, _LONGEST_LINE), b""):
        if envelope is not None:
            block += line
            if line in _EMPTY or len(block) > MAX_HEADER_BYTES:
                yield Letter(begun, envelope, block if line in _EMPTY else None)
                envelope = None
        elif empty and line.startswith(b"From ") and _is_envelope(file, line):
            begun, envelope, block = at, line, b""
        at += len(line)
        empty = line in _EMPTY


def _is_envelope(file: BinaryIO, line: bytes) -> bool:
    if ENVELOPE_DATE.search(line) is not None:
        return True
    if line.strip() not in (b"From", b"From -"):
        return False
    following = file.readline(_LONGEST_LINE)
    file.seek(-len(following), 1)
    return _FIELD.match(following) is not None
