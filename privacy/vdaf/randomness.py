"""Every seed and vector that Prio3SumVec derives, each under its own tag (draft section 7.2.6).

A tag names wire version, class, algorithm and usage, then the application context: what is derived
for one purpose, task or window is worthless for another (draft section 6.2.3).
"""

from collections.abc import Sequence
from enum import IntEnum
from typing import Final

from privacy.vdaf import field, xof
from privacy.vdaf.errors import ParameterError
from privacy.vdaf.field import Vector

VERSION: Final = 18
"""Wire version of drafts 18 to 20."""

ALGORITHM_ID: Final = 3
"""Prio3SumVec in the draft's registry (draft section 10)."""

PROOFS: Final = 1
"""Proofs in a report; Field128 needs no more (draft section 9.7)."""

_CLASS_VDAF: Final = 0
_TAG_PREFIX: Final = bytes([VERSION, _CLASS_VDAF]) + ALGORITHM_ID.to_bytes(4, "big")

MAX_CONTEXT_SIZE: Final = xof.MAX_TAG_SIZE - len(_TAG_PREFIX) - 2
"""Longest application context, in bytes."""


class Usage(IntEnum):
    """What a derived value is for (draft section 7.2, table of usages)."""

    MEASUREMENT_SHARE = 1
    PROOF_SHARE = 2
    JOINT_RANDOMNESS = 3
    PROVE_RANDOMNESS = 4
    QUERY_RANDOMNESS = 5
    JOINT_RAND_SEED = 6
    JOINT_RAND_PART = 7


def separation_tag(usage: Usage, ctx: bytes) -> bytes:
    """The tag of one usage under one application context, which may be MAX_CONTEXT_SIZE long."""
    if len(ctx) > MAX_CONTEXT_SIZE:
        raise ParameterError(f"The context is {len(ctx)} bytes, above {MAX_CONTEXT_SIZE}.")
    return _TAG_PREFIX + usage.to_bytes(2, "big") + ctx


def helper_measurement_share(ctx: bytes, agg_id: int, seed: bytes, length: int) -> Vector:
    """The measurement share of party ``agg_id`` > 0."""
    tag = separation_tag(Usage.MEASUREMENT_SHARE, ctx)
    return xof.expand(seed, tag, bytes([agg_id]), length)


def helper_proof_share(ctx: bytes, agg_id: int, seed: bytes, length: int) -> Vector:
    """The proof share of party ``agg_id`` > 0."""
    tag = separation_tag(Usage.PROOF_SHARE, ctx)
    return xof.expand(seed, tag, bytes([PROOFS, agg_id]), length)


def prove_rand(ctx: bytes, seed: bytes, length: int) -> Vector:
    """The prover's wire seeds."""
    return xof.expand(seed, separation_tag(Usage.PROVE_RANDOMNESS, ctx), bytes([PROOFS]), length)


def query_point(verify_key: bytes, ctx: bytes, nonce: bytes) -> int:
    """Where the proof is read: secret from clients, equal for all parties."""
    tag = separation_tag(Usage.QUERY_RANDOMNESS, ctx)
    (point,) = xof.expand(verify_key, tag, bytes([PROOFS]) + nonce, 1)
    return point


def joint_rand_part(
    ctx: bytes, agg_id: int, blind: bytes, measurement_share: Sequence[int], nonce: bytes
) -> bytes:
    """A party's part of the joint randomness: a blinded hash of its measurement share."""
    binder = bytes([agg_id]) + nonce + field.encode(measurement_share)
    return xof.derive_seed(blind, separation_tag(Usage.JOINT_RAND_PART, ctx), binder)


def joint_rand_seed(ctx: bytes, parts: Sequence[bytes]) -> bytes:
    """The joint randomness seed from the parts of all parties, in the order of their ids."""
    tag = separation_tag(Usage.JOINT_RAND_SEED, ctx)
    return xof.derive_seed(bytes(xof.SEED_SIZE), tag, b"".join(parts))


def joint_rand(ctx: bytes, seed: bytes, length: int) -> Vector:
    """The joint randomness, one element a gadget call."""
    return xof.expand(seed, separation_tag(Usage.JOINT_RANDOMNESS, ctx), bytes([PROOFS]), length)
