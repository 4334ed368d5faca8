"""The verify key: committed to before it is shown, made by both, chosen by neither."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.agreement.model import Role, TaskDigest
from privacy.errors import InvalidValue, WrongOpening
from privacy.verify_key import check_half, combine, commit

TASK, OTHER_TASK = TaskDigest(b"t" * 32), TaskDigest(b"u" * 32)
halves = st.binary(min_size=32, max_size=32)


@given(halves)
def test_the_half_that_was_committed_to_is_accepted(half: bytes) -> None:
    check_half(TASK, Role.HELPER, half, commit(TASK, Role.HELPER, half))


@given(halves, halves)
def test_another_half_is_refused(half: bytes, other: bytes) -> None:
    if half == other:
        return
    with pytest.raises(WrongOpening, match="the helper's half of the verify key"):
        check_half(TASK, Role.HELPER, other, commit(TASK, Role.HELPER, half))


def test_a_commitment_cannot_be_sent_back_as_ones_own() -> None:
    """Who copies the other's commitment, and later its half, would make the key all zero."""
    half = b"h" * 32
    copied = commit(TASK, Role.LEADER, half)
    with pytest.raises(WrongOpening):
        check_half(TASK, Role.HELPER, half, copied)


def test_a_commitment_for_one_task_is_none_for_another() -> None:
    half = b"h" * 32
    with pytest.raises(WrongOpening):
        check_half(OTHER_TASK, Role.LEADER, half, commit(TASK, Role.LEADER, half))


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_half_has_32_bytes(size: int) -> None:
    with pytest.raises(InvalidValue, match=f"32 bytes, not {size}"):
        commit(TASK, Role.LEADER, bytes(size))
    with pytest.raises(InvalidValue):
        check_half(TASK, Role.LEADER, bytes(size), bytes(32))


@given(halves, halves)
def test_both_sides_make_the_same_key_and_each_half_alone_says_nothing(
    one: bytes, other: bytes
) -> None:
    key = combine(one, other)
    assert key == combine(other, one)
    assert len(key) == 32
    # Whatever the own half, some half of the other gives any key at all.
    assert combine(one, combine(one, other)) == other


def test_halves_of_two_sizes_make_no_key() -> None:
    with pytest.raises(ValueError, match="shorter"):
        combine(bytes(32), bytes(31))
