"""Values on roots of unity against the same polynomials written as coefficients."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.vdaf.field import MODULUS, root_of_unity
from privacy.vdaf.lagrange import domain

ELEMENTS = st.integers(0, MODULUS - 1)
SIZES = st.sampled_from([2, 4, 8, 16])


def at(coefficients: list[int], point: int) -> int:
    """A polynomial at a point, by Horner's rule."""
    value = 0
    for coefficient in reversed(coefficients):
        value = (value * point + coefficient) % MODULUS
    return value


def dot(left: list[int], right: list[int]) -> int:
    return sum(a * b for a, b in zip(left, right, strict=True)) % MODULUS


@st.composite
def polynomials(draw: st.DrawFn) -> tuple[int, list[int]]:
    """A domain size and as many coefficients."""
    size = draw(SIZES)
    return size, draw(st.lists(ELEMENTS, min_size=size, max_size=size))


@given(polynomials(), ELEMENTS)
def test_weights_evaluate_anywhere(polynomial: tuple[int, list[int]], point: int) -> None:
    size, coefficients = polynomial
    values = [at(coefficients, root) for root in domain(size).roots]
    assert dot(domain(size).weights(point), values) == at(coefficients, point)


@pytest.mark.parametrize("size", [2, 8])
def test_weights_hold_at_the_roots_themselves(size: int) -> None:
    for place, root in enumerate(domain(size).roots):
        expected = [int(place == other) for other in range(size)]
        assert domain(size).weights(root) == expected


@given(polynomials())
def test_odd_rows_give_the_values_between(polynomial: tuple[int, list[int]]) -> None:
    size, coefficients = polynomial
    values = [at(coefficients, root) for root in domain(size).roots]
    between = [dot(list(row), values) for row in domain(size).odd_rows]
    assert between == [at(coefficients, root) for root in domain(2 * size).roots[1::2]]


@given(polynomials())
def test_the_last_value_follows_when_the_top_coefficient_is_zero(
    polynomial: tuple[int, list[int]],
) -> None:
    size, coefficients = polynomial
    coefficients[-1] = 0
    *others, last = (at(coefficients, root) for root in domain(size).roots)
    assert domain(size).last_value(others) == last


def test_a_domain_knows_its_points() -> None:
    eight = domain(8)
    assert all(eight.contains(root) for root in eight.roots)
    assert len(set(eight.roots)) == 8
    assert not eight.contains(root_of_unity(16))
    assert not eight.contains(0)
    assert not eight.contains(2)
