"""What may happen to tasks, and what a person is told when it may not."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from client.errors import TaskError
from client.task_list import TaskList
from client.tasks import Origin, Task, TaskNumber, TaskTime
from privacy.errors import InvalidValue
from tests.unit.client.tasks.moments import at, hours

ONE, TWO = TaskNumber(1), TaskNumber(2)


def two() -> TaskList:
    return TaskList().added("First", hours(3), at(8)).added("Second", None, at(8))


def imported() -> TaskList:
    theirs = replace(two().task(ONE), origin=Origin(bytes(32)))
    return two().with_tasks([theirs])


def test_starting_one_stops_the_other_at_the_same_moment() -> None:
    tasks = two().started(ONE, at(9)).started(TWO, at(10))
    assert tasks.task(ONE).times == (TaskTime(at(9), at(10)),)
    assert tasks.running == tasks.task(TWO)
    assert tasks.task(TWO).running_since == at(10)


def test_a_task_that_runs_is_not_started_again() -> None:
    with pytest.raises(TaskError, match="task 1 has been running since Mon 02 Mar 2026"):
        two().started(ONE, at(9)).started(ONE, at(10))


def test_a_finished_task_is_neither_started_nor_finished_again() -> None:
    tasks = two().finished(ONE, at(9))
    with pytest.raises(TaskError, match=r"task 1 was finished .*: add a new one"):
        tasks.started(ONE, at(10))
    with pytest.raises(TaskError, match="already"):
        tasks.finished(ONE, at(10))


def test_finishing_one_that_runs_ends_its_time() -> None:
    task = two().started(ONE, at(9)).finished(ONE, at(10)).task(ONE)
    assert (task.done, task.times) == (at(10), (TaskTime(at(9), at(10)),))


def test_finishing_another_than_the_one_that_runs_leaves_that_one_running() -> None:
    tasks = two().started(ONE, at(9)).finished(TWO, at(10))
    assert tasks.task(ONE).running_since == at(9)
    assert (tasks.task(TWO).done, tasks.task(TWO).times) == (at(10), ())


def test_nothing_ends_before_it_began_and_what_ends_as_it_begins_was_no_work() -> None:
    running = two().started(ONE, at(9))
    with pytest.raises(TaskError, match="does not end before that"):
        running.stopped(at(8.9))
    assert running.stopped(at(9)).task(ONE).times == ()


def test_nothing_begins_before_what_was_noted_last_has_ended() -> None:
    stopped = two().started(ONE, at(9)).stopped(at(10))
    with pytest.raises(TaskError, match="you were at task 1 until Mon 02 Mar 2026"):
        stopped.started(TWO, at(9.5))
    with pytest.raises(TaskError, match="task 1 was started"):
        two().started(ONE, at(9)).started(TWO, at(8))
    with pytest.raises(TaskError, match="was worked on until"):
        stopped.finished(ONE, at(9.5))
    assert stopped.started(TWO, at(10)).running is not None


def test_what_was_imported_keeps_nothing_from_beginning() -> None:
    theirs = replace(two().task(ONE), times=(TaskTime(at(9), at(12), imported=True),))
    tasks = two().with_tasks([theirs]).started(TWO, at(10))
    assert tasks.task(TWO).running_since == at(10)


def test_stopping_when_nothing_runs_is_told() -> None:
    with pytest.raises(TaskError, match="no task is running"):
        two().stopped(at(9))


def test_what_ran_for_more_than_ten_hours_ends_when_the_person_says() -> None:
    running = two().started(ONE, at(9))
    assert running.stopped(at(19)).running is None
    late = at(19.01)
    steps: list[Callable[[], TaskList]] = [
        lambda: running.stopped(late),
        lambda: running.finished(ONE, late),
        lambda: running.started(TWO, late),
    ]
    for step in steps:
        with pytest.raises(TaskError, match=r"for 10 h: say when you stopped, .* --at \d\d:\d\d"):
            step()
    assert running.stopped(late, said=True).task(ONE).spent(late) == hours(10.01)
    assert running.finished(ONE, late, said=True).task(ONE).done == late


def test_an_estimate_is_changed_only_before_the_work() -> None:
    assert two().estimated(ONE, hours(2)).task(ONE).estimate == hours(2)
    assert two().estimated(TWO, hours(2)).task(TWO).estimate == hours(2)
    with pytest.raises(TaskError, match="has begun"):
        two().started(ONE, at(9)).estimated(ONE, hours(9))
    with pytest.raises(TaskError, match="has begun"):
        two().started(ONE, at(9)).stopped(at(10)).estimated(ONE, hours(9))
    with pytest.raises(TaskError, match="finished"):
        two().finished(ONE, at(9)).estimated(ONE, hours(9))
    with pytest.raises(InvalidValue):
        two().estimated(ONE, hours(0))


def test_a_task_of_taskwarrior_is_finished_and_estimated_there() -> None:
    with pytest.raises(TaskError, match="finish it there"):
        imported().finished(ONE, at(9))
    with pytest.raises(TaskError, match="estimate it there"):
        imported().estimated(ONE, hours(1))
    assert imported().started(ONE, at(9)).running is not None


def test_a_number_is_never_given_again() -> None:
    tasks = two().without(TWO).added("Third", None, at(9))
    assert [task.number for task in tasks.tasks] == [1, 3]
    with pytest.raises(TaskError, match="there is no task 2"):
        tasks.task(TWO)


def test_start_alone_means_the_last_one_or_the_only_one() -> None:
    with pytest.raises(TaskError, match="add one"):
        TaskList().to_resume()
    with pytest.raises(TaskError, match="say which task"):
        two().to_resume()
    assert two().finished(ONE, at(9)).to_resume() == TWO
    worked = two().started(TWO, at(9)).started(ONE, at(10)).stopped(at(11))
    assert worked.to_resume() == ONE
    assert worked.finished(ONE, at(12)).to_resume() == TWO


def test_lists_that_cannot_be_are_not_built() -> None:
    first, second = two().tasks
    running = (TaskTime(at(9), None),)
    wrong: list[tuple[tuple[Task, ...], TaskNumber]] = [
        ((second, first), TaskNumber(3)),
        ((first, first), TaskNumber(3)),
        ((first, second), TWO),
        ((replace(first, times=running), replace(second, times=running)), TaskNumber(3)),
    ]
    for tasks, following in wrong:
        with pytest.raises(InvalidValue):
            TaskList(tasks, following)
