"""A manager lays two weeks side by side: one with somebody in it, one in which they were on leave.

A device sends its report in both, so that the counts say nothing. What is left of the difference is
the person's value and the noise of both weeks.
"""

import pytest

from privacy.agreement.words import guess_rates
from tests.adversarial.guessing import (
    PARTIES,
    RHO_WEEK,
    SCALES,
    TEAM,
    at_the_limits,
    best_rate,
    margin,
    percent,
    rate_of,
    seen,
)
from tests.threat_model import threats

pytestmark = pytest.mark.threat("manager-compares-weeks")

CASES = 12_000


def differences(units: list[int]) -> list[int]:
    """The week at work less the week of leave, all others having done the same in both."""
    at_work, on_leave = seen(SCALES, units, TEAM), seen(SCALES, [0] * len(units), TEAM)
    return [a - b for a, b in zip(at_work, on_leave, strict=True)]


def test_the_week_of_a_leave_tells_hardly_more_than_a_coin() -> None:
    units = at_the_limits(SCALES, CASES)
    rate = rate_of(differences(units), units)
    both = 2 * (TEAM * SCALES.client_variance + SCALES.helper_variance)
    expected = best_rate(SCALES.sensitivity, both)
    assert rate == pytest.approx(expected, abs=margin(expected, CASES))
    # With the noise of two weeks it is worse than knowing all about everybody else in one.
    bound = guess_rates(float(RHO_WEEK))[1]
    assert expected < bound
    assert threats()["manager-compares-weeks"].says(percent(expected), percent(bound))


def test_whether_somebody_was_away_at_all_is_hidden_as_well() -> None:
    """Both weeks at a limit against one of them on leave: the line is halfway."""
    units = [SCALES.sensitivity] * CASES
    away = differences(units)
    stayed = [a - SCALES.sensitivity for a in differences(units)]
    line = SCALES.sensitivity / 2
    right = sum(d > line for d in away) + sum(d < line for d in stayed)
    rate, bound = right / (2 * CASES), guess_rates(float(RHO_WEEK))[0]
    assert rate <= bound + margin(bound, 2 * CASES)
    assert threats()["manager-compares-weeks"].says(percent(bound))


def test_the_noise_of_two_weeks_is_many_points_wide() -> None:
    error = float(2 * SCALES.sum_variance(TEAM)) ** 0.5 / TEAM * 100
    moved = float(PARTIES.collection.task.metrics[0].clip) / TEAM * 100
    assert threats()["manager-compares-weeks"].says(f"{error:.1f} points", f"{moved:.1f} points")


def test_a_week_without_noise_would_give_the_person_away() -> None:
    units = at_the_limits(SCALES, 100)
    silent = [value - 0 for value in units]
    assert rate_of(silent, units) == 1.0
