"""Privacy loss of released sums, worked out by other means than the product's.

`dp-accounting` compares two laws of an outcome: the noise, and the noise moved by what one person
adds. It knows nothing of zCDP or of a Gaussian, so it sees truncation and integers as they are.

The law of a sum comes from direct convolution in float64. All terms are positive, so every entry
is right to a relative 1e-10 (at most some 10^5 additions at 2^-53 in each of some 20 steps). Tails
beyond `TAIL` are cut off. What a law has lost, and what rounding may have, counts as an outcome
that gives the person away. Losses are rounded up to the next multiple of `STEP`, so k of them are
at most k · STEP too high, and never too low.
"""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import reduce
from typing import Final, TypeAlias

import numpy as np
from dp_accounting.pld import privacy_loss_distribution as pld
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import norm

from privacy.batch import Collection
from privacy.scales import Scales

TAIL: Final = 1e-16
"""Probability that one convolution may lose at each end."""

STEP: Final = 1e-5
ONE: Final = Fraction(1)
LOST: Final = 1e-12
"""At least so much of each law counts as lost: far above what rounding may do to its sum."""

REACH: Final = 12
"""The helper's noise is followed to so many standard deviations; 1e-32 is beyond."""

Law: TypeAlias = NDArray[np.float64]
"""Probabilities of neighbouring integers, symmetric around the one in the middle."""


@dataclass(frozen=True, slots=True)
class Move:
    """One released coordinate: the noise on it, and by how much one person moves it."""

    scales: Scales
    by: int


def moves(collection: Collection) -> Counter[Move]:
    """Every coordinate that a person at the upper limits moves, as production encodes them."""
    metrics = collection.task.metrics
    limits = collection.encode({metric.id: Fraction(10**9) for metric in metrics})
    neutral = collection.encode({metric.id: None for metric in metrics})
    moved = zip(collection.coordinate_scales, limits, neutral, strict=True)
    # In integers, metrics that spend the same are the same whatever their units.
    return Counter(Move(replace(scales, units=ONE), x - y) for scales, x, y in moved if x != y)


def discrete_gaussian(variance: Fraction, limit: int) -> Law:
    """P(x) ∝ exp(−x² / 2σ²) over the integers from −`limit` to `limit`."""
    x = np.arange(-limit, limit + 1, dtype=np.float64)
    weights: Law = np.exp(-x * x / (2 * float(variance)))
    weights /= weights.sum()
    return weights


def client_noise(scales: Scales, clients: int, *, truncated: bool = True) -> Law:
    """The sum of the noise of so many clients, each cut off at B − C, or at 12 deviations."""
    whole = math.ceil(REACH * math.sqrt(scales.client_variance))
    one = discrete_gaussian(scales.client_variance, scales.noise_limit if truncated else whole)
    total = np.ones(1)
    for bit in bin(clients)[2:]:
        total = _cut(np.convolve(total, total))
        if bit == "1":
            total = _cut(np.convolve(total, one))
    return total


def released_noise(scales: Scales, clients: int, *, truncated: bool = True) -> Law:
    """The noise of so many clients and of the helper."""
    whole = math.ceil(REACH * math.sqrt(scales.helper_variance))
    helper = discrete_gaussian(scales.helper_variance, whole)
    return _cut(np.convolve(client_noise(scales, clients, truncated=truncated), helper))


def compose(parts: Mapping[Move, tuple[Law, int]]) -> pld.PrivacyLossDistribution:
    """The loss of releases with these laws, each so many times."""
    losses = [_loss(law, move.by).self_compose(times) for move, (law, times) in parts.items()]
    return reduce(lambda one, other: one.compose(other), losses)


def gaussian_epsilon(rho: float, delta: float) -> float:
    """The exact ε of a Gaussian mechanism that spends `rho` (Balle and Wang 2018, theorem 8)."""
    mu = math.sqrt(2 * rho)

    def excess(epsilon: float) -> float:
        low, high = norm.cdf(-mu / 2 - epsilon / mu), norm.cdf(mu / 2 - epsilon / mu)
        return float(high - math.exp(epsilon) * low - delta)

    return float(brentq(excess, 0, 100))


def _loss(law: Law, shift: int) -> pld.PrivacyLossDistribution:
    # P − e^ε Q ≤ P′ − e^ε Q′ + (P − P′) for laws P′ ≤ P and Q′ ≤ Q: what P lost may stand alone.
    logs = np.log(law).tolist()
    without = dict(enumerate(logs))
    with_person = {place + shift: log for place, log in without.items()}
    with_person[-1] = math.log(max(LOST, 2 * (1 - math.fsum(law))))
    # A law is symmetric, so moved up against still is as still against moved up.
    return pld.from_two_probability_mass_functions(
        without, with_person, value_discretization_interval=STEP
    )


def _cut(law: Law) -> Law:
    ends = int(np.searchsorted(np.cumsum(law), TAIL))
    return law[ends : len(law) - ends]
