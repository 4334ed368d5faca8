"""HPKE: what is sealed opens with the one key and the one `info`, and with nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy import sealing
from privacy.errors import InvalidValue
from privacy.sealing import CannotOpen, public_bytes, seal, unseal

RAW, OTHER = bytes(range(96)), bytes(range(1, 97))
PUBLIC, KEY = public_bytes(RAW), sealing.private_key(RAW)
INFO = b"a place"


@given(st.binary(max_size=300), st.binary(max_size=100))
def test_what_is_sealed_opens_and_has_the_promised_size(plaintext: bytes, info: bytes) -> None:
    sealed = seal(plaintext, PUBLIC, info)
    assert len(sealed) == len(plaintext) + sealing.OVERHEAD
    assert unseal(sealed, KEY, info) == plaintext


def test_sealing_twice_gives_two_ciphertexts() -> None:
    assert seal(b"the same", PUBLIC, INFO) != seal(b"the same", PUBLIC, INFO)


def test_another_key_opens_nothing() -> None:
    with pytest.raises(CannotOpen):
        unseal(seal(b"x", PUBLIC, INFO), sealing.private_key(OTHER), INFO)


@pytest.mark.parametrize("part", [slice(0, 64), slice(64, 96)], ids=["ML-KEM", "X25519"])
def test_half_of_the_key_opens_nothing(part: slice) -> None:
    mixed = bytearray(OTHER)
    mixed[part] = RAW[part]
    with pytest.raises(CannotOpen):
        unseal(seal(b"x", PUBLIC, INFO), sealing.private_key(bytes(mixed)), INFO)


@pytest.mark.parametrize("info", [b"", b"a plac", b"a place ", b"A place"])
def test_another_info_opens_nothing(info: bytes) -> None:
    with pytest.raises(CannotOpen):
        unseal(seal(b"x", PUBLIC, INFO), KEY, info)


@given(st.integers(0, 10**6), st.integers(1, 255))
def test_an_altered_byte_anywhere_opens_nothing(place: int, mask: int) -> None:
    sealed = bytearray(seal(b"a share", PUBLIC, INFO))
    sealed[place % len(sealed)] ^= mask
    with pytest.raises(CannotOpen):
        unseal(bytes(sealed), KEY, INFO)


@pytest.mark.parametrize("size", [0, 1, 1119, 1120, 1135, 1136, 5000])
def test_what_is_no_ciphertext_opens_to_nothing(size: int) -> None:
    with pytest.raises(CannotOpen):
        unseal(bytes(size), KEY, INFO)


@pytest.mark.parametrize("size", [0, 32, 1184, 1215, 1217])
def test_a_public_key_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(InvalidValue, match=f"1216 bytes, not {size}"):
        seal(b"x", bytes(size), INFO)


def test_bytes_that_are_no_key_are_refused() -> None:
    with pytest.raises(InvalidValue, match="not a key of MLKEM768_X25519"):
        seal(b"x", b"\xff" * sealing.PUBLIC_KEY_SIZE, INFO)
    low_order = PUBLIC[:1184] + bytes(32)
    with pytest.raises(InvalidValue, match="not a key of MLKEM768_X25519"):
        seal(b"x", low_order, INFO)


@pytest.mark.parametrize("size", [0, 95, 97])
def test_a_private_key_has_96_bytes(size: int) -> None:
    for work in (sealing.private_key, public_bytes):
        with pytest.raises(InvalidValue, match=f"96 bytes, not {size}"):
            work(bytes(size))


def test_a_public_key_is_ml_kem_first() -> None:
    assert len(PUBLIC) == sealing.PUBLIC_KEY_SIZE
    mixed = public_bytes(RAW[:64] + OTHER[64:])
    assert mixed[:1184] == PUBLIC[:1184]
    assert mixed[1184:] == public_bytes(OTHER)[1184:]
