"""Which entries a chain of hashes says were changed."""

from dataclasses import replace

import pytest

from privacy.audit.chain import changed, out_of_place
from privacy.ledger.entries import Entry
from privacy.merkle import LeafHash, tree_hash
from tests.unit.audit.exports import whole

ROOT = tree_hash(whole().data)
LAST = len(whole().entries) - 1


def with_changes(*changes: Entry) -> dict[int, Entry]:
    """The whole ledger with these entries in place of its own."""
    return {entry.index: entry for entry in (*whole().entries, *changes)}


def other_body(index: int) -> Entry:
    """The entry, with what another one says."""
    return replace(whole().entries[index], body=whole().entries[index - 1].body)


def other_previous(index: int) -> Entry:
    """The entry, naming another one before it."""
    return replace(whole().entries[index], previous=LeafHash(bytes([7]) * 32))


def indices(entries: dict[int, Entry], root: bytes | None) -> list[int | None]:
    return [finding.index for finding in changed(entries, root)]


SIGNED = pytest.mark.parametrize("root", [ROOT, None], ids=["signed", "unsigned"])
"""With names: keys, and so roots, are others in every process."""


@SIGNED
def test_nothing_was_changed_in_a_whole_ledger(root: bytes | None) -> None:
    assert indices(with_changes(), root) == []


@SIGNED
@pytest.mark.parametrize("index", range(1, LAST))
def test_one_changed_entry_is_named_and_no_other(index: int, root: bytes | None) -> None:
    assert indices(with_changes(other_body(index)), root) == [index]
    assert indices(with_changes(other_previous(index)), root) == [index]


def test_the_last_entry_is_named_by_the_signed_root() -> None:
    assert indices(with_changes(other_body(LAST)), ROOT) == [LAST]
    assert indices(with_changes(other_previous(LAST)), ROOT) == [LAST]


def test_neighbours_that_were_both_changed_are_both_named_by_the_signed_root() -> None:
    entries = with_changes(other_body(20), other_body(21), other_body(30))
    assert indices(entries, ROOT) == [20, 21, 30]


def test_without_a_signed_root_the_fewest_changes_are_named() -> None:
    assert indices(with_changes(other_body(20), other_body(21)), None) == [21]


def test_a_chain_signed_with_its_break_is_left_to_the_rules() -> None:
    entries = with_changes(other_previous(20))
    root = tree_hash([entry.data for entry in entries.values()])
    assert indices(entries, root) == []


def places(*wanted: int | None) -> list[int | None]:
    """What is said of the whole ledger's entries in this order; None for one not to be read."""
    entries = [None if index is None else whole().entries[index] for index in wanted]
    return [finding.index for finding in out_of_place(entries)]


@pytest.mark.parametrize(
    ("order", "found"),
    [
        ((0, 1, 2, 3), []),
        ((0, 1, 3), [2]),
        ((0, 1, 1, 2), [1]),
        ((0, 2, 1, 3), [1]),
        ((0, 3, 1, 2, 4), [1, 2]),
        ((1, 2), [0]),
        ((0, None, 2), []),
        ((0, None, None, 2), []),
        ((0, None, 3), [2]),
        ((0, 4, 5), [1, 2, 3]),
        ((0, 9), [1]),
    ],
)
def test_missing_doubled_and_moved_entries_are_named(
    order: tuple[int | None, ...], found: list[int]
) -> None:
    assert places(*order) == found
