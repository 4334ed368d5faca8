"""The tree and its proofs against RFC 9162 §2.1, written out again, and published values."""

import hashlib
from collections.abc import Iterator
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.errors import BadConsistency, BadInclusion, InvalidValue
from privacy.merkle import (
    Tree,
    consistency_proof,
    consistency_proof_of_leaves,
    inclusion_proof,
    inclusion_proof_of_leaves,
    leaf_hash,
    root_of_leaves,
    tree_hash,
    verify_consistency,
    verify_inclusion,
)

# The eight leaves that implementations of RFC 6962 and RFC 9162 test with, and the roots of the
# first n of them.
LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = {
    0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    4: "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    5: "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    6: "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


def definition(entries: list[bytes]) -> bytes:
    """MTH as the RFC defines it: k is found by doubling."""
    n = len(entries)
    if n == 0:
        return hashlib.sha256().digest()
    if n == 1:
        return hashlib.sha256(bytes([0]) + entries[0]).digest()
    k = 1
    while 2 * k < n:
        k *= 2
    left, right = definition(entries[:k]), definition(entries[k:])
    return hashlib.sha256(bytes([1]) + left + right).digest()


@pytest.mark.parametrize("size", list(ROOTS))
def test_the_published_roots(size: int) -> None:
    assert tree_hash(LEAVES[:size]).hex() == ROOTS[size]


@given(st.lists(st.binary(max_size=20), max_size=70))
def test_the_tree_hash_is_that_of_the_rfc(entries: list[bytes]) -> None:
    assert tree_hash(entries) == definition(entries)


@pytest.mark.parametrize("size", [1, 2, 3, 31, 32, 33, 255, 256, 257, 1000])
def test_sizes_around_powers_of_two(size: int) -> None:
    entries = [number.to_bytes(16, "big") for number in range(size)]
    assert tree_hash(entries) == definition(entries)


def test_a_leaf_is_no_node() -> None:
    """Without the two prefixes, a list of two could pass for a list of one."""
    two = [b"a", b"b"]
    forged = b"".join(hashlib.sha256(b"\0" + entry).digest() for entry in two)
    assert tree_hash([forged]) != tree_hash(two)


@given(st.lists(st.binary(min_size=1, max_size=4), min_size=2, max_size=20, unique=True))
def test_the_order_matters(entries: list[bytes]) -> None:
    assert tree_hash(entries[::-1]) != tree_hash(entries)


# --- Proofs ---------------------------------------------------------------------------------------

SIZES = range(1, 201)
ENTRIES = [b"entry %d" % number for number in range(SIZES[-1])]
HASHES = [leaf_hash(entry) for entry in ENTRIES]
ROOT_OF = [tree_hash(ENTRIES[:size]) for size in range(len(ENTRIES) + 1)]

# Published with the leaves above: (index, size) and (first size, second size), each with the proof.
PUBLISHED_INCLUSION = {
    (0, 1): "",
    (0, 8): (
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
    ),
    (5, 8): (
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"
    ),
    (2, 3): "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    (1, 5): (
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
    ),
}
PUBLISHED_CONSISTENCY = {
    (1, 1): "",
    (1, 8): (
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
    ),
    (6, 8): (
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"
    ),
    (2, 5): (
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
    ),
    (6, 7): (
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
        "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f"
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"
    ),
}


def k_of(n: int) -> int:
    k = 1
    while 2 * k < n:
        k *= 2
    return k


@cache
def mth(start: int, stop: int) -> bytes:
    """MTH(D[start:stop]) of ENTRIES."""
    return definition(ENTRIES[start:stop])


@cache
def path(m: int, start: int, stop: int) -> tuple[bytes, ...]:
    """PATH(m, D[start:stop]) of ENTRIES, in the RFC's words."""
    n = stop - start
    if n == 1:
        return ()
    k = k_of(n)
    if m < k:
        return (*path(m, start, start + k), mth(start + k, stop))
    return (*path(m - k, start + k, stop), mth(start, start + k))


@cache
def subproof(m: int, start: int, stop: int, b: bool) -> tuple[bytes, ...]:
    """SUBPROOF(m, D[start:stop], b) of ENTRIES, in the RFC's words."""
    n = stop - start
    if m == n:
        return () if b else (mth(start, stop),)
    k = k_of(n)
    if m <= k:
        return (*subproof(m, start, start + k, b), mth(start + k, stop))
    return (*subproof(m - k, start + k, stop, False), mth(start, start + k))


