"""A file that Taskwarrior or Timewarrior exported: its entries, and which of the two wrote it.

Both write a JSON array, Taskwarrior on request (``rc.json.array=off``) one object a line. An entry
of Taskwarrior has a ``uuid``; one of Timewarrior has a ``start`` and none. Everything that is wrong
is told with the place where it is, and no title: the sentence may end up in a log.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

from client.errors import TaskError
from client.tasks import LONGEST_TITLE, is_plain

LARGEST_EXPORT: Final = 64 * 1024 * 1024
"""Bytes: more than 100,000 tasks."""

Entry: TypeAlias = Mapping[str, Any]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Export:
    """`name`: what to call the file. `entries`: in its order, all of one program."""

    name: str
    entries: tuple[Entry, ...]

    @property
    def is_of_tasks(self) -> bool:
        """Whether it is Taskwarrior's. One without entries is nobody's."""
        return any("uuid" in entry for entry in self.entries)

    def place(self, index: int) -> str:
        """How a sentence about an entry begins."""
        return f"{self.name}, entry {index + 1}"


def read(name: str, content: bytes) -> Export:
    """Read an export; raises `TaskError`."""
    if len(content) > LARGEST_EXPORT:
        raise TaskError(
            f"{name} has more than {LARGEST_EXPORT >> 20} MiB: export fewer tasks at a time"
        )
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise TaskError(f"{name} is no text in UTF-8, from byte {error.start + 1} on") from None
    export = Export(name, tuple(_entries(name, text)))
    for index, entry in enumerate(export.entries):
        if not isinstance(entry, dict):
            raise TaskError(f"{export.place(index)}: it is no object: {_EXPECTED}")
        if ("uuid" in entry) != export.is_of_tasks:
            raise TaskError(f"{export.place(index)}: it has no uuid, and others have one")
        if not export.is_of_tasks and "start" not in entry:
            raise TaskError(f"{export.place(index)}: it has no uuid and no start: {_EXPECTED}")
    return export


_EXPECTED: Final = "give what task export or timew export writes"


def _entries(name: str, text: str) -> Sequence[Any]:
    try:
        if text.lstrip().startswith("["):
            return list(_json(text))
        lines = enumerate(text.splitlines(), start=1)
        return [_line(line, number) for number, line in lines if line.strip()]
    except json.JSONDecodeError as error:
        raise TaskError(f"{name}, line {error.lineno}: it is no JSON: {_EXPECTED}") from None
    except (RecursionError, ValueError):  # nested too deep, or a number of too many digits
        raise TaskError(f"{name} is no export: {_EXPECTED}") from None


def _line(line: str, number: int) -> Any:
    try:
        return _json(line)
    except json.JSONDecodeError as error:
        error.lineno = number
        raise


def _json(text: str) -> Any:
    return json.loads(text)


def text_of(entry: Entry, field: str, place: str) -> str:
    """A text that must be there; raises `TaskError`."""
    value = entry.get(field)
    if not isinstance(value, str) or not value.strip():
        raise TaskError(f"{place}: it has no {field}")
    return value


def moment_of(entry: Entry, field: str, place: str) -> datetime:
    """A moment that must be there, like ``20261124T172902Z`` (UTC); raises `TaskError`."""
    written = text_of(entry, field, place)
    try:
        moment = datetime.strptime(written, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise TaskError(f"{place}: its {field} is no time like 20261124T172902Z") from None
    if moment < _EPOCH:
        raise TaskError(f"{place}: its {field} is before 1970")
    return moment


def title_of(written: str) -> str:
    """A title that can be kept and shown: one line, cut off where it is too long."""
    line = "".join(character if is_plain(character) else " " for character in written)
    return " ".join(line.split())[:LONGEST_TITLE].strip()
