"""Times from Timewarrior: to which task a stretch belongs, and what a newer export changes."""

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.task_import import TimesTaken, take_tasks, take_times
from client.task_list import TaskList
from client.tasks import TaskNumber, TaskTime
from tests.unit.client.tasks.exports import (
    LOGIN,
    OFFER,
    TEMPLATE,
    completed,
    stretch,
    stretches_of,
    task,
    tasks_of,
    written,
)
from tests.unit.client.tasks.moments import at, hours

NOW = at(0, days=7)
ONE, TWO = TaskNumber(1), TaskNumber(2)
TITLE = "Write the offer"


def theirs(*entries: dict[str, Any]) -> TaskList:
    return take_tasks(TaskList(), tasks_of(*entries), at(0, days=-50)).tasks


def take(before: TaskList, *entries: dict[str, Any], erased: datetime | None = None) -> TimesTaken:
    return take_times(before, stretches_of(*entries), erased, NOW)


def times(tasks: TaskList, number: TaskNumber = ONE) -> list[tuple[datetime, datetime | None]]:
    return [(each.start, each.end) for each in tasks.task(number).times]


@pytest.mark.parametrize("tag", [TITLE, OFFER, OFFER.upper()])
def test_a_stretch_belongs_to_the_task_of_its_title_or_uuid(tag: str) -> None:
    before = theirs(task(), task(LOGIN, "Fix login"))
    taken = take(before, stretch(at(9), at(10), "acme", tag), stretch(at(10), at(11), "lunch"))
    assert taken.tasks.task(ONE).times == (TaskTime(at(9), at(10), imported=True),)
    assert times(taken.tasks, TWO) == []
    assert (taken.new, taken.removed, taken.unmatched, taken.running) == (1, 0, 1, 0)


def test_a_task_that_was_added_here_gets_times_too() -> None:
    mine = TaskList().added("Mine", None, at(8))
    assert times(take(mine, stretch(at(9), at(10), "Mine")).tasks) == [(at(9), at(10))]


def test_the_uuid_counts_more_than_a_title() -> None:
    before = theirs(task(), task(LOGIN, "Fix login"))
    taken = take(before, stretch(at(9), at(10), TITLE, LOGIN))
    assert (times(taken.tasks, ONE), times(taken.tasks, TWO)) == ([], [(at(9), at(10))])


def test_a_stretch_that_names_two_tasks_belongs_to_none() -> None:
    before = theirs(task(), completed(at(20), LOGIN, description="Fix login"))
    for tags in ((TITLE, "Fix login"), (OFFER, LOGIN)):
        taken = take(before, stretch(at(9), at(10), *tags))
        assert (taken.new, taken.unmatched) == (0, 1)


def test_a_stretch_after_the_end_or_long_before_the_start_of_a_task_is_not_its() -> None:
    before = theirs(completed(at(12)))
    taken = take(
        before,
        stretch(at(-5), at(-4), TITLE),
        stretch(at(-3), at(-2), TITLE),
        stretch(at(11), at(12.5), TITLE),
        stretch(at(13), at(14), TITLE),
    )
    # At 20:00 the evening before is 12 hours before; the task was added at 8:00.
    assert times(taken.tasks) == [(at(-3), at(-2)), (at(11), at(12.5))]


def test_what_goes_on_or_lies_ahead_or_is_empty_is_not_taken_yet() -> None:
    taken = take(
        theirs(task()),
        stretch(at(9), at(9), TITLE),
        stretch(at(10), None, TITLE),
        stretch(NOW - hours(1), NOW + hours(1), TITLE),
    )
    assert (times(taken.tasks), taken.running, taken.unmatched) == ([], 1, 0)


def test_of_a_task_that_recurs_the_one_finished_first_gets_it_and_none_before_one_is() -> None:
    daily = [
        task(OFFER, "Daily", parent=TEMPLATE),
        task(LOGIN, "Daily", parent=TEMPLATE, entry=written(at(8.5))),
    ]
    worked = stretch(at(9), at(10), "Daily")
    still = take(theirs(*daily), worked)
    assert (still.new, still.unmatched) == (0, 1)
    done = completed(at(12), LOGIN, description="Daily", parent=TEMPLATE)
    after = take_tasks(still.tasks, tasks_of(daily[0], done), at(0)).tasks
    taken = take(after, worked)
    finished = next(each for each in taken.tasks.tasks if each.done)
    assert times(taken.tasks, finished.number) == [(at(9), at(10))]