def sides(m: int, n: int) -> list[bool]:
    """For each node of PATH(m, D[n]), whether it stands on the left: all that a verifier uses."""
    if n == 1:
        return []
    k = k_of(n)
    return [*sides(m, k), False] if m < k else [*sides(m - k, n - k), True]


def rebuilt(m: int, n: int, b: bool, root: bytes, proof: list[bytes]) -> tuple[bytes, bytes]:
    """Both roots that PROOF(m, D[n]) speaks of, taking nodes off the end of the proof."""
    if m == n:
        known = root if b else proof.pop()
        return known, known
    k = k_of(n)
    sibling = proof.pop()
    if m <= k:
        first, second = rebuilt(m, k, b, root, proof)
        return first, hashlib.sha256(b"\1" + second + sibling).digest()
    first, second = rebuilt(m - k, n - k, False, root, proof)
    left = b"\1" + sibling
    return hashlib.sha256(left + first).digest(), hashlib.sha256(left + second).digest()


def included(index: int, size: int, proof: tuple[bytes, ...], leaf: int, root: bytes) -> bool:
    try:
        verify_inclusion(HASHES[leaf], index, size, proof, root)
    except BadInclusion:
        return False
    return True


def consistent(
    first: int, second: int, proof: tuple[bytes, ...], roots: tuple[bytes, bytes]
) -> bool:
    try:
        verify_consistency(first, roots[0], second, roots[1], proof)
    except BadConsistency:
        return False
    return True


def spoilt(proof: tuple[bytes, ...]) -> Iterator[tuple[bytes, ...]]:
    """The proof with one node altered, shortened, dropped, added, doubled or swapped."""
    stranger = hashlib.sha256(b"stranger").digest()
    for place in range(len(proof) + 1):
        before, after = proof[:place], proof[place:]
        yield (*before, stranger, *after)
        if not after:
            continue
        node, rest = after[0], after[1:]
        yield (*before, bytes([node[0] ^ 1]) + node[1:], *rest)
        yield (*before, node[:-1] + bytes([node[-1] ^ 128]), *rest)
        yield (*before, node[:-1], *rest)
        yield (*before, node + b"\0", *rest)
        yield (*before, *rest)
        yield (*before, node, *after)
        if rest:
            yield (*before, rest[0], node, *rest[1:])


@pytest.mark.parametrize("place", list(PUBLISHED_INCLUSION))
def test_the_published_inclusion_proofs(place: tuple[int, int]) -> None:
    index, size = place
    proof = inclusion_proof(LEAVES[:size], index)
    assert b"".join(proof).hex() == PUBLISHED_INCLUSION[place]
    verify_inclusion(leaf_hash(LEAVES[index]), index, size, proof, bytes.fromhex(ROOTS[size]))


@pytest.mark.parametrize("sizes", list(PUBLISHED_CONSISTENCY))
def test_the_published_consistency_proofs(sizes: tuple[int, int]) -> None:
    first, second = sizes
    proof = consistency_proof(LEAVES[:second], first)
    assert b"".join(proof).hex() == PUBLISHED_CONSISTENCY[sizes]
    roots = bytes.fromhex(ROOTS[first]), bytes.fromhex(ROOTS[second])
    verify_consistency(first, roots[0], second, roots[1], proof)


def test_inclusion_proofs_of_all_sizes_are_those_of_the_rfc_and_hold() -> None:
    for size in SIZES:
        for index in range(size):
            proof = inclusion_proof_of_leaves(HASHES[:size], index)
            assert proof == path(index, 0, size)
            verify_inclusion(HASHES[index], index, size, proof, ROOT_OF[size])


def test_consistency_proofs_of_all_sizes_are_those_of_the_rfc_and_hold() -> None:
    for second in SIZES:
        for first in range(1, second + 1):
            proof = consistency_proof_of_leaves(HASHES[:second], first)
            assert proof == subproof(first, 0, second, True)
            verify_consistency(first, ROOT_OF[first], second, ROOT_OF[second], proof)


