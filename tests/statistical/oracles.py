"""What released sums must look like, as one function with declared oracles.

Everything is measured in standard errors as *stated*: z = (released − true) / √(stated variance).
Numbers below are for SUMS = 60,000 independent sums; z is Gaussian for every practical purpose.

- Bias: |mean z| ≤ 5 / √n. False alarm 6e-7.
- Variance: |mean z² − 1| ≤ 2.5 %. Standard error √(2/n) = 0.577 %, so 4.33 of them: false alarm
  1.5e-5.
- Coverage: 94 to 96 % of the 95 % intervals hold the truth. Standard error √(0.05 · 0.95 / n) =
  0.089 %, so 11 of them: no false alarm.

Together below 2e-5; at the least number that is accepted, 50,000, the variance is at 3.95 standard
errors and all together at 8e-5.

Power at 60,000, half of the sums with 12 reports and half with 11, h = 8, θ = 1/2: a sum of n
reports has the variance (n/8 + 1) θ σ². One client without noise takes 1/8 from 20/8 or 19/8, which
leaves 94.9 % on average: 2.63 % below the limit with a standard error of 0.55 %, so it is missed
with a chance of 8e-7. Noise at half scale leaves 25 %, a helper without noise 59 %: never missed.
"""

import math
from collections.abc import Sequence
from typing import Final

from tests.statistical.releases import Release

SUMS: Final = 60_000
FEWEST: Final = 50_000
BIAS: Final = 5
VARIANCE: Final = 0.025
COVERAGE: Final = (0.94, 0.96)


def check(releases: Sequence[Release]) -> list[str]:
    """Which oracles fail, in words; empty when all hold."""
    n = len(releases)
    if n < FEWEST:
        return [f"only {n} sums: too few to tell"]
    failures = []
    errors = [(r.total - r.truth) / math.sqrt(r.variance) for r in releases]
    bias = math.fsum(errors) / n
    if abs(bias) > BIAS / math.sqrt(n):
        failures.append(f"bias: the mean error is {bias:.4f} standard errors")
    variance = math.fsum(error * error for error in errors) / n
    if abs(variance - 1) > VARIANCE:
        failures.append(f"variance: {variance:.4f} of what is stated")
    covered = sum(r.mean.low <= r.true_mean <= r.mean.high for r in releases) / n
    if not COVERAGE[0] <= covered <= COVERAGE[1]:
        failures.append(f"coverage: 95 % intervals hold the truth in {covered:.2%}")
    return failures
