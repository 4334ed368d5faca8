"""Tasks. They are the person's own: none of this needs an agreement."""

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

from client import (
    durations,
    show_tasks,
    task_export,
    task_import,
    taskwarrior,
    time_of_day,
    timewarrior,
)
from client.commands.base import right_now
from client.errors import TaskError
from client.journal import Journal
from client.say import say
from client.task_list import TaskList
from client.task_store import TaskStore
from client.tasks import TaskNumber

_STANDARD_INPUT: Final = "-"


def add(options: argparse.Namespace) -> int:
    """A new task."""
    estimate = None if options.estimate is None else durations.typed(options.estimate)
    now = right_now()
    with _tasks(options) as store:
        _, after = store.change(lambda tasks: tasks.added(options.title.strip(), estimate, now))
    show_tasks.added(after.tasks[-1])
    return 0


def start(options: argparse.Namespace) -> int:
    """Begin work on one, and end it on what ran."""
    now = right_now()
    at = now if options.at is None else time_of_day.today(time_of_day.parse(options.at), now)

    def step(tasks: TaskList) -> TaskList:
        number = tasks.to_resume() if options.number is None else options.number
        return tasks.started(number, at)

    with _tasks(options) as store:
        before, after = store.change(step)
    if before.running is not None:
        show_tasks.stopped(after.task(before.running.number), at)
    if after.running is not None:
        show_tasks.started(after.running, at)
    return 0


def stop(options: argparse.Namespace) -> int:
    """End work on what runs."""
    now = right_now()

    def step(tasks: TaskList) -> TaskList:
        at = _ending(tasks, None, options.at, now)
        return tasks.stopped(at, said=options.at is not None)

    with _tasks(options) as store:
        before, after = store.change(step)
    if before.running is not None:
        show_tasks.stopped(after.task(before.running.number), now)
    return 0


def finish(options: argparse.Namespace) -> int:
    """A task is done."""
    now = right_now()

    def step(tasks: TaskList) -> TaskList:
        at = _ending(tasks, options.number, options.at, now)
        return tasks.finished(_or_running(tasks, options.number), at, said=options.at is not None)

    with _tasks(options) as store:
        before, after = store.change(step)
    show_tasks.finished(after.task(_or_running(before, options.number)))
    return 0


def show(options: argparse.Namespace) -> int:
    """All tasks that are kept."""
    with _tasks(options) as store:
        tasks, now = store.read(), right_now()
    if options.json:
        say(json.dumps(show_tasks.as_json(tasks, now), indent=2))
    else:
        show_tasks.listed(tasks, now)
    return 0


def estimate(options: argparse.Namespace) -> int:
    """Another estimate."""
    duration = durations.typed(options.time)
    with _tasks(options) as store:
        _, after = store.change(lambda tasks: tasks.estimated(options.number, duration))
    show_tasks.estimated(after.task(options.number))
    return 0


def remove(options: argparse.Namespace) -> int:
    """Erase one."""
    with _tasks(options) as store:
        before, _ = store.change(lambda tasks: tasks.without(options.number))
    show_tasks.removed(before.task(options.number))
    return 0


def take_over(options: argparse.Namespace) -> int:
    """Import from another program, all of it or nothing."""
    export = _export(options.file)
    now = right_now()
    with _tasks(options) as store:
        if export.is_of_tasks:
            _take_tasks(store, export, now)
        else:
            _take_times(store, export, now)
    return 0


def _take_tasks(store: TaskStore, export: task_export.Export, now: datetime) -> None:
    exported = taskwarrior.tasks(export)
    taken: list[task_import.TasksTaken] = []

    def step(tasks: TaskList) -> TaskList:
        since = max(now - task_import.KEPT_FOR, store.erased_until() or now - task_import.KEPT_FOR)
        taken.append(task_import.take_tasks(tasks, exported, since))
        return taken[-1].tasks

    store.change(step)
    show_tasks.tasks_taken(taken[-1])


def _take_times(store: TaskStore, export: task_export.Export, now: datetime) -> None:
    stretches = timewarrior.stretches(export)
    taken: list[task_import.TimesTaken] = []

    def step(tasks: TaskList) -> TaskList:
        taken.append(task_import.take_times(tasks, stretches, store.erased_until(), now))
        return taken[-1].tasks

    store.change(step)
    show_tasks.times_taken(taken[-1])


def _export(file: str) -> task_export.Export:
    most = task_export.LARGEST_EXPORT + 1
    if file == _STANDARD_INPUT:
        if (piped := getattr(sys.stdin, "buffer", None)) is None:
            raise TaskError("nothing can be read from standard input, since it is closed")
        return task_export.read("standard input", piped.read(most))
    with Path(file).open("rb") as opened:
        return task_export.read(file, opened.read(most))


def _ending(
    tasks: TaskList, number: TaskNumber | None, typed: str | None, now: datetime
) -> datetime:
    """When something ends: what was typed counts from the start of what runs."""
    if typed is None:
        return now
    at = time_of_day.parse(typed)
    running = tasks.running
    if running is None or running.running_since is None or number not in (None, running.number):
        return time_of_day.today(at, now)
    return time_of_day.first_from(running.running_since, at, now)


def _or_running(tasks: TaskList, number: TaskNumber | None) -> TaskNumber:
    if number is not None:
        return number
    if tasks.running is None:
        raise TaskError("no task is running: say which one is done, like plurale task done 3")
    return tasks.running.number


@contextmanager
def _tasks(options: argparse.Namespace) -> Iterator[TaskStore]:
    with Journal(options.data / "journal.db") as journal:
        yield journal.tasks
