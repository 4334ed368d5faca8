"""Somebody who sees results and guesses one person's value: how often they are right.

The worked example of docs/threat-model.md: a team of twelve with one metric, clipped at 25 points,
that has the whole budget of ρ = 1 a quarter; ten reports are needed, half of the noise is the
council's. What everybody else reported before noise is known to whoever guesses, and taken off.
"""

import math
from collections.abc import Sequence
from fractions import Fraction
from statistics import NormalDist
from typing import Final

from privacy.noise import DiscreteGaussian, helper_noise, noisy_measurement
from privacy.scales import HALF_RANGE, Scales
from tests.adversarial.lone_council import one_team
from tests.unit.privacy.parties import Parties, both_sign

TEAM: Final = 12
RHO_WEEK: Final = Fraction(1, 13)
SURE: Final = 5
"""Standard errors that a rate seen in a simulation may be away from the true one."""

PARTIES: Final = Parties.of(signed=both_sign(one_team()))
(SCALES,) = PARTIES.collection.scales

normal: Final = NormalDist()


def reported(scales: Scales, units: int, count: int) -> list[int]:
    """`count` reports of somebody whose encoded value is `units`, noise included, without B."""
    sent = noisy_measurement([units] * count, [scales] * count, DiscreteGaussian())
    return [number - HALF_RANGE for number in sent]


def seen(scales: Scales, units: Sequence[int], reports: int) -> list[int]:
    """What is left of released weeks when everybody else's values are taken off.

    `units`: the person's encoded value in each week. `reports`: how many there are in a week; 0 is
    no report at all, and no noise of clients.
    """
    own = [0] * len(units)
    if reports:
        own = [
            number - HALF_RANGE
            for number in noisy_measurement(units, [scales] * len(units), DiscreteGaussian())
        ]
    others = [reported(scales, 0, len(units)) for _ in range(reports - 1)]
    council = helper_noise([scales] * len(units), DiscreteGaussian())
    return [sum(column) for column in zip(own, council, *others, strict=True)]


def at_the_limits(scales: Scales, count: int) -> list[int]:
    """Encoded values of a person who is at the upper and at the lower limit in turn."""
    return [scales.sensitivity * (1 - 2 * (number % 2)) for number in range(count)]


def rate_of(left: Sequence[float], units: Sequence[float]) -> float:
    """How often the sign of what is left is that of the value."""
    right = sum((a > 0) == (b > 0) for a, b in zip(left, units, strict=True))
    return right / len(left)


def best_rate(distance: float, variance: float | Fraction) -> float:
    """Φ(distance / standard deviation): what guessing by the sign comes to in the long run."""
    return normal.cdf(distance / math.sqrt(variance))


def margin(rate: float, count: int) -> float:
    """What chance alone may add to a rate seen in `count` cases."""
    return SURE * math.sqrt(rate * (1 - rate) / count)


def percent(rate: float) -> str:
    """As the document writes it: ``76 of 100``."""
    return f"{rate * 100:.0f} of 100"
