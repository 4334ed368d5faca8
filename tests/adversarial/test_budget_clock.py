"""Clocks that jump and agreements swapped in mid-quarter: what was spent stays spent (protocol §7).

Budget windows are the reports' own weeks, whatever any clock says; ledger times never go back.
"""

import dataclasses
from collections.abc import Iterator
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from privacy.agreement.envelope import SignedAgreement
from privacy.agreement.model import Agreement
from privacy.errors import NotAsked, UnopenedShare
from privacy.groups import Group, GroupId, Level
from privacy.ledger.entries import BatchNotAsked, BudgetAlarm
from privacy.metrics import TaskId
from privacy.release import Withheld
from privacy.window import Window
from tests.adversarial.lone_council import FIRST, LoneCouncil, one_team
from tests.agreements import headline

pytestmark = pytest.mark.threat("budget-stretched")

SECOND, THIRD = FIRST.plus(1), FIRST.plus(2)
WEEKLY = Fraction(1, 13)
"""What a week of the first version costs."""

BACK = [timedelta(hours=5), timedelta(days=9), timedelta(weeks=13), timedelta(weeks=60)]


@pytest.fixture
def council(tmp_path: Path) -> Iterator[LoneCouncil]:
    """The first three weeks are closed, and nothing is asked yet."""
    made = LoneCouncil.begun(tmp_path, one_team())
    made.turn(made.signed[0].agreement.upload_closes(THIRD))
    yield made
    made.store.close()


def other(version: int, first: Window, rho_quarter: Fraction) -> Agreement:
    """Another name for the task, another team, another budget."""
    terms = one_team()
    return dataclasses.replace(
        terms,
        version=version,
        first_window=first,
        groups=(Group(GroupId(f"team-{version}"), Level.TEAM, 12),),
        tasks=(headline(id=TaskId(f"task-{version}"), share=Fraction(1)),),
        privacy=dataclasses.replace(terms.privacy, rho_quarter=rho_quarter),
    )


def release(council: LoneCouncil, signed: SignedAgreement, window: Window) -> bytes | Withheld:
    """Ask for a week, once it is closed by the ledger's clock."""
    council.turn(max(council.clock.now, signed.agreement.upload_closes(window)))
    return council.ask(council.question(council.batch(signed, window)))


@pytest.mark.parametrize("back", BACK, ids=str)
@pytest.mark.parametrize("restart", [False, True], ids=["running on", "started again"])
def test_set_back_the_clock_releases_nothing_twice_and_frees_nothing(
    council: LoneCouncil, back: timedelta, restart: bool
) -> None:
    batches = [council.batch(council.signed[0], window) for window in (FIRST, SECOND, THIRD)]
    first = council.ask(council.question(batches[0]))
    at = council.folded.entries[-1].at
    council.turn(council.clock.now - back)
    if restart:
        council.restart()
    assert council.ask(council.question(batches[0])) == first
    council.ask(council.question(batches[1]))
    council.open(batches[0])
    council.work()
    council.turn(council.clock.now - back)
    council.ask(council.question(batches[2]))
    assert council.ask(council.question(batches[0])) == first
    assert [entry.at for entry in council.folded.entries[-4:]] == [at] * 4
    assert [body.rho_left for body in council.releases] == [1 - n * WEEKLY for n in (1, 2, 3)]
    assert len(council.noise.drawn) == 3


def test_a_day_to_open_is_one_by_the_ledgers_clock(council: LoneCouncil) -> None:
    """Set back in between, the clock has to come to the same moment again."""
    batch, other_batch = (council.batch(council.signed[0], each) for each in (SECOND, THIRD))
    council.ask(council.question(batch))
    released = council.clock.now
    council.clock.now -= timedelta(days=30)
    council.work()
    council.clock.now = released + timedelta(hours=23)
    council.ask(council.question(other_batch))
    council.open(batch)
    council.clock.now = released + timedelta(hours=47)
    with pytest.raises(UnopenedShare):
        council.open(other_batch)
    council.clock.now -= timedelta(days=91)
    with pytest.raises(UnopenedShare):
        council.open(other_batch)
    assert len(council.noise.drawn) == 2


def test_what_was_given_up_while_the_clock_was_ahead_stays_given_up(council: LoneCouncil) -> None:
    batch = council.batch(council.signed[0], FIRST)
    ask = council.question(batch)
    before = council.clock.now
    council.clock.now += timedelta(weeks=8)
    council.work()
    council.clock.now = before
    council.restart()
    with pytest.raises(NotAsked):
        council.ask(ask)
    assert council.noise.drawn == []
    bodies = [entry.body for entry in council.folded.entries]
    assert batch in {body.batch for body in bodies if isinstance(body, BatchNotAsked)}


@pytest.mark.parametrize("ahead", [timedelta(), timedelta(weeks=60)], ids=["in time", "a year on"])
def test_a_swapped_agreement_inherits_what_was_spent(
    council: LoneCouncil, ahead: timedelta
) -> None:
    """Two weeks of version 1, then a version that allows 1/6 in place of 1."""
    for window in (FIRST, SECOND):
        assert isinstance(release(council, council.signed[0], window), bytes)
    begins, cap = FIRST.plus(6), Fraction(1, 6)
    tight = council.activate(other(2, begins, cap))
    assert isinstance(release(council, tight, begins), bytes)
    assert council.releases[-1].rho_left == 0
    council.clock.now += ahead
    drawn = len(council.noise.drawn)
    batch = council.batch(tight, begins.plus(1))
    assert release(council, tight, begins.plus(1)) is Withheld.BUDGET_EXHAUSTED
    assert council.folded.entries[-1].body == BudgetAlarm(batch, cap / 13, cap + cap / 13, cap)
    council.restart()
    assert release(council, tight, begins.plus(1)) is Withheld.BUDGET_EXHAUSTED
    assert len(council.noise.drawn) == drawn


def test_a_larger_budget_starts_from_what_was_spent_and_not_from_nothing(
    council: LoneCouncil,
) -> None:
    for window in (FIRST, SECOND):
        release(council, council.signed[0], window)
    begins = FIRST.plus(6)
    larger = council.activate(other(2, begins, Fraction(2)))
    release(council, larger, begins)
    assert council.releases[-1].rho_left == 2 - 2 * WEEKLY - 2 * WEEKLY
    third = council.activate(other(3, FIRST.plus(10), Fraction(1, 2)))
    release(council, third, FIRST.plus(10))
    spent = 4 * WEEKLY + Fraction(1, 26)
    assert council.releases[-1].rho_left == Fraction(1, 2) - spent


def test_a_week_counts_for_ninety_one_days_and_then_no_more(council: LoneCouncil) -> None:
    release(council, council.signed[0], FIRST)
    larger = council.activate(other(2, FIRST.plus(6), Fraction(2)))
    release(council, larger, FIRST.plus(12))
    assert council.releases[-1].rho_left == 2 - WEEKLY - 2 * WEEKLY
    release(council, larger, FIRST.plus(13))
    assert council.releases[-1].rho_left == 2 - 2 * (2 * WEEKLY)
