from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.vdaf.circuits import MAX_ENCODED_LENGTH, SumVec, optimal_chunk_length
from privacy.vdaf.errors import MeasurementError, ParameterError
from privacy.vdaf.field import MODULUS, add
from privacy.vdaf.flp import Flp


@st.composite
def circuits(draw: st.DrawFn) -> SumVec:
    """A small circuit of any shape."""
    length, largest = draw(st.integers(1, 5)), draw(st.integers(1, 5000))
    bits = length * largest.bit_length()
    return SumVec(length, largest, draw(st.integers(1, bits)))


@given(circuits(), st.data())
def test_truncating_undoes_encoding(circuit: SumVec, data: st.DataObject) -> None:
    entries = st.integers(0, circuit.max_measurement)
    measurement = data.draw(st.lists(entries, min_size=circuit.length, max_size=circuit.length))
    encoded = circuit.encode(measurement)
    assert set(encoded) <= {0, 1}
    assert len(encoded) == circuit.encoded_length
    assert circuit.truncate(encoded) == tuple(measurement)


@pytest.mark.parametrize("largest", [1, 2, 3, 5, 8, 11, 31, 32])
def test_no_choice_of_bits_leaves_the_range(largest: int) -> None:
    circuit = SumVec(1, largest, 1)
    values = {circuit.truncate(bits)[0] for bits in product((0, 1), repeat=circuit.bits)}
    assert values == set(range(largest + 1))


@pytest.mark.parametrize("measurement", [[0, 0, 2047], [-1, 0, 0], [0, 2**200, 0]])
def test_an_entry_out_of_range_is_not_encoded(measurement: list[int]) -> None:
    place = next(i for i, entry in enumerate(measurement) if entry)
    with pytest.raises(MeasurementError, match=f"Entry {place} .* between 0 and 2046"):
        SumVec(3, 2046, 5).encode(measurement)


@pytest.mark.parametrize("length", [0, 2, 4])
def test_a_measurement_of_another_length_is_not_encoded(length: int) -> None:
    with pytest.raises(MeasurementError, match=f"{length} entries, not 3"):
        SumVec(3, 2046, 5).encode([0] * length)


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ((0, 1, 1), "length is 0"),
        ((1, 0, 1), "largest measurement is 0"),
        ((1, -5, 1), "largest measurement is -5"),
        ((1, 1, 0), "chunk length is 0"),
        ((3, 7, 10), "chunk length is 10; it must be between 1 and 9"),
        ((1, 1 << 127, 1), "too many"),
        ((MAX_ENCODED_LENGTH, 2, 1), "more than"),
    ],
)
def test_parameters_without_a_circuit_are_refused(
    parameters: tuple[int, int, int], reason: str
) -> None:
    with pytest.raises(ParameterError, match=reason):
        SumVec(*parameters)


@pytest.mark.parametrize("largest", [1, 3, 255, 2046])
def test_the_optimal_chunk_length_is_what_trying_all_finds(largest: int) -> None:
    for length in (1, 2, 3, 7, 10, 23, 30, 31):
        bits = length * largest.bit_length()
        sizes = {c: Flp(SumVec(length, largest, c)).proof_length for c in range(1, bits + 1)}
        best = min(sizes.values())
        expected = min(c for c, size in sizes.items() if size == best)
        assert optimal_chunk_length(length, largest) == expected


def test_a_chunk_length_for_nothing_is_refused() -> None:
    with pytest.raises(ParameterError):
        optimal_chunk_length(0, 5)


@given(circuits(), st.data())
def test_wires_are_what_the_circuit_says(circuit: SumVec, data: st.DataObject) -> None:
    """Against the circuit's definition, call by call: r**(j+1) * x and x - 1/shares."""
    elements = st.integers(0, MODULUS - 1)
    size, calls = circuit.encoded_length, circuit.calls
    encoded = data.draw(st.lists(elements, min_size=size, max_size=size))
    joint_rand = data.draw(st.lists(elements, min_size=calls, max_size=calls))
    shares = data.draw(st.integers(1, 4))
    wires = circuit.wires(encoded, joint_rand, shares)
    assert len(wires) == circuit.wire_count
    for call, r in enumerate(joint_rand):
        for j in range(circuit.chunk_length):
            place = call * circuit.chunk_length + j
            x = encoded[place] if place < size else 0
            assert wires[2 * j][call] % MODULUS == pow(r, j + 1, MODULUS) * x % MODULUS
            assert (wires[2 * j + 1][call] - x) * shares % MODULUS == MODULUS - 1


@given(circuits(), st.data())
def test_wires_of_shares_add_up_to_wires_of_the_whole(circuit: SumVec, data: st.DataObject) -> None:
    elements = st.integers(0, MODULUS - 1)
    size = circuit.encoded_length
    first = data.draw(st.lists(elements, min_size=size, max_size=size))
    second = data.draw(st.lists(elements, min_size=size, max_size=size))
    joint_rand = data.draw(st.lists(elements, min_size=circuit.calls, max_size=circuit.calls))
    parts = [circuit.wires(share, joint_rand, 2) for share in (first, second)]
    whole = circuit.wires(add(first, second), joint_rand, 1)
    for one, other, total in zip(*parts, whole, strict=True):
        assert add(one, other) == add(total, [0] * circuit.calls)
