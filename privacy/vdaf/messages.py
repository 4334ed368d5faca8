"""The values that client, parties and collector exchange (draft section 7.2).

All are immutable and cannot be built with a seed of another size or a number outside the field.
How many elements a vector has depends on the circuit; codec.py and prio3.py see to that. Contents
are left out of ``repr``, so that no log line can carry a share.
"""

from dataclasses import dataclass, field
from typing import TypeAlias

from privacy.vdaf.errors import ParameterError
from privacy.vdaf.field import Vector, require_elements
from privacy.vdaf.xof import SEED_SIZE


def _require_seed(seed: bytes, name: str) -> None:
    if len(seed) != SEED_SIZE:
        raise ParameterError(f"{name} is {len(seed)} bytes, not {SEED_SIZE}.")


@dataclass(frozen=True, slots=True)
class PublicShare:
    """What every party receives: one joint randomness part a party, in the order of their ids."""

    joint_rand_parts: tuple[bytes, ...]

    def __post_init__(self) -> None:
        """Check the sizes."""
        for part in self.joint_rand_parts:
            _require_seed(part, "A joint randomness part of the public share")


@dataclass(frozen=True, slots=True)
class LeaderShare:
    """Input share of party 0: explicit shares of measurement and proof, and a blind."""

    measurement_share: Vector = field(repr=False)
    proof_share: Vector = field(repr=False)
    blind: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Check the blind's size and the elements."""
        require_elements(self.measurement_share, "The leader's measurement share")
        require_elements(self.proof_share, "The leader's proof share")
        _require_seed(self.blind, "The leader's blind")


@dataclass(frozen=True, slots=True)
class HelperShare:
    """Input share of any other party: the seed of its two shares, and a blind."""

    seed: bytes = field(repr=False)
    blind: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Check the sizes."""
        _require_seed(self.seed, "The helper's seed")
        _require_seed(self.blind, "The helper's blind")


InputShare: TypeAlias = LeaderShare | HelperShare


@dataclass(frozen=True, slots=True)
class VerifierShare:
    """What a party says about a report: its share of the verifier, its joint randomness part."""

    verifier: Vector = field(repr=False)
    joint_rand_part: bytes

    def __post_init__(self) -> None:
        """Check the part's size and the elements."""
        require_elements(self.verifier, "The verifier share")
        _require_seed(self.joint_rand_part, "The joint randomness part of the verifier share")


@dataclass(frozen=True, slots=True)
class VerifierMessage:
    """What all verifier shares together say: the joint randomness seed of the report."""

    joint_rand_seed: bytes

    def __post_init__(self) -> None:
        """Check the size."""
        _require_seed(self.joint_rand_seed, "The verifier message")


@dataclass(frozen=True, slots=True)
class OutShare:
    """A party's share of one verified measurement, one element an entry."""

    values: Vector = field(repr=False)

    def __post_init__(self) -> None:
        """Check the elements."""
        require_elements(self.values, "The output share")


@dataclass(frozen=True, slots=True)
class AggregateShare:
    """A party's share of the sum of many measurements, one element an entry."""

    values: Vector = field(repr=False)

    def __post_init__(self) -> None:
        """Check the elements."""
        require_elements(self.values, "The aggregate share")


@dataclass(frozen=True, slots=True)
class VerifyState:
    """What a party keeps until the verifier message arrives.

    ``out_share`` must not be used before verify_next has returned it.
    """

    out_share: OutShare
    joint_rand_seed: bytes
