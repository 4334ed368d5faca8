import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.errors import InvalidValue
from privacy.scales import HALF_RANGE, MIN_SCALE, TRUNCATION, Scales, derive

fractions = st.fractions(Fraction(1, 1000), 100, max_denominator=1000)
budgets = st.fractions(Fraction(1, 2000), 20, max_denominator=2000)
shares = st.fractions(Fraction(1, 50), Fraction(49, 50), max_denominator=100)
honests = st.integers(1, 5000)


def team_of_12(**changes: Fraction) -> Scales:
    """The orientation of protocol §9: h = 8, clip 0.25, the whole ρ_Q = 1, θ = 1/2."""
    terms = {"clip": Fraction(1, 4), "rho": Fraction(1, 13), "client_share": Fraction(1, 2)}
    return derive(**(terms | changes), honest=8)


@given(fractions, budgets, shares, honests)
def test_scales_follow_the_formulae_of_the_protocol(
    clip: Fraction, rho: Fraction, theta: Fraction, honest: int
) -> None:
    scales = derive(clip=clip, rho=rho, client_share=theta, honest=honest)
    c, total = float(clip), float(clip) ** 2 / (2 * float(rho))
    sigma_client = math.sqrt(float(theta) * total / honest)
    exact = HALF_RANGE * c / (c + TRUNCATION * sigma_client)
    assert exact - 1 - 1e-6 <= scales.sensitivity <= exact + 1e-6
    assert scales.units == scales.sensitivity / clip
    units = float(scales.units)
    assert math.sqrt(scales.client_variance) == pytest.approx(units * sigma_client)
    assert float(scales.helper_variance) == pytest.approx(units**2 * (1 - float(theta)) * total)


@given(fractions, budgets, shares, honests)
def test_the_sensitivity_is_the_largest_that_leaves_room_for_six_deviations(
    clip: Fraction, rho: Fraction, theta: Fraction, honest: int
) -> None:
    sensitivity = derive(clip=clip, rho=rho, client_share=theta, honest=honest).sensitivity
    per_client = theta / (2 * rho * honest)  # for sensitivity 1

    def fits(candidate: int) -> bool:
        room = HALF_RANGE - candidate
        return room >= 0 and (TRUNCATION * candidate) ** 2 * per_client <= room**2

    assert fits(sensitivity)
    assert not fits(sensitivity + 1)


@given(fractions, budgets, shares, honests)
def test_all_honest_noise_together_costs_exactly_the_budget(
    clip: Fraction, rho: Fraction, theta: Fraction, honest: int
) -> None:
    scales = derive(clip=clip, rho=rho, client_share=theta, honest=honest)
    noise = honest * scales.client_variance + scales.helper_variance
    assert Fraction(scales.sensitivity**2) / (2 * noise) == rho


@given(budgets, shares, honests, fractions)
def test_the_clip_changes_nothing_but_the_units(
    rho: Fraction, theta: Fraction, honest: int, clip: Fraction
) -> None:
    one = derive(clip=Fraction(1), rho=rho, client_share=theta, honest=honest)
    other = derive(clip=clip, rho=rho, client_share=theta, honest=honest)
    assert other.units * clip == one.units
    assert (other.sensitivity, other.client_variance) == (one.sensitivity, one.client_variance)


@pytest.mark.parametrize(("weeks", "points"), [(1, 5.9), (4, 3.0), (13, 1.65)])
def test_orientation_of_a_team_of_twelve(weeks: int, points: float) -> None:
    error = 100 * math.sqrt(team_of_12().sum_variance(12) / weeks) / 12
    assert error == pytest.approx(points, abs=0.07)


def test_orientation_of_a_team_of_twelve_to_three_digits() -> None:
    assert 100 * math.sqrt(team_of_12().sum_variance(12)) / 12 == pytest.approx(5.94, abs=0.005)


def test_half_the_budget_is_a_factor_of_the_square_root_of_two() -> None:
    ratio = team_of_12(rho=Fraction(1, 26)).sum_variance(12) / team_of_12().sum_variance(12)
    assert ratio == 2


def test_more_reports_than_counted_on_add_only_client_noise() -> None:
    scales = team_of_12()
    assert scales.sum_variance(8) == Fraction(1, 4) ** 2 / (2 * Fraction(1, 13))
    added = scales.sum_variance(9) - scales.sum_variance(8)
    assert added == scales.client_variance / scales.units**2


def test_noise_has_room_up_to_the_end_of_the_range() -> None:
    scales = team_of_12()
    assert scales.noise_limit == HALF_RANGE - scales.sensitivity
    assert scales.noise_limit >= TRUNCATION * math.sqrt(scales.client_variance)


@pytest.mark.parametrize(
    ("client", "helper", "wide"),
    [
        (MIN_SCALE**2, MIN_SCALE**2, True),
        (MIN_SCALE**2 - 1, MIN_SCALE**2, False),
        (MIN_SCALE**2, MIN_SCALE**2 - 1, False),
    ],
)
def test_each_part_of_the_noise_must_be_wide_enough(client: int, helper: int, wide: bool) -> None:
    scales = Scales(1, Fraction(1), Fraction(client), Fraction(helper))
    assert scales.wide_enough is wide


def test_a_budget_that_leaves_no_room_for_a_value_is_refused() -> None:
    # C = 1 needs (B - 1)² ≥ T² q, with q = θ / (2 ρ h).
    edge = Fraction(1, 2) * TRUNCATION**2 / (2 * 8 * (HALF_RANGE - 1) ** 2)
    assert team_of_12(rho=edge).sensitivity == 1
    with pytest.raises(InvalidValue, match="too small"):
        team_of_12(rho=edge * Fraction(999_999, 1_000_000))


@pytest.mark.parametrize(
    "changes",
    [
        {"clip": Fraction(0)},
        {"rho": Fraction(0)},
        {"client_share": Fraction(0)},
        {"client_share": Fraction(1)},
    ],
)
def test_arguments_out_of_range_are_refused(changes: dict[str, Fraction]) -> None:
    with pytest.raises(InvalidValue, match="must be positive"):
        team_of_12(**changes)


def test_somebody_must_be_honest() -> None:
    with pytest.raises(InvalidValue, match="must be positive"):
        derive(clip=Fraction(1), rho=Fraction(1), client_share=Fraction(1, 2), honest=0)
