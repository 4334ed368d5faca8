import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.errors import InvalidValue
from privacy.groups import Group, GroupId, Level, Thresholds

SALES = GroupId("sales")


@pytest.mark.parametrize(
    ("roster", "release", "honest"), [(12, 10, 8), (15, 10, 8), (16, 11, 9), (30, 20, 18)]
)
def test_a_release_needs_ten_or_two_thirds_of_the_roster(
    roster: int, release: int, honest: int
) -> None:
    group = Group(SALES, Level.DEPARTMENT, roster)
    assert Thresholds().release(group) == release
    assert Thresholds().honest(group) == honest


@given(st.integers(1, 10_000), st.integers(7, 100))
def test_the_release_threshold_is_never_below_either_bound(roster: int, floor: int) -> None:
    needed = Thresholds(min_contributors=floor).release(Group(SALES, Level.DEPARTMENT, roster))
    assert needed == max(floor, math.ceil(Fraction(2, 3) * roster))


def test_thresholds_go_down_to_seven_contributors_and_no_further() -> None:
    assert Thresholds(min_contributors=7).min_contributors == 7
    with pytest.raises(InvalidValue, match="min_contributors is 6: it must be at least 7"):
        Thresholds(min_contributors=6)


def test_at_least_one_contributor_stays_honest() -> None:
    assert Thresholds(10, assumed_colluders=8).assumed_colluders == 8
    assert Thresholds(10, assumed_colluders=0).assumed_colluders == 0
    for colluders in (-1, 9):
        with pytest.raises(InvalidValue, match="assumed_colluders"):
            Thresholds(10, assumed_colluders=colluders)


def test_a_group_has_an_id_and_members() -> None:
    with pytest.raises(InvalidValue, match="needs an id"):
        Group(GroupId(""), Level.TEAM, 12)
    with pytest.raises(InvalidValue, match="roster"):
        Group(SALES, Level.TEAM, 0)


def test_only_a_team_has_a_parent() -> None:
    assert Group(GroupId("north"), Level.TEAM, 12, SALES).parent == SALES
    with pytest.raises(InvalidValue, match="only a team"):
        Group(GroupId("north"), Level.DEPARTMENT, 12, SALES)