def test_the_same_export_again_changes_nothing() -> None:
    entries = [stretch(at(9), at(10), TITLE), stretch(at(10), at(11), "x"), stretch(at(12), None)]
    first = take(theirs(task()), *entries)
    again = take(first.tasks, *entries)
    assert (again.tasks, again.new, again.removed) == (first.tasks, 0, 0)


def test_a_stretch_that_was_changed_or_deleted_between_the_others_is_so_here() -> None:
    three = [stretch(at(h), at(h + 1), TITLE) for h in (9, 11, 13)]
    before = take(theirs(task()), *three).tasks
    taken = take(before, three[0], stretch(at(11), at(11.5), TITLE), three[2])
    assert times(taken.tasks) == [(at(9), at(10)), (at(11), at(11.5)), (at(13), at(14))]
    assert (taken.new, taken.removed) == (1, 1)
    taken = take(before, three[0], three[2])
    assert times(taken.tasks) == [(at(9), at(10)), (at(13), at(14))]


def test_an_export_of_some_days_leaves_the_others_and_what_was_noted_here() -> None:
    mine = theirs(task()).started(ONE, at(9.5)).stopped(at(12))
    days = [stretch(at(9, day), at(10, day), TITLE) for day in range(3)]
    before = take(mine, *days).tasks
    taken = take(before, days[1])
    assert taken.tasks == before
    assert take(before).tasks == before
    assert taken.tasks.task(ONE).spent(NOW) == hours(1 + 2 + 2)  # the half hour in common once


def test_a_tag_that_was_corrected_moves_a_stretch_to_its_task() -> None:
    before = theirs(task(), task(LOGIN, "Fix login"))
    wrong = take(before, stretch(at(9), at(10), TITLE)).tasks
    right = take(wrong, stretch(at(9), at(10), "Fix login"))
    assert (times(right.tasks, ONE), times(right.tasks, TWO)) == ([], [(at(9), at(10))])


def test_a_task_with_another_title_keeps_its_times() -> None:
    worked = stretch(at(9), at(10), TITLE)
    before = take(theirs(task()), worked).tasks
    renamed = take_tasks(before, tasks_of(task(description="Send the offer")), at(0)).tasks
    assert times(take(renamed, worked).tasks) == [(at(9), at(10))]


def test_from_before_the_last_erasing_a_recurring_task_gets_nothing_for_the_first_time() -> None:
    worked = [stretch(at(9), at(10), TITLE), stretch(at(13), at(14), TITLE)]
    recurs, once = theirs(task(parent=TEMPLATE)), theirs(task())
    assert times(take(recurs, *worked, erased=at(12)).tasks) == [(at(13), at(14))]
    assert len(times(take(once, *worked, erased=at(12)).tasks)) == 2
    before = take(recurs, *worked).tasks
    assert take(before, *worked, erased=at(12)).tasks == before


def test_only_what_is_recent_is_counted_as_belonging_to_no_task() -> None:
    old, erased, new = at(9, -60), at(9, 1), at(9, 3)
    entries = [stretch(each, each + hours(1), "x") for each in (old, erased, new)]
    assert take(theirs(task()), *entries).unmatched == 2
    assert take(theirs(task()), *entries, erased=at(0, 2)).unmatched == 1


hour = st.integers(0, 20)
some = st.lists(
    st.builds(
        lambda start, tag: stretch(at(start), at(start + 1), *([tag] if tag else [])),
        hour,
        st.sampled_from([None, "A", "B", "x", OFFER]),
    ),
    unique_by=lambda entry: entry["start"],
    max_size=6,
)


@given(st.lists(some, max_size=4))
def test_any_sequence_of_imports_may_be_repeated_and_no_stretch_is_in_two_tasks(
    exports: list[list[dict[str, Any]]],
) -> None:
    tasks = theirs(task(OFFER, "A"), task(LOGIN, "B"), completed(at(12), TEMPLATE, description="B"))
    for export in exports:
        tasks = take(tasks, *export).tasks
        again = take(tasks, *export)
        assert (again.tasks, again.new, again.removed) == (tasks, 0, 0)
        starts = [each.start for task in tasks.tasks for each in task.times]
        assert len(starts) == len(set(starts))
