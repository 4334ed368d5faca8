"""The plan against simulated quarters: production encoding, noise and verdicts.

`WEEKS_MADE` weeks of each group with OpenDP's noise. To keep this short, every person and week
draws, with a fixed seed, from a pool of `POOL` real numbers of the right scale and the same with
the other sign: a pool's own mean would add up over people and weeks. That real noise is centred is
tested on sums in test_releases.py.

Standard errors within 3 %. The relative error of a measured one is √(1 / 2n): 0.35 % from the
40,000 weeks, at most 0.5 % from the two pools of 20,000, and 0.35 % from cutting shuffled weeks
into quarters. Together below 0.71 %, so 3 % is 4.2 standard errors: false alarm 2.6e-5 for a figure
and 4e-4 for all 15. For 12 of 12 a planner that took m for h would be off by 6.2 %, one that left
out the helper's noise by 23 %.

Detection: 80 % ± 2.5 points over quarters out of the same weeks. Their mean is off by 1.8 % of a
quarter's standard error, which is 0.5 points; 0.71 % of a standard error is 0.17 points; which
quarters were cut, 0.2 points. Together 0.57 points, so 2.5 are 4.4 of them: false alarm 1.1e-5
for a figure.

Withheld: within 1 point over 100,000 weeks with a fixed seed, one standard error 0.16 points.
"""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cache
from typing import TypeVar

import pytest

from privacy.agreement.model import Agreement
from privacy.groups import Level
from privacy.metrics import Direction, Histogram, Scalar, Task, TaskId
from privacy.noise import DiscreteGaussian, NoiseSource, helper_noise, noisy_measurement
from privacy.plan.figures import WEEKS, Figures
from privacy.plan.participation import PARTICIPATION, Turnout
from privacy.release import HistogramResult, MetricResult, ScalarResult, add_noise, unshard
from privacy.verdict import LOOKS, Verdict, judge, mean
from privacy.window import WINDOWS_PER_QUARTER
from tests.agreements import make_agreement, scalar
from tests.statistical.releases import split
from tests.unit.privacy.parties import Parties, both_sign

WEEKS_MADE = 40_000
POOL = 20_000
ERRORS = 0.03
POWER = 0.025
CHANCE = 0.01


Week = TypeVar("Week", bound=MetricResult)


@dataclass
class Pooled:
    """Real noise, drawn once for each variance and chosen from with a seed."""

    source: NoiseSource
    choose: random.Random
    pools: dict[Fraction, list[int]] = field(default_factory=dict)

    def draw(self, variance: Fraction, count: int) -> list[int]:
        """`count` numbers of the pool of this variance."""
        if variance not in self.pools:
            drawn = self.source.draw(variance, POOL)
            self.pools[variance] = [*drawn, *(-number for number in drawn)]
        return self.choose.choices(self.pools[variance], k=count)


@dataclass(frozen=True)
class Made:
    """Weeks of one metric in one group with the same reports, and their true estimate."""

    figures: Figures
    reports: int
    truth: Fraction
    weeks: tuple[MetricResult, ...]


def agreement() -> Agreement:
    """The default groups, with one metric a task, so that every one has its own budget."""
    half = Fraction(1, 2)
    late = scalar("after_hours_share", target=Fraction(1, 10), direction=Direction.AT_MOST)
    hours = Histogram("mail_response_hours", (Fraction(2),), Fraction(1))
    tasks = (
        Task(TaskId("answers"), Level.TEAM, half, (scalar(),)),
        Task(TaskId("late"), Level.TEAM, half / 2, (late,)),
        Task(TaskId("hours"), Level.DEPARTMENT, half / 2, (hours,)),
    )
    return make_agreement(tasks=tasks)


CASES = {
    "12 of 12": ("answers", "north", 12),
    "10 of 12": ("answers", "north", 10),
    "30 of 30": ("answers", "south", 30),
    "20 of 20, at most": ("late", "west", 20),
    "a bin of 62": ("hours", "sales", 62),
}


