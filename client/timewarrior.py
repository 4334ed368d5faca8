"""Stretches of work as Timewarrior exports them (``timew export``).

Of an entry these fields are read: start, end and tags. The hook that comes with Timewarrior tags
the work on a task of Taskwarrior with its description; a tag that is the task's uuid says it too.
"""

from dataclasses import dataclass
from datetime import datetime

from client.errors import TaskError
from client.task_export import Export, moment_of, title_of
from client.tasks import Origin
from client.taskwarrior import origin_of


@dataclass(frozen=True, slots=True)
class Stretch:
    """From `start` to `end` (UTC), None while it goes on; its tags as titles and as origins."""

    start: datetime
    end: datetime | None
    titles: frozenset[str]
    origins: frozenset[Origin]


def stretches(export: Export) -> tuple[Stretch, ...]:
    """All of an export, in the order of their start; raises `TaskError`."""
    found: dict[datetime, Stretch] = {}
    for index, entry in enumerate(export.entries):
        place = export.place(index)
        start = moment_of(entry, "start", place)
        end = None if "end" not in entry else moment_of(entry, "end", place)
        if end is not None and end < start:
            raise TaskError(f"{place}: it ends before it starts")
        tags = entry.get("tags", [])
        if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
            raise TaskError(f"{place}: its tags are no texts")
        if start in found:
            raise TaskError(f"{place}: another entry has the same start")
        found[start] = Stretch(
            start,
            end,
            frozenset(map(title_of, tags)),
            frozenset(origin for tag in tags if (origin := origin_of(tag)) is not None),
        )
    return tuple(found[start] for start in sorted(found))
