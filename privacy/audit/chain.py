"""Which entries are missing, doubled, out of place or changed.

A root proves that something was changed, not what. Each entry names the hash of the one before, so
the file holds every hash but the last twice: computed, and named by the entry after it. Where the
named hashes give the root that the council signed, they are the true ones, and exactly the entries
that do not have them were changed.
"""

from collections.abc import Iterator, Mapping, Sequence

from privacy.audit.finding import Finding
from privacy.ledger.entries import Entry
from privacy.merkle import LeafHash, root_of_leaves


def out_of_place(at_place: Sequence[Entry | None]) -> Iterator[Finding]:
    """Entries that are missing, doubled or not where they belong, by the index each says it has."""
    stated = {entry.index for entry in at_place if entry is not None}
    seen: set[int] = set()
    expected, unreadable = 0, 0
    for entry in at_place:
        if entry is None:
            expected, unreadable = expected + 1, unreadable + 1
            continue
        if entry.index in seen:
            yield Finding(entry.index, "it is there twice")
        elif entry.index < expected - unreadable:
            yield Finding(entry.index, f"it is out of its place, after entry {expected - 1}")
        else:
            yield from _missing(range(expected, entry.index), stated, len(at_place))
            expected = entry.index + 1
        seen.add(entry.index)
        unreadable = 0


def _missing(gap: range, stated: set[int], entries: int) -> Iterator[Finding]:
    if len(gap) > entries:
        yield Finding(gap[0], f"it is missing, and all up to entry {gap[-1]}")
        return
    yield from (Finding(index, "it is missing") for index in gap if index not in stated)


def changed(entries: Mapping[int, Entry], signed_root: bytes | None) -> list[Finding]:
    """Entries that are not what they were; `signed_root` is None where no valid one is known."""
    leaves = {index: entry.leaf for index, entry in entries.items()}
    named = {
        index: entries[index + 1].previous if index + 1 in entries else leaves[index]
        for index in entries
    }
    broken = [index for index in entries if named[index] != leaves[index]]
    whole = list(entries) == list(range(len(entries)))
    if signed_root is not None and whole:
        if _root(leaves) == signed_root:
            return []
        if _root(named) == signed_root:
            return [Finding(index, _CHANGED) for index in broken]
        if not broken or broken == [len(entries) - 2]:
            return [Finding(len(entries) - 1, _LAST_CHANGED)]
    return [Finding(index, _CHANGED) for index in _likely(broken)]


def _likely(broken: Sequence[int]) -> Iterator[int]:
    """The fewest changes that explain links broken behind these entries.

    An entry changed in its body no longer has the hash that the next one names. One changed in what
    it names of the one before breaks both links, so of neighbours the first may be innocent.
    """
    for index in broken:
        if index - 1 in broken or index + 1 not in broken:
            yield index


def _root(leaves: Mapping[int, LeafHash]) -> bytes:
    return root_of_leaves(list(leaves.values()))


_CHANGED = "it was changed: the entry after it names another hash than it has"
_LAST_CHANGED = (
    "it was changed, or one before it was and all behind that one were written anew: the entries "
    "do not have the root that the council signed. An export that somebody else kept, given with "
    "--other FILE, shows where"
)
