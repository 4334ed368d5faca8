"""The proof system against polynomials that are interpolated the slow way."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.vdaf import xof
from privacy.vdaf.circuits import SumVec
from privacy.vdaf.errors import QueryPointIsRoot
from privacy.vdaf.field import MODULUS, Vector, add, root_of_unity, subtract
from privacy.vdaf.flp import Flp

FLP = Flp(SumVec(3, 2046, 5))
CIRCUIT = FLP.circuit
BITS = CIRCUIT.encode([0, 1023, 2046])
ELEMENTS = st.integers(0, MODULUS - 1)
POINTS = ELEMENTS.filter(lambda point: not FLP.wire_domain.contains(point))
JOINT_RAND = st.lists(ELEMENTS, min_size=CIRCUIT.calls, max_size=CIRCUIT.calls)
FIXED_JOINT_RAND = xof.expand(bytes(32), b"joint", b"", CIRCUIT.calls)
SEEDS = xof.expand(bytes(32), b"seeds", b"", CIRCUIT.wire_count)
PROVE_RAND = st.lists(ELEMENTS, min_size=CIRCUIT.wire_count, max_size=CIRCUIT.wire_count)


def interpolated(nodes: Sequence[int], values: Sequence[int], point: int) -> int:
    """Lagrange's formula, as it is in books: O(n**2) and an inverse for every node."""
    total = 0
    for i, (node, value) in enumerate(zip(nodes, values, strict=True)):
        above = below = 1
        for j, other in enumerate(nodes):
            if i != j:
                above = above * (point - other) % MODULUS
                below = below * (node - other) % MODULUS
        total += value * above * pow(below, -1, MODULUS)
    return total % MODULUS


def shared_verifier(
    encoded: Vector, proof: Vector, joint_rand: Sequence[int], point: int
) -> Vector:
    """The sum of two parties' verifiers, with fixed first shares."""
    ours = tuple(range(1, len(encoded) + 1)), tuple(range(7, len(proof) + 7))
    theirs = subtract(encoded, ours[0]), subtract(proof, ours[1])
    return add(
        FLP.query(*ours, point, joint_rand, 2),
        FLP.query(*theirs, point, joint_rand, 2),
    )


@given(JOINT_RAND, PROVE_RAND, POINTS)
def test_a_true_proof_is_accepted(joint_rand: list[int], prove_rand: list[int], point: int) -> None:
    proof = FLP.prove(BITS, prove_rand, joint_rand)
    assert len(proof) == FLP.proof_length
    assert FLP.decide(FLP.query(BITS, proof, point, joint_rand, 1))
    verifier = shared_verifier(BITS, proof, joint_rand, point)
    assert len(verifier) == FLP.verifier_length
    assert FLP.decide(verifier)


@given(JOINT_RAND, PROVE_RAND, POINTS)
def test_every_check_is_the_polynomial_at_the_query_point(
    joint_rand: list[int], prove_rand: list[int], point: int
) -> None:
    """Any vector will do for the measurement and the gadget polynomial: querying is linear."""
    encoded = tuple(range(100, 100 + CIRCUIT.encoded_length))
    gadget = tuple(range(5, 5 + FLP.gadget_domain.size - 1))
    output, *wire_checks, gadget_check = FLP.query(
        encoded, (*prove_rand, *gadget), point, joint_rand, 1
    )
    assert output == sum(gadget[2 * (call + 1)] for call in range(CIRCUIT.calls)) % MODULUS
    wires = CIRCUIT.wires(encoded, joint_rand, 1)
    for seed, wire, check in zip(prove_rand, wires, wire_checks, strict=True):
        padding = [0] * (FLP.wire_domain.size - 1 - len(wire))
        values = [seed, *wire, *padding]
        assert check == interpolated(FLP.wire_domain.roots, values, point)
    assert gadget_check == interpolated(FLP.gadget_domain.roots[:-1], gadget, point)


