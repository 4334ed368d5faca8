"""The tasks in the journal: read whole, changed by a pure function, written where they differ."""

import sqlite3
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, TypeAlias

from client import journal_erasing
from client.intervals import Interval
from client.journal_file import readable, transaction
from client.task_list import TaskList
from client.tasks import FinishedTask, Origin, Task, TaskNumber, TaskTime

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

_TaskRow: TypeAlias = tuple[int, str, int | None, int, int | None, bytes | None, int]
_TimeRow: TypeAlias = tuple[int, int, int | None, int]


class TaskStore:
    """The tasks of an open journal. Every method raises `JournalUnusable`, as the journal's do."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    def read(self) -> TaskList:
        """All tasks that are kept."""
        with readable(self._path):
            times: dict[int, list[TaskTime]] = {}
            for number, start, end, imported in self._time_rows():
                time = TaskTime(
                    _moment(start), None if end is None else _moment(end), bool(imported)
                )
                times.setdefault(number, []).append(time)
            tasks = tuple(_task(row, times.get(row[0], [])) for row in self._task_rows())
            last = self._connection.execute(
                "SELECT seq FROM sqlite_sequence WHERE name = 'task'"
            ).fetchone()
            return TaskList(tasks, TaskNumber(1 if last is None else last[0] + 1))

    def change(self, step: Callable[[TaskList], TaskList]) -> tuple[TaskList, TaskList]:
        """Before and after one step, as one transaction. An error of the step changes nothing."""
        with transaction(self._connection, self._path):
            before = self.read()
            after = step(before)
            old = {task.number: task for task in before.tasks}
            new = {task.number: task for task in after.tasks}
            self._delete(old.keys() - new.keys())
            self._write(task for number, task in new.items() if old.get(number) != task)
        return before, after

    def finished(self, period: Interval) -> tuple[FinishedTask, ...]:
        """What was finished in a period, in the order of finishing."""
        finished = [
            FinishedTask(task.done, task.estimate, task.spent(task.done))
            for task in self.read().tasks
            if task.done is not None and task.done in period
        ]
        return tuple(sorted(finished, key=lambda task: task.done))

    def kept_before(self, moment: datetime) -> bool:
        """Whether a task was added before a moment, even if it is erased meanwhile.

        If none was, nobody keeps tasks here, and what the measures say of them is missing.
        """
        with readable(self._path):
            (first,) = self._connection.execute("SELECT min(added) FROM task").fetchone()
            gone = journal_erasing.first_task(self._connection)
            return any(each is not None and _moment(each) < moment for each in (first, gone))

    def erased_until(self) -> datetime | None:
        """From before when finished tasks were erased, not to be taken over again."""
        with readable(self._path):
            until = journal_erasing.erased_until(self._connection)
            return None if until is None else _moment(until)

    def _task_rows(self) -> Iterable[_TaskRow]:
        return self._connection.execute(
            "SELECT number, title, estimate, added, done, origin, recurs FROM task ORDER BY number"
        )

    def _time_rows(self) -> Iterable[_TimeRow]:
        return self._connection.execute(
            "SELECT task, start, end, imported FROM task_time ORDER BY task, start, imported"
        )

    def _write(self, tasks: Iterable[Task]) -> None:
        for task in tasks:
            self._connection.execute(
                "INSERT INTO task VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (number) DO UPDATE SET"
                " title = excluded.title, estimate = excluded.estimate, added = excluded.added,"
                " done = excluded.done, origin = excluded.origin, recurs = excluded.recurs",
                _row(task),
            )
            self._connection.execute("DELETE FROM task_time WHERE task = ?", (task.number,))
            self._connection.executemany(
                "INSERT INTO task_time (task, start, end, imported) VALUES (?, ?, ?, ?)",
                [_time_row(task.number, time) for time in task.times],
            )

    def _delete(self, numbers: Iterable[TaskNumber]) -> None:
        for number in numbers:
            self._connection.execute("DELETE FROM task_time WHERE task = ?", (number,))
            self._connection.execute("DELETE FROM task WHERE number = ?", (number,))
            # The next erasing also writes the file anew.
            self._connection.execute("UPDATE erased SET swept = 0")


def _task(row: _TaskRow, times: Iterable[TaskTime]) -> Task:
    number, title, estimate, added, done, origin, recurs = row
    return Task(
        number=TaskNumber(number),
        title=str.strip(title),
        estimate=None if estimate is None else estimate * _MICROSECOND,
        added=_moment(added),
        done=None if done is None else _moment(done),
        origin=None if origin is None else Origin(origin),
        recurs=bool(recurs),
        times=tuple(times),
    )


def _row(task: Task) -> _TaskRow:
    estimate = None if task.estimate is None else task.estimate // _MICROSECOND
    done = None if task.done is None else _int(task.done)
    return (
        task.number, task.title, estimate, _int(task.added), done, task.origin, task.recurs
    )  # fmt: skip


def _time_row(number: TaskNumber, time: TaskTime) -> _TimeRow:
    end = None if time.end is None else _int(time.end)
    return number, _int(time.start), end, int(time.imported)


def _int(moment: datetime) -> int:
    """Microseconds since 1970, exact."""
    return (moment - _EPOCH) // _MICROSECOND


def _moment(microseconds: int) -> datetime:
    return _EPOCH + microseconds * _MICROSECOND
