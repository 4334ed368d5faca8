"""The planner: figures by hand, every doubt at its edge, merges, and one false report made."""

import math
import random
from dataclasses import replace
from fractions import Fraction
from math import comb

import pytest

from privacy.aggregation import add_up
from privacy.agreement.model import Agreement, PrivacyTerms
from privacy.agreement.words import guess_rates
from privacy.errors import InvalidValue
from privacy.groups import Group, GroupId, Level, Thresholds
from privacy.metrics import Direction, Histogram, Scalar, Task, TaskId
from privacy.noise import epsilon
from privacy.plan.figures import WEEKS, Figures
from privacy.plan.findings import Doubt, about_turnout
from privacy.plan.guarantee import exposures
from privacy.plan.merging import merges
from privacy.plan.participation import PARTICIPATION, Turnout, chance_withheld
from privacy.plan.whole import plan
from privacy.plan.words import rounded
from privacy.release import ScalarResult, unshard
from privacy.scales import HALF_RANGE
from privacy.verdict import LOOKS, Look, Verdict, WindowOutcome, judge
from tests.agreements import breadth, headline, make_agreement, scalar
from tests.unit.privacy.parties import Parties, both_sign

SALES = GroupId("sales")


def teams(*rosters: int, department: int = 400) -> tuple[Group, ...]:
    """A department and teams t0, t1, … of these sizes."""
    return (
        Group(SALES, Level.DEPARTMENT, department),
        *(Group(GroupId(f"t{n}"), Level.TEAM, size, SALES) for n, size in enumerate(rosters)),
    )


def team_task(*metrics: Scalar | Histogram, share: Fraction = Fraction(1)) -> Task:
    return Task(TaskId("team"), Level.TEAM, share, metrics or (scalar(),))


def figures_of(agreement: Agreement, group: str = "t0", metric: int = 0) -> Figures:
    found = agreement.group(group)
    assert found is not None
    task = next(task for task in agreement.tasks if task.level is found.level)
    return Figures.of(agreement, task, found, task.metrics[metric])


def alone(roster: int = 12, metric: Scalar | Histogram | None = None, **terms: object) -> Figures:
    """One metric of one team with the whole budget."""
    changes = {"privacy": PrivacyTerms(**terms)} if terms else {}  # type: ignore[arg-type]
    return figures_of(
        make_agreement(groups=teams(roster), tasks=(team_task(metric or scalar()),), **changes)
    )


# --- figures --------------------------------------------------------------------------------------


def test_the_figures_of_the_protocol() -> None:
    """§9: 12 people, the whole ρ_Q = 1, θ = 1/2, clip ±0.25: ±5.9, 3.0, 1.65 points."""
    errors = [100 * alone().standard_error(weeks) for weeks in WEEKS]
    assert errors == pytest.approx([5.94, 2.97, 1.647], abs=0.005)
    half = figures_of(make_agreement(), "north")
    assert 100 * half.standard_error(1) == pytest.approx(errors[0] * math.sqrt(2))


@pytest.mark.parametrize(("roster", "honest"), [(12, 8), (30, 18), (62, 40)])
@pytest.mark.parametrize("theta", [Fraction(1, 2), Fraction(1, 3)])
@pytest.mark.parametrize("weeks", WEEKS)
def test_the_error_variance_is_exactly_that_of_the_protocol(
    roster: int, honest: int, theta: Fraction, weeks: int
) -> None:
    """θ σ² n / h + (1 − θ) σ² on a sum, with σ² = c² / (2 ρ_w s); by n² on a mean."""
    metrics = (
        scalar(share=Fraction(1, 4)),
        Histogram("mail_response_hours", (Fraction(2),), Fraction(3, 4)),
    )
    agreement = make_agreement(
        groups=teams(roster), tasks=(team_task(*metrics),), privacy=PrivacyTerms(client_share=theta)
    )
    for place in range(len(metrics)):
        each = figures_of(agreement, metric=place)
        metric = each.metric
        sigma = metric.clip**2 * 13 / (2 * metric.share)
        for reports in (each.threshold, roster):
            of_sum = theta * sigma * reports / honest + (1 - theta) * sigma
            spread = reports**2 if place == 0 else 1
            assert each.error_variance(weeks, reports) == of_sum / spread / weeks


def test_fewer_reports_make_a_mean_less_sure_and_a_bin_surer() -> None:
    """A mean is divided by fewer; a bin only loses the noise of those who did not report."""
    mean, bins = alone(30), alone(30, Histogram("mail_response_hours", (Fraction(2),), Fraction(1)))
    assert mean.standard_error(1, 20) > mean.standard_error(1)
    assert bins.standard_error(1, 20) < bins.standard_error(1)


