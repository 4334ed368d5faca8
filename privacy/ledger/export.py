"""The whole ledger in one file, in the only form it can have (protocol §8).

JSON lines, each RFC 8785, the last one ending in a newline too::

    {"at":…,"body":…,"index":0,"kind":…,"previous":…}            every entry, as in the tree
    {"opening":{"index":17,"salt":"…","totals":["-4","120"]}}    of results, by their entry's index
    {"checkpoint":"…"}                                           the signed note, last

An opening holds what the hash of a result is over: the salt in hex, and one exact decimal text for
each coordinate. Results whose retention is over have none.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

import rfc8785

from privacy.agreement.codec import integer, list_of, record, spelled
from privacy.errors import BadEntry, InvalidAgreement, InvalidValue
from privacy.ledger import entries
from privacy.release import SALT_SIZE

_MAX_DIGITS: Final = 40
"""Of a total: more than any sum of field elements has."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What the `result` entry at `index` is the hash of, with the release's batch and count."""

    index: int
    salt: bytes = field(repr=False)
    totals: tuple[int, ...]

    def __post_init__(self) -> None:
        """Raise `InvalidValue` for an impossible index or salt."""
        if self.index < 0 or len(self.salt) != SALT_SIZE:
            raise InvalidValue(f"an opening has an index and a salt of {SALT_SIZE} bytes")


@dataclass(frozen=True, slots=True)
class Export:
    """A ledger's entries as in its tree, openings by ascending index, and the signed checkpoint."""

    entries: tuple[bytes, ...]
    openings: tuple[Opened, ...]
    checkpoint: str

    def __post_init__(self) -> None:
        """Raise `InvalidValue` for openings that are doubled or out of order."""
        if any(first.index >= second.index for first, second in pairwise(self.openings)):
            raise InvalidValue("openings stand in the order of their entries, one for each")


@dataclass(frozen=True, slots=True)
class Fault:
    """A line that `encode` does not write. `index`: of the entry it is about, where that shows."""

    index: int | None
    sentence: str


@dataclass(frozen=True, slots=True)
class Lines:
    """What can be read of an export, whole or not.

    `entries`: bytes at each entry's place, whether they are an entry or not. `checkpoint` is empty
    where there is none.
    """

    entries: tuple[bytes, ...]
    openings: tuple[Opened, ...]
    checkpoint: str
    faults: tuple[Fault, ...]


def encode(export: Export) -> bytes:
    """The file."""
    openings = [{"opening": _OPENED.write(each)} for each in export.openings]
    tail = [rfc8785.dumps(each) for each in (*openings, {"checkpoint": export.checkpoint})]
    return b"".join(line + b"\n" for line in (*export.entries, *tail))


def decode(data: bytes) -> Export:
    """Read what `encode` wrote; `BadEntry`, naming the first wrong line, for any other bytes.

    Says nothing about what the entries say: that is for `privacy.ledger.rules`.
    """
    read = read_lines(data)
    if read.faults:
        raise BadEntry(read.faults[0].sentence)
    return Export(read.entries, read.openings, read.checkpoint)


def read_lines(data: bytes) -> Lines:
    """Read an export as far as it goes, with a fault for each line that `encode` does not write."""
    *complete, rest = data.split(b"\n")
    lines = [*complete, rest] if rest else complete
    found: list[bytes] = []
    openings: list[Opened] = []
    checkpoint = ""
    faults: list[Fault] = []
    for number, line in enumerate(lines, start=1):
        last = number == len(lines)
        kind = _kind(line, last=last)
        if kind == _ENTRY and (openings or checkpoint):
            faults.append(Fault(_index(line), f"line {number}: an entry stands behind the others"))
        elif kind == _ENTRY:
            faults += _entry_faults(line, number, len(found))
            found.append(line)
        elif kind == _OPENING:
            faults += _opening(line, number, openings)
        else:
            checkpoint, wrong = _checkpoint(line, number, last=last and not rest)
            faults += wrong
    if not checkpoint and not any("checkpoint" in each.sentence for each in faults):
        faults.append(Fault(None, "the checkpoint, the last line, is missing: the file was cut"))
    return Lines(tuple(found), tuple(openings), checkpoint, tuple(faults))


_ENTRY, _OPENING, _CHECKPOINT = "entry", "opening", "checkpoint"


def _kind(line: bytes, *, last: bool) -> str:
    """What a line is, or was before it was damaged: so that the damage can be named."""
    if line.startswith(b'{"at":'):
        return _ENTRY
    if line.startswith(b'{"opening":'):
        return _OPENING
    if line.startswith(b'{"checkpoint":') or last:
        return _CHECKPOINT
    return _OPENING if b'"totals":' in line else _ENTRY


def _entry_faults(line: bytes, number: int, place: int) -> Iterator[Fault]:
    try:
        entries.decode(line)
    except BadEntry as error:
        yield Fault(place, f"line {number} is not what a ledger writes: {error}")


def _opening(line: bytes, number: int, before: list[Opened]) -> Iterator[Fault]:
    """Add the opening of a line to those before it, also if it stands in the wrong place."""
    try:
        opened = _OPENED.read(_only(line, _OPENING), "")
        if rfc8785.dumps({"opening": _OPENED.write(opened)}) != line:
            raise InvalidValue("it is not in its canonical form")
    except (InvalidAgreement, InvalidValue) as error:
        yield Fault(_index(line), f"line {number} is not an opening of a result: {error}")
        return
    if before and before[-1].index >= opened.index:
        what = "there twice" if before[-1].index == opened.index else "out of its place"
        yield Fault(opened.index, f"line {number}, its opening, is {what}")
    before.append(opened)


def _checkpoint(line: bytes, number: int, *, last: bool) -> tuple[str, list[Fault]]:
    try:
        note = _only(line, _CHECKPOINT)
        if not isinstance(note, str) or rfc8785.dumps({"checkpoint": note}) != line:
            raise InvalidValue("it is not in its canonical form")
        if not last:
            raise InvalidValue("it is not the last line, or the newline after it is missing")
    except InvalidValue as error:
        return "", [Fault(None, f"line {number}, the checkpoint, is not as it is written: {error}")]
    return note, []


def _only(line: bytes, key: str) -> Any:
    """What a line holds under its one key."""
    try:
        table = json.loads(line.decode())
    except (ValueError, RecursionError):
        raise InvalidValue("it is not JSON in UTF-8") from None
    if not isinstance(table, dict) or set(table) != {key}:
        raise InvalidValue(f"it has other keys than {key!r}")
    return table[key]


def _index(line: bytes) -> int | None:
    """The index that a damaged line still shows."""
    match = re.search(rb'"index":([0-9]{1,9})\b', line)
    return int(match[1]) if match else None


def _salt(written: str) -> bytes:
    if not re.fullmatch(rf"[0-9a-f]{{{2 * SALT_SIZE}}}", written):
        raise InvalidValue(f"a salt is {SALT_SIZE} bytes in hex")
    return bytes.fromhex(written)


def _total(written: str) -> int:
    if not re.fullmatch(rf"0|-?[1-9][0-9]{{0,{_MAX_DIGITS - 1}}}", written):
        raise InvalidValue("a total is a whole number as text")
    return int(written)


_OPENED = record(
    Opened,
    {
        "index": integer,
        "salt": spelled(bytes.hex, _salt),
        "totals": list_of(spelled(str, _total)),
    },
)
