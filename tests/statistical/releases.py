"""Released sums in large numbers: production encoding, noise and arithmetic on shares made fast.

A client's report reaches a release only through the two parties' sums. Prio3SumVec is linear: the
two aggregate shares are a uniformly random vector and the plain sum minus that vector, whatever the
reports. So a sum is split here directly, with a random vector, in place of twelve reports that are
sharded, verified and added up. tests/statistical/test_releases.py checks on whole cryptographic
runs that nothing else comes out of them than exactly the plain sum.
"""

import math
import random
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain, pairwise

from privacy.batch import Collection
from privacy.metrics import Choice, Histogram, Metric
from privacy.noise import NoiseSource, helper_noise, noisy_measurement
from privacy.release import (
    HistogramResult,
    Interval,
    MetricResult,
    add_noise,
    unshard,
)
from privacy.vdaf.field import MODULUS
from privacy.vdaf.messages import AggregateShare
from tests.unit.privacy.parties import Parties


@dataclass(frozen=True, slots=True)
class Person:
    """One person's week: the values, the same clipped, and the same as production encodes them."""

    values: Mapping[str, Fraction | None]
    clipped: tuple[Fraction, ...]
    encoded: tuple[int, ...]

    @classmethod
    def of(cls, collection: Collection, values: Mapping[str, Fraction | None]) -> "Person":
        """Clip by protocol §4.1, written out again; encode as production does."""
        clipped = chain.from_iterable(
            _clip(metric, values[metric.id]) for metric in collection.task.metrics
        )
        return cls(values, tuple(clipped), collection.encode(values))


def _clip(metric: Metric, value: Fraction | None) -> list[Fraction]:
    if isinstance(metric, Choice):
        return [Fraction(value == place) for place in range(len(metric.options) + 1)]
    if isinstance(metric, Histogram):
        edges: list[Fraction | float] = [-math.inf, *metric.edges, math.inf]
        return [
            Fraction(value is not None and low <= value < high) for low, high in pairwise(edges)
        ]
    if value is None:
        return [Fraction(0)]
    return [min(max(value - metric.target, -metric.clip), metric.clip)]


@dataclass(frozen=True, slots=True)
class Release:
    """One released sum and the truth behind it, in units of the metric.

    `truth` is the sum of clipped values; `mean` is the published interval of the estimand of
    protocol §9 and `true_mean` that estimand (for a bin: of the number of people).
    """

    total: float
    truth: float
    variance: float
    mean: Interval
    true_mean: float


@dataclass
class Recorded:
    """Real noise of one source, kept and handed out again from the start after `rewind`.

    So that several suites can work on one long draw. Numbers are drawn ten thousand at a time.
    """

    source: NoiseSource
    kept: dict[tuple[int, int], list[int]] = field(default_factory=dict)
    used: dict[tuple[int, int], int] = field(default_factory=dict)

    def draw(self, variance: Fraction, count: int) -> list[int]:
        """The next `count` numbers of this variance."""
        # To hash a Fraction takes longer than all the rest.
        key = variance.numerator, variance.denominator
        kept, start = self.kept.setdefault(key, []), self.used.get(key, 0)
        while len(kept) < start + count:
            kept += self.source.draw(variance, 10_000)
        self.used[key] = start + count
        return kept[start : start + count]

    def rewind(self) -> "Recorded":
        """From the start again."""
        self.used.clear()
        return self


@dataclass(frozen=True)
class Halved:
    """A source whose noise is half as wide as it should be."""

    source: NoiseSource

    def draw(self, variance: Fraction, count: int) -> list[int]:
        """Numbers of another source, halved."""
        return [round(number / 2) for number in self.source.draw(variance, count)]


@dataclass(frozen=True)
class Silent:
    """A source that gives no noise; those of another one are used up, so that the rest stays."""

    source: NoiseSource

    def draw(self, variance: Fraction, count: int) -> list[int]:
        """Zeros."""
        self.source.draw(variance, count)
        return [0] * count


def releases(
    parties: Parties,
    people: Sequence[Person],
    clients: Sequence[NoiseSource],
    helper: NoiseSource,
    batches: int,
) -> Iterator[tuple[MetricResult, Sequence[Fraction]]]:
    """Results of `batches` batches with the true sums of their coordinates, metric by metric.

    In every second batch all of `clients` report, in the others all but the last. People are
    chosen at random; which ones does not matter to the noise, so that this draw may be seeded.
    """
    collection = parties.collection
    choose = random.Random("who reports")
    for number in range(batches):
        reporting = clients[: len(clients) - number % 2]
        members = choose.choices(people, k=len(reporting))
        measurements = [
            noisy_measurement(person.encoded, collection.coordinate_scales, source)
            for person, source in zip(members, reporting, strict=True)
        ]
        sums = [sum(column) for column in zip(*measurements, strict=True)]
        leader_share, share = split(collection, sums)
        noised = add_noise(collection, share, helper_noise(collection.coordinate_scales, helper))
        result = unshard(parties.batch, collection, len(reporting), leader_share, noised)
        clipped = zip(*(person.clipped for person in members), strict=True)
        truths = [sum(column, Fraction(0)) for column in clipped]
        for metric_result in result.metrics(collection):
            size = metric_result.metric.coordinates
            yield metric_result, truths[:size]
            truths = truths[size:]


def split(collection: Collection, sums: Sequence[int]) -> tuple[bytes, bytes]:
    """Two encoded aggregate shares of these sums."""
    mask = tuple(secrets.randbelow(MODULUS) for _ in sums)
    rest = tuple((total - value) % MODULUS for total, value in zip(sums, mask, strict=True))
    encode = collection.vdaf.encode_aggregate_share
    return encode(AggregateShare(mask)), encode(AggregateShare(rest))


def as_releases(result: MetricResult, truths: Sequence[Fraction]) -> Iterator[Release]:
    """One `Release` for a scalar, one for each bin of a histogram."""
    if isinstance(result, HistogramResult):
        for people, interval, truth in zip(result.bins, result.intervals(), truths, strict=True):
            yield Release(
                float(people), float(truth), float(result.variance), interval, float(truth)
            )
        return
    (truth,) = truths
    yield Release(
        float(result.total),
        float(truth),
        float(result.variance),
        result.interval(),
        float(result.metric.target + truth / result.count),
    )