@pytest.mark.parametrize("direction", list(Direction))
@pytest.mark.parametrize("look", LOOKS, ids=lambda look: str(look.windows))
def test_the_stated_distance_gives_its_verdict_in_80_of_100_quarters(
    direction: Direction, look: Look
) -> None:
    """20,000 quarters with a fixed seed; one standard error is 0.28 points, allowed is 1 point."""
    each = alone(metric=scalar(direction=direction))
    metric = each.metric
    assert isinstance(metric, Scalar)
    worse = -1 if direction is Direction.AT_LEAST else 1
    draw = random.Random(f"power {direction} {look.windows}")
    variance = each.scales.sum_variance(12)
    quarters, detected = 20_000, 0
    spread = math.sqrt(variance * look.windows)
    for _ in range(quarters):
        shift = worse * 12 * each.detectable(look) * look.windows
        # The windows' sums add up; how they are spread over the windows does not matter.
        total = Fraction(shift + draw.gauss(0, spread))
        rest = ScalarResult(metric, 12, Fraction(0), variance)
        outcomes: list[WindowOutcome] = [replace(rest, total=total), *[rest] * (look.windows - 1)]
        verdict = judge(metric, outcomes)
        detected += verdict is not None and verdict.verdict is Verdict.NOT_MET
    assert detected / quarters == pytest.approx(0.8, abs=0.01)


@pytest.mark.parametrize(
    ("metric", "met", "not_met"),
    [
        (scalar(), Fraction(1, 5), Fraction(1, 4)),
        (scalar(direction=Direction.AT_MOST), Fraction(1, 4), Fraction(1, 5)),
        (scalar(target=Fraction(1, 10)), Fraction(1, 4), Fraction(1, 10)),
        (scalar(target=Fraction(3, 2)), Fraction(0), Fraction(1, 4)),
        (scalar("active_hours", target=Fraction(30), clip=Fraction(50)), 50, 30),
        (scalar("active_hours", target=Fraction(30), clip=Fraction(8)), 8, 8),
        (Histogram("mail_response_hours", (Fraction(2),), Fraction(1)), None, None),
    ],
)
def test_how_far_a_mean_can_be(
    metric: Scalar | Histogram, met: Fraction | None, not_met: Fraction | None
) -> None:
    each = alone(metric=metric)
    assert (each.reach(Verdict.MET), each.reach(Verdict.NOT_MET)) == (met, not_met)


def test_rounding_is_the_most_that_encoding_moves_a_value() -> None:
    """A value halfway between two units, and all values around it."""
    each = alone()
    assert isinstance(each.metric, Scalar)
    units = each.scales.units
    moved = [
        abs(each.metric.encode(each.metric.target + x, each.scales)[0] / units - x)
        for x in (Fraction(n, 20) / units for n in range(200))
    ]
    assert max(moved) == each.rounding
    assert alone(metric=Histogram("mail_response_hours", (Fraction(2),), Fraction(1))).rounding == 0


# --- one false report -----------------------------------------------------------------------------


def _moved(metric: Scalar | Histogram, honest: Fraction | None, lie: int) -> tuple[Fraction, ...]:
    """How far a whole batch's estimate moves when one of 10 reports says `lie` everywhere.

    The others are on target. No noise: the shift is that of the expectation. Reports are sealed,
    opened and verified by both sides, which accept the lie.
    """
    agreement = make_agreement(groups=teams(10), tasks=(team_task(metric),))
    made = Parties.of("team", "t0", both_sign(agreement))
    neutral = [x + HALF_RANGE for x in made.collection.encode({metric.id: None})]
    truth = [x + HALF_RANGE for x in made.collection.encode({metric.id: honest})]

    def estimates(first: list[int]) -> list[Fraction]:
        shares = [made.decide(made.report(each)) for each in (first, *[neutral] * 9)]
        sides = ([each.leader for each in shares], [each.helper for each in shares])
        accepted = [[out for out in side if out is not None] for side in sides]
        assert [len(side) for side in accepted] == [10, 10]
        leader, helper = (add_up(made.collection, None, side) for side in accepted)
        result = unshard(made.batch, made.collection, 10, leader, helper)
        (released,) = result.metrics(made.collection)
        return [released.mean] if isinstance(released, ScalarResult) else list(released.bins)

    lied = estimates([lie] * len(truth))
    return tuple(after - before for after, before in zip(lied, estimates(truth), strict=True))


