"""Noise wanted, integer sensitivity, units: the one place that derives them (protocol §4.2, 4.3).

Client, leader and helper each derive these from the agreement. Everything is an integer or a
`Fraction`, so all three get the same numbers on any machine; only the sampler sees a float.

Source: the distributed discrete Gaussian of Kairouz, Liu and Steinke 2021, with zCDP (Bun and
Steinke 2016): a sum of sensitivity C with Gaussian noise of variance v costs ρ = C² / (2 v).
"""

from dataclasses import dataclass
from fractions import Fraction
from math import isqrt
from typing import Final

from privacy.errors import InvalidValue

HALF_RANGE: Final = 1023
"""B: a coordinate on the wire is a value in [−B, B] plus B, so 11 bits."""

MAX_MEASUREMENT: Final = 2 * HALF_RANGE

TRUNCATION: Final = 6
"""T: a client's noise is cut off beyond this many standard deviations at the least."""

MIN_SCALE: Final = 8
"""Below this many integer units a sum of discrete Gaussians is no longer one to 1e-60."""


@dataclass(frozen=True, slots=True)
class Scales:
    """The numbers for one metric in one group, in integer units unless said otherwise.

    `sensitivity` (C): most that one person moves a coordinate. `units` (u = C / clip): integer
    units per unit of the metric. `client_variance`: of the noise in each report.
    `helper_variance`: of the noise the helper adds once to the sum.
    """

    sensitivity: int
    units: Fraction
    client_variance: Fraction
    helper_variance: Fraction

    @property
    def noise_limit(self) -> int:
        """B − C: a client redraws noise beyond this, so that every report is in range."""
        return HALF_RANGE - self.sensitivity

    @property
    def wide_enough(self) -> bool:
        """Whether each share of the noise has a scale of at least `MIN_SCALE` units."""
        return min(self.client_variance, self.helper_variance) >= MIN_SCALE**2

    def sum_variance(self, reports: int) -> Fraction:
        """Variance of a released sum over `reports` reports, in squared units of the metric."""
        return (reports * self.client_variance + self.helper_variance) / self.units**2


def derive(*, clip: Fraction, rho: Fraction, client_share: Fraction, honest: int) -> Scales:
    """Scales for a metric that may spend `rho` (zCDP) a week and is clipped to ±`clip`.

    `client_share` (θ) of the noise comes from the clients, spread over `honest` (h) of them; the
    rest comes from the helper. Raises `InvalidValue` when an argument is out of its range.
    """
    if clip <= 0 or rho <= 0 or not 0 < client_share < 1 or honest < 1:
        raise InvalidValue("clip, rho and honest must be positive and client_share between 0 and 1")
    total = 1 / (2 * rho)  # variance wanted on the sum, for sensitivity 1
    per_client = client_share * total / honest
    sensitivity = _largest_sensitivity(per_client)
    if sensitivity < 1:
        raise InvalidValue(
            f"a budget of {float(rho):.2g} a week is too small: the noise alone fills the range"
        )
    return Scales(
        sensitivity=sensitivity,
        units=sensitivity / clip,
        client_variance=sensitivity**2 * per_client,
        helper_variance=sensitivity**2 * (1 - client_share) * total,
    )


def _largest_sensitivity(per_client: Fraction) -> int:
    """The largest C with C + T·C·√q ≤ B, where q = `per_client`.

    This is ⌊B c / (c + T σ_c)⌋ with σ_c = c √q: the clip c cancels. Squared to stay exact.
    """

    def fits(candidate: int) -> bool:
        return TRUNCATION**2 * per_client * candidate**2 <= (HALF_RANGE - candidate) ** 2

    # The root is rounded down, so the guess is never too low, and at most a step or two too high.
    q = per_client * 10**12
    root = isqrt(q.numerator // q.denominator)
    guess = HALF_RANGE * 10**6 // (10**6 + TRUNCATION * root)
    while not fits(guess):
        guess -= 1
    return guess
