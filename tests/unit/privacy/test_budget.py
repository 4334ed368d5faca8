"""The budget: exact at the cap, any 91 days, every (task, window) once, all tasks together."""

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privacy.agreement.model import TaskDigest
from privacy.budget import Budget, Spends
from privacy.errors import BudgetExhausted
from privacy.window import Window

ONE, TWO = TaskDigest(b"1" * 32), TaskDigest(b"2" * 32)
FIRST = Window(2026, 1)
CAP = Fraction(1)
CRUMB = Fraction(1, 10**30)
TINY = Fraction(1, 10**9)


def spent(rhos: list[Fraction], task: TaskDigest = ONE, first: Window = FIRST) -> Budget:
    """One spend a week, from `first` on, with no cap in the way."""
    budget = Budget()
    for week, rho in enumerate(rhos):
        budget = budget.charge(task, first.plus(week), rho, Fraction(1000))
    return budget


# --- exactly at the cap ---------------------------------------------------------------------------


def test_thirteen_thirteenths_are_one_quarter() -> None:
    budget = Budget()
    for week in range(13):
        budget = budget.charge(ONE, FIRST.plus(week), Fraction(1, 13), CAP)
    assert budget.worst_around(FIRST) == 1


def test_a_spend_up_to_the_cap_is_made_and_one_crumb_more_is_refused() -> None:
    budget = spent([Fraction(1, 13)] * 12)
    last, rest = FIRST.plus(12), Fraction(1, 13)
    assert budget.charge(ONE, last, rest, CAP).worst_around(last) == CAP
    with pytest.raises(BudgetExhausted):
        budget.charge(ONE, last, rest + CRUMB, CAP)
    with pytest.raises(BudgetExhausted):
        budget.charge(ONE, last, rest, CAP - CRUMB)
    with pytest.raises(BudgetExhausted):
        budget.charge(TWO, FIRST, rest + CRUMB, CAP)


def test_a_first_spend_is_held_to_the_cap_too() -> None:
    Budget().charge(ONE, FIRST, CAP, CAP)
    with pytest.raises(BudgetExhausted):
        Budget().charge(ONE, FIRST, CAP + CRUMB, CAP)


def test_a_refused_spend_spends_nothing() -> None:
    budget = spent([Fraction(1, 2)])
    before = dict(budget.spends)
    with pytest.raises(BudgetExhausted):
        budget.charge(ONE, FIRST.plus(1), Fraction(3, 4), CAP)
    assert dict(budget.spends) == before
    assert budget.charge(ONE, FIRST.plus(1), Fraction(1, 2), CAP).worst_around(FIRST) == 1


def test_a_spend_made_leaves_the_budget_it_was_made_from_as_it_was() -> None:
    before = spent([Fraction(1, 2)])
    after = before.charge(ONE, FIRST.plus(1), Fraction(1, 4), CAP)
    assert len(before.spends) == 1
    assert len(after.spends) == 2
    with pytest.raises(TypeError):
        after.spends[ONE, FIRST] = Fraction(0)  # type: ignore[index]


def test_the_refusal_names_window_amount_and_cap() -> None:
    budget = spent([Fraction(3, 4)])
    with pytest.raises(BudgetExhausted) as refused:
        budget.charge(ONE, FIRST.plus(1), Fraction(1, 2), CAP)
    for part in ("2026-W02", "5/4", "91 days", "allows 1"):
        assert part in str(refused.value)


# --- each (task, window) once ---------------------------------------------------------------------


def test_groups_of_one_window_count_once_at_the_largest() -> None:
    budget = Budget()
    for rho in (Fraction(1, 4), Fraction(3, 4), Fraction(1, 2), Fraction(3, 4)):
        budget = budget.charge(ONE, FIRST, rho, CAP)
    assert dict(budget.spends) == {(ONE, FIRST): Fraction(3, 4)}


def test_a_group_more_costs_nothing_even_when_the_budget_is_spent() -> None:
    budget = spent([CAP])
    assert budget.charge(ONE, FIRST, CAP, CAP).worst_around(FIRST) == CAP
    assert budget.charge(ONE, FIRST, CRUMB, CAP).worst_around(FIRST) == CAP
    with pytest.raises(BudgetExhausted):
        budget.charge(ONE, FIRST, CAP + CRUMB, CAP)


