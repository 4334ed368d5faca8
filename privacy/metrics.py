"""Metrics and tasks: what is collected, clipped how far, encoded how.

A `Scalar` is a number with a target. A `Histogram` and a `Choice` put each person into one of
several bins, ranges or agreed categories, and are judged against nothing.

A value leaves its measure as an exact `Fraction`, or as ``None`` when it is missing. Encoding
turns it into integers in [−C, C]: a missing value becomes 0, "on target", so that somebody
without data looks like anybody else (zero-out adjacency, protocol §4.1).
"""

from bisect import bisect_right
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from typing import NewType, TypeAlias

from privacy.catalogue import CATALOGUE, Kind
from privacy.errors import InvalidValue
from privacy.groups import Level
from privacy.scales import Scales

TaskId = NewType("TaskId", str)


class Direction(StrEnum):
    """Which side of the target is the good one."""

    AT_LEAST = "at_least"
    AT_MOST = "at_most"


@dataclass(frozen=True, slots=True)
class Scalar:
    """A number judged against a target. `share` is its part of the task's budget.

    `clip` is in units of the metric: a value further than `clip` from the target counts as
    exactly that far.
    """

    id: str
    target: Fraction
    direction: Direction
    clip: Fraction
    share: Fraction

    def __post_init__(self) -> None:
        """Raise `InvalidValue` for an unknown measure, or a clip or share out of range."""
        _check_measure(self.id, self.share, type(self))
        if self.clip <= 0:
            raise InvalidValue(f"metric {self.id}: the clip must be greater than 0")

    @property
    def coordinates(self) -> int:
        """How many numbers of a report belong to this metric."""
        return 1

    def clipped(self, value: Fraction | None) -> Fraction:
        """Distance from the target within ±clip, in units of the metric; missing is 0."""
        if value is None:
            return Fraction(0)
        return max(-self.clip, min(self.clip, value - self.target))

    def encode(self, value: Fraction | None, scales: Scales) -> tuple[int, ...]:
        """One integer in [−C, C]."""
        rounded = round(scales.units * self.clipped(value))
        return (max(-scales.sensitivity, min(scales.sensitivity, rounded)),)


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many people's value falls in each range. Judged against nothing.

    ``edges`` e₁ < e₂ < … make the ranges (−∞, e₁), [e₁, e₂), …, [eₙ, ∞), in the metric's unit.
    """

    id: str
    edges: tuple[Fraction, ...]
    share: Fraction

    def __post_init__(self) -> None:
        """Raise `InvalidValue` for an unknown measure, a bad share or edges that do not rise."""
        _check_measure(self.id, self.share, type(self))
        if not self.edges or any(low >= high for low, high in pairwise(self.edges)):
            raise InvalidValue(f"metric {self.id}: the edges must rise, and there must be one")

    @property
    def clip(self) -> Fraction:
        """One person moves one bin by one."""
        return Fraction(1)

    @property
    def coordinates(self) -> int:
        """How many numbers of a report belong to this metric: one for each bin."""
        return len(self.edges) + 1

    def clipped(self, value: Fraction | None) -> tuple[int, ...]:
        """One-hot over the bins; all zero when missing."""
        place = None if value is None else bisect_right(self.edges, value)
        return _one_hot(place, self.coordinates)

    def encode(self, value: Fraction | None, scales: Scales) -> tuple[int, ...]:
        """C at the value's bin and 0 elsewhere."""
        return tuple(scales.sensitivity * hot for hot in self.clipped(value))


@dataclass(frozen=True, slots=True)
class Choice:
    """How many people's value is each of the agreed categories. Judged against nothing.

    ``options`` are the titles of the categories that the agreement names, in its order; "other"
    comes after the last. In the agreement they stand once, for all metrics (`[[categories]]`).
    """

    id: str
    options: tuple[str, ...]
    share: Fraction

    def __post_init__(self) -> None:
        """Raise `InvalidValue` for an unknown measure, a bad share or no category at all."""
        _check_measure(self.id, self.share, type(self))
        if not self.options:
            raise InvalidValue(
                f"metric {self.id}: the agreement names no category: add one under [[categories]]"
            )

    @property
    def clip(self) -> Fraction:
        """One person moves one bin by one."""
        return Fraction(1)

    @property
    def coordinates(self) -> int:
        """How many numbers of a report belong to this metric: one for each category, and other."""
        return len(self.options) + 1

    def clipped(self, value: Fraction | None) -> tuple[int, ...]:
        """One-hot over the bins, `value` being a place from 0; all zero when missing.

        Raises `InvalidValue` for what is no place.
        """
        if value is not None and not (value.denominator == 1 and 0 <= value < self.coordinates):
            raise InvalidValue(f"metric {self.id}: {value} is not the place of a category")
        return _one_hot(None if value is None else int(value), self.coordinates)

    def encode(self, value: Fraction | None, scales: Scales) -> tuple[int, ...]:
        """C at the category's place and 0 elsewhere."""
        return tuple(scales.sensitivity * hot for hot in self.clipped(value))


Binned: TypeAlias = Histogram | Choice
"""A metric with one number of a report for each of its bins."""

Metric: TypeAlias = Scalar | Binned


@dataclass(frozen=True, slots=True)
class Task:
    """One report a person and week, at one group level. `share` is its part of the budget ρ_Q."""

    id: TaskId
    level: Level
    share: Fraction
    metrics: tuple[Metric, ...]

    def __post_init__(self) -> None:
        """Raise `InvalidValue` unless ids are unique, shares sum to 1 and the budget is valid."""
        if not self.id:
            raise InvalidValue("a task needs an id")
        if not 0 < self.share <= 1:
            raise InvalidValue(
                f"task {self.id}: its share of the budget is {self.share}: "
                "it must be greater than 0 and at most 1"
            )
        if not self.metrics:
            raise InvalidValue(f"task {self.id}: it collects no metric")
        if len({metric.id for metric in self.metrics}) < len(self.metrics):
            raise InvalidValue(f"task {self.id}: a metric is named twice")
        total = sum(metric.share for metric in self.metrics)
        if total != 1:
            raise InvalidValue(f"task {self.id}: the shares of its metrics sum to {total}, not 1")

    @property
    def coordinates(self) -> int:
        """Length of a report's vector."""
        return sum(metric.coordinates for metric in self.metrics)


def _one_hot(place: int | None, bins: int) -> tuple[int, ...]:
    return tuple(int(each == place) for each in range(bins))


def _takes(kind: Kind) -> tuple[type[Metric], str]:
    """What a metric of such a measure is, and what its table in the agreement holds."""
    match kind:
        case Kind.BIN:
            return Histogram, "edges"
        case Kind.CATEGORY:
            return Choice, "nothing but a share: its bins are the agreed categories"
        case _:
            return Scalar, "a target, a direction and a clip"


def _check_measure(metric_id: str, share: Fraction, given: type[Metric]) -> None:
    measure = CATALOGUE.get(metric_id)
    if measure is None:
        known = ", ".join(sorted(CATALOGUE))
        raise InvalidValue(f"metric {metric_id!r} is not in the catalogue: choose from {known}")
    wanted, words = _takes(measure.kind)
    if given is not wanted:
        raise InvalidValue(f"metric {metric_id}: it takes {words}")
    if not 0 < share <= 1:
        raise InvalidValue(
            f"metric {metric_id}: its share is {share}: it must be greater than 0 and at most 1"
        )