def test_the_worst_false_report_moves_a_mean_exactly_as_stated() -> None:
    metric = scalar()
    each = alone(10, metric)
    for honest, lie in ((Fraction(2), 0), (Fraction(0), 2 * HALF_RANGE)):
        ((moved),) = _moved(metric, honest, lie)
        assert abs(moved) == each.false_report()
    (moved,) = _moved(metric, None, 2 * HALF_RANGE)
    assert moved == each.false_report_from_neutral()
    assert each.false_report() > 2 * metric.clip / 10


def test_the_worst_false_report_moves_a_bin_exactly_as_stated() -> None:
    metric = Histogram("mail_response_hours", (Fraction(2),), Fraction(1))
    each = alone(10, metric)
    assert _moved(metric, Fraction(1), 0) == (
        -each.false_report(),
        -each.false_report_from_neutral(),
    )
    assert max(_moved(metric, Fraction(1), 2 * HALF_RANGE)) < each.false_report()


# --- participation --------------------------------------------------------------------------------


def test_a_team_of_12_with_threshold_10() -> None:
    """§9: 44 % at 0.8, 11 % at 0.9; whole numbers by hand."""
    chances = [chance_withheld(12, 10, each) for each in PARTICIPATION]
    assert [round(100 * chance) for chance in chances] == [44, 11, 2]
    released = comb(12, 2) * 9**10 + 12 * 9**11 + 9**12
    assert chances[1] == 1 - Fraction(released, 10**12)


@pytest.mark.parametrize(("roster", "threshold"), [(10, 10), (30, 20), (62, 42), (3, 0), (3, 4)])
def test_the_chance_is_the_binomial_distribution(roster: int, threshold: int) -> None:
    for p in (*PARTICIPATION, Fraction(0), Fraction(1), Fraction(2, 7)):
        below = range(min(threshold, roster + 1))
        by_hand = sum(comb(roster, k) * p**k * (1 - p) ** (roster - k) for k in below)
        assert chance_withheld(roster, threshold, p) == by_hand


@pytest.mark.parametrize("wrong", [Fraction(-1, 100), Fraction(101, 100)])
def test_a_participation_is_a_probability(wrong: Fraction) -> None:
    with pytest.raises(InvalidValue, match="between 0 and 1"):
        chance_withheld(12, 10, wrong)


# --- what it costs --------------------------------------------------------------------------------


def test_exposures_are_those_of_the_tasks_then_of_everything_in_a_quarter_and_in_a_year() -> None:
    agreement = make_agreement(
        tasks=(headline(share=Fraction(1, 4)), breadth()),
        privacy=PrivacyTerms(client_share=Fraction(1, 4)),
    )
    told = exposures(agreement)
    assert [(each.task, each.quarters, each.outside.rho) for each in told] == [
        ("headline", 1, Fraction(1, 4)),
        ("breadth", 1, Fraction(1, 2)),
        (None, 1, Fraction(1)),
        (None, 4, Fraction(4)),
    ]
    for each in told:
        assert each.council.rho == 4 * each.outside.rho
        for guarantee in (each.outside, each.council):
            assert guarantee.epsilon == epsilon(guarantee.rho, 1e-6)
            assert (guarantee.present, guarantee.limits) == guess_rates(float(guarantee.rho))
    assert told[2].outside.epsilon == pytest.approx(7.77, abs=0.01)
    assert told[3].outside.epsilon == pytest.approx(17.9, abs=0.1)


# --- doubts at their edges ------------------------------------------------------------------------


def doubts(agreement: Agreement, group: str = "t0") -> list[Doubt]:
    return [each.doubt for each in plan(agreement).findings if each.group == group]


def needing(clip: Fraction, distance: float) -> Fraction:
    """The share of the budget at which a team of 12 detects `distance` with this clip."""
    whole = alone(metric=scalar(clip=clip)).detectable(LOOKS[-1])
    return Fraction((whole / distance) ** 2)


@pytest.mark.parametrize(
    ("target", "clip", "edge", "doubt"),
    [
        (Fraction(1, 2), Fraction(1, 4), 0.25, Doubt.NO_VERDICT),
        (Fraction(1, 2), Fraction(3, 5), 0.5, Doubt.NO_VERDICT),
        (Fraction(4, 5), Fraction(1, 4), 0.2, Doubt.ONE_SIDED),
        (Fraction(1, 10), Fraction(1, 4), 0.1, Doubt.ONE_SIDED),
    ],
)
def test_verdicts_out_of_reach(target: Fraction, clip: Fraction, edge: float, doubt: Doubt) -> None:
    for nudge, expected in ((1.0001, []), (0.9999, [doubt])):
        share = needing(clip, edge) * Fraction(nudge)
        metric = scalar(target=target, clip=clip)
        agreement = make_agreement(groups=teams(12), tasks=(team_task(metric, share=share),))
        assert doubts(agreement) == expected


