"""The tree hash against RFC 9162 §2.1.1, written out again, and against published values."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.merkle import tree_hash

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
