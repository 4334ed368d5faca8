"""The SumVec circuit: a vector of integers, each in [0, max_measurement] (draft section 7.4.3).

An integer becomes bits with weights 1, 2, 4, ... whose last weight is chosen so that all ones give
exactly ``max_measurement``: no choice of bits can leave the range. The circuit then has only to
prove that every field element x is a bit, that is x * (x - 1) = 0. It does so for
``chunk_length`` elements at once, in calls of one gadget that adds up products of pairs of wires.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import repeat
from operator import mul
from typing import Final

from privacy.vdaf.errors import MeasurementError, ParameterError
from privacy.vdaf.field import MODULUS, Vector

MAX_ENCODED_LENGTH: Final = 2**20
"""Most field elements that an encoded measurement may have here (a 16 MB leader share)."""


def wire_polynomial_length(calls: int) -> int:
    """Values of one wire polynomial: the next power of two that holds a seed and every call."""
    return 1 << calls.bit_length()


def encoded_length(length: int, max_measurement: int) -> int:
    """Field elements of an encoded measurement; raises ParameterError for what has no circuit."""
    if length < 1:
        raise ParameterError(f"The vector length is {length}; it must be at least 1.")
    if max_measurement < 1:
        raise ParameterError(
            f"The largest measurement is {max_measurement}; it must be at least 1."
        )
    bits = max_measurement.bit_length()
    if 1 << bits >= MODULUS:
        raise ParameterError(f"The largest measurement has {bits} bits, too many for Field128.")
    if length * bits > MAX_ENCODED_LENGTH:
        raise ParameterError(
            f"A vector of {length} entries of {bits} bits has more than {MAX_ENCODED_LENGTH} bits."
        )
    return length * bits


@cache
def optimal_chunk_length(length: int, max_measurement: int) -> int:
    """The chunk length with the shortest leader share; the smallest one on a tie.

    Draft section 7.4.3.1 leaves this to trial and error. The proof has 2 * chunk_length seeds and
    2 * p - 1 values, p being the wire polynomial length. For a given p the smallest chunk length
    that needs no more than p - 1 calls is best, so one candidate for each power of two is enough.
    """
    bits = encoded_length(length, max_measurement)
    candidates = {-(-bits // ((1 << log) - 1)) for log in range(1, bits.bit_length() + 1)}

    def cost(chunk_length: int) -> tuple[int, int]:
        calls = -(-bits // chunk_length)
        return 2 * chunk_length + 2 * wire_polynomial_length(calls), chunk_length

    return min(candidates, key=cost)


@cache
def _share_of_one(shares: int) -> int:
    return pow(shares, -1, MODULUS)


@dataclass(frozen=True)
class SumVec:
    """The circuit for ``length`` integers in [0, max_measurement]. Tables are filled when used."""

    length: int
    max_measurement: int
    chunk_length: int

    def __post_init__(self) -> None:
        """Refuse parameters for which there is no circuit (ParameterError)."""
        limit = encoded_length(self.length, self.max_measurement)
        if not 1 <= self.chunk_length <= limit:
            raise ParameterError(
                f"The chunk length is {self.chunk_length}; it must be between 1 and {limit}."
            )

    @cached_property
    def bits(self) -> int:
        """Field elements that encode one integer."""
        return self.max_measurement.bit_length()

    @cached_property
    def encoded_length(self) -> int:
        """Field elements of an encoded measurement (the draft's MEAS_LEN)."""
        return self.length * self.bits

    @cached_property
    def calls(self) -> int:
        """Calls of the gadget; also the joint randomness needed, one element a call."""
        return -(-self.encoded_length // self.chunk_length)

    @cached_property
    def wire_count(self) -> int:
        """Input wires of the gadget, in pairs that are multiplied."""
        return 2 * self.chunk_length

    @cached_property
    def weights(self) -> Vector:
        """What each bit of an integer is worth; their sum is ``max_measurement``."""
        powers = tuple(1 << i for i in range(self.bits - 1))
        return (*powers, self.max_measurement - sum(powers))

    def encode(self, measurement: Sequence[int]) -> Vector:
        """Bits of all integers in turn. Raises MeasurementError outside [0, max_measurement]."""
        if len(measurement) != self.length:
            raise MeasurementError(
                f"The measurement has {len(measurement)} entries, not {self.length}."
            )
        for place, value in enumerate(measurement):
            if not 0 <= value <= self.max_measurement:
                raise MeasurementError(
                    f"Entry {place} of the measurement is not between 0 and {self.max_measurement}."
                )
        return tuple(bit for value in measurement for bit in self._bits_of(value))

    def _bits_of(self, value: int) -> list[int]:
        last = int(value >= 1 << (self.bits - 1))
        rest = value - last * self.weights[-1]
        return [rest >> i & 1 for i in range(self.bits - 1)] + [last]

    def truncate(self, encoded: Sequence[int]) -> Vector:
        """The integers behind their bits; linear, so it works on shares alike."""
        return tuple(
            sum(map(mul, self.weights, encoded[start : start + self.bits])) % MODULUS
            for start in range(0, self.encoded_length, self.bits)
        )

    def wires(
        self, encoded: Sequence[int], joint_rand: Sequence[int], shares: int
    ) -> list[list[int]]:
        """Gadget inputs by wire: ``wire_count`` lists of ``calls`` integers, not yet reduced.

        Element j of call i feeds the pair of wires (r_i**(j+1) * x, x - 1/shares), r_i being the
        call's joint randomness; elements past the end are zero. With shares = 1 these are the
        prover's inputs, else a share of them.
        """
        padded = [*encoded, *repeat(0, self.calls * self.chunk_length - self.encoded_length)]
        one = _share_of_one(shares)
        powers, wires = list(joint_rand), []
        for place in range(self.chunk_length):
            column = padded[place :: self.chunk_length]
            wires.append(list(map(mul, powers, column)))
            wires.append([x - one for x in column])
            powers = [power * r % MODULUS for power, r in zip(powers, joint_rand, strict=True)]
        return wires