@given(st.lists(st.binary(max_size=9), min_size=1, max_size=40), st.data())
def test_entries_and_their_leaf_hashes_give_the_same(
    entries: list[bytes], data: st.DataObject
) -> None:
    leaves = [leaf_hash(entry) for entry in entries]
    index = data.draw(st.integers(0, len(entries) - 1))
    assert root_of_leaves(leaves) == tree_hash(entries)
    assert inclusion_proof_of_leaves(leaves, index) == inclusion_proof(entries, index)
    assert consistency_proof_of_leaves(leaves, index) == consistency_proof(entries, index)


def test_each_wrong_index_leaf_and_root_is_refused() -> None:
    for size in (*range(1, 34), 63, 64, 65, 199, 200):
        for index in range(size):
            proof, root = path(index, 0, size), ROOT_OF[size]
            for wrong in (-1, *range(size + 2)):
                if wrong == index:
                    continue
                assert not included(wrong, size, proof, index, root)
                if wrong in range(size):
                    assert not included(index, size, proof, wrong, root)
            for wrong in {size - 1, (size + 1) % len(ROOT_OF)}:
                assert not included(index, size, proof, index, ROOT_OF[wrong])


def test_a_wrong_size_is_refused_unless_the_proof_has_the_same_shape_there() -> None:
    """The root alone does not fix the size; that is why both come from one checkpoint."""
    held = 0
    for size in range(1, 34):
        for index in range(size):
            for wrong in (-1, *range(70)):
                same = index < wrong and sides(index, wrong) == sides(index, size)
                proof = path(index, 0, size)
                assert included(index, wrong, proof, index, ROOT_OF[size]) == same
                held += same and wrong != size
    assert held > 0


def test_each_spoilt_inclusion_proof_is_refused() -> None:
    for size in (*range(1, 34), 100, 200):
        for index in range(size):
            for proof in spoilt(path(index, 0, size)):
                assert not included(index, size, proof, index, ROOT_OF[size])


def test_nodes_cannot_be_cut_elsewhere() -> None:
    """One byte moved from a node to its neighbour hashes alike; only the lengths tell."""
    leaf = leaf_hash(b"a")
    sibling = leaf_hash(b"b")
    root = tree_hash([b"a", b"b"])
    moved = type(leaf)(leaf + sibling[:1])
    with pytest.raises(BadInclusion):
        verify_inclusion(moved, 0, 2, (sibling[1:],), root)


def test_a_first_root_cannot_be_cut_elsewhere() -> None:
    """Where it is a part of the second tree, the proof starts from it as it is given."""
    cut = ROOT_OF[1][:-1], ROOT_OF[2]
    assert not consistent(1, 2, (ROOT_OF[1][-1:] + HASHES[1],), cut)


def test_a_part_of_a_tree_does_not_pass_for_a_tree_of_one() -> None:
    assert included(1, 2, (HASHES[0],), 1, ROOT_OF[2])
    assert not included(0, 1, (HASHES[0],), 1, ROOT_OF[2])


def test_without_a_proof_only_the_same_tree_follows() -> None:
    for first in range(1, 9):
        for second in range(first + 1, 10):
            assert not consistent(first, second, (), (ROOT_OF[first], ROOT_OF[second]))


def test_each_spoilt_consistency_proof_is_refused() -> None:
    for second in (*range(1, 34), 100, 200):
        for first in range(1, second + 1):
            roots = ROOT_OF[first], ROOT_OF[second]
            for proof in spoilt(subproof(first, 0, second, True)):
                assert not consistent(first, second, proof, roots)


def test_each_wrong_root_is_refused_by_a_consistency_proof() -> None:
    for second in (*range(1, 34), 100, 200):
        for first in range(1, second + 1):
            proof = subproof(first, 0, second, True)
            for wrong in {0, first - 1, first + 1, second} - {first, len(ROOT_OF)}:
                assert not consistent(first, second, proof, (ROOT_OF[wrong], ROOT_OF[second]))
            for wrong in {0, second - 1, second + 1, first} - {second, len(ROOT_OF)}:
                assert not consistent(first, second, proof, (ROOT_OF[first], ROOT_OF[wrong]))


