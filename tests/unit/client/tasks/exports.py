"""Entries as Taskwarrior 2.6 and Timewarrior 1.4 write them."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from client.task_export import read
from client.tasks import Origin
from client.taskwarrior import ExportedTask, tasks
from client.timewarrior import Stretch, stretches
from tests.unit.client.tasks.moments import at

OFFER = "16978558-fe7b-4c2c-acc1-efd470bbb4f9"
TEMPLATE = "b90517cc-7b49-4f28-8a60-46f5fb9c244f"
LOGIN = "2a16dbcb-9f59-455e-9f6f-d67abd843604"


def written(moment: datetime) -> str:
    return f"{moment:%Y%m%dT%H%M%SZ}"


def task(
    uuid: str = OFFER, description: str | None = "Write the offer", **fields: Any
) -> dict[str, Any]:
    """An open task, added on Monday at 8; `fields` replace some, None leaves one out."""
    entry = {
        "id": 1,
        "description": description,
        "entry": written(at(8)),
        "modified": written(at(8)),
        "status": "pending",
        "uuid": uuid,
        "urgency": 0.8,
    }
    return {name: value for name, value in (entry | fields).items() if value is not None}


def completed(end: datetime, uuid: str = OFFER, **fields: Any) -> dict[str, Any]:
    """The same, finished."""
    return task(uuid, id=0, status="completed", end=written(end), **fields)


def stretch(start: datetime, end: datetime | None, *tags: str) -> dict[str, Any]:
    """An interval of Timewarrior."""
    entry: dict[str, Any] = {"id": 1, "start": written(start)}
    if end is not None:
        entry["end"] = written(end)
    return entry | ({"tags": list(tags)} if tags else {})


def content(entries: Sequence[Any]) -> bytes:
    """As the program prints it."""
    return b"[\n" + ",\n".join(json.dumps(entry) for entry in entries).encode() + b"\n]\n"


def tasks_of(*entries: Any) -> Mapping[Origin, ExportedTask | None]:
    return tasks(read("tasks.json", content(entries)))


def stretches_of(*entries: Any) -> tuple[Stretch, ...]:
    return stretches(read("times.json", content(entries)))
