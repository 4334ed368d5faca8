"""Whatever is done to an export, the audit fails and names the entry it was done to."""

import json
from collections.abc import Iterator
from contextlib import suppress
from functools import cache

import pytest

from privacy.audit.verify import verify
from privacy.errors import BadEntry
from privacy.ledger.entries import BatchReleased
from privacy.ledger.export import decode
from tests.unit.audit.exports import file, index_of, named, said

STRIDE = 211
"""Prime, so that flips fall on every part of a line."""


@cache
def lines() -> tuple[bytes, ...]:
    return tuple(file().splitlines(keepends=True))


def owner(line: bytes) -> int | None:
    """The entry that a line is about; None for the checkpoint."""
    table = json.loads(line)
    if "checkpoint" in table:
        return None
    index: int = table["index"] if "index" in table else table["opening"]["index"]
    return index


def positions() -> Iterator[tuple[int, int | None]]:
    """Places of bytes with the entry of their line: ends and middle of each line, and a stride."""
    start = 0
    for line in lines():
        ends = {start, start + 1, start + len(line) // 2, start + len(line) - 1}
        stride = set(range(start + -start % STRIDE, start + len(line), STRIDE))
        yield from ((place, owner(line)) for place in sorted(ends | stride))
        start += len(line)


def tampered(place: int, bits: int) -> bytes:
    data = bytearray(file())
    data[place] ^= bits
    return bytes(data)


def test_a_changed_byte_anywhere_is_found_and_its_entry_named() -> None:
    missed = []
    for number, (place, entry) in enumerate(positions()):
        audit = verify(tampered(place, (0x01, 0x20, 0x80)[number % 3]))
        found = "the checkpoint" in said(audit) if entry is None else entry in named(audit)
        if audit.held or not found:
            missed.append((place, entry, said(audit)))
    assert missed == []


def test_a_changed_byte_anywhere_is_not_decoded_or_another_ledger() -> None:
    original = decode(file())
    for place, _ in positions():
        with suppress(BadEntry):
            assert decode(tampered(place, 0x01)) != original


def entry_lines() -> range:
    return range(len([line for line in lines() if line.startswith(b'{"at"')]))


def opening_lines() -> range:
    return range(len(entry_lines()), len(lines()) - 1)


def rest(parts: list[bytes]) -> set[int | None]:
    return named(verify(b"".join(parts)))


@pytest.mark.parametrize("place", entry_lines())
def test_a_dropped_entry_is_named(place: int) -> None:
    assert place in rest([*lines()[:place], *lines()[place + 1 :]])


@pytest.mark.parametrize("place", entry_lines())
def test_a_doubled_entry_is_named(place: int) -> None:
    assert place in rest([*lines()[: place + 1], *lines()[place:]])


@pytest.mark.parametrize("place", entry_lines()[:-1])
def test_of_two_swapped_entries_one_is_named_and_nothing_else(place: int) -> None:
    first, second = lines()[place : place + 2]
    found = rest([*lines()[:place], second, first, *lines()[place + 2 :]])
    assert found - {None} == {place}


@pytest.mark.parametrize("place", opening_lines())
def test_a_dropped_opening_is_named_by_its_result(place: int) -> None:
    assert rest([*lines()[:place], *lines()[place + 1 :]]) == {owner(lines()[place])}


@pytest.mark.parametrize("place", opening_lines())
def test_a_doubled_opening_is_named_by_its_result(place: int) -> None:
    assert rest([*lines()[: place + 1], *lines()[place:]]) == {owner(lines()[place])}


@pytest.mark.parametrize("place", opening_lines()[:-1])
def test_of_two_swapped_openings_one_is_named(place: int) -> None:
    first, second = lines()[place : place + 2]
    assert rest([*lines()[:place], second, first, *lines()[place + 2 :]]) == {owner(first)}


@pytest.mark.parametrize("line", range(1, len(lines())))
def test_an_export_cut_off_anywhere_does_not_hold(line: int) -> None:
    audit = verify(b"".join(lines()[:line]))
    assert "the checkpoint, the last line, is missing" in said(audit)


@pytest.mark.parametrize(
    "data", [b"", b"\n", b"{}\n", b"\xff\xfe", b'{"checkpoint":1}\n', b"[" * 9999]
)
def test_what_is_no_export_at_all_does_not_hold(data: bytes) -> None:
    assert not verify(data).held


def test_several_faults_are_all_named() -> None:
    parts = list(lines())
    changed = index_of(BatchReleased, "north", "2026-W04")
    parts[changed] = parts[changed].replace(b'"count":10', b'"count":11')
    first = opening_lines()[0]
    parts[first] = parts[first].replace(b'"salt":"', b'"salt":"0')
    assert {changed, owner(lines()[first])} <= rest(parts)
