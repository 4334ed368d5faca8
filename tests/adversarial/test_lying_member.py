"""The limit: a member, or a program on a member's device, that lies within what the proof admits.

The proof keeps every number in the range that holds values and noise. So a lie is bounded, and what
it moves a week by is what the plan says before anybody signs.
"""

from fractions import Fraction

import pytest

from privacy.agreement.model import Party
from privacy.errors import Rejection
from privacy.groups import Group, GroupId, Level
from privacy.plan.figures import Figures
from privacy.scales import HALF_RANGE, MAX_MEASUREMENT
from tests.adversarial.liars import out_of_range
from tests.adversarial.lone_council import one_team
from tests.adversarial.test_clients import send_honest
from tests.pair import Pair, expected_totals
from tests.threat_model import threats

pytestmark = pytest.mark.threat("member-lies", "tampered-client")


def figures(roster: int = 12) -> Figures:
    """One metric with the whole budget, clipped at 25 points, for a team of this size."""
    agreement = one_team(groups=(Group(GroupId("north"), Level.TEAM, roster),))
    (task,), (group,) = agreement.tasks, agreement.groups
    return Figures.of(agreement, task, group, task.metrics[0])


def points(amount: Fraction | float) -> str:
    """As the document writes it."""
    return f"{float(amount) * 100:.1f} points"


@pytest.mark.parametrize(("lie", "moved"), [(0, -HALF_RANGE), (MAX_MEASUREMENT, HALF_RANGE)])
def test_a_lie_at_the_end_of_the_range_is_counted_and_moves_the_sum_by_that(
    pair: Pair, lie: int, moved: int
) -> None:
    batch = pair.batch()
    honest = send_honest(pair, batch, 10)
    pair.upload(pair.report(batch, [lie]))
    pair.step()
    assert pair.summed(batch) == [expected_totals(honest)[0] + moved]
    # In points: what the plan calls a false report of somebody who is on target.
    terms = pair.signed.agreement
    task, group = terms.task(batch.task), terms.group(batch.group)
    assert task is not None
    assert group is not None
    metric = task.metrics[0]
    scales = pair.collection(batch).scales[0]
    told = Figures.of(terms, task, group, metric).false_report_from_neutral(11)
    assert Fraction(abs(moved)) / scales.units / 11 == told


def test_a_lie_beyond_the_range_is_turned_away_and_moves_nothing(pair: Pair) -> None:
    batch = pair.batch()
    honest = send_honest(pair, batch, 11)
    pair.upload(out_of_range(2)(pair, batch))
    pair.step()
    assert pair.summed(batch) == expected_totals(honest)
    for party in Party:
        assert pair.rejections(party, batch) == {Rejection.INVALID_PROOF: 1}


def test_what_one_lie_moves_a_week_by_is_what_the_text_says() -> None:
    team = figures()
    text = threats()["member-lies"]
    assert text.says(points(team.false_report()), points(team.false_report_from_neutral()))
    clip = team.metric.clip
    assert text.says(points(clip / 12), points(2 * clip / 12))
    assert text.says(points(team.standard_error(1)), points(figures(62).false_report()))
    assert threats()["tampered-client"].says(points(team.false_report()))


def test_no_report_of_the_range_moves_a_week_by_more() -> None:
    """Every number that the proof admits, against every value that a person may have had."""
    team = figures()
    scales = team.scales
    most = max(
        abs(sent - HALF_RANGE - true)
        for sent in (0, MAX_MEASUREMENT)
        for true in (-scales.sensitivity, 0, scales.sensitivity)
    )
    assert most / scales.units / 12 == team.false_report()
