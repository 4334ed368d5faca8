"""Noise: the only importer of OpenDP (protocol §4.2, 4.3, 7).

OpenDP samples the discrete Gaussian exactly (Canonne, Kamath and Steinke 2020) and converts zCDP
to (ε, δ). It takes no seed, so tests compare sums before noise and the statistics after it.
"""

import math
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import groupby
from typing import Final, Protocol, cast

import opendp.prelude as dp

from privacy.scales import HALF_RANGE, Scales

dp.enable_features("contrib")

_BEYOND_OPENDP: Final = 10_000


class NoiseSource(Protocol):
    """Where noise comes from."""

    def draw(self, variance: Fraction, count: int) -> list[int]:
        """`count` independent integers from the discrete Gaussian N_ℤ(0, `variance`)."""
        ...


class DiscreteGaussian:
    """OpenDP's sampler, on the operating system's randomness."""

    def draw(self, variance: Fraction, count: int) -> list[int]:
        """`count` independent integers from the discrete Gaussian N_ℤ(0, `variance`)."""
        mechanism = _mechanism(_scale_at_least(variance), count)
        return cast("list[int]", mechanism([0] * count))


def noisy_measurement(
    encoded: Sequence[int], scales: Sequence[Scales], source: NoiseSource
) -> list[int]:
    """Y = X + E + B for each coordinate: what a client shards, in [0, 2046].

    E is redrawn while |E| > B − C, so no honest report is ever out of range.
    """
    noise = [
        number
        for scale, run in groupby(scales)
        for number in _truncated(scale, len([*run]), source)
    ]
    return [x + e + HALF_RANGE for x, e in zip(encoded, noise, strict=True)]


def helper_noise(scales: Sequence[Scales], source: NoiseSource) -> list[int]:
    """The noise that the helper adds once to a batch's sum, one integer for each coordinate."""
    return [
        number
        for scale, run in groupby(scales)
        for number in source.draw(scale.helper_variance, len([*run]))
    ]


def epsilon(rho: Fraction, delta: float) -> float:
    """ε of (ε, δ)-differential privacy for `rho`-zCDP (Canonne–Kamath–Steinke, in OpenDP).

    A budget so large that OpenDP overflows protects nobody. It is converted by the simpler bound of
    Bun and Steinke (2016, proposition 1.3), which is a little larger.
    """
    if rho > _BEYOND_OPENDP:
        return float(rho) + 2 * math.sqrt(rho * math.log(1 / delta))
    # A Gaussian mechanism with scale 1 and sensitivity √(2ρ) spends exactly ρ.
    mechanism = dp.c.make_zCDP_to_approxDP(_mechanism(1.0, 1))
    sensitivity = math.nextafter(math.sqrt(2 * rho), math.inf)
    profile = mechanism.map(sensitivity)  # type: ignore[no-untyped-call]  # untyped in OpenDP
    return cast("float", profile.epsilon(delta))


def _truncated(scale: Scales, count: int, source: NoiseSource) -> list[int]:
    kept: list[int] = []
    while len(kept) < count:
        drawn = source.draw(scale.client_variance, count - len(kept))
        kept += [noise for noise in drawn if abs(noise) <= scale.noise_limit]
    return kept


def _scale_at_least(variance: Fraction) -> float:
    # Rounded up: the noise is never smaller than what was promised.
    return math.nextafter(math.sqrt(variance), math.inf)


@lru_cache(maxsize=256)
def _mechanism(scale: float, size: int) -> dp.Measurement:
    # Building a mechanism costs many samples; a program uses a handful of scales.
    domain = dp.vector_domain(dp.atom_domain(T="i64"), size=size)
    return dp.m.make_gaussian(domain, dp.l2_distance(T="f64"), scale)
