"""Every report that this device made or was to make: when, how large, and what became of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from client.outbox import Outbox
from client.parcel import Parcel, State
from privacy.batch import BatchId


@dataclass(frozen=True, slots=True)
class Line:
    """One report. `parcel` is None if it was not made, for the reason `unmade`."""

    batch: BatchId
    parcel: Parcel | None
    unmade: str | None = None

    @property
    def sent(self) -> datetime | None:
        """When the employer's server signed for it."""
        if self.parcel is None or self.parcel.state is not State.SENT:
            return None
        return self.parcel.finished_at


def history(outbox: Outbox) -> list[Line]:
    """The oldest window first. Raises `OutboxUnusable`."""
    lines = [Line(parcel.batch, parcel) for parcel in outbox.all()]
    lines += [Line(batch, None, why) for batch, why in outbox.unmade()]
    return sorted(lines, key=lambda line: (line.batch.window, line.batch.task))


def as_json(lines: list[Line]) -> list[dict[str, Any]]:
    """For other programs; times in ISO 8601 with a zone."""
    return [_record(line) for line in lines]


def _record(line: Line) -> dict[str, Any]:
    record: dict[str, Any] = {
        "window": str(line.batch.window),
        "task": line.batch.task,
        "group": line.batch.group,
    }
    parcel = line.parcel
    if parcel is None:
        return record | {"state": "not made", "reason": line.unmade}
    return record | {
        "state": parcel.state.value,
        "reason": parcel.reason,
        "made": parcel.made_at.isoformat(),
        "token_asked_for_from": parcel.times.fetch.isoformat(),
        "has_token": parcel.token is not None,
        "sent_from": parcel.due.isoformat(),
        "sent": line.sent and line.sent.isoformat(),
        "bytes": parcel.size,
        "outcome": parcel.ending and parcel.ending.fate.value,
        "alarm": parcel.concern and parcel.concern.value,
    }