def test_a_scalar_whose_error_is_above_half_its_clip_is_always_in_doubt() -> None:
    each = alone()
    assert each.detectable(LOOKS[-1]) > 2 * each.standard_error(13)


@pytest.mark.parametrize(("ranges", "expected"), [(7, []), (8, [Doubt.FAINT_BINS])])
def test_bins_that_only_noise_fills(ranges: int, expected: list[Doubt]) -> None:
    """In a team of 12 its error is 0.79 people, and twice that lies between 12 / 8 and 12 / 7."""
    edges = tuple(Fraction(n) for n in range(1, ranges))
    metric = Histogram("mail_response_hours", edges, Fraction(1))
    each = alone(metric=metric)
    bound = Fraction(12, ranges) / 2
    assert (each.standard_error(13) > bound) is bool(expected)
    assert doubts(make_agreement(groups=teams(12), tasks=(team_task(metric),))) == expected


def test_rounding_that_matters() -> None:
    """A larger group has less noise, and the same rounding: there is one first such roster."""
    low, high = 12, 100_000
    while high - low > 1:
        middle = (low + high) // 2
        if alone_in_department(middle)[0].rounding > alone_in_department(middle)[1]:
            high = middle
        else:
            low = middle
    assert doubts(department_alone(high), "sales") == [Doubt.ROUNDING]
    assert doubts(department_alone(low), "sales") == []


def test_rounding_is_no_reason_to_merge() -> None:
    agreement = make_agreement(groups=teams(1000, 1000, department=2000), tasks=(team_task(),))
    assert doubts(agreement) == [Doubt.ROUNDING]
    assert merges(agreement) == ()


def department_alone(roster: int) -> Agreement:
    task = Task(TaskId("all"), Level.DEPARTMENT, Fraction(1), (scalar(),))
    return make_agreement(groups=teams(department=roster), tasks=(task,))


def alone_in_department(roster: int) -> tuple[Figures, float]:
    each = figures_of(department_alone(roster), "sales")
    return each, each.standard_error(13) / 2


@pytest.mark.parametrize(("roster", "expected"), [(10, [Doubt.OFTEN_WITHHELD]), (11, [])])
def test_a_team_that_is_often_withheld(roster: int, expected: list[Doubt]) -> None:
    """10 of 10 at 90 %: 65 % withheld; 10 of 11: 30 %."""
    assert doubts(make_agreement(groups=teams(roster), tasks=(team_task(),))) == expected


def test_exactly_a_third_is_not_often() -> None:
    agreement = make_agreement(groups=teams(12), tasks=(team_task(),))
    edge = Turnout(teams(12)[1], 10, (Fraction(1), Fraction(1, 3), Fraction(0)))
    assert list(about_turnout(agreement, TaskId("team"), edge)) == []
    over = replace(edge, withheld=(Fraction(1), Fraction(1, 3) + Fraction(1, 10**9), Fraction(0)))
    assert len(list(about_turnout(agreement, TaskId("team"), over))) == 1


def weak(*rosters: int, share: Fraction = Fraction(1)) -> Agreement:
    return make_agreement(groups=teams(*rosters), tasks=(team_task(share=share),))


@pytest.mark.parametrize(
    ("agreement", "steps"),
    [
        (weak(10, 30), ["merge t0 with another team of sales"]),
        (weak(10), ["leave t0 out of the task"]),
        (
            weak(12, 30, share=Fraction(1, 30)),
            ["raise its share of the budget, or merge t0 with another team of sales"],
        ),
        (
            weak(12, share=Fraction(1, 30)),
            ["set a target with more room, or raise its share of the budget."],
        ),
    ],
)
def test_a_sentence_names_task_group_metric_and_next_step(
    agreement: Agreement, steps: list[str]
) -> None:
    (finding,) = (each for each in plan(agreement).findings if each.group == "t0")
    metric = "every metric" if finding.metric is None else "metric mail_answered_in_time"
    assert finding.sentence.startswith(f"Task team, group t0, {metric}: ")
    assert finding.sentence.endswith(".")
    for step in steps:
        assert step in finding.sentence


