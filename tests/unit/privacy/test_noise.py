"""Noise from its source to a measurement, with recorded sources; and ε against the closed form.

What the noise looks like is measured in tests/statistical.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from privacy import noise
from privacy.noise import DiscreteGaussian, epsilon, helper_noise, noisy_measurement
from privacy.scales import HALF_RANGE, Scales
from tests.unit.privacy.parties import Parties

SALES = Parties.of("breadth", "sales").collection


def scales_with(sensitivity: int, client: int = 400, helper: int = 900) -> Scales:
    return Scales(sensitivity, Fraction(sensitivity), Fraction(client), Fraction(helper))


@dataclass
class Scripted:
    """Hands out given numbers in their order, and remembers what it was asked for."""

    numbers: list[int]
    asked: list[tuple[Fraction, int]] = field(default_factory=list)

    def draw(self, variance: Fraction, count: int) -> list[int]:
        self.asked.append((variance, count))
        drawn, self.numbers = self.numbers[:count], self.numbers[count:]
        assert len(drawn) == count
        return drawn


# --- the client's noise ---------------------------------------------------------------------------


def test_a_measurement_is_value_and_noise_and_offset() -> None:
    source = Scripted([5, -7])
    assert noisy_measurement([100, -100], [scales_with(200)] * 2, source) == [
        100 + 5 + HALF_RANGE,
        -100 - 7 + HALF_RANGE,
    ]
    assert source.asked == [(Fraction(400), 2)]


def test_noise_beyond_the_limit_is_redrawn_and_never_cut_to_it() -> None:
    scale = scales_with(1000)
    assert scale.noise_limit == 23
    source = Scripted([24, -24, 23, 1000, -23])
    assert noisy_measurement([1000, -1000], [scale] * 2, source) == [2046, 0]
    assert source.asked == [(Fraction(400), 2), (Fraction(400), 2), (Fraction(400), 1)]


def test_only_what_was_too_large_is_redrawn() -> None:
    scale = scales_with(1000)
    source = Scripted([1, 99, 2, 3])
    assert noisy_measurement([0, 0, 0], [scale] * 3, source) == [
        HALF_RANGE + 1,
        HALF_RANGE + 2,
        HALF_RANGE + 3,
    ]


def test_each_coordinate_gets_noise_of_its_own_metric() -> None:
    wide, narrow = scales_with(100, client=10_000), scales_with(900, client=100)
    source = Scripted([50, 60, 7, 70])
    measurement = noisy_measurement([0, 0, 0, 0], [wide, wide, narrow, wide], source)
    assert [value - HALF_RANGE for value in measurement] == [50, 60, 7, 70]
    assert source.asked == [(Fraction(10_000), 2), (Fraction(100), 1), (Fraction(10_000), 1)]


@pytest.mark.parametrize("lengths", [(1, 2), (2, 1), (0, 1)])
def test_a_vector_of_another_length_is_refused(lengths: tuple[int, int]) -> None:
    values, scales = lengths
    with pytest.raises(ValueError, match="zip"):
        noisy_measurement([0] * values, [scales_with(100)] * scales, Scripted([0] * 2))


@given(st.lists(st.integers(-1, 1), min_size=11, max_size=11))
def test_with_real_noise_no_honest_report_is_out_of_range(signs: Sequence[int]) -> None:
    encoded = [
        sign * scale.sensitivity for sign, scale in zip(signs, SALES.coordinate_scales, strict=True)
    ]
    measurement = noisy_measurement(encoded, SALES.coordinate_scales, DiscreteGaussian())
    assert all(0 <= value <= 2 * HALF_RANGE for value in measurement)


# --- the helper's noise ---------------------------------------------------------------------------


def test_the_helper_draws_its_own_variance_once_for_each_coordinate_and_cuts_nothing() -> None:
    source = Scripted([10**6, -3, 4])
    scales = [scales_with(1000, helper=900), scales_with(1000, helper=900), scales_with(1)]
    assert helper_noise(scales, source) == [10**6, -3, 4]
    assert source.asked == [(Fraction(900), 2), (Fraction(900), 1)]


# --- the sampler's scale --------------------------------------------------------------------------


@given(st.fractions(Fraction(64), Fraction(10**7), max_denominator=10**12))
def test_the_scale_is_rounded_up_and_by_no_more_than_it_must(variance: Fraction) -> None:
    scale = noise._scale_at_least(variance)
    assert Fraction(scale) ** 2 >= variance
    assert Fraction(scale) ** 2 <= variance * (1 + Fraction(1, 10**15))


def test_the_scale_of_a_square_is_above_its_root_too() -> None:
    """The root of a variance near a square can round down to an integer."""
    assert noise._scale_at_least(Fraction(10_000)) > 100
    assert Fraction(noise._scale_at_least(10_000 + Fraction(1, 10**30))) ** 2 > 10_000


def test_the_sampler_gives_as_many_integers_as_asked_for() -> None:
    for count in (1, 2, 7):
        drawn = DiscreteGaussian().draw(Fraction(10**8), count)
        assert len(drawn) == count
        assert all(isinstance(number, int) for number in drawn)


def test_no_two_draws_are_alike() -> None:
    source = DiscreteGaussian()
    drawn = {tuple(source.draw(Fraction(10**8), 8)) for _ in range(20)}
    assert len(drawn) == 20


# --- ε --------------------------------------------------------------------------------------------


def closed_form(rho: float, delta: float) -> float:
    """Canonne, Kamath and Steinke 2020, corollary 13, minimised over α on a log scale."""

    def bound(log_order: float) -> float:
        above = math.exp(log_order)  # α − 1
        log_inner = math.log(1 / delta) - math.log1p(above)
        return rho * (1 + above) + log_inner / above + math.log(above / (1 + above))

    found = minimize_scalar(bound, bounds=(-10, 15), method="bounded", options={"xatol": 1e-10})
    return float(found.fun)


@pytest.mark.parametrize("rho", ["1/1000", "1/13", "1/2", "1", "4", "20"])
@pytest.mark.parametrize("delta", [1e-9, 1e-6, 1e-3])
def test_epsilon_is_the_closed_form(rho: str, delta: float) -> None:
    exact = closed_form(float(Fraction(rho)), delta)
    assert exact - 1e-9 <= epsilon(Fraction(rho), delta) <= exact * 1.001 + 1e-9


def test_the_epsilons_that_people_are_shown() -> None:
    assert epsilon(Fraction(1), 1e-6) == pytest.approx(7.77, abs=0.01)
    assert epsilon(Fraction(4), 1e-6) == pytest.approx(18, abs=0.3)


def test_more_budget_or_less_delta_is_more_epsilon() -> None:
    budgets = [Fraction(n, 13) for n in range(1, 60, 3)]
    by_rho = [epsilon(rho, 1e-6) for rho in budgets]
    assert by_rho == sorted(set(by_rho))
    by_delta = [epsilon(Fraction(1), 10.0**-power) for power in range(2, 12)]
    assert by_delta == sorted(set(by_delta))
