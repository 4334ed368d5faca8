"""The limit: employer and council together add both halves of a report and have its numbers.

What they get is what the device sent: the value behind the device's own noise, and not the value.
Nothing else protects against the two, so the document says so.
"""

import pytest

from privacy.noise import DiscreteGaussian, noisy_measurement
from privacy.scales import HALF_RANGE
from privacy.vdaf.field import MODULUS
from tests.adversarial.guessing import (
    PARTIES,
    SCALES,
    at_the_limits,
    best_rate,
    margin,
    percent,
    rate_of,
    reported,
)
from tests.threat_model import threats

pytestmark = pytest.mark.threat("both-together", "both-databases")

CASES = 20_000


def together(measurement: list[int]) -> list[int]:
    """What both halves of a report say together, after both sides verified it."""
    decision = PARTIES.decide(PARTIES.report(measurement))
    assert decision.leader is not None
    assert decision.helper is not None
    halves = decision.leader.values, decision.helper.values
    return [(a + b) % MODULUS for a, b in zip(*halves, strict=True)]


def test_both_halves_together_are_the_numbers_that_were_sent_with_their_noise() -> None:
    encoded = [SCALES.sensitivity]
    for _ in range(5):
        sent = noisy_measurement(encoded, [SCALES], DiscreteGaussian())
        assert together(sent) == sent


def test_the_noise_of_one_device_is_all_that_hides_a_value_from_both() -> None:
    units = at_the_limits(SCALES, CASES)
    high, low = (
        reported(SCALES, limit, CASES // 2) for limit in (SCALES.sensitivity, -SCALES.sensitivity)
    )
    rate = rate_of([*high, *low], [*units[::2], *units[1::2]])
    expected = best_rate(SCALES.sensitivity, SCALES.client_variance)
    assert rate == pytest.approx(expected, abs=margin(expected, CASES))
    quarter = best_rate(13 * SCALES.sensitivity, 13 * SCALES.client_variance)
    assert quarter > 0.999
    assert threats()["both-together"].says(percent(expected))


def test_one_half_alone_says_nothing_of_the_numbers() -> None:
    """The limit needs both: a half is a uniformly random number, whatever was sent."""
    halves = [
        PARTIES.decide(PARTIES.report([number])).leader for number in (0, HALF_RANGE) for _ in "abc"
    ]
    values = [half.values[0] for half in halves if half is not None]
    assert len(set(values)) == 6
    assert all(value > 2 * HALF_RANGE for value in values)
