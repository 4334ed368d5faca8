"""Tasks from Taskwarrior: what an import adds, changes, keeps and leaves out."""

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from client.task_import import TasksTaken, take_tasks
from client.task_list import TaskList
from client.tasks import TaskNumber, TaskTime
from tests.unit.client.tasks.exports import LOGIN, OFFER, TEMPLATE, completed, task, tasks_of
from tests.unit.client.tasks.moments import at, hours

SINCE = at(0)
ONE = TaskNumber(1)


def take(before: TaskList, *entries: dict[str, Any]) -> TasksTaken:
    return take_tasks(before, tasks_of(*entries), SINCE)


def counts(taken: TasksTaken) -> tuple[int, int, int]:
    return taken.new, taken.changed, taken.removed


def test_new_tasks_are_numbered_after_those_that_are_here_in_order_of_adding() -> None:
    mine = TaskList().added("Mine", None, at(8))
    taken = take(mine, task(LOGIN, "Later", entry="20260302T090000Z"), task(OFFER, "Sooner"))
    assert [(each.number, each.title) for each in taken.tasks.tasks] == [
        (1, "Mine"),
        (2, "Sooner"),
        (3, "Later"),
    ]
    assert counts(taken) == (2, 0, 0)


def test_the_same_export_again_changes_nothing() -> None:
    entries = [task(estimate="PT3H"), completed(at(12), LOGIN), task(TEMPLATE, status="deleted")]
    first = take(TaskList(), *entries)
    again = take(first.tasks, *entries)
    assert again.tasks == first.tasks
    assert (counts(again), again.late) == ((0, 0, 0), 0)


def test_what_differs_is_changed() -> None:
    before = take(TaskList(), task(), task(LOGIN)).tasks
    taken = take(
        before, completed(at(12), description="Write offer"), task(LOGIN, status="deleted")
    )
    (left,) = taken.tasks.tasks
    assert (left.number, left.title, left.done) == (1, "Write offer", at(12))
    assert counts(taken) == (0, 1, 1)
    reopened = take(taken.tasks, task())
    assert reopened.tasks.task(ONE).done is None


def test_what_is_not_in_an_export_stays() -> None:
    before = take(TaskList(), task(), task(LOGIN)).tasks
    assert take(before, task(LOGIN)).tasks == before


def test_a_deleted_number_is_not_given_again() -> None:
    before = take(TaskList(), task()).tasks
    after = take(take(before, task(status="deleted")).tasks, task(LOGIN)).tasks
    assert [each.number for each in after.tasks] == [2]


def test_what_was_finished_long_ago_or_erased_here_is_left_out() -> None:
    taken = take(TaskList(), completed(SINCE - timedelta(seconds=1)), completed(SINCE, LOGIN))
    assert [each.done for each in taken.tasks.tasks] == [SINCE]
    # Here it is open still, so it is not left as it is.
    before = take(TaskList(), task()).tasks
    assert take(before, completed(SINCE - timedelta(seconds=1))).tasks.task(ONE).done is not None


def test_an_estimate_counts_if_it_was_made_before_the_work() -> None:
    before = take(TaskList(), task(estimate="PT3H")).tasks
    changed = take(before, task(estimate="PT5H"))
    assert (changed.tasks.task(ONE).estimate, changed.late) == (hours(5), 0)
    begun = before.started(ONE, at(9)).stopped(at(10))
    flattered = take(begun, task(estimate="PT5H"))
    assert (flattered.tasks.task(ONE).estimate, flattered.late) == (hours(3), 1)
    finished = take(before, completed(at(10), estimate="PT3H")).tasks
    assert take(finished, completed(at(10), estimate="PT5H")).tasks.task(ONE).estimate == hours(3)


def test_estimates_that_say_no_hours_are_counted_of_the_tasks_that_are_kept() -> None:
    taken = take(
        TaskList(),
        task(estimate="P2D"),
        task(LOGIN, status="deleted", estimate="P2D"),
        completed(SINCE - hours(1), TEMPLATE, estimate="P2D"),
    )
    assert taken.unclear == 1


def test_a_task_that_is_finished_there_runs_here_no_longer() -> None:
    running = take(TaskList(), task()).tasks.started(ONE, at(9))
    ended = take(running, completed(at(10))).tasks.task(ONE)
    assert ended.times == (TaskTime(at(9), at(10)),)
    never = take(running, completed(at(9))).tasks.task(ONE)
    assert never.times == ()


uuids = st.sampled_from([OFFER, LOGIN, TEMPLATE])
entries = st.one_of(
    st.builds(task, uuids, st.sampled_from("AB"), estimate=st.sampled_from([None, "PT1H", "PT2H"])),
    st.builds(completed, st.sampled_from([at(-1), at(9), at(12)]), uuids),
    st.builds(task, uuids, status=st.sampled_from(["deleted", "recurring"])),
)


@given(st.lists(st.lists(entries, max_size=4), max_size=4))
def test_any_sequence_of_imports_ends_as_the_last_export_says(exports: list[list[Any]]) -> None:
    tasks = TaskList()
    for export in exports:
        tasks = take(tasks, *export).tasks
        again = take(tasks, *export)
        assert (again.tasks, counts(again)) == (tasks, (0, 0, 0))
        origins = {each.origin: each for each in tasks.tasks}
        for origin, said in tasks_of(*export).items():
            here = origins.get(origin)
            if said is None:
                assert here is None
            elif here is not None:
                assert (here.title, here.done) == (said.title, said.done)
            else:
                assert said.done is not None
                assert said.done < SINCE
