"""The noise itself against theory: the discrete Gaussian, whole and cut off.

Chi-square over bins with a false alarm of 1e-7 each. A scale that is 3 % off gives a non-centrality
of 2 n · 0.03² ≈ 180 with n = 100,000, where 99 bins have their limit at 184 and 12 standard
deviations of 14: seen with a chance above 0.9999. Scales that are barely off are found by the sums
in test_releases.py.
"""

import math
from collections.abc import Callable, Sequence
from fractions import Fraction

import pytest
from scipy.stats import chi2

from privacy.noise import DiscreteGaussian, noisy_measurement
from privacy.scales import HALF_RANGE, Scales

DRAWS = 100_000
BINS = 100
FALSE_ALARM = 1e-7
SOURCE = DiscreteGaussian()


def law(variance: Fraction, limit: int | None = None) -> dict[int, float]:
    """P(x) ∝ exp(−x² / 2σ²) over the integers, up to `limit` or far enough."""
    reach = limit if limit is not None else math.ceil(12 * math.sqrt(variance))
    weights = {x: math.exp(-x * x / float(2 * variance)) for x in range(-reach, reach + 1)}
    total = math.fsum(weights.values())
    return {x: weight / total for x, weight in weights.items()}


def fits(numbers: Sequence[int], expected: dict[int, float]) -> bool:
    """Chi-square over at most BINS runs of neighbouring integers of about equal probability."""
    counts = dict.fromkeys(expected, 0)
    for number in numbers:
        if number not in counts:
            return False
        counts[number] += 1
    observed, wished = [0], [0.0]
    for x, chance in expected.items():
        if wished[-1] >= len(numbers) / BINS:
            observed.append(0)
            wished.append(0.0)
        observed[-1] += counts[x]
        wished[-1] += chance * len(numbers)
    statistic = sum((o - w) ** 2 / w for o, w in zip(observed, wished, strict=True))
    return bool(statistic <= chi2.isf(FALSE_ALARM, len(observed) - 1))


@pytest.mark.parametrize("variance", [Fraction(64), Fraction(328653, 16)], ids=["least", "team"])
def test_the_sampler_is_the_discrete_gaussian(variance: Fraction) -> None:
    """At the least scale that an agreement may have, and at that of a team of 12."""
    drawn = SOURCE.draw(variance, DRAWS)
    assert fits(drawn, law(variance))
    assert not fits(drawn, law(variance * Fraction(106, 100)))
    shift = round(math.sqrt(variance) / 8)
    assert not fits([number + shift for number in drawn], law(variance))


def measured(scale: Scales, value: int) -> list[int]:
    """The noise of many measurements of one value."""
    measurement = noisy_measurement([value] * DRAWS, [scale] * DRAWS, SOURCE)
    return [number - HALF_RANGE - value for number in measurement]


@pytest.mark.parametrize("sign", [-1, 1], ids=["lower limit", "upper limit"])
def test_noise_that_is_cut_off_is_redrawn_and_stays_symmetric(sign: int) -> None:
    """With a limit of 1.5 deviations, where real ones have six: redrawn 13 % of the time."""
    scale = Scales(1003, Fraction(1003), Fraction(13**2), Fraction(64))
    assert scale.noise_limit == 20
    noise = measured(scale, sign * scale.sensitivity)
    assert max(map(abs, noise)) == 20
    expected = law(scale.client_variance, limit=20)
    assert fits(noise, expected)
    assert not fits([number if abs(number) < 20 else 0 for number in noise], expected)


def clamped(number: int) -> int:
    return max(-20, min(20, number))


def wrapped(number: int) -> int:
    return (number + 20) % 41 - 20


@pytest.mark.parametrize("cut", [clamped, wrapped])
def test_noise_that_is_clamped_or_wraps_around_is_noticed(cut: Callable[[int], int]) -> None:
    drawn = SOURCE.draw(Fraction(13**2), DRAWS)
    assert not fits([cut(number) for number in drawn], law(Fraction(13**2), limit=20))