def test_tasks_and_versions_add_up() -> None:
    """A new agreement version has new task digests, and no fresh budget."""
    budget = spent([Fraction(1, 2)], ONE).charge(TWO, FIRST, Fraction(1, 2), CAP)
    assert budget.worst_around(FIRST) == 1
    with pytest.raises(BudgetExhausted):
        budget.charge(TaskDigest(b"3" * 32), FIRST.plus(12), CRUMB, CAP)


# --- any 91 days ----------------------------------------------------------------------------------


def test_the_fourteenth_week_starts_anew() -> None:
    budget = spent([CAP])
    for week in range(1, 13):
        with pytest.raises(BudgetExhausted):
            budget.charge(ONE, FIRST.plus(week), CRUMB, CAP)
        with pytest.raises(BudgetExhausted):
            budget.charge(ONE, FIRST.plus(-week), CRUMB, CAP)
    budget.charge(ONE, FIRST.plus(13), CAP, CAP)
    budget.charge(ONE, FIRST.plus(-13), CAP, CAP)


def test_no_quarter_starts_the_count_anew() -> None:
    """Six weeks before and seven after the first of a quarter lie within 91 days."""
    budget = spent([Fraction(1, 13)] * 13, first=Window(2026, 8))
    with pytest.raises(BudgetExhausted):
        budget.charge(ONE, Window(2026, 14), Fraction(2, 13), CAP)


def test_a_gap_can_be_filled_only_as_far_as_both_sides_allow() -> None:
    half = Fraction(1, 2)
    budget = Budget().charge(ONE, FIRST, half, CAP).charge(ONE, FIRST.plus(14), half, CAP)
    middle = FIRST.plus(7)
    assert budget.charge(ONE, middle, half, CAP).worst_around(middle) == 1
    with pytest.raises(BudgetExhausted):
        budget.charge(ONE, middle, half + CRUMB, CAP)


def test_a_year_of_53_weeks_counts_days() -> None:
    """2026 has a week 53, so that week 1 of 2027 is 14 weeks after week 40 of 2026."""
    budget = spent([CAP], first=Window(2026, 40))
    with pytest.raises(BudgetExhausted):
        budget.charge(ONE, Window(2026, 52), CRUMB, CAP)
    budget.charge(ONE, Window(2027, 1), CAP, CAP)


def most_in_any_91_days(spends: Spends, containing: date | None = None) -> Fraction:
    """Brute force: every first day that could matter, every spend."""
    mondays = [window.monday for _, window in spends]
    worst = Fraction(0)
    day = min(mondays) - timedelta(days=91)
    while day <= max(mondays):
        last = day + timedelta(days=90)
        if containing is None or day <= containing <= last:
            total = sum(
                (rho for (_, window), rho in spends.items() if day <= window.monday <= last),
                Fraction(0),
            )
            worst = max(worst, total)
        day += timedelta(days=1)
    return worst


charges = st.tuples(
    st.sampled_from([ONE, TWO]),
    st.integers(0, 40).map(Window(2026, 35).plus),
    st.sampled_from([Fraction(1, 13), Fraction(1, 4), Fraction(1, 3), Fraction(1, 2), TINY]),
)


@settings(max_examples=60)
@given(st.lists(charges, min_size=1, max_size=25))
def test_no_91_days_ever_hold_more_than_the_cap_and_nothing_else_is_refused(
    made: list[tuple[TaskDigest, Window, Fraction]],
) -> None:
    budget, oracle = Budget(), dict[tuple[TaskDigest, Window], Fraction]()
    for task, window, rho in made:
        largest = max(rho, oracle.get((task, window), rho))
        wished = {**oracle, (task, window): largest}
        if most_in_any_91_days(wished) <= CAP:
            budget, oracle = budget.charge(task, window, rho, CAP), wished
        else:
            with pytest.raises(BudgetExhausted):
                budget.charge(task, window, rho, CAP)
        assert dict(budget.spends) == oracle


@settings(max_examples=60)
@given(st.lists(charges, min_size=1, max_size=25))
def test_what_is_around_a_window_is_the_most_that_any_91_days_with_it_hold(
    made: list[tuple[TaskDigest, Window, Fraction]],
) -> None:
    budget = Budget()
    for task, window, rho in made:
        budget = budget.charge(task, window, rho, Fraction(1000))
    for _, window, _ in made[:3]:
        expected = most_in_any_91_days(budget.spends, containing=window.monday)
        assert budget.worst_around(window) == expected
