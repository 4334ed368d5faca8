"""An audit that only looks: 120,000 noised sums, half of them with somebody who is at the limit.

Somebody who knows everyone else sees a released sum and says "data" above C / 2, "neutral" below.
Upper limits on both error rates (Clopper and Pearson, 99.95 % each) give a lower limit on the μ of
Gaussian differential privacy with a confidence of 99.9 % (Dong, Roth and Su 2022): the errors α and
β of any test obey Φ⁻¹(1 − α) − Φ⁻¹(β) ≤ μ. Stated is μ = √(2ρ) = √2: one window here spends ρ = 1.

False alarm: at μ = √2 each error is 0.240 and one standard error of its quantile is 0.0056 with
60,000 sums. The two limits take off 2 · 3.29 of them, which is 4.65 standard errors of the
difference of both: the lower limit is above √2 with a chance of 1.7e-6. That it is also no more
than 0.08 below, so that it says something, fails at 5.4 standard errors: 3e-8.

Power: three of nine shares missing leave 5/6 of the variance, so μ = √2 · 1.095 = 1.549, which is
0.135 more. The limits take off 0.037 and the standard error is 0.0079, so it is missed only at 12
of them: below 1e-30. A helper without noise makes μ = 2: never missed.

The promise is tested, not more: of 11 reports two come from colluders, who send no noise at all.
"""

import math
from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from typing import Final

from scipy.stats import beta, norm

from privacy.agreement.model import DELTA, PrivacyTerms
from privacy.batch import Collection
from privacy.groups import Thresholds
from privacy.metrics import Scalar
from privacy.noise import DiscreteGaussian, NoiseSource, epsilon, helper_noise, noisy_measurement
from privacy.scales import HALF_RANGE
from privacy.window import WINDOWS_PER_QUARTER
from tests.agreements import headline, make_agreement
from tests.statistical.losses import gaussian_epsilon
from tests.statistical.releases import Recorded, Silent
from tests.unit.privacy.parties import both_sign

SUMS: Final = 60_000
"""Of each of the two worlds."""

DOUBT: Final = 0.0005
"""That one of the two error rates is above its limit."""

HONEST: Final = 9
COLLUDERS: Final = 2
STATED: Final = math.sqrt(2)


@cache
def collection() -> Collection:
    """A team of 12 with threshold 11 and h = 9, whose one metric spends ρ = 1 a window."""
    agreement = make_agreement(
        tasks=(headline(share=Fraction(1)),),
        privacy=PrivacyTerms(
            rho_quarter=Fraction(WINDOWS_PER_QUARTER), thresholds=Thresholds(11, COLLUDERS)
        ),
    )
    made = Collection.of(both_sign(agreement), "headline", "north")
    assert (made.honest, made.rho) == (HONEST, Fraction(1))
    return made


@cache
def recorded() -> Recorded:
    """One long draw of real noise; every test of this process works on it from the start."""
    return Recorded(DiscreteGaussian())


def encoded(distance: int) -> int:
    """What a value so many clips above the target becomes."""
    (metric,) = collection().task.metrics
    assert isinstance(metric, Scalar)
    (number,) = collection().encode({metric.id: metric.target + distance * metric.clip})
    return number


def sums(distance: int, clients: Sequence[NoiseSource], helper: NoiseSource) -> list[int]:
    """Released sums in integer units, with one person `distance` clips off and the others at 0."""
    scales = collection().coordinate_scales * SUMS
    person, *others = clients
    reports = [noisy_measurement([encoded(distance)] * SUMS, scales, person)]
    reports += [noisy_measurement([encoded(0)] * SUMS, scales, other) for other in others]
    reports += [[encoded(0) + HALF_RANGE] * SUMS] * COLLUDERS
    reports.append(helper_noise(scales, helper))
    count = len(clients) + COLLUDERS
    return [sum(column) - count * HALF_RANGE for column in zip(*reports, strict=True)]


def most(errors: int) -> float:
    """The upper limit on an error rate that was seen so often in SUMS (Clopper and Pearson)."""
    return float(beta.isf(DOUBT, errors + 1, SUMS - errors))


def least_mu(clients: Sequence[NoiseSource], helper: NoiseSource) -> float:
    """The lower limit on μ, with a confidence of 99.9 %."""
    # What is missing is neutral, so "at the target" and "paused" are one world.
    threshold = encoded(1) / 2
    said_data = sum(total > threshold for total in sums(0, clients, helper))
    said_neutral = sum(total <= threshold for total in sums(1, clients, helper))
    return float(norm.isf(most(said_data)) - norm.ppf(most(said_neutral)))


def test_what_is_seen_stays_below_what_is_stated() -> None:
    noise = recorded().rewind()
    found = least_mu([noise] * HONEST, noise)
    assert STATED - 0.08 < found <= STATED
    assert gaussian_epsilon(found**2 / 2, DELTA) <= epsilon(collection().rho, DELTA)


def test_a_third_of_the_clients_without_noise_is_caught() -> None:
    noise = recorded().rewind()
    silent = HONEST // 3
    clients: list[NoiseSource] = [*[noise] * (HONEST - silent), *[Silent(noise)] * silent]
    assert least_mu(clients, noise) > STATED


def test_a_helper_without_noise_is_caught() -> None:
    noise = recorded().rewind()
    assert least_mu([noise] * HONEST, Silent(noise)) > STATED
