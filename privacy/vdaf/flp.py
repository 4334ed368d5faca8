"""The fully linear proof that a shared measurement satisfies its circuit (draft section 7.3).

Each wire of the gadget is a polynomial: its value at root 0 is a random seed, at root i+1 what call
i feeds it. The gadget polynomial is the gadget applied to the wire polynomials, so its value at
root i+1 is the output of call i. The proof is the seeds and the gadget polynomial. Whoever holds a
share of measurement and proof evaluates every polynomial at one secret point; only the sums of
those values are revealed, and they agree for a false proof with a chance of about 2**-120.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import mul

from privacy.vdaf.circuits import SumVec, wire_polynomial_length
from privacy.vdaf.errors import QueryPointIsRoot
from privacy.vdaf.field import MODULUS, Vector
from privacy.vdaf.lagrange import Domain, domain


@dataclass(frozen=True)
class Flp:
    """Prove, query and decide for one circuit."""

    circuit: SumVec

    @cached_property
    def wire_domain(self) -> Domain:
        """Where wire polynomials are stored: p roots."""
        return domain(wire_polynomial_length(self.circuit.calls))

    @cached_property
    def gadget_domain(self) -> Domain:
        """Where the gadget polynomial is stored: 2 * p roots, for a degree of 2 * (p - 1).

        The p roots of the wires are its even ones, so call i is found at place 2 * (i + 1).
        """
        return domain(2 * self.wire_domain.size)

    @cached_property
    def proof_length(self) -> int:
        """Wire seeds, then all values of the gadget polynomial but the last, which follows."""
        return self.circuit.wire_count + self.gadget_domain.size - 1

    @cached_property
    def verifier_length(self) -> int:
        """The circuit's output, each wire at the query point, the gadget at the query point."""
        return self.circuit.wire_count + 2

    def prove(
        self, encoded: Sequence[int], prove_rand: Sequence[int], joint_rand: Sequence[int]
    ) -> Vector:
        """The proof for an encoded measurement (draft section 7.3.3).

        ``prove_rand`` holds one seed a wire, ``joint_rand`` one element a call. Nothing is checked:
        for an invalid measurement the result is a proof that will be rejected.
        """
        return self.prove_wires(self.circuit.wires(encoded, joint_rand, shares=1), prove_rand)

    def prove_wires(self, wires: Sequence[Sequence[int]], seeds: Sequence[int]) -> Vector:
        """The proof for given gadget inputs, wire by wire, and their seeds."""
        # The last odd value is not part of the proof.
        rows = self.wire_domain.odd_rows[:-1]
        even, odd = [0] * (self.circuit.calls + 1), [0] * len(rows)
        for pair in range(0, self.circuit.wire_count, 2):
            left, right = ([seeds[pair], *wires[pair]], [seeds[pair + 1], *wires[pair + 1]])
            even = [total + a * b for total, a, b in zip(even, left, right, strict=True)]
            # A wire is zero beyond its calls, so the rest of each row does not matter.
            left_odd = [sum(map(mul, row, left)) % MODULUS for row in rows]
            right_odd = [sum(map(mul, row, right)) % MODULUS for row in rows]
            odd = [total + a * b for total, a, b in zip(odd, left_odd, right_odd, strict=True)]
        gadget = [0] * (self.gadget_domain.size - 1)
        gadget[: 2 * len(even) : 2] = even
        gadget[1::2] = odd
        return (*seeds, *(value % MODULUS for value in gadget))

    def query(
        self,
        encoded: Sequence[int],
        proof: Sequence[int],
        point: int,
        joint_rand: Sequence[int],
        shares: int,
    ) -> Vector:
        """One party's share of the verifier (draft section 7.3.4).

        ``encoded`` and ``proof`` are shares, ``point`` the query point that all parties share.
        Raises QueryPointIsRoot where an evaluation would give away a stored wire value.
        """
        if self.wire_domain.contains(point):
            raise QueryPointIsRoot("The query point is a root of unity.")
        seeds, gadget = (proof[: self.circuit.wire_count], proof[self.circuit.wire_count :])
        output = sum(gadget[2 : 2 * self.circuit.calls + 1 : 2]) % MODULUS

        seed_weight, *call_weights = self.wire_domain.weights(point)
        wire_checks = [
            (seed_weight * seed + sum(map(mul, call_weights, wire))) % MODULUS
            for seed, wire in zip(
                seeds, self.circuit.wires(encoded, joint_rand, shares), strict=True
            )
        ]
        values = (*gadget, self.gadget_domain.last_value(gadget))
        gadget_check = sum(map(mul, self.gadget_domain.weights(point), values)) % MODULUS
        return (output, *wire_checks, gadget_check)

    def decide(self, verifier: Sequence[int]) -> bool:
        """Whether the sum of all verifier shares shows a valid measurement (draft section 7.3.5).

        The circuit's output must be zero, and the gadget of the wires at the query point must be
        the gadget polynomial there.
        """
        output, wire_checks, gadget_check = verifier[0], verifier[1:-1], verifier[-1]
        gadget = sum(map(mul, wire_checks[::2], wire_checks[1::2]))
        return output % MODULUS == 0 and (gadget - gadget_check) % MODULUS == 0
