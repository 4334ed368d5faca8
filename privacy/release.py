"""A release: what the two parties' sums say together, and how sure that is (protocol §6)."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Final, TypeAlias

from privacy import fields
from privacy.batch import BatchId, Collection
from privacy.errors import InvalidValue
from privacy.merkle import tree_hash
from privacy.metrics import Binned, Metric, Scalar
from privacy.report import ReportId
from privacy.scales import HALF_RANGE, Scales
from privacy.vdaf.errors import VdafError
from privacy.vdaf.field import MODULUS
from privacy.vdaf.messages import AggregateShare

Z95: Final = 1.959964
"""Two-sided 95 % of a normal distribution: weekly points are shown with it."""

SALT_SIZE: Final = 32

TIME_TO_ASK: Final = timedelta(days=7)
"""After a batch closed. Long enough for a server that is down over a holiday; then nobody can wait
for a week that pleases better."""

TIME_TO_OPEN: Final = timedelta(days=1)
"""After a release. Long enough for a server that restarts; nobody can look first and open later."""


class Withheld(StrEnum):
    """Why there is no result."""

    BATCH_TOO_SMALL = "too few reports"
    BUDGET_EXHAUSTED = "the privacy budget is spent"
    UNOPENED = "the employer did not open its share"
    NOT_ASKED = "the employer did not ask for the result"
    STOPPED = "something was wrong with the reports"
    NOT_COLLECTED = "the window is not collected under this agreement"
    NO_RELEASE = "no window of the quarter was released yet"


@dataclass(frozen=True, slots=True)
class Ask:
    """The leader's question: release this batch, of `count` reports with this `id_root`.

    `commitment` binds the leader's share before it sees the other one.
    """

    batch: BatchId
    count: int
    id_root: bytes
    commitment: bytes


@dataclass(frozen=True, slots=True)
class Opening:
    """The leader's share and the salt it was committed to with."""

    batch: BatchId
    salt: bytes = field(repr=False)
    aggregate_share: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class OpeningAnswer:
    """What goes on the record about the result: `result_hash` = SHA-256(salt ‖ result)."""

    salt: bytes = field(repr=False)
    result_hash: bytes


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with the range it lies in, in units of the metric."""

    estimate: float
    low: float
    high: float

    @classmethod
    def around(cls, estimate: Fraction, variance: Fraction, z: float) -> "Interval":
        """estimate ± z standard errors; the noise is the only unknown and its variance is known."""
        margin = z * math.sqrt(variance)
        return cls(float(estimate), float(estimate) - margin, float(estimate) + margin)


@dataclass(frozen=True, slots=True)
class ScalarResult:
    """A scalar's released sum of clipped distances from the target, over `count` reports.

    `total` and `variance` (of the total) are in units of the metric and their square.
    """

    metric: Scalar
    count: int
    total: Fraction
    variance: Fraction

    @property
    def mean(self) -> Fraction:
        """target + sum / n; people without data count as on target."""
        return self.metric.target + self.total / self.count

    def interval(self, z: float = Z95) -> Interval:
        """The mean with z standard errors."""
        return Interval.around(self.mean, self.variance / self.count**2, z)


@dataclass(frozen=True, slots=True)
class HistogramResult:
    """Released counts: people in each range or category, each with the same `variance`."""

    metric: Binned
    count: int
    bins: tuple[Fraction, ...]
    variance: Fraction

    @property
    def with_data(self) -> Fraction:
        """Estimated number of people who had data: the sum of the bins."""
        return sum(self.bins, Fraction(0))

    def intervals(self, z: float = Z95) -> tuple[Interval, ...]:
        """Each bin's number of people with z standard errors."""
        return tuple(Interval.around(people, self.variance, z) for people in self.bins)


MetricResult: TypeAlias = ScalarResult | HistogramResult


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What a batch's two noised shares add up to.

    `totals`: one signed integer for each coordinate, in integer units, noise included.
    """

    batch: BatchId
    count: int
    totals: tuple[int, ...]

    def __post_init__(self) -> None:
        """Raise `InvalidValue` for a result over no reports."""
        if self.count < 1:
            raise InvalidValue("a result needs at least one report")

    def hash(self, salt: bytes) -> bytes:
        """SHA-256(salt ‖ result), which goes on the record without telling the values."""
        numbers = ",".join(str(total) for total in self.totals)
        return fields.digest("plurale-1 result", salt, self.batch.context, str(self.count), numbers)

    def metrics(self, collection: Collection) -> tuple[MetricResult, ...]:
        """The result of each metric of the task, in the task's order."""
        return tuple(
            _metric_result(metric, scales, part, self.count)
            for metric, scales, part in collection.split(self.totals)
        )


def id_root(ids: Iterable[ReportId]) -> bytes:
    """Merkle root over the sorted report ids of a batch (32 bytes)."""
    return tree_hash(sorted(ids))


def commitment(salt: bytes, aggregate_share: bytes) -> bytes:
    """SHA-256(salt ‖ the leader's aggregate share): binds it before it sees the other half."""
    return fields.digest("plurale-1 commitment", salt, aggregate_share)


def add_noise(collection: Collection, aggregate_share: bytes, noise: Sequence[int]) -> bytes:
    """The helper's share with its noise added, modulo the field; same encoding."""
    vdaf = collection.vdaf
    share = vdaf.decode_aggregate_share(aggregate_share).values
    noised = tuple((value + extra) % MODULUS for value, extra in zip(share, noise, strict=True))
    return vdaf.encode_aggregate_share(AggregateShare(noised))


def unshard(
    batch: BatchId, collection: Collection, count: int, leader_share: bytes, helper_share: bytes
) -> BatchResult:
    """Add the two encoded aggregate shares, remove the offset B of every report, restore signs.

    Raises `InvalidValue` when a share is not an aggregate share of the task.
    """
    vdaf = collection.vdaf
    try:
        shares = [vdaf.decode_aggregate_share(share) for share in (leader_share, helper_share)]
    except VdafError as error:
        raise InvalidValue(f"{batch}: an aggregate share does not decode") from error
    sums = vdaf.unshard(shares, count)
    return BatchResult(batch, count, tuple(_centred(total - count * HALF_RANGE) for total in sums))


def _centred(value: int) -> int:
    # Into (−p/2, p/2): noise may take a sum below zero, where the field wraps around.
    residue = value % MODULUS
    return residue - MODULUS if residue > MODULUS // 2 else residue


def _metric_result(metric: Metric, scales: Scales, part: Sequence[int], count: int) -> MetricResult:
    amounts = [total / scales.units for total in part]
    variance = scales.sum_variance(count)
    if isinstance(metric, Scalar):
        return ScalarResult(metric, count, amounts[0], variance)
    return HistogramResult(metric, count, tuple(amounts), variance)
