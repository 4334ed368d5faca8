"""A tree that only grows has the root of RFC 9162 at every size."""

import pytest

from privacy.errors import InvalidValue
from privacy.merkle import Frontier, LeafHash, leaf_hash, root_of_leaves

LEAVES = [leaf_hash(str(number).encode()) for number in range(200)]


def grown(size: int) -> Frontier:
    tree = Frontier()
    for leaf in LEAVES[:size]:
        tree = tree.append(leaf)
    return tree


def test_the_root_is_that_of_the_leaves_at_every_size_up_to_200() -> None:
    tree = Frontier()
    assert tree.root() == root_of_leaves([])
    for size, leaf in enumerate(LEAVES, start=1):
        tree = tree.append(leaf)
        assert (tree.size, tree.root()) == (size, root_of_leaves(LEAVES[:size]))


def test_it_keeps_one_hash_for_each_set_bit_of_the_size() -> None:
    for size in range(201):
        assert len(grown(size).roots) == size.bit_count() <= 8


def test_appending_leaves_the_smaller_tree_as_it_is() -> None:
    smaller = grown(5)
    assert smaller.append(LEAVES[5]) == grown(6)
    assert smaller == grown(5)


@pytest.mark.parametrize(
    ("size", "roots"),
    [(3, LEAVES[:1]), (4, LEAVES[:2]), (-1, LEAVES[:1]), (1, [LeafHash(b"short")])],
)
def test_subtrees_that_no_tree_of_the_size_has_are_refused(
    size: int, roots: list[LeafHash]
) -> None:
    with pytest.raises(InvalidValue, match=f"the subtrees of a tree of {size} entries"):
        Frontier(size, tuple(roots))