def test_nobody_is_told_to_raise_a_share_that_is_whole() -> None:
    terms = PrivacyTerms(Fraction(1, 30))
    agreement = make_agreement(groups=teams(12, 30), tasks=(team_task(),), privacy=terms)
    (finding,) = (each for each in plan(agreement).findings if each.group == "t0")
    assert finding.sentence.endswith(", or merge t0 with another team of sales.")
    assert "share of the budget" not in finding.sentence


# --- merges ---------------------------------------------------------------------------------------


def test_a_weak_team_takes_its_smallest_sibling() -> None:
    (merge,) = merges(weak(30, 10, 14))
    assert (merge.teams, merge.roster, merge.suggested) == (("t1", "t2"), 24, True)
    assert merge.findings == ()
    merged = weak(24)
    assert merge.figures[0].standard_error(13) == figures_of(merged).standard_error(13)
    assert merge.turnout.withheld == Turnout.of(merged, merged.groups[1]).withheld


def test_it_takes_another_one_until_it_answers() -> None:
    """Below a share of the budget, two teams of 12 are not enough and three are."""
    two, three = (alone(n).detectable(LOOKS[-1]) for n in (24, 36))
    between = Fraction((math.sqrt(two * three) / 0.2) ** 2)
    (merge,) = merges(weak(12, 12, 12, 60, share=between))
    assert (merge.teams, merge.findings) == (("t0", "t1", "t2"), ())


def test_a_team_that_finds_no_sibling_free_joins_a_merge() -> None:
    (merge,) = merges(weak(10, 10, 10))
    assert set(merge.teams) == {"t0", "t1", "t2"}


def test_merges_are_disjoint() -> None:
    found = merges(weak(10, 10, 10, 10))
    assert [merge.teams for merge in found] == [("t0", "t1"), ("t2", "t3")]


def test_what_no_merge_eases_drives_none_and_is_told_once() -> None:
    hopeless = scalar("core_hours_coverage", target=Fraction(1), share=Fraction(1, 2))
    task = team_task(scalar(share=Fraction(1, 2)), hopeless)
    found = merges(make_agreement(groups=teams(10, 12, 30), tasks=(task,)))
    assert [(merge.teams, merge.suggested) for merge in found] == [
        (("t0", "t1"), True),
        (("t0", "t1", "t2"), False),
    ]
    for merge in found:
        assert [(each.metric, each.doubt) for each in merge.findings] == [
            ("core_hours_coverage", Doubt.ONE_SIDED)
        ]


def test_strong_teams_and_teams_without_a_parent_are_left_alone() -> None:
    assert merges(weak(12, 30)) == ()
    orphan = Group(GroupId("t0"), Level.TEAM, 10)
    assert merges(make_agreement(groups=(orphan,), tasks=(team_task(),))) == ()


def test_a_merge_that_would_break_the_rule_on_noise_is_not_suggested() -> None:
    """With 20 members h is 14 and no longer 10: each client's noise is then below 8 units."""
    for rho, suggested in ((3000, 1), (4000, 0)):
        privacy = PrivacyTerms(Fraction(rho), Thresholds(10, 0))
        agreement = make_agreement(groups=teams(10, 10), tasks=(team_task(),), privacy=privacy)
        assert Doubt.OFTEN_WITHHELD in doubts(agreement)
        assert len(merges(agreement)) == suggested


# --- the whole ------------------------------------------------------------------------------------


def test_a_plan_holds_every_task_group_and_metric_in_order() -> None:
    whole = plan(make_agreement())
    named = [(each.task.id, each.group.id, each.metric.id) for each in whole.figures]
    assert named[:3] == [
        ("headline", team, "mail_answered_in_time") for team in ("north", "south", "west")
    ]
    assert [metric for _, group, metric in named[3:] if group == "sales"] == [
        metric.id for metric in breadth().metrics
    ]
    assert [each.group.id for each in whole.turnouts] == ["sales", "north", "south", "west"]
    assert whole.findings == ()
    assert whole.merges == ()


def test_groups_in_which_nothing_is_collected_are_left_out() -> None:
    whole = plan(make_agreement(tasks=(headline(),)))
    assert [each.group.id for each in whole.turnouts] == ["north", "south", "west"]


@pytest.mark.parametrize(
    ("number", "shown"),
    [(118.4, "118"), (99.96, "100"), (11.94, "11.9"), (9.996, "10.0"), (1.654, "1.65"), (0, "0.00"),
     (0.0996, "0.10"), (0.0591, "0.059")],
)  # fmt: skip
def test_numbers_have_about_three_digits(number: float, shown: str) -> None:
    assert rounded(number) == shown
