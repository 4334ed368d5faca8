"""The file that the council writes its roster in: CSV, one line a member, as spreadsheets save it.

The first line names the columns: ``group``, and ``name`` unless nobody is named. Columns are
separated by commas or semicolons. Nothing else about a person is read.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from privacy.errors import InvalidValue

_BOM: Final = b"\xef\xbb\xbf"
_COLUMNS: Final = ("group", "name")
_FORMULA: Final = ("=", "+", "-", "@")
_SEPARATED: Final = re.compile(r'[,;\t"]')


@dataclass(frozen=True, slots=True)
class Line:
    """`number`: in the file, from 1. `name`: may be empty."""

    number: int
    group: str
    name: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class RosterFile:
    """The lines, and how the file was written, so that the codes can be written likewise."""

    lines: tuple[Line, ...]
    separator: str
    encoding: str


def read(content: bytes) -> RosterFile:
    """Read the whole file; raises `InvalidValue` with the line that is wrong."""
    encoding = "utf-8-sig" if content.startswith(_BOM) else "utf-8"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        raise InvalidValue('it is not UTF-8 text: save it as "CSV UTF-8"') from None
    separator = ";" if ";" in next(iter(text.lstrip().splitlines()), "") else ","
    rows = _rows(text, separator)
    header = next(rows, None)
    if header is None:
        raise InvalidValue("it is empty: write the columns group,name and a line for each member")
    columns = _columns(*header)
    lines = tuple(_line(columns, number, cells) for number, cells in rows)
    if not lines:
        raise InvalidValue("it has no line of a member: write one for each below the columns")
    _check_distinct(lines)
    return RosterFile(lines, separator, encoding)


def _rows(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Rows with their line, without what is empty at their end, and not what is all empty."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    while True:
        number = reader.line_num + 1
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise InvalidValue(f"line {number} is no CSV ({error}): correct it") from None
        if row is None:
            return
        cells = [cell.strip() for cell in row]
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            yield number, cells


def _columns(number: int, cells: Sequence[str]) -> list[str]:
    columns = [cell.lower() for cell in cells]
    for column in columns:
        if column not in _COLUMNS:
            raise InvalidValue(
                f"line {number} names a column {column!r}: there are group and name and no others; "
                "put group,name into the first line, and take every other column out"
            )
    if "group" not in columns or len(set(columns)) < len(columns):
        raise InvalidValue(
            f"line {number} has to name the column group, and no column twice: write group,name"
        )
    return columns


def _line(columns: Sequence[str], number: int, cells: Sequence[str]) -> Line:
    if len(cells) > len(columns):
        raise InvalidValue(
            f"line {number} has {len(cells)} fields under {len(columns)} columns: put a field that "
            "contains the separator into double quotes"
        )
    fields = dict(zip(columns, cells, strict=False))
    group = fields.get("group", "")
    name = unicodedata.normalize("NFC", fields.get("name", ""))
    if not group:
        raise InvalidValue(f"line {number} names no group: write one, or take the line out")
    if not name.isprintable():
        raise InvalidValue(f"line {number} has a name with signs that cannot be printed: retype it")
    # A spreadsheet that opens the codes would take it for a formula, also behind another separator
    # than the file's own.
    for part in _SEPARATED.split(unicodedata.normalize("NFKC", name)):
        if part.strip().startswith(_FORMULA):
            raise InvalidValue(
                f"line {number} has a name with a part that begins with {part.strip()[0]}: "
                "retype it"
            )
    return Line(number, group, name)


def _check_distinct(lines: Sequence[Line]) -> None:
    first: dict[tuple[str, str], int] = {}
    for line in lines:
        before = first.setdefault((line.group, line.name), line.number)
        if line.name and before != line.number:
            raise InvalidValue(
                f"lines {before} and {line.number} have the same name in {line.group}: tell the "
                "two apart, or take one line out"
            )
