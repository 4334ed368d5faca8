"""Somebody who knows everyone else guesses no better than the budget says, and the text says so.

The noise is that of production, drawn thousands of times; the rates are compared with what the
scales give and with the bounds that people are shown.
"""

import math
import random
from fractions import Fraction
from functools import cache

import pytest

from privacy.agreement.words import guess_rates
from privacy.scales import Scales, derive
from tests.adversarial.guessing import (
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

pytestmark = pytest.mark.threat("knows-everyone-else", "council-reads")

WEEKS = 13_000
LEAST = 8
"""Ten reports are needed, and two of them are not counted on for noise."""


@cache
def weeks(reports: int = TEAM) -> tuple[list[int], list[int]]:
    """What is left of weeks in which somebody is at one limit or the other, and where they are."""
    units = at_the_limits(SCALES, WEEKS)
    return seen(SCALES, units, reports), units


def variance(reports: int = TEAM) -> Fraction:
    """Of the noise in a released sum, in squared units."""
    return reports * SCALES.client_variance + SCALES.helper_variance


@pytest.mark.parametrize("reports", [TEAM, LEAST])
def test_a_week_tells_one_limit_from_the_other_as_often_as_the_noise_says(reports: int) -> None:
    expected = best_rate(SCALES.sensitivity, variance(reports))
    rate = rate_of(*weeks(reports))
    assert rate == pytest.approx(expected, abs=margin(expected, WEEKS))
    bound = guess_rates(float(RHO_WEEK))[1]
    assert expected <= bound + 1e-12
    assert rate <= bound + margin(bound, WEEKS)


def test_a_quarter_tells_one_limit_from_the_other_in_at_most_92_of_100() -> None:
    left, units = weeks(LEAST)
    towards = [number * math.copysign(1, value) for number, value in zip(left, units, strict=True)]
    random.Random("quarters").shuffle(towards)
    quarters = [sum(towards[start : start + 13]) for start in range(0, WEEKS, 13)]
    rate = sum(total > 0 for total in quarters) / len(quarters)
    bound = guess_rates(1.0)[1]
    assert rate == pytest.approx(bound, abs=margin(bound, len(quarters)))
    assert threats()["knows-everyone-else"].says(percent(bound), percent(guess_rates(1.0)[0]))


def test_a_quarter_tells_data_from_none_in_at_most_76_of_100() -> None:
    """Always the same value against always neutral: halfway between the two is the best line."""
    left, units = weeks(LEAST)
    noise = [number - value for number, value in zip(left, units, strict=True)]
    random.Random("quarters").shuffle(noise)
    quarters = [sum(noise[start : start + 13]) for start in range(0, WEEKS, 13)]
    line = 13 * SCALES.sensitivity / 2
    right = sum(total < line for total in quarters) / len(quarters)
    assert right == pytest.approx(guess_rates(1.0)[0], abs=margin(0.76, len(quarters)))


def test_the_council_knows_its_own_noise_and_is_right_more_often() -> None:
    units = at_the_limits(SCALES, WEEKS)
    rng = random.Random("quarters")
    without_own = seen(_without_council(), units, LEAST)
    towards = [n * math.copysign(1, value) for n, value in zip(without_own, units, strict=True)]
    rng.shuffle(towards)
    quarters = [sum(towards[start : start + 13]) for start in range(0, WEEKS, 13)]
    rate = sum(total > 0 for total in quarters) / len(quarters)
    present, limits = guess_rates(2.0)
    assert rate == pytest.approx(limits, abs=margin(limits, len(quarters)))
    assert threats()["council-reads"].says(percent(present), percent(limits))


def _without_council() -> Scales:
    return Scales(
        SCALES.sensitivity, SCALES.units, SCALES.client_variance, helper_variance=Fraction(0)
    )


def test_a_year_of_reports_and_a_single_week_are_as_the_text_says() -> None:
    week, year = guess_rates(float(RHO_WEEK)), guess_rates(4.0)
    text = threats()["knows-everyone-else"]
    assert text.says(percent(week[1]), percent(year[0]))
    assert year[1] > 0.99
    assert text.says("more than 99")


def test_less_noise_would_be_noticed() -> None:
    narrow = derive(
        clip=Fraction(1, 4), rho=4 * RHO_WEEK, client_share=Fraction(1, 2), honest=LEAST
    )
    units = at_the_limits(narrow, WEEKS)
    rate, bound = rate_of(seen(narrow, units, LEAST), units), guess_rates(float(RHO_WEEK))[1]
    assert rate > bound + margin(bound, WEEKS)