def test_wrong_sizes_are_refused_unless_the_proof_gives_both_roots_there() -> None:
    for second in range(2, 14):
        for first in range(1, second):
            roots, proof = (ROOT_OF[first], ROOT_OF[second]), subproof(first, 0, second, True)
            for a in range(-1, 18):
                for b in range(-1, 18):
                    left = list(proof)
                    try:
                        gives = 0 < a < b and rebuilt(a, b, True, roots[0], left) == roots
                    except IndexError:
                        gives = False
                    assert consistent(a, b, proof, roots) == (gives and not left)


def test_a_changed_history_has_no_consistency_proof() -> None:
    for first in range(1, 20):
        forged = [*ENTRIES[: first - 1], b"forged", *ENTRIES[first:20]]
        proof = consistency_proof(forged, first)
        assert not consistent(first, 20, proof, (ROOT_OF[first], tree_hash(forged)))


def test_an_empty_tree_is_continued_by_every_tree() -> None:
    for size in (0, 1, 7):
        assert consistency_proof(ENTRIES[:size], 0) == ()
        assert consistent(0, size, (), (ROOT_OF[0], ROOT_OF[size]))
        assert not consistent(0, size, (ROOT_OF[3],), (ROOT_OF[0], ROOT_OF[size]))
        assert not consistent(0, size, (), (ROOT_OF[3], ROOT_OF[size]))
    assert not consistent(0, 0, (), (ROOT_OF[0], ROOT_OF[1]))
    assert not consistent(0, 0, (), (ROOT_OF[1], ROOT_OF[1]))


def test_a_tree_does_not_shrink() -> None:
    assert not consistent(5, 4, (), (ROOT_OF[5], ROOT_OF[4]))
    assert not consistent(5, 0, (), (ROOT_OF[5], ROOT_OF[0]))


def test_a_tree_of_the_same_size_has_the_same_root() -> None:
    assert consistent(5, 5, (), (ROOT_OF[5], ROOT_OF[5]))
    assert not consistent(5, 5, (), (ROOT_OF[5], ROOT_OF[4]))
    assert not consistent(5, 5, (ROOT_OF[5],), (ROOT_OF[5], ROOT_OF[5]))


@pytest.mark.parametrize("index", [-1, 3, 4])
def test_there_is_no_proof_for_an_entry_outside(index: int) -> None:
    with pytest.raises(InvalidValue, match=f"no entry {index} in a tree of 3"):
        inclusion_proof(ENTRIES[:3], index)


@pytest.mark.parametrize("first", [-1, 4])
def test_there_is_no_proof_for_a_size_outside(first: int) -> None:
    with pytest.raises(InvalidValue, match=f"3 entries never had {first}"):
        consistency_proof(ENTRIES[:3], first)


def test_what_is_refused_is_named() -> None:
    with pytest.raises(BadInclusion, match="entry 2 in this tree of 3 entries"):
        verify_inclusion(HASHES[1], 2, 3, path(2, 0, 3), ROOT_OF[3])
    with pytest.raises(BadConsistency, match="7 entries is not shown to continue the one of 3"):
        verify_consistency(3, ROOT_OF[2], 7, ROOT_OF[7], subproof(3, 0, 7, True))


def test_a_tree_that_keeps_its_subtrees_gives_the_proofs_of_the_definition() -> None:
    entries, tree = [bytes([n]) for n in range(200)], Tree()
    for entry in entries:
        tree.append(leaf_hash(entry))
    assert list(tree) == [leaf_hash(entry) for entry in entries]
    assert tree[3:5] == [leaf_hash(entry) for entry in entries[3:5]]
    for size in range(201):
        part = entries[:size]
        assert tree.root(size) == tree_hash(part)
        for index in {0, size // 3, size // 2, size - 1} & set(range(size)):
            assert tree.inclusion_proof(index, size) == inclusion_proof(part, index)
        for first in {0, 1, size // 3, size // 2, size} & set(range(size + 1)):
            assert tree.consistency_proof(first, size) == consistency_proof(part, first)


def test_a_tree_has_no_proof_beyond_its_end() -> None:
    tree = Tree()
    tree.append(leaf_hash(b"one"))
    for refused in (
        lambda: tree.root(2),
        lambda: tree.inclusion_proof(1, 1),
        lambda: tree.inclusion_proof(0, 2),
        lambda: tree.consistency_proof(2, 1),
    ):
        with pytest.raises(InvalidValue):
            refused()
