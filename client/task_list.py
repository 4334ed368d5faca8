"""All tasks of a person, and what may happen to them. Pure: a change gives another list.

1. At most one task runs at a time. Starting one stops the other at the same moment.
2. Times that are noted here never overlap: nothing begins before what was last noted has ended.
3. A finished task is not started again, and finished once.
4. An estimate counts if it was made before the work: afterwards it is not changed.
5. A task that ran for more than `FORGOTTEN_AFTER` ends when the person says it did, not when they
   come back to it.
6. A task from Taskwarrior is finished and estimated there; the next import would undo it here.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from client import durations, time_of_day
from client.errors import TaskError
from client.tasks import FORGOTTEN_AFTER, Task, TaskNumber, TaskTime
from privacy.errors import InvalidValue

_FIRST: Final = TaskNumber(1)


@dataclass(frozen=True, slots=True)
class TaskList:
    """`tasks` in the order of their numbers; `next_number` was never given to any."""

    tasks: tuple[Task, ...] = ()
    next_number: TaskNumber = _FIRST

    def __post_init__(self) -> None:
        """Raise `InvalidValue` for numbers out of order, or two tasks that run."""
        numbers = [*(task.number for task in self.tasks), self.next_number]
        if numbers != sorted(set(numbers)):
            raise InvalidValue("the numbers of the tasks are not in order")
        if sum(task.running_since is not None for task in self.tasks) > 1:
            raise InvalidValue("two tasks run at the same time")

    @property
    def running(self) -> Task | None:
        """The task that runs, if one does."""
        return next((task for task in self.tasks if task.running_since is not None), None)

    def task(self, number: TaskNumber) -> Task:
        """One task; raises `TaskError`."""
        for task in self.tasks:
            if task.number == number:
                return task
        raise TaskError(f"there is no task {number}: plurale task list shows those there are")

    def with_tasks(self, changed: Iterable[Task]) -> "TaskList":
        """With these in place of those of the same numbers."""
        tasks = {task.number: task for task in (*self.tasks, *changed)}
        numbers = sorted(tasks)
        following = TaskNumber(max(self.next_number, *(number + 1 for number in numbers), 1))
        return TaskList(tuple(tasks[number] for number in numbers), following)

    def without(self, number: TaskNumber) -> "TaskList":
        """With one task less; raises `TaskError`."""
        gone = self.task(number)
        return replace(self, tasks=tuple(task for task in self.tasks if task != gone))

    def added(self, title: str, estimate: timedelta | None, now: datetime) -> "TaskList":
        """With a new task, the last; raises `InvalidValue`."""
        return self.with_tasks([Task(self.next_number, title, estimate, now)])

    def started(self, number: TaskNumber, at: datetime) -> "TaskList":
        """With one that runs from `at` on, in place of the one that ran; raises `TaskError`."""
        task = self.task(number)
        if task.running_since is not None:
            raise TaskError(
                f"task {number} has been running since {time_of_day.shown(task.running_since)}"
            )
        if task.done is not None:  # 3
            raise TaskError(
                f"task {number} was finished {time_of_day.shown(task.done)}: add a new one"
            )
        before = self if self.running is None else self.stopped(at)  # 1
        before._check_free(at)
        task = before.task(number)
        times = sorted((*task.times, TaskTime(at, None)), key=_by_start)
        return before.with_tasks([replace(task, times=tuple(times))])

    def stopped(self, at: datetime, *, said: bool = False) -> "TaskList":
        """With none that runs; raises `TaskError`.

        `said`: the person has said when, so rule 5 is kept.
        """
        if self.running is None:
            raise TaskError("no task is running: plurale task list shows them all")
        return self.with_tasks([_ended(self.running, at, said=said)])

    def finished(self, number: TaskNumber, at: datetime, *, said: bool = False) -> "TaskList":
        """With one that is finished, at `at`; raises `TaskError`. `said`: see `stopped`."""
        task = self.task(number)
        if task.done is not None:  # 3
            raise TaskError(f"task {number} was finished {time_of_day.shown(task.done)} already")
        if task.origin is not None:  # 6
            raise TaskError(
                f"task {number} is from Taskwarrior: finish it there, and import it again"
            )
        if task.running_since is not None:
            task = _ended(task, at, said=said)
        elif task.last_ended is not None and at < task.last_ended:
            raise TaskError(
                f"task {number} was worked on until {time_of_day.shown(task.last_ended)}: it is "
                "not finished before"
            )
        return self.with_tasks([replace(task, done=at)])

    def estimated(self, number: TaskNumber, estimate: timedelta) -> "TaskList":
        """With another estimate for one of them; raises `TaskError` and `InvalidValue`."""
        task = self.task(number)
        if task.origin is not None:  # 6
            raise TaskError(
                f"task {number} is from Taskwarrior: estimate it there, and import it again"
            )
        if task.done is not None:
            raise TaskError(f"task {number} is finished: its estimate stays as it is")
        if task.times:  # 4
            raise TaskError(
                f"work on task {number} has begun: an estimate counts only if it was made before"
            )
        return self.with_tasks([replace(task, estimate=estimate)])

    def to_resume(self) -> TaskNumber:
        """The open task that is meant by ``start`` alone: the last one, or the only one."""
        still = [task for task in self.tasks if task.done is None]
        worked_on = [(task.last_ended, task.number) for task in still if task.last_ended]
        if worked_on:
            return max(worked_on)[1]
        if len(still) == 1:
            return still[0].number
        raise TaskError(
            "say which task, like plurale task start 3: plurale task list shows them all"
            if still
            else 'there is no open task: add one, like plurale task add "Write the offer"'
        )

    def _check_free(self, at: datetime) -> None:  # 2
        for task in self.tasks:
            ended = max(
                (time.end for time in task.times if time.end is not None and not time.imported),
                default=None,
            )
            if ended is not None and at < ended:
                raise TaskError(
                    f"you were at task {task.number} until {time_of_day.shown(ended)}: nothing "
                    "else begins before that"
                )


def _ended(task: Task, at: datetime, *, said: bool) -> Task:
    """The same task, not running any more. What ends as it begins was no work."""
    since = task.running_since
    if since is None or at < since:
        begun = "not started" if since is None else f"started {time_of_day.shown(since)}"
        raise TaskError(f"task {task.number} was {begun}: it does not end before that")
    if not said and at - since > FORGOTTEN_AFTER:  # 5
        raise TaskError(
            f"task {task.number} has been running since {time_of_day.shown(since)}, for "
            f"{durations.shown(at - since)}: say when you stopped, like plurale task stop --at "
            f"{since.astimezone() + timedelta(hours=1):%H:%M}"
        )
    kept = [time for time in task.times if time.end is not None]
    if since < at:
        kept.append(TaskTime(since, at))
    return replace(task, times=tuple(sorted(kept, key=_by_start)))


def _by_start(time: TaskTime) -> tuple[datetime, bool]:
    return time.start, time.imported
