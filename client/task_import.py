"""Taking tasks over from Taskwarrior, and their times from Timewarrior. Pure: lists in, lists out.

The same export again changes nothing; a newer one changes what differs, and all of it or nothing.

Tasks: the other program says what is open, finished and deleted. An estimate counts if it was made
before the work, so one that changed later stays as it was. What was finished long ago is left out,
as is what was erased here: nothing is reported of it any more.

Times: an export is the whole truth about the time between its first and its last stretch. What was
imported before from that time, and is not in it as it was, is taken away. A stretch belongs to the
task that has its uuid as a tag, else to the one that has its title as a tag and

1. was not added much later, and not finished before. Of several that fit, as with a task that
   recurs, it is the one that was finished first; as long as none of them is, it is none.
2. A stretch that fits no task stays with the one to which it was taken over before: a task may have
   got another title.
3. From before the last erasing no stretch goes to a task that recurs for the first time: it may
   have been spent on an earlier one of the same title, which is erased.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from client.task_list import TaskList
from client.tasks import Origin, Task, TaskNumber, TaskTime
from client.taskwarrior import ExportedTask
from client.timewarrior import Stretch

KEPT_FOR: Final = timedelta(weeks=8)
"""Longer than a window with the longest upload period that an agreement may have."""

_ADDED_LATE: Final = timedelta(hours=12)
"""Somebody may do a thing first, and note in the evening that there was such a task."""


@dataclass(frozen=True, slots=True)
class TasksTaken:
    """How many tasks. `unclear`: have an estimate that says no hours. `late`: one that changed."""

    tasks: TaskList
    new: int
    changed: int
    removed: int
    unclear: int
    late: int


@dataclass(frozen=True, slots=True)
class TimesTaken:
    """How many stretches. `unmatched`: fit no task, of the last weeks. `running`: go on."""

    tasks: TaskList
    new: int
    removed: int
    unmatched: int
    running: int


def take_tasks(
    before: TaskList, exported: Mapping[Origin, ExportedTask | None], since: datetime
) -> TasksTaken:
    """With the tasks of an export. `since`: what was finished before is not taken over."""
    here = {task.origin: task for task in before.tasks if task.origin is not None}
    gone = {here[origin].number for origin, task in exported.items() if not task and origin in here}
    wanted = {origin: task for origin, task in exported.items() if task is not None}
    updated = {
        origin: _updated(here[origin], task) for origin, task in wanted.items() if origin in here
    }
    fresh = sorted(
        (
            origin
            for origin, task in wanted.items()
            if origin not in here and (task.done is None or task.done >= since)
        ),
        key=lambda origin: wanted[origin].added,
    )
    numbered = (
        _new(TaskNumber(before.next_number + place), origin, wanted[origin])
        for place, origin in enumerate(fresh)
    )
    shown = [*updated, *fresh]
    rest = replace(before, tasks=tuple(task for task in before.tasks if task.number not in gone))
    after = rest.with_tasks([*updated.values(), *numbered])
    return TasksTaken(
        after,
        new=len(fresh),
        changed=sum(here[origin] != task for origin, task in updated.items()),
        removed=len(gone),
        unclear=sum(wanted[origin].unclear for origin in shown),
        late=sum(
            task.estimate != wanted[origin].estimate and not wanted[origin].unclear
            for origin, task in updated.items()
        ),
    )


def _new(number: TaskNumber, origin: Origin, task: ExportedTask) -> Task:
    return Task(number, task.title, task.estimate, task.added, task.done, origin, task.recurs)


def _updated(here: Task, there: ExportedTask) -> Task:
    times = here.times
    if there.done is not None:
        times = tuple(time for each in times if (time := _closed(each, there.done)) is not None)
    begun = here.times or (here.done is not None and there.done is not None)
    return replace(
        here,
        title=there.title,
        estimate=here.estimate if begun else there.estimate,
        added=there.added,
        done=there.done,
        recurs=there.recurs,
        times=times,
    )


def _closed(time: TaskTime, done: datetime) -> TaskTime | None:
    """A task that is finished there runs here no longer. What ends as it begins was no work."""
    if time.end is not None:
        return time
    return replace(time, end=done) if time.start < done else None


def take_times(
    before: TaskList, stretches: Sequence[Stretch], erased: datetime | None, now: datetime
) -> TimesTaken:
    """With the times of an export. `erased`: from before when something was."""
    ended = {
        (each.start, each.end): each
        for each in stretches
        if each.end is not None and each.start < each.end <= now
    }
    titled, by_origin = _index(before.tasks)
    held = {
        (time.start, time.end): task.number
        for task in before.tasks
        for time in task.times
        if time.imported
    }
    found: dict[tuple[datetime, datetime | None], TaskNumber] = {}
    for key, stretch in ended.items():
        task = _match(stretch, titled, by_origin)
        old = erased is not None and stretch.start < erased and key not in held
        if task is not None and not (old and task.recurs):  # 3
            found[key] = task.number
        elif key in held:  # 2
            found[key] = held[key]
    first = min((each.start for each in stretches), default=now)
    last = max((each.end or each.start for each in stretches), default=first)
    outside = {key: number for key, number in held.items() if key[0] < first or key[0] >= last}
    after = _with_times(before, outside | found)
    recent = max(now - KEPT_FOR, erased or now - KEPT_FOR)
    return TimesTaken(
        after,
        new=len(found.keys() - held.keys()),
        removed=len(held.keys() - found.keys() - outside.keys()),
        unmatched=sum(key not in found and key[0] >= recent for key in ended),
        running=sum(each.end is None for each in stretches),
    )


def _index(tasks: Iterable[Task]) -> tuple[dict[str, list[Task]], dict[Origin, Task]]:
    titled: dict[str, list[Task]] = {}
    for task in tasks:
        titled.setdefault(task.title, []).append(task)
    return titled, {task.origin: task for task in tasks if task.origin is not None}


def _match(
    stretch: Stretch, titled: Mapping[str, Sequence[Task]], by_origin: Mapping[Origin, Task]
) -> Task | None:
    named = [by_origin[origin] for origin in stretch.origins if origin in by_origin]
    if named:
        return named[0] if len(named) == 1 else None
    fits = [  # 1
        task
        for title in stretch.titles
        for task in titled.get(title, ())
        if task.added - _ADDED_LATE <= stretch.start
        and (task.done is None or stretch.start < task.done)
    ]
    if len(fits) == 1:
        return fits[0]
    finished = [(task.done, task.number, task) for task in fits if task.done is not None]
    same = len({task.title for task in fits}) == 1
    return min(finished)[2] if finished and same else None


def _with_times(
    before: TaskList, imported: Mapping[tuple[datetime, datetime | None], TaskNumber]
) -> TaskList:
    times: dict[TaskNumber, list[TaskTime]] = {
        task.number: [time for time in task.times if not time.imported] for task in before.tasks
    }
    for (start, end), number in imported.items():
        times[number].append(TaskTime(start, end, imported=True))
    return before.with_tasks(
        replace(
            task,
            times=tuple(sorted(times[task.number], key=lambda time: (time.start, time.imported))),
        )
        for task in before.tasks
    )
