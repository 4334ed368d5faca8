"""The Merkle tree of RFC 9162 §2.1: one 32-byte name for an ordered list, and proofs about it.

An inclusion proof shows that an entry is in the list with this root; a consistency proof shows
that a longer list only appended to a shorter one. Whoever keeps a long list keeps leaf hashes
rather than entries; each function on entries has its twin on leaf hashes. Whoever only appends
keeps a `Frontier`.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NewType, overload

from privacy.errors import BadConsistency, BadInclusion, InvalidValue

LeafHash = NewType("LeafHash", bytes)
"""The hash of one entry (32 bytes)."""

_LEAF, _NODE = b"\x00", b"\x01"
_HASH_BYTES = 32


def leaf_hash(entry: bytes) -> LeafHash:
    """The hash of a list of one entry."""
    return LeafHash(hashlib.sha256(_LEAF + entry).digest())


def tree_hash(entries: Sequence[bytes]) -> bytes:
    """MTH(D[n]) of the entries, in their order (32 bytes)."""
    return root_of_leaves(_leaves(entries))


def root_of_leaves(leaves: Sequence[LeafHash]) -> bytes:
    """MTH(D[n]) of the entries with these leaf hashes (32 bytes)."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    return _root(leaves, 0, len(leaves))


@dataclass(frozen=True, slots=True)
class Frontier:
    """A tree that grows, as the roots of its full subtrees, the largest first (§2.1.2's stack).

    There is one for each set bit of `size`, so that appending and the root cost O(log n).
    """

    size: int = 0
    roots: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        """Raise `InvalidValue` unless these can be the subtrees of a tree of this size."""
        if self.size < 0 or len(self.roots) != self.size.bit_count() or not _hashes(self.roots):
            raise InvalidValue(f"these are not the subtrees of a tree of {self.size} entries")

    def append(self, leaf: LeafHash) -> "Frontier":
        """The tree with one entry more."""
        roots, node = list(self.roots), bytes(leaf)
        for _ in range(_zeros(~self.size)):  # each set bit at the end: a subtree of that size
            node = _node(roots.pop(), node)
        return Frontier(self.size + 1, (*roots, node))

    def root(self) -> bytes:
        """MTH(D[n]) of what was appended, as `root_of_leaves` (32 bytes)."""
        if not self.roots:
            return root_of_leaves(())
        *larger, node = self.roots
        for subtree in reversed(larger):
            node = _node(subtree, node)
        return node


