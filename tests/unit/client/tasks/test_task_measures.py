"""The three measures on tasks, each over the tasks that were finished in a week."""

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.business_hours import BusinessHours
from client.measures.task_time_ratio import task_time_ratio
from client.measures.tasks_finished import tasks_finished
from client.measures.tasks_within_estimate import tasks_within_estimate
from client.presence import presence
from client.tasks import FinishedTask
from privacy.window import Window
from tests.agreements import working_time
from tests.unit.client.tasks.moments import at, hours

WEEK = Window(2026, 10)  # 2 to 8 March 2026


def took(spent: float, estimate: float | None = None, day: int = 0) -> FinishedTask:
    return FinishedTask(at(12, day), None if estimate is None else hours(estimate), hours(spent))


def test_exactly_the_estimate_is_within_it() -> None:
    assert tasks_within_estimate([took(2, 3), took(1, 1), took(5, 4)]) == Fraction(2, 3)
    beyond = FinishedTask(at(12), hours(1), hours(1) + timedelta(microseconds=1))
    assert tasks_within_estimate([beyond]) == 0


def test_the_ratio_is_one_of_sums() -> None:
    assert task_time_ratio([took(2, 3), took(1, 1), took(5, 4)]) == 1
    assert task_time_ratio([took(1, 0.5), took(10, 10)]) == Fraction(22, 21)


@pytest.mark.parametrize(
    "finished", [[], [took(2)], [took(0, 3)], [took(0)], [took(2), took(0, 3)]], ids=range(5)
)
def test_without_an_estimate_and_time_both_are_missing(finished: list[FinishedTask]) -> None:
    assert tasks_within_estimate(finished) is None
    assert task_time_ratio(finished) is None


finished_tasks = st.lists(
    st.builds(took, st.integers(0, 9), st.none() | st.integers(1, 9), st.integers(0, 6)), max_size=6
)


@given(
    finished_tasks, finished_tasks.map(lambda some: [took(task.spent / hours(1)) for task in some])
)
def test_tasks_without_an_estimate_count_on_neither_side(
    some: list[FinishedTask], others: list[FinishedTask]
) -> None:
    assert tasks_within_estimate(some + others) == tasks_within_estimate(some)
    assert task_time_ratio(some + others) == task_time_ratio(some)


@given(finished_tasks)
def test_the_share_is_one_if_and_only_if_each_was_within(some: list[FinishedTask]) -> None:
    share, ratio = tasks_within_estimate(some), task_time_ratio(some)
    assert (share is None) == (ratio is None)
    if share == 1:
        assert ratio is not None
        assert ratio <= 1


def counted(finished: list[FinishedTask], *away: int) -> Fraction | None:
    days_away = frozenset(date(2026, 3, 2) + timedelta(days=day) for day in away)
    clock = BusinessHours(working_time(), days_away)
    return tasks_finished(finished, clock, presence(WEEK, clock, WEEK.days))


def test_finished_tasks_are_counted_with_or_without_time_at_the_weekend_too() -> None:
    assert counted([took(2, 3), took(0), took(1, day=5)]) == 3
    assert counted([]) == 0


def test_they_are_scaled_to_a_full_week_and_those_of_a_day_away_are_not_counted() -> None:
    six = [took(1) for _ in range(6)]
    assert counted([*six, took(1, day=3)], 3, 4) == 10
    assert counted(six, 2, 3, 4) is None


def test_a_task_counts_on_its_day_in_the_agreed_time_zone() -> None:
    # 23:30 in UTC on Thursday is Friday in Berlin.
    late = FinishedTask(at(23.5, 3), None, hours(1))
    assert counted([late], 3) == Fraction(5, 4)
    assert counted([late], 4) == 0
