"""Statistics are tests: what is released is what the protocol states, and every fault is caught.

A team of 12 with threshold 10 and h = 8; all or 11 of them report; values are missing, clipped,
on target and anything between. False alarms and power are worked out in oracles.py and below: the
whole file raises a false alarm less than once in 10,000 runs.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cache

from privacy.aggregation import add_up
from privacy.agreement.model import Role
from privacy.groups import Level
from privacy.metrics import Choice, Direction, Histogram, Metric, Scalar, Task, TaskId
from privacy.noise import DiscreteGaussian, NoiseSource, noisy_measurement
from privacy.release import HistogramResult, unshard
from privacy.report import Submission
from privacy.scales import HALF_RANGE
from tests import batch_keys
from tests.agreements import make_agreement, scalar
from tests.statistical.oracles import FEWEST, SUMS, check
from tests.statistical.releases import (
    Halved,
    Person,
    Recorded,
    Release,
    Silent,
    as_releases,
    releases,
)
from tests.unit.privacy.parties import BATCH_KEY, Parties, both_sign

TEAM = 12
SHARE = Fraction(1, 5)
SCALARS = (
    scalar("mail_answered_in_time", share=SHARE),
    scalar("core_hours_coverage", target=Fraction(7, 10), share=SHARE),
    scalar("after_hours_share", target=Fraction(1, 10), direction=Direction.AT_MOST, share=SHARE),
    scalar("client_mails_answered", target=Fraction(40), clip=Fraction(20), share=SHARE),
    scalar("active_hours", target=Fraction(30), clip=Fraction(20), share=SHARE),
)
HISTOGRAM = Histogram("mail_response_hours", edges=(Fraction(2), Fraction(8)), share=Fraction(1))


def parties(*metrics: Scalar | Histogram) -> Parties:
    """A team of 12 whose only task has these metrics."""
    team = Task(TaskId("team"), Level.TEAM, Fraction(1), metrics)
    made = Parties.of("team", "north", both_sign(make_agreement(tasks=(team,))))
    assert made.collection.group.roster == TEAM
    assert (made.collection.threshold, made.collection.honest) == (10, 8)
    return made


def people_of(made: Parties, number: int = 400) -> list[Person]:
    """Weeks of all kinds: one in eight values is missing, and about a third are clipped."""
    draw = random.Random("values")

    def value(metric: Metric) -> Fraction | None:
        if draw.random() < 1 / 8:
            return None
        if isinstance(metric, Histogram):
            return Fraction(draw.randint(0, 120), 10)
        if isinstance(metric, Choice):
            return Fraction(draw.randint(0, len(metric.options)))
        return metric.target + metric.clip * Fraction(draw.randint(-1700, 1400), 1000)

    metrics = made.collection.task.metrics
    return [
        Person.of(made.collection, {metric.id: value(metric) for metric in metrics})
        for _ in range(number)
    ]


# --- the fast way of making sums is the real one --------------------------------------------------


def test_whole_cryptographic_runs_give_exactly_the_plain_sum() -> None:
    """200 batches: reports sealed, opened, verified and added up by both sides."""
    made = parties(*SCALARS)
    people, choose = people_of(made), random.Random("runs")
    leader, helper = made.verifier(Role.LEADER), made.verifier(Role.HELPER)
    source = Recorded(DiscreteGaussian())
    for number in range(200):
        measurements = [
            noisy_measurement(person.encoded, made.collection.coordinate_scales, source)
            for person in choose.choices(people, k=TEAM - number % 2)
        ]
        outs = []
        for measurement in measurements:
            report = made.report(measurement)
            token = batch_keys.sign_seen(BATCH_KEY, report.digest)
            request, state = leader.start(Submission(report, token))
            message, out = helper.answer(request)
            outs.append((leader.finish(state, message), out))
        sums = [add_up(made.collection, None, side) for side in zip(*outs, strict=True)]
        result = unshard(made.batch, made.collection, len(outs), sums[0], sums[1])
        plain = [sum(column) - len(outs) * HALF_RANGE for column in zip(*measurements, strict=True)]
        assert list(result.totals) == plain


def test_rounding_moves_a_sum_by_less_than_half_a_unit_for_each_report() -> None:
    made = parties(*SCALARS)
    people = people_of(made)
    for place, scale in enumerate(made.collection.scales):
        for person in people:
            assert abs(person.encoded[place] - scale.units * person.clipped[place]) <= Fraction(
                1, 2
            )


def test_the_values_are_of_every_kind() -> None:
    """So that the sums below are not sums of easy cases."""
    made = parties(*SCALARS)
    people = people_of(made)
    for place, metric in enumerate(SCALARS):
        values = [person.values[metric.id] for person in people]
        clipped = [person.clipped[place] for person in people]
        assert values.count(None) > 20
        assert clipped.count(metric.clip) > 20
        assert clipped.count(-metric.clip) > 20
        assert sum(0 < abs(distance) < metric.clip for distance in clipped) > 100


# --- released sums --------------------------------------------------------------------------------


@cache
def recorded() -> Recorded:
    """One long draw of real noise; every test of this process works on it from the start."""
    return Recorded(DiscreteGaussian())


def released(clients: Sequence[NoiseSource], helper: NoiseSource) -> list[Release]:
    """SUMS released sums, five a batch."""
    made = parties(*SCALARS)
    batches = SUMS // len(SCALARS)
    return [
        release
        for result, truths in releases(made, people_of(made), clients, helper, batches)
        for release in as_releases(result, truths)
    ]


def test_released_sums_are_unbiased_as_wide_as_stated_and_covered() -> None:
    noise = recorded().rewind()
    sums = released([noise] * TEAM, noise)
    assert len(sums) == SUMS
    assert check(sums) == []


def test_one_client_of_twelve_without_noise_is_caught() -> None:
    noise = recorded().rewind()
    failures = check(released([Silent(noise), *[noise] * (TEAM - 1)], noise))
    assert any(failure.startswith("variance") for failure in failures)


def test_noise_at_half_scale_is_caught() -> None:
    noise = Halved(recorded().rewind())
    failures = check(released([noise] * TEAM, noise))
    assert {failure.split(":")[0] for failure in failures} >= {"variance", "coverage"}


def test_a_helper_without_noise_is_caught() -> None:
    noise = recorded().rewind()
    failures = check(released([noise] * TEAM, Silent(noise)))
    assert {failure.split(":")[0] for failure in failures} >= {"variance", "coverage"}


# --- the oracles themselves, on ideal sums --------------------------------------------------------


def ideal(shift: float = 0, scale: float = 1, number: int = SUMS) -> list[Release]:
    """Sums with seeded Gaussian errors, moved by `shift` and stretched by `scale`."""
    draw = random.Random("ideal sums")
    made = parties(*SCALARS)
    (result, *_), (truths, *_) = zip(
        *releases(made, people_of(made), [Silent(recorded())] * TEAM, Silent(recorded()), 1),
        strict=True,
    )
    (base,) = as_releases(result, truths)
    sd = math.sqrt(base.variance)
    sums = []
    for _ in range(number):
        error = (shift + scale * draw.gauss(0, 1)) * sd
        moved = error / TEAM
        mean = replace(
            base.mean,
            estimate=base.true_mean + moved,
            low=base.true_mean + moved - 1.959964 * sd / TEAM,
            high=base.true_mean + moved + 1.959964 * sd / TEAM,
        )
        sums.append(replace(base, total=base.truth + error, mean=mean))
    return sums


def test_ideal_sums_pass_and_each_oracle_sees_its_own_fault() -> None:
    assert check(ideal()) == []
    assert [f.split(":")[0] for f in check(ideal(shift=0.03))] == ["bias"]
    assert [f.split(":")[0] for f in check(ideal(scale=0.97))] == ["variance"]
    assert [f.split(":")[0] for f in check(ideal(scale=1.1))] == ["variance", "coverage"]
    narrow = [replace(r, mean=replace(r.mean, low=r.mean.estimate)) for r in ideal()]
    assert [f.split(":")[0] for f in check(narrow)] == ["coverage"]


def test_too_few_sums_are_no_evidence() -> None:
    assert check(ideal(number=FEWEST - 1)) == [f"only {FEWEST - 1} sums: too few to tell"]


# --- a histogram ----------------------------------------------------------------------------------


def test_the_bins_of_a_histogram_are_unbiased_and_as_wide_as_stated() -> None:
    """3,000 batches of three bins. Each limit is 5 standard errors: false alarm below 4e-6."""
    made = parties(HISTOGRAM)
    noise = Recorded(DiscreteGaussian())
    batches = list(releases(made, people_of(made), [noise] * TEAM, noise, 3000))
    errors: list[list[float]] = [[], [], []]
    with_data: list[float] = []
    for result, truths in batches:
        assert isinstance(result, HistogramResult)
        for place, release in enumerate(as_releases(result, truths)):
            errors[place].append((release.total - release.truth) / math.sqrt(release.variance))
        spread = math.sqrt(3 * result.variance)
        with_data.append(float(result.with_data - sum(truths)) / spread)
    for column in (*errors, with_data):
        n = len(column)
        assert abs(sum(column)) / n <= 5 / math.sqrt(n)
        assert abs(sum(error**2 for error in column) / n - 1) <= 5 * math.sqrt(2 / n)


def test_whole_runs_of_a_histogram_count_everybody_once() -> None:
    """Without noise the bins are the exact numbers of people, and missing ones are in none."""
    made = parties(HISTOGRAM)
    people = people_of(made, 60)
    silent = Silent(Recorded(DiscreteGaussian()))
    for result, truths in releases(made, people, [silent] * TEAM, silent, 50):
        assert isinstance(result, HistogramResult)
        assert list(result.bins) == list(truths)
        assert all(people.denominator == 1 for people in result.bins)
