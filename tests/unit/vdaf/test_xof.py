from collections.abc import Callable

import pytest
from Crypto.Hash import TurboSHAKE128
from hypothesis import given
from hypothesis import strategies as st

from privacy.vdaf import field, xof
from privacy.vdaf.errors import ParameterError
from privacy.vdaf.field import MODULUS


def reader(*numbers: int) -> Callable[[int], bytes]:
    """A stream of the given integers and nothing after them."""
    stream = b"".join(number.to_bytes(16, "little") for number in numbers)
    position = 0

    def read(size: int) -> bytes:
        nonlocal position
        position += size
        assert position <= len(stream), "read beyond what was needed"
        return stream[position - size : position]

    return read


@pytest.mark.parametrize(
    ("stream", "length", "sampled"),
    [
        ([5, 6], 2, (5, 6)),
        ([MODULUS, 6, 7], 2, (6, 7)),
        ([5, MODULUS, 7], 2, (5, 7)),
        ([2**128 - 1, MODULUS, MODULUS + 1, 1, MODULUS - 1], 2, (1, MODULUS - 1)),
        ([MODULUS, MODULUS, MODULUS, 3], 1, (3,)),
    ],
)
def test_numbers_beyond_the_field_are_skipped(
    stream: list[int], length: int, sampled: tuple[int, ...]
) -> None:
    assert xof.sample(reader(*stream), length) == sampled


@given(st.binary(max_size=40), st.binary(max_size=40), st.integers(1, 50))
def test_one_read_gives_what_many_small_reads_give(tag: bytes, binder: bytes, length: int) -> None:
    seed = bytes(range(32))
    framed = len(tag).to_bytes(2, "little") + tag + b"\x20" + seed + binder
    stream = TurboSHAKE128.new(domain=1)
    stream.update(framed)
    slowly = [int.from_bytes(stream.read(16), "little") for _ in range(length)]
    expanded = xof.expand(seed, tag, binder, length)
    assert list(expanded) == slowly
    first_two = xof.derive_seed(seed, tag, binder)
    assert first_two == field.encode(xof.expand(seed, tag, binder, 2))


def test_tag_seed_and_binder_cannot_be_confused() -> None:
    derived = {
        xof.derive_seed(bytes(32), b"ab", b"c"),
        xof.derive_seed(bytes(32), b"a", b"bc"),
        xof.derive_seed(bytes(31), b"ab", b"c"),
        xof.derive_seed(bytes(33), b"ab", b"c"),
        xof.derive_seed(bytes(32), b"abc", b""),
    }
    assert len(derived) == 5


def test_what_the_length_prefixes_cannot_say_is_refused() -> None:
    xof.derive_seed(bytes(255), bytes(65535), b"")
    with pytest.raises(ParameterError, match="65536"):
        xof.derive_seed(bytes(32), bytes(65536), b"")
    with pytest.raises(ParameterError, match="256"):
        xof.derive_seed(bytes(256), b"", b"")
