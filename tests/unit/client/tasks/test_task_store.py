"""Tasks in a journal: what is there after reopening, and what measures are given."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from client.errors import JournalUnusable, TaskError
from client.intervals import Interval
from client.journal import Journal
from client.task_list import TaskList
from client.tasks import FinishedTask, Origin, TaskNumber, TaskTime
from tests.unit.client.tasks.moments import at, hours

ONE, TWO = TaskNumber(1), TaskNumber(2)
DAY = Interval(at(0), at(24))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    with Journal(path) as opened:
        yield opened


def full() -> TaskList:
    """Every field is used."""
    tasks = TaskList().added("Straße 🚲", hours(1.5), at(8)).added("Open", None, at(8.5))
    theirs = replace(
        tasks.task(ONE),
        origin=Origin(bytes(range(32))),
        recurs=True,
        done=at(12),
        times=(TaskTime(at(9), at(10)), TaskTime(at(9), at(9.5), imported=True)),
    )
    return tasks.with_tasks([theirs]).started(TWO, at(13))


def test_everything_is_there_after_reopening(path: Path) -> None:
    with Journal(path) as journal:
        assert journal.tasks.read() == TaskList()
        before, after = journal.tasks.change(lambda _: full())
        assert (before, after) == (TaskList(), full())
    with Journal(path) as journal:
        assert journal.tasks.read() == full()


def test_what_is_changed_and_removed_is_so_after_reopening(path: Path) -> None:
    with Journal(path) as journal:
        journal.tasks.change(lambda _: full())
        journal.tasks.change(lambda tasks: tasks.stopped(at(14)).without(ONE))
    with Journal(path) as journal:
        (task,) = journal.tasks.read().tasks
        assert (task.number, task.times) == (TWO, (TaskTime(at(13), at(14)),))


def test_a_number_is_never_given_again(path: Path) -> None:
    with Journal(path) as journal:
        journal.tasks.change(lambda _: full())
        journal.tasks.change(lambda tasks: tasks.stopped(at(14)).without(TWO).without(ONE))
    with Journal(path) as journal:
        _, after = journal.tasks.change(lambda tasks: tasks.added("New", None, at(15)))
        assert [task.number for task in after.tasks] == [3]


def test_when_all_is_forgotten_so_is_how_many_there_were(journal: Journal) -> None:
    journal.tasks.change(lambda _: full())
    journal.forget(at(15), at(15).date())
    assert journal.tasks.read() == TaskList()


def test_a_step_that_fails_changes_nothing(journal: Journal) -> None:
    journal.tasks.change(lambda _: full())

    def step(tasks: TaskList) -> TaskList:
        return tasks.without(ONE).without(TaskNumber(9))

    with pytest.raises(TaskError):
        journal.tasks.change(step)
    assert journal.tasks.read() == full()


def test_two_programs_do_not_start_two_tasks(path: Path) -> None:
    with Journal(path) as first, Journal(path) as second:
        first.tasks.change(lambda _: TaskList().added("A", None, at(8)).added("B", None, at(8)))
        first.tasks.change(lambda tasks: tasks.started(ONE, at(9)))
        _, after = second.tasks.change(lambda tasks: tasks.started(TWO, at(10)))
        assert after.running == after.task(TWO)
        assert first.tasks.read() == after


def test_finished_tasks_are_those_of_the_period_with_all_their_time(journal: Journal) -> None:
    tasks = (
        TaskList()
        .added("Yesterday's", hours(1), at(8, days=-1))
        .added("Today's", hours(1), at(8, days=-1))
        .added("Without time", None, at(8))
        .added("At its end", None, at(8))
        .added("Open", hours(1), at(8))
        .finished(ONE, at(-0.01))
        .started(TWO, at(9, days=-1))
        .stopped(at(11, days=-1))
        .started(TWO, at(0))
        .finished(TWO, at(1))
        .finished(TaskNumber(3), at(0))
        .finished(TaskNumber(4), at(24))
    )
    journal.tasks.change(lambda _: tasks)
    assert journal.tasks.finished(DAY) == (
        FinishedTask(at(0), None, timedelta(0)),
        FinishedTask(at(1), hours(1), hours(3)),
    )


def test_tasks_are_kept_from_the_first_on_even_when_it_is_erased(journal: Journal) -> None:
    assert not journal.tasks.kept_before(at(24))
    journal.tasks.change(lambda _: TaskList().added("A", None, at(8)).finished(ONE, at(9)))
    assert not journal.tasks.kept_before(at(8))
    assert journal.tasks.kept_before(at(8.1))
    journal.erase(at(10), (), at(10).date(), at(12))
    assert journal.tasks.read().tasks == ()
    assert not journal.tasks.kept_before(at(8))
    assert journal.tasks.kept_before(at(8.1))


def test_erasing_takes_finished_tasks_with_their_times_and_leaves_open_ones(
    journal: Journal,
) -> None:
    journal.tasks.change(lambda _: full())
    journal.erase(at(12.5), (), at(0).date(), at(14))
    (left,) = journal.tasks.read().tasks
    assert left == full().task(TWO)
    assert journal.tasks.erased_until() == at(12.5)


def test_a_title_that_is_removed_is_not_in_the_files_after_the_next_erasing(path: Path) -> None:
    with Journal(path) as journal:
        journal.tasks.change(lambda tasks: tasks.added("Marker-of-a-title", None, at(8)))
        journal.tasks.change(lambda tasks: tasks.without(ONE))
        journal.erase(at(0), (), at(0).date(), at(12))
        content = b"".join(file.read_bytes() for file in path.parent.iterdir())
        assert b"Marker-of-a-title" not in content


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE task SET title = ''",
        "UPDATE task SET title = x'ff'",
        "UPDATE task SET added = 'long ago'",
        "UPDATE task SET estimate = -1",
        "UPDATE task SET origin = x'00' WHERE number = 1",
        "UPDATE task_time SET end = start",
        "UPDATE task_time SET end = NULL",
    ],
)
def test_what_is_no_task_any_more_is_damage(path: Path, damage: str) -> None:
    with Journal(path) as journal:
        journal.tasks.change(lambda _: full())
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(damage)
    connection.close()
    with Journal(path) as journal, pytest.raises(JournalUnusable, match="damaged"):
        journal.tasks.read()
