"""A SQLite file as somebody reads it who has a copy: every row, and where in the file it lies.

What SQL shows has no order unless a column says so. The file has one: on which page a row lies, and
where on the page. (SQLite's documentation: "Database File Format", sections 1.6 and 2.1.)
"""

import sqlite3
import struct
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

Value: TypeAlias = int | float | str | bytes | None

ROWID: Final = "rowid"
"""The name of the hidden row number, where no column stands for it."""

_LEAF_OF_TABLE: Final = 13
_INNER_OF_TABLE: Final = 5
_INNER: Final = frozenset({2, 5})
_INTEGER_SIZES: Final = {0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8, 8: 0, 9: 0}


@dataclass(frozen=True, slots=True)
class Cell:
    """A row of a table, or an entry of an index: `tree`. `overflow`: its next page, 0 for none.

    `values`: by the names of the columns.
    """

    tree: str
    page: int
    offset: int
    overflow: int
    values: dict[str, Value]


def cells(database: bytes) -> list[Cell]:
    """Every row and index entry of a database file that has no write-ahead log beside it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "copy.db"
        path.write_bytes(database)
        with closing(sqlite3.connect(path)) as connection:
            trees = connection.execute(
                "SELECT name, tbl_name, rootpage FROM sqlite_master WHERE rootpage > 0"
            ).fetchall()
            columns = {name: _columns(connection, name, table) for name, table, _ in trees}
    reader = _Reader(database)
    return [cell for name, _, root in trees for cell in reader.tree(name, root, columns[name])]


def _columns(connection: sqlite3.Connection, name: str, table: str) -> list[str]:
    """In the order in which a tree stores them; for a table with row numbers, that one first."""
    info = connection.execute(
        "SELECT name, type, pk FROM pragma_table_info(?)", (table,)
    ).fetchall()
    key = [(column, kind) for column, kind, pk in info if pk]
    rowid = key[0][0] if len(key) == 1 and key[0][1] == "INTEGER" else ROWID
    index = name
    if name == table:
        (hidden,) = connection.execute(
            "SELECT NOT wr FROM pragma_table_list(?)", (table,)
        ).fetchone()
        if hidden:
            return [rowid, *("" if column == rowid else column for column, _, _ in info)]
        (index,) = connection.execute(
            "SELECT name FROM pragma_index_list(?) WHERE origin = 'pk'", (table,)
        ).fetchone()
    stored = connection.execute("SELECT name FROM pragma_index_xinfo(?)", (index,))
    return [rowid if column is None else column for (column,) in stored]


@dataclass(frozen=True)
class _Reader:
    file: bytes

    @property
    def size(self) -> int:
        """Bytes of a page."""
        (size,) = struct.unpack_from(">H", self.file, 16)
        return 65536 if size == 1 else int(size)

    @property
    def usable(self) -> int:
        return self.size - self.file[20]

    def tree(self, name: str, page: int, columns: list[str]) -> Iterator[Cell]:
        """All cells below a page, in the order of their keys."""
        start = (page - 1) * self.size
        header = start + (100 if page == 1 else 0)
        kind = self.file[header]
        (count,) = struct.unpack_from(">H", self.file, header + 3)
        pointers = header + (12 if kind in _INNER else 8)
        for (offset,) in struct.iter_unpack(">H", self.file[pointers : pointers + 2 * count]):
            place = start + offset
            if kind in _INNER:
                yield from self.tree(name, self._page_at(place), columns)
                place += 4
            if kind != _INNER_OF_TABLE:
                yield self._cell(name, page, offset, place, columns, kind == _LEAF_OF_TABLE)
        if kind in _INNER:
            yield from self.tree(name, self._page_at(header + 8), columns)

    def _page_at(self, place: int) -> int:
        (page,) = struct.unpack_from(">I", self.file, place)
        return int(page)

    def _cell(
        self, name: str, page: int, offset: int, place: int, columns: list[str], of_table: bool
    ) -> Cell:
        length, place = _varint(self.file, place)
        numbers: list[Value] = []
        if of_table:
            rowid, place = _varint(self.file, place)
            numbers.append(rowid)
        local = self._local(length, of_table)
        payload = self.file[place : place + local]
        overflow = self._page_at(place + local) if local < length else 0
        following = overflow
        while following:
            start = (following - 1) * self.size
            payload += self.file[start + 4 : start + self.usable]
            following = self._page_at(start)
        found = [*numbers, *_record(payload[:length])]
        values = {column: value for column, value in zip(columns, found, strict=False) if column}
        return Cell(name, page, offset, overflow, values)

    def _local(self, length: int, of_table: bool) -> int:
        """How many bytes of a payload lie on the cell's own page."""
        least = (self.usable - 12) * 32 // 255 - 23
        most = self.usable - 35 if of_table else (self.usable - 12) * 64 // 255 - 23
        if length <= most:
            return length
        some = least + (length - least) % (self.usable - 4)
        return some if some <= most else least


def _record(payload: bytes) -> Iterator[Value]:
    end, at = _varint(payload, 0)
    body = end
    while at < end:
        kind, at = _varint(payload, at)
        size = (kind - 12) // 2 if kind >= 12 else 8 if kind == 7 else _INTEGER_SIZES[kind]
        piece = payload[body : body + size]
        body += size
        yield _value(kind, piece)


def _value(kind: int, piece: bytes) -> Value:
    if kind == 0:
        return None
    if kind in (8, 9):
        return kind - 8
    if kind == 7:
        return float(struct.unpack(">d", piece)[0])
    if kind < 7:
        return int.from_bytes(piece, "big", signed=True)
    return piece.decode() if kind % 2 else piece


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number in SQLite's form, and where the next begins."""
    value = 0
    for n in range(9):
        byte = data[at + n]
        if n == 8:
            return value << 8 | byte, at + 9
        value = value << 7 | byte & 127
        if byte < 128:
            return value, at + n + 1
    raise AssertionError