@cache
def made(case: str) -> Made:
    """All weeks of one case."""
    task_id, group_id, reports = CASES[case]
    signed = both_sign(agreement())
    parties = Parties.of(task_id, group_id, signed)
    collection = parties.collection
    (metric,), (scales,) = collection.task.metrics, collection.scales
    noise = Pooled(DiscreteGaussian(), random.Random(f"weeks {case}"))
    values = random.Random(f"values {case}")
    columns: list[list[int]] = []
    encoded = [
        collection.encode({metric.id: Fraction(values.randint(0, 40), 10)}) for _ in range(reports)
    ]
    for place in range(metric.coordinates):
        # All the weeks of one person as one vector: the same noise as week by week, only faster.
        sums = [0] * WEEKS_MADE
        for person in encoded:
            sent = noisy_measurement([person[place]] * WEEKS_MADE, [scales] * WEEKS_MADE, noise)
            sums = [total + number for total, number in zip(sums, sent, strict=True)]
        columns.append(sums)
    figures = Figures.of(agreement(), collection.task, collection.group, metric)
    total = sum(person[0] for person in encoded) / scales.units
    truth = metric.target + total / reports if isinstance(metric, Scalar) else total
    released = tuple(
        _released(parties, reports, week, noise) for week in zip(*columns, strict=True)
    )
    return Made(figures, reports, truth, released)


def _released(
    parties: Parties, reports: int, sums: tuple[int, ...], noise: NoiseSource
) -> MetricResult:
    collection = parties.collection
    leader, helper = split(collection, sums)
    noised = add_noise(collection, helper, helper_noise(collection.coordinate_scales, noise))
    (result,) = unshard(parties.batch, collection, reports, leader, noised).metrics(collection)
    return result


def spans(weeks: tuple[Week, ...], length: int) -> Iterator[tuple[Week, ...]]:
    """About as many spans of `length` different weeks as there are weeks, shuffled with a seed."""
    shuffled = list(weeks)
    for turn in range(length):
        random.Random(f"{length} {turn}").shuffle(shuffled)
        for start in range(0, len(shuffled) - length + 1, length):
            yield tuple(shuffled[start : start + length])


def estimate(span: tuple[MetricResult, ...]) -> float:
    """Of a mean as verdicts take it; of a bin the average number of people."""
    scalars = [each for each in span if isinstance(each, ScalarResult)]
    if scalars:
        return float(mean(scalars)[0])
    bins = [each.bins[0] for each in span if isinstance(each, HistogramResult)]
    return float(sum(bins, Fraction(0)) / len(bins))


@pytest.mark.parametrize("case", CASES)
def test_standard_errors_are_those_of_simulated_quarters(case: str) -> None:
    weekly = made(case)
    for weeks in WEEKS:
        truth = float(weekly.truth)
        squares = [(estimate(span) - truth) ** 2 for span in spans(weekly.weeks, weeks)]
        measured = math.sqrt(math.fsum(squares) / len(squares))
        stated = weekly.figures.standard_error(weeks, weekly.reports)
        assert measured == pytest.approx(stated, rel=ERRORS), weeks


@pytest.mark.parametrize("case", ["12 of 12", "30 of 30", "20 of 20, at most"])
def test_the_stated_distance_is_detected_in_80_of_100_quarters(case: str) -> None:
    """Weeks are moved to where their true mean is just as far from the target as is stated."""
    weekly = made(case)
    metric = weekly.figures.metric
    assert isinstance(metric, Scalar)
    for verdict in (Verdict.MET, Verdict.NOT_MET):
        above = (verdict is Verdict.MET) is (metric.direction is Direction.AT_LEAST)
        wanted = weekly.figures.detectable(LOOKS[-1]) * (1 if above else -1)
        moved = (Fraction(wanted) - (weekly.truth - metric.target)) * weekly.reports
        shifted = tuple(
            replace(each, total=each.total + moved)
            for each in weekly.weeks
            if isinstance(each, ScalarResult)
        )
        told = [
            judged.verdict
            for span in spans(shifted, WINDOWS_PER_QUARTER)
            for judged in [judge(metric, span)]
            if judged is not None
        ]
        assert told.count(verdict) / len(told) == pytest.approx(0.8, abs=POWER), verdict


@pytest.mark.parametrize("group_id", ["north", "south", "west", "sales"])
@pytest.mark.parametrize("participation", PARTICIPATION, ids=lambda each: f"{float(each):.2f}")
def test_weeks_are_withheld_as_often_as_stated(group_id: str, participation: Fraction) -> None:
    group = agreement().group(group_id)
    assert group is not None
    task = "hours" if group.level is Level.DEPARTMENT else "answers"
    needed = Parties.of(task, group_id, both_sign(agreement())).collection.threshold
    draw, chance = random.Random(f"reports {group_id} {participation}"), float(participation)
    weeks = 100_000 if group.roster < 30 else 40_000
    withheld = sum(
        sum(draw.random() < chance for _ in range(group.roster)) < needed for _ in range(weeks)
    )
    stated = Turnout.of(agreement(), group).withheld_at(participation)
    assert withheld / weeks == pytest.approx(float(stated), abs=CHANCE)