@given(JOINT_RAND, PROVE_RAND)
def test_the_proof_is_the_gadget_on_the_wires(joint_rand: list[int], prove_rand: list[int]) -> None:
    proof = FLP.prove(BITS, prove_rand, joint_rand)
    assert list(proof[: CIRCUIT.wire_count]) == prove_rand
    wires = CIRCUIT.wires(BITS, joint_rand, 1)
    padding = [0] * (FLP.wire_domain.size - 1 - CIRCUIT.calls)
    values = [[seed, *w, *padding] for seed, w in zip(prove_rand, wires, strict=True)]
    for place in (0, 1, 2, 5, FLP.gadget_domain.size - 2):
        point = FLP.gadget_domain.roots[place]
        at = [interpolated(FLP.wire_domain.roots, wire, point) for wire in values]
        product = sum(a * b for a, b in zip(at[::2], at[1::2], strict=True)) % MODULUS
        assert proof[CIRCUIT.wire_count + place] == product


@given(st.integers(0, CIRCUIT.encoded_length - 1), ELEMENTS.filter(lambda x: x > 1), POINTS)
def test_an_element_that_is_no_bit_is_not_accepted(place: int, element: int, point: int) -> None:
    encoded = (*BITS[:place], element, *BITS[place + 1 :])
    joint_rand = list(FIXED_JOINT_RAND)
    proof = FLP.prove(encoded, SEEDS, joint_rand)
    assert not FLP.decide(shared_verifier(encoded, proof, joint_rand, point))


def test_errors_that_cancel_out_without_joint_randomness_are_not_accepted() -> None:
    """x * (x - 1) of the two elements below adds up to zero, so only the powers of r tell."""
    root = next(
        y for y in range(2, 99) if pow(1 - 4 * y * (y - 1), (MODULUS - 1) // 2, MODULUS) == 1
    )
    wanted = -root * (root - 1) % MODULUS
    other = (1 + _square_root((1 + 4 * wanted) % MODULUS)) * pow(2, -1, MODULUS) % MODULUS
    assert (other * (other - 1) + root * (root - 1)) % MODULUS == 0
    encoded = (root, other, *BITS[2:])
    joint_rand = list(FIXED_JOINT_RAND)
    proof = FLP.prove(encoded, SEEDS, joint_rand)
    assert not FLP.decide(FLP.query(encoded, proof, 5, joint_rand, 1))


def _square_root(square: int) -> int:
    """Tonelli and Shanks, for a number that has a square root."""
    twos, odd = 66, (MODULUS - 1) >> 66
    root, rest = pow(square, (odd + 1) // 2, MODULUS), pow(square, odd, MODULUS)
    factor = root_of_unity(1 << 66)
    for step in range(twos - 1, 0, -1):
        if pow(rest, 1 << (step - 1), MODULUS) != 1:
            root, rest = root * factor % MODULUS, rest * factor * factor % MODULUS
        factor = factor * factor % MODULUS
    assert root * root % MODULUS == square
    return root


@given(st.integers(0, FLP.proof_length - 1), st.integers(1, MODULUS - 1), POINTS)
def test_an_altered_proof_is_not_accepted(place: int, amount: int, point: int) -> None:
    joint_rand = list(FIXED_JOINT_RAND)
    proof = FLP.prove(BITS, SEEDS, joint_rand)
    altered = (*proof[:place], (proof[place] + amount) % MODULUS, *proof[place + 1 :])
    assert not FLP.decide(shared_verifier(BITS, altered, joint_rand, point))


def test_other_joint_randomness_is_not_accepted() -> None:
    joint_rand = list(FIXED_JOINT_RAND)
    proof = FLP.prove(BITS, SEEDS, joint_rand)
    joint_rand[-1] += 1
    assert not FLP.decide(FLP.query(BITS, proof, 5, joint_rand, 1))


@pytest.mark.parametrize("place", range(8))
def test_a_query_point_that_would_reveal_a_wire_is_refused(place: int) -> None:
    assert FLP.wire_domain.size == 8
    proof = FLP.prove(BITS, SEEDS, [4] * CIRCUIT.calls)
    with pytest.raises(QueryPointIsRoot):
        FLP.query(BITS, proof, FLP.wire_domain.roots[place], [4] * CIRCUIT.calls, 1)


@pytest.mark.parametrize("place", [1, 7, 15])
def test_a_query_point_where_only_the_gadget_is_stored_works(place: int) -> None:
    """The last of them is the value that the proof leaves out."""
    proof = FLP.prove(BITS, SEEDS, [4] * CIRCUIT.calls)
    point = FLP.gadget_domain.roots[place]
    assert FLP.decide(FLP.query(BITS, proof, point, [4] * CIRCUIT.calls, 1))
