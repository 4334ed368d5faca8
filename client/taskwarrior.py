"""Tasks as Taskwarrior exports them (``task export``).

Of an entry these fields are read: uuid, description, status, entry, end, parent and estimate.
Taskwarrior knows no estimates by itself. The field is one that the person has defined, as a
duration (exported like ``PT3H``) or as a text (exported as it was typed).
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from client import durations
from client.errors import TaskError
from client.task_export import Entry, Export, moment_of, text_of, title_of
from client.tasks import LONGEST_ESTIMATE, Origin

_OPEN: Final = ("pending", "waiting")
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)


@dataclass(frozen=True, slots=True)
class ExportedTask:
    """One task. `done`: None while it is open. `unclear`: it has an estimate that says no hours.

    `recurs`: it was made from a template, which makes others with the same title.
    """

    title: str
    added: datetime
    done: datetime | None
    estimate: timedelta | None
    unclear: bool
    recurs: bool


def origin_of(uuid: str) -> Origin | None:
    """Under what a task is known again; ``None`` for a text that is no UUID."""
    if _UUID.fullmatch(uuid) is None:
        return None
    return Origin(hashlib.sha256(b"plurale task " + UUID(uuid).bytes).digest())


def tasks(export: Export) -> Mapping[Origin, ExportedTask | None]:
    """All tasks of an export, None for those that were deleted; raises `TaskError`.

    Templates of recurring tasks are left out; what recurs is there as tasks of its own.
    """
    found: dict[Origin, ExportedTask | None] = {}
    for index, entry in enumerate(export.entries):
        place = export.place(index)
        origin = origin_of(text_of(entry, "uuid", place))
        if origin is None:
            raise TaskError(f"{place}: its uuid is none")
        status = text_of(entry, "status", place)
        if status == "deleted":
            found[origin] = None
        elif status == "completed":
            found[origin] = _task(entry, place, moment_of(entry, "end", place))
        elif status in _OPEN:
            found[origin] = _task(entry, place, None)
        elif status != "recurring":
            raise TaskError(f"{place}: its status {status!r} is not one of Taskwarrior's")
    return found


def _task(entry: Entry, place: str, done: datetime | None) -> ExportedTask:
    title = title_of(text_of(entry, "description", place))
    if not title:
        raise TaskError(f"{place}: its description has nothing to read")
    written = entry.get("estimate")
    estimate = _estimate(written)
    unclear = estimate is None and written not in (None, "")
    added = moment_of(entry, "entry", place)
    return ExportedTask(title, added, done, estimate, unclear, recurs="parent" in entry)


def _estimate(written: Any) -> timedelta | None:
    # A number without a unit is somebody's minutes and somebody else's days.
    if not isinstance(written, str):
        return None
    try:
        estimate = durations.exported(written)
    except TaskError:
        return None
    return estimate if timedelta(0) < estimate <= LONGEST_ESTIMATE else None
