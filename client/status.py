"""How things stand on this device, from what is kept here: nobody is asked."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, TypeVar

from client import leaving, mailboxes_file
from client.device import Device
from client.errors import JournalUnusable, SettingsUnusable
from client.parcel import Parcel
from client.pausing import Pauses
from client.permission import Permission
from client.tasks import Task
from privacy.agreement.model import Agreement
from privacy.groups import GroupId
from privacy.window import Window

_Known = TypeVar("_Known")

WRITTEN_WITHIN: Final = timedelta(minutes=5)
"""A watcher writes every minute, but not before it is decided whether the device is idle."""


@dataclass(frozen=True, slots=True)
class Recording:
    """Activity. `why_not`: why nothing is recorded now, if nothing may be."""

    last: datetime | None
    seems_to_run: bool
    why_not: str | None


@dataclass(frozen=True, slots=True)
class Status:
    """Times in UTC. `neutral`: whether the window is reported without values.

    `waiting`: reports that are made and not sent, the one first that is due first.
    `troubles`: what could not be found out. `size`: of all files that Plurale made, in bytes.
    """

    agreement: Agreement
    group: GroupId
    pauses: Pauses
    window: Window
    is_reported: bool
    is_neutral: bool
    recording: Recording | None
    mailboxes: tuple[str, ...]
    mail_read: datetime | None
    running: Task | None
    waiting: tuple[Parcel, ...]
    alarms: tuple[str, ...]
    size: int
    troubles: tuple[str, ...]


def status(device: Device, now: datetime) -> Status:
    """What is known. A part that cannot be read is a sentence in `troubles`, and holds up nothing.

    Raises `OutboxUnusable`.
    """
    troubles: dict[str, None] = {}

    def known(find: Callable[[], _Known]) -> _Known | None:
        try:
            return find()
        except (JournalUnusable, SettingsUnusable) as error:
            troubles[str(error)] = None
            return None

    if device.pauses.fault is not None:
        troubles[str(device.pauses.fault)] = None
    newest = device.enrolment.newest
    zone = newest.agreement.working_time.zone
    window = Window.of(now.astimezone(zone).date())
    mailboxes = known(lambda: mailboxes_file.load(device.folder)) or ()
    return Status(
        agreement=newest.agreement,
        group=newest.group,
        pauses=device.pauses,
        window=window,
        is_reported=device.enrolment.for_window(window) is not None,
        is_neutral=device.pauses.touches(window, zone),
        recording=known(lambda: _recording(device, now)),
        mailboxes=tuple(each.name for each in mailboxes),
        mail_read=known(lambda: device.journal.mail_read_until()),
        running=known(lambda: device.journal.tasks.read().running),
        waiting=tuple(device.outbox.waiting()),
        alarms=device.alarms(),
        size=sum(_sizes(leaving.kept(device.folder))),
        troubles=tuple(troubles),
    )


def _recording(device: Device, now: datetime) -> Recording:
    permission = Permission(device.folder, device.journal.away())
    permission.look()
    return recording(permission, device.journal.last_recorded(), now)


def recording(permission: Permission, last: datetime | None, now: datetime) -> Recording:
    """Whether something may be recorded, and is. `last`: when something last was."""
    rule = permission.rule(now)
    limit = WRITTEN_WITHIN + (timedelta(0) if rule is None else rule.idle_limit)
    return Recording(
        last,
        seems_to_run=last is not None and last >= now - limit,
        why_not=permission.why_not(now) if rule is None else None,
    )


def _sizes(paths: Iterable[Path]) -> Iterable[int]:
    for path in paths:
        try:
            yield path.stat().st_size
        except OSError:
            continue
