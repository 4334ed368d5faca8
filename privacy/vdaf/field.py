"""Field128: plain integers below a prime, and their encoding (draft section 6.1).

A field element is an ``int`` in [0, MODULUS). Arithmetic is written out where it happens, so that
a sum of products is reduced once and not at every step. Python's integers do not run in constant
time: a party computes on its own shares only, and a device on its own measurement only.
"""

import struct
from collections.abc import Sequence
from typing import Final, TypeAlias

from privacy.vdaf.errors import DecodeError, ParameterError

Vector: TypeAlias = tuple[int, ...]
"""Field elements, immutable, each in [0, MODULUS)."""

MODULUS: Final = 2**66 * 4611686018427387897 + 1
"""The prime of Field128 (draft section 6.1.4)."""

ENCODED_SIZE: Final = 16
"""Bytes of one encoded element."""

LOG_GROUP_ORDER: Final = 66
"""log2 of the order of the multiplicative subgroup in which roots of unity are taken."""

_GENERATOR: Final = pow(7, (MODULUS - 1) >> LOG_GROUP_ORDER, MODULUS)


def root_of_unity(order: int) -> int:
    """The principal root of unity of ``order``, a power of two (draft section 6.1.2)."""
    group = 1 << LOG_GROUP_ORDER
    if order < 1 or group % order:
        raise ParameterError(f"Field128 has no root of unity of order {order} for polynomials.")
    return pow(_GENERATOR, group // order, MODULUS)


def add(left: Sequence[int], right: Sequence[int]) -> Vector:
    """Element-wise sum of two vectors of one length."""
    return tuple([(a + b) % MODULUS for a, b in zip(left, right, strict=True)])


def subtract(left: Sequence[int], right: Sequence[int]) -> Vector:
    """Element-wise difference of two vectors of one length."""
    return tuple([(a - b) % MODULUS for a, b in zip(left, right, strict=True)])


def integers(encoded: bytes) -> tuple[int, ...]:
    """Read little-endian 16-byte integers, not yet known to be below MODULUS.

    ``len(encoded)`` must be a multiple of ENCODED_SIZE.
    """
    chunks = struct.unpack("16s" * (len(encoded) // ENCODED_SIZE), encoded)
    return tuple([int.from_bytes(chunk, "little") for chunk in chunks])


def encode(vector: Sequence[int]) -> bytes:
    """Concatenate the elements, 16 bytes each, little-endian (draft section 6.1.1)."""
    return b"".join([element.to_bytes(ENCODED_SIZE, "little") for element in vector])


def decode(encoded: bytes, length: int, name: str) -> Vector:
    """Read exactly ``length`` elements; ``name`` says in errors what was being read.

    Raises DecodeError for another length and for a number of MODULUS or more: every vector has
    one encoding only.
    """
    if len(encoded) != length * ENCODED_SIZE:
        raise DecodeError(f"{name} is {len(encoded)} bytes, not {length * ENCODED_SIZE}.")
    vector = integers(encoded)
    if max(vector, default=0) >= MODULUS:
        raise DecodeError(f"{name} holds a number that is not below the field's prime.")
    return vector


def require_elements(vector: Vector, name: str) -> None:
    """Raise ParameterError unless every entry is in [0, MODULUS)."""
    if vector and not 0 <= min(vector) <= max(vector) < MODULUS:
        raise ParameterError(f"{name} holds a number that is not a field element.")