class Tree(Sequence[LeafHash]):
    """Leaf hashes that grow, with the root of every full subtree kept beside them.

    A proof then costs O(log² n) and not O(n): whoever answers strangers needs that. Twice the
    memory of the leaves.
    """

    def __init__(self) -> None:
        """Start empty."""
        self._levels: list[list[bytes]] = [[]]

    def append(self, leaf: LeafHash) -> None:
        """One entry more."""
        node: bytes = leaf
        for level in range(len(self._levels) + 1):
            if level == len(self._levels):
                self._levels.append([])
            self._levels[level].append(node)
            if len(self._levels[level]) % 2:
                break
            node = _node(*self._levels[level][-2:])

    def __len__(self) -> int:
        return len(self._levels[0])

    @overload
    def __getitem__(self, place: int) -> LeafHash: ...
    @overload
    def __getitem__(self, place: slice) -> list[LeafHash]: ...
    def __getitem__(self, place: int | slice) -> LeafHash | list[LeafHash]:
        if isinstance(place, slice):
            return [LeafHash(leaf) for leaf in self._levels[0][place]]
        return LeafHash(self._levels[0][place])

    def full(self, start: int, stop: int) -> bytes | None:
        """The root of these leaves where they are one full subtree, else None."""
        size = stop - start
        if size & (size - 1) or start % size:
            return None
        return self._levels[size.bit_length() - 1][start // size]

    def root(self, size: int) -> bytes:
        """MTH of the first `size` entries."""
        self._check(size)
        return _root(self, 0, size) if size else root_of_leaves(())

    def inclusion_proof(self, index: int, size: int) -> tuple[bytes, ...]:
        """PATH(index, D[size]), as `inclusion_proof` of the first `size` entries."""
        self._check(size)
        if not 0 <= index < size:
            raise InvalidValue(f"there is no entry {index} in a tree of {size}")
        return tuple(_path(self, index, 0, size))

    def consistency_proof(self, first: int, size: int) -> tuple[bytes, ...]:
        """PROOF(first, D[size]), as `consistency_proof` of the first `size` entries."""
        self._check(size)
        if not 0 <= first <= size:
            raise InvalidValue(f"a tree of {size} entries never had {first}")
        return tuple(_subproof(self, first, 0, size, whole=True)) if first else ()

    def _check(self, size: int) -> None:
        if not 0 <= size <= len(self):
            raise InvalidValue(f"there are {len(self)} entries, not {size}")


def inclusion_proof(entries: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """PATH(index, D[n]) of §2.1.3.1, from the leaf up; `InvalidValue` for no such index."""
    return inclusion_proof_of_leaves(_leaves(entries), index)


def inclusion_proof_of_leaves(leaves: Sequence[LeafHash], index: int) -> tuple[bytes, ...]:
    """PATH(index, D[n]) of the entries with these leaf hashes."""
    if not 0 <= index < len(leaves):
        raise InvalidValue(f"there is no entry {index} in a tree of {len(leaves)}")
    return tuple(_path(leaves, index, 0, len(leaves)))


def consistency_proof(entries: Sequence[bytes], first: int) -> tuple[bytes, ...]:
    """PROOF(first, D[n]) of §2.1.4.1; `InvalidValue` for a `first` beyond the end.

    The RFC leaves out ``first = 0``: an empty list is a part of every list, and the proof is empty.
    """
    return consistency_proof_of_leaves(_leaves(entries), first)


def consistency_proof_of_leaves(leaves: Sequence[LeafHash], first: int) -> tuple[bytes, ...]:
    """PROOF(first, D[n]) of the entries with these leaf hashes."""
    if not 0 <= first <= len(leaves):
        raise InvalidValue(f"a tree of {len(leaves)} entries never had {first}")
    if first == 0:
        return ()
    return tuple(_subproof(leaves, first, 0, len(leaves), whole=True))


def verify_inclusion(
    leaf: LeafHash, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Raise `BadInclusion` unless the leaf is entry `index` of the tree (§2.1.3.2).

    `size` and `root` must come from one signed checkpoint. A root alone does not fix the size:
    some proofs hold for several.
    """
    refused = BadInclusion(f"the proof does not show entry {index} in this tree of {size} entries")
    if not 0 <= index < size or not _hashes((leaf, *proof)):  # 1.
        raise refused
    place, last, node = index, size - 1, bytes(leaf)  # 2., 3. (fn, sn, r)
    for sibling in proof:  # 4.
        if last == 0:  # a.
            raise refused
        if place & 1 or place == last:  # b.
            node = _node(sibling, node)
            skip = _zeros(place)
            place, last = place >> skip, last >> skip
        else:  # c.
            node = _node(node, sibling)
        place, last = place >> 1, last >> 1  # d.
    if last != 0 or node != root:  # 5.
        raise refused


def verify_consistency(
    first_size: int,
    first_root: bytes,
    second_size: int,
    second_root: bytes,
    proof: Sequence[bytes],
) -> None:
    """Raise `BadConsistency` unless the second tree only appended to the first (§2.1.4.2).

    Each size and its root must come from one signed checkpoint.
    """
    refused = BadConsistency(
        f"the tree of {second_size} entries is not shown to continue the one of {first_size}: "
        "entries may have been changed or taken away"
    )
    if not 0 <= first_size <= second_size or not _hashes((first_root, second_root, *proof)):
        raise refused
    if first_size in (0, second_size):
        same = first_size != second_size or first_root == second_root
        empty = first_size != 0 or first_root == root_of_leaves(())
        if proof or not (same and empty):
            raise refused
        return
    if not proof:  # 1.
        raise refused
    power_of_two = first_size & (first_size - 1) == 0
    path = [first_root, *proof] if power_of_two else list(proof)  # 2.
    place, last = first_size - 1, second_size - 1  # 3. (fn, sn)
    skip = _zeros(~place)
    place, last = place >> skip, last >> skip  # 4.
    first = second = path[0]  # 5. (fr, sr)
    for sibling in path[1:]:  # 6.
        if last == 0:  # a.
            raise refused
        if place & 1 or place == last:  # b.
            first, second = _node(sibling, first), _node(sibling, second)
            skip = _zeros(place)
            place, last = place >> skip, last >> skip
        else:  # c.
            second = _node(second, sibling)
        place, last = place >> 1, last >> 1  # d.
    if (first, second, last) != (first_root, second_root, 0):  # 7.
        raise refused


def _leaves(entries: Iterable[bytes]) -> list[LeafHash]:
    return [leaf_hash(entry) for entry in entries]


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(_NODE + left + right).digest()


def _hashes(nodes: Iterable[bytes]) -> bool:
    return all(len(node) == _HASH_BYTES for node in nodes)


def _zeros(number: int) -> int:
    """How many zero bits a number ends in; none for 0, where there is no set bit to stop at."""
    return (number & -number).bit_length() - 1 if number else 0


def _split(start: int, stop: int) -> int:
    """Where the left part ends: it has the largest power of two below the number of leaves."""
    return start + (1 << (stop - start - 1).bit_length() - 1)


def _root(leaves: Sequence[LeafHash], start: int, stop: int) -> bytes:
    known = leaves.full(start, stop) if isinstance(leaves, Tree) else None
    if known is not None:
        return known
    if stop - start == 1:
        return leaves[start]
    middle = _split(start, stop)
    return _node(_root(leaves, start, middle), _root(leaves, middle, stop))


def _path(leaves: Sequence[LeafHash], index: int, start: int, stop: int) -> Iterator[bytes]:
    if stop - start == 1:
        return
    middle = _split(start, stop)
    if index < middle:
        yield from _path(leaves, index, start, middle)
        yield _root(leaves, middle, stop)
    else:
        yield from _path(leaves, index, middle, stop)
        yield _root(leaves, start, middle)


def _subproof(
    leaves: Sequence[LeafHash], first: int, start: int, stop: int, *, whole: bool
) -> Iterator[bytes]:
    """SUBPROOF(m, D[start:stop], b): `first` counts from the start of the whole list.

    `whole` (b): this part is all of the first tree, so its verifier already has the hash.
    """
    if first == stop:
        if not whole:
            yield _root(leaves, start, stop)
        return
    middle = _split(start, stop)
    if first <= middle:
        yield from _subproof(leaves, first, start, middle, whole=whole)
        yield _root(leaves, middle, stop)
    else:
        yield from _subproof(leaves, first, middle, stop, whole=False)
        yield _root(leaves, start, middle)
