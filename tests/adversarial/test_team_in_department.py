"""A team of nine in a department of ten: what the one less the other says about the tenth.

With the usual thresholds such groups cannot be agreed. With the lowest that there are, the same
measure at both levels, and nine people who did exactly the same in both, the difference is the
tenth person's value behind the noise of both.
"""

import dataclasses
from fractions import Fraction

import pytest

from privacy.agreement.model import Agreement, PrivacyTerms
from privacy.agreement.words import guess_rates
from privacy.errors import InvalidAgreement
from privacy.groups import Group, GroupId, Level, Thresholds
from privacy.metrics import TaskId
from privacy.scales import Scales
from tests.adversarial.guessing import at_the_limits, best_rate, margin, percent, rate_of, seen
from tests.agreements import headline, make_agreement
from tests.threat_model import threats
from tests.unit.privacy.parties import Parties, both_sign

pytestmark = pytest.mark.threat("team-in-department")

CASES = 12_000
HALF = Fraction(1, 2)


def nine_in_ten(**privacy: int) -> Agreement:
    """The same measure for a team of nine and its department of ten, half of the budget each."""
    department = GroupId("ten")
    tasks = (
        headline(id=TaskId("of-nine"), share=HALF),
        headline(id=TaskId("of-ten"), level=Level.DEPARTMENT, share=HALF),
    )
    groups = (
        Group(department, Level.DEPARTMENT, 10),
        Group(GroupId("nine"), Level.TEAM, 9, department),
    )
    terms = dataclasses.replace(PrivacyTerms(), thresholds=Thresholds(**privacy))
    return make_agreement(groups=groups, tasks=tasks, privacy=terms)


def scales() -> tuple[Scales, Scales]:
    """Of the team's task and of the department's."""
    signed = both_sign(nine_in_ten(min_contributors=7))
    team, department = Parties.of("of-nine", "nine", signed), Parties.of("of-ten", "ten", signed)
    return team.collection.scales[0], department.collection.scales[0]


def test_with_the_usual_thresholds_a_team_of_nine_cannot_be_agreed() -> None:
    with pytest.raises(InvalidAgreement, match="Group nine has 9 members, but nothing is released"):
        nine_in_ten()


def test_the_department_less_the_team_tells_less_than_the_department_alone() -> None:
    of_nine, of_ten = scales()
    units = at_the_limits(of_ten, CASES)
    department, team = seen(of_ten, units, 10), seen(of_nine, [0] * CASES, 9)
    difference = [
        float(d / of_ten.units - t / of_nine.units) for d, t in zip(department, team, strict=True)
    ]
    rate = rate_of(difference, units)
    clip = 0.25
    expected = best_rate(clip, float(of_ten.sum_variance(10) + of_nine.sum_variance(9)))
    assert rate == pytest.approx(expected, abs=margin(expected, CASES))
    # Half of ρ = 1 over 13 weeks: what somebody gets who knows the nine without asking the team.
    bound = guess_rates(1 / 26)[1]
    assert expected < bound
    assert threats()["team-in-department"].says(percent(expected), percent(bound))


def test_a_quarter_of_differences_stays_within_the_budget() -> None:
    of_nine, of_ten = scales()
    noise = float(of_ten.sum_variance(10) + of_nine.sum_variance(9))
    quarter = best_rate(0.25 * 13, noise * 13)
    assert quarter < guess_rates(0.5)[1] < guess_rates(1.0)[1]
    assert threats()["team-in-department"].says(percent(quarter))


def test_a_report_to_the_department_opens_at_no_other_level() -> None:
    signed = both_sign(nine_in_ten(min_contributors=7))
    team, department = Parties.of("of-nine", "nine", signed), Parties.of("of-ten", "ten", signed)
    report = department.report([1023])
    assert department.decide(report).reason is None
    moved = dataclasses.replace(report, batch=team.batch)
    assert team.decide(moved).leader is None
