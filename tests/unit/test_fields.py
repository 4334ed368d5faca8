import hashlib

from hypothesis import given
from hypothesis import strategies as st

from privacy.fields import concat, digest, sha256


def test_every_field_carries_its_length_in_eight_bytes() -> None:
    assert concat(b"ab", "c") == bytes(7) + b"\x02ab" + bytes(7) + b"\x01c"


def test_text_is_utf_8_and_its_length_counts_bytes() -> None:
    assert concat("ü") == bytes(7) + b"\x02\xc3\xbc"


@given(st.lists(st.binary()), st.lists(st.binary()))
def test_different_fields_never_join_alike(one: list[bytes], other: list[bytes]) -> None:
    assert (concat(*one) == concat(*other)) == (one == other)


def test_moving_the_border_between_two_fields_changes_the_digest() -> None:
    assert digest(b"ab", b"c") != digest(b"a", b"bc")
    assert digest(b"abc") == hashlib.sha256(bytes(7) + b"\x03abc").digest()


def test_sha256_of_the_empty_string() -> None:
    assert sha256(b"").hex().startswith("e3b0c44298fc1c14")
