"""XofTurboShake128: one seed in, as many bytes or field elements as needed (draft section 6.2.1).

The stream is read in one call and cut afterwards; reading element by element costs 150 times more.
"""

from collections.abc import Callable
from typing import Final

from Crypto.Hash import TurboSHAKE128

from privacy.vdaf import field
from privacy.vdaf.errors import ParameterError
from privacy.vdaf.field import Vector

SEED_SIZE: Final = 32
"""Bytes of a seed."""

MAX_TAG_SIZE: Final = 65535
"""Longest domain separation tag that the draft allows, in bytes."""

_DOMAIN: Final = 1


def _stream(seed: bytes, tag: bytes, binder: bytes) -> Callable[[int], bytes]:
    """Absorb the three inputs; the result reads the next n bytes of output.

    Raises ParameterError when tag or seed is longer than its length prefix can say.
    """
    if len(tag) > MAX_TAG_SIZE:
        raise ParameterError(
            f"The domain separation tag is {len(tag)} bytes, above {MAX_TAG_SIZE}."
        )
    if len(seed) > 255:
        raise ParameterError(f"The XOF seed is {len(seed)} bytes, above 255.")
    message = len(tag).to_bytes(2, "little") + tag + bytes([len(seed)]) + seed + binder
    return TurboSHAKE128.new(domain=_DOMAIN, data=message).read


def derive_seed(seed: bytes, tag: bytes, binder: bytes) -> bytes:
    """A new seed of SEED_SIZE bytes, bound to ``tag`` and ``binder``."""
    return _stream(seed, tag, binder)(SEED_SIZE)


def expand(seed: bytes, tag: bytes, binder: bytes, length: int) -> Vector:
    """``length`` uniform field elements, bound to ``tag`` and ``binder``."""
    return sample(_stream(seed, tag, binder), length)


def sample(read: Callable[[int], bytes], length: int) -> Vector:
    """Rejection sampling: the first ``length`` 16-byte integers of the stream that are below p.

    The draft masks each integer to the bits of p; Field128's p has 128 bits, so nothing is masked.
    A rejection happens about once in 2**59 elements; then the stream is simply read on.
    """
    accepted = field.integers(read(length * field.ENCODED_SIZE))
    while len(accepted) < length or max(accepted, default=0) >= field.MODULUS:
        accepted = tuple(x for x in accepted if x < field.MODULUS)
        missing = length - len(accepted)
        accepted += field.integers(read(missing * field.ENCODED_SIZE))
    return accepted
