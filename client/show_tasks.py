"""What the command line says about tasks."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from client.durations import shown
from client.say import say
from client.task_import import TasksTaken, TimesTaken
from client.task_list import TaskList
from client.tasks import FORGOTTEN_AFTER, Task
from client.time_of_day import shown as clock

_LATELY: Final = 10


def added(task: Task) -> None:
    """After `plurale task add`."""
    say(f"Added task {task.number}: {task.title}{_of_estimate(task)}.")
    say(f"To begin:  plurale task start {task.number}")


def started(task: Task, at: datetime) -> None:
    """After `plurale task start`. `at`: since when it runs."""
    before = task.spent(at)
    so_far = f", {shown(before)} before{_of_estimate(task)}" if before else _of_estimate(task)
    say(f"Task {task.number} runs since {clock(at)}: {task.title}{so_far}.")


def stopped(task: Task, now: datetime) -> None:
    """After something stopped."""
    until = "" if task.last_ended is None else f" {clock(task.last_ended)}"
    say(
        f"Task {task.number} stopped{until}: {task.title}, {shown(task.spent(now))} so far"
        f"{_of_estimate(task)}."
    )


def finished(task: Task) -> None:
    """After `plurale task done`."""
    if task.done is None:
        return
    spent = task.spent(task.done)
    took = f"took {shown(spent)}" if spent else "no time was noted"
    say(f"Task {task.number} is finished: {task.title}, {took}{_of_estimate(task)}.")


def estimated(task: Task) -> None:
    """After `plurale task estimate`."""
    say(f"Task {task.number}: {task.title}{_of_estimate(task)}.")


def removed(task: Task) -> None:
    """After `plurale task remove`."""
    again = (
        ""
        if task.origin is None
        else " It comes back with the next import unless you delete it in Taskwarrior too."
    )
    say(f"Erased task {task.number}, {task.title}, with its times.{again}")


def listed(tasks: TaskList, now: datetime) -> None:
    """What runs, is open, and was finished lately."""
    if not tasks.tasks:
        say('There are no tasks. To add one:  plurale task add "Write the offer" --estimate 3h')
        return
    table = Table("Number", "Task", "Estimate", "Spent", "State")
    for task in _in_order(tasks.tasks):
        table.add_row(
            str(task.number),
            Text(task.title),
            "" if task.estimate is None else shown(task.estimate),
            shown(spent) if (spent := task.spent(now)) else "",
            _state(task),
        )
    Console(highlight=False).print(table)
    running = tasks.running
    if running is not None and running.running_since is not None:
        lasts = now - running.running_since
        if lasts > FORGOTTEN_AFTER:
            say(
                f"Task {running.number} has been running for {shown(lasts)}. If you forgot to stop "
                "it, say when you did:  plurale task stop --at HH:MM"
            )


def as_json(tasks: TaskList, now: datetime) -> list[dict[str, Any]]:
    """All tasks; durations in seconds, moments in UTC."""
    return [
        {
            "number": task.number,
            "title": task.title,
            "estimate_seconds": None if task.estimate is None else _seconds(task.estimate),
            "spent_seconds": _seconds(task.spent(now)),
            "added": task.added.isoformat(),
            "running_since": _iso(task.running_since),
            "done": _iso(task.done),
            "imported": task.origin is not None,
            "times": [
                {
                    "start": time.start.isoformat(),
                    "end": _iso(time.end),
                    "imported": time.imported,
                }
                for time in task.times
            ],
        }
        for task in tasks.tasks
    ]


def tasks_taken(taken: TasksTaken) -> None:
    """After an import from Taskwarrior."""
    say(f"Tasks: {taken.new} new, {taken.changed} changed, {taken.removed} deleted.")
    if taken.unclear:
        say(
            f"The estimate of {taken.unclear} of them does not say how many hours, so it was left "
            "out: a day can have 24 hours or be a working day, and a number needs a unit."
        )
    if taken.late:
        say(
            f"The estimate of {taken.late} of them was changed after the work had begun: the one "
            "from before stays."
        )


def times_taken(taken: TimesTaken) -> None:
    """After an import from Timewarrior."""
    say(f"Stretches of work: {taken.new} new, {taken.removed} taken away.")
    if taken.running:
        say("One that is still going on comes with a later import.")
    if taken.unmatched:
        say(
            f"{taken.unmatched} of the last weeks belong to no task here: a stretch is tagged with "
            "its task's title or uuid, and the tasks are imported first."
        )


def _in_order(tasks: Sequence[Task]) -> list[Task]:
    running = [task for task in tasks if task.running_since is not None]
    still = [task for task in tasks if task.done is None and task.running_since is None]
    done = sorted((task for task in tasks if task.done is not None), key=_done_first, reverse=True)
    return [*running, *still, *done[:_LATELY]]


def _done_first(task: Task) -> tuple[datetime, int]:
    return task.done or task.added, task.number


def _state(task: Task) -> str:
    if task.running_since is not None:
        return f"runs since {_day(task.running_since)}"
    return "open" if task.done is None else f"finished {_day(task.done)}"


def _of_estimate(task: Task) -> str:
    return "" if task.estimate is None else f", estimated {shown(task.estimate)}"


def _day(moment: datetime) -> str:
    return f"{moment.astimezone():%a %d %b, %H:%M}"


def _seconds(duration: timedelta) -> int:
    return duration // timedelta(seconds=1)


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
