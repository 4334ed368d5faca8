"""What a person agreed to on this device: the agreement, the pinned keys, the group, the consent.

Both signing keys are pinned at enrolment. From then on an agreement counts only if it is signed
with exactly these (protocol §2). The record is one JSON file that only its owner can read.
"""

import base64
import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from client.errors import NotEnrolled
from client.private_file import make_private_folder
from client.sources.maildir import MaildirSource
from privacy.agreement import envelope
from privacy.agreement.envelope import SignedAgreement
from privacy.errors import InvalidValue, PluraleError
from privacy.groups import Group, GroupId
from privacy.metrics import Task
from privacy.window import Window

FILE_NAME: Final = "enrolment.json"


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A Maildir that this person chose, and what is theirs in it."""

    path: Path
    addresses: frozenset[str] = frozenset()
    sent_folders: frozenset[str] = frozenset()

    def source(self) -> MaildirSource:
        """What reads it."""
        return MaildirSource(self.path, self.addresses, self.sent_folders)


@dataclass(frozen=True, slots=True)
class Enrolment:
    """`first_window`: the first that began after the person consented; none before is reported."""

    signed: SignedAgreement
    group: GroupId
    consented_at: datetime
    mailboxes: tuple[Mailbox, ...]

    def __post_init__(self) -> None:
        """Raise `InvalidValue` when the agreement has no such group."""
        if self.signed.agreement.group(self.group) is None:
            known = ", ".join(group.id for group in self.signed.agreement.groups)
            raise InvalidValue(f"the agreement has no group {self.group!r}: choose from {known}")

    @property
    def first_window(self) -> Window:
        """The first window to report, at the start of which consent was given."""
        zone = self.signed.agreement.working_time.zone
        window = Window.of(self.consented_at.astimezone(zone).date())
        return window if self.consented_at <= window.start(zone) else window.plus(1)

    def tasks(self) -> tuple[tuple[Task, Group], ...]:
        """Every task that concerns this person, with the group it is collected in."""
        agreement = self.signed.agreement
        own = agreement.group(self.group)
        parent = None if own is None or own.parent is None else agreement.group(own.parent)
        return tuple(
            (task, group)
            for task in agreement.tasks
            for group in (own, parent)
            if group is not None and group.level is task.level
        )


def known(folder: Path) -> Enrolment | None:
    """The enrolment on this device, or None on a new one; raises `NotEnrolled` if damaged."""
    return load(folder) if (folder / FILE_NAME).exists() else None


def load(folder: Path) -> Enrolment:
    """The enrolment on this device; raises `NotEnrolled` with the next step."""
    path = folder / FILE_NAME
    try:
        return _from_record(json.loads(path.read_text()))
    except FileNotFoundError:
        raise NotEnrolled(
            "this device is not enrolled yet: plurale enrol FILE, with the signed agreement"
        ) from None
    except (OSError, ValueError, KeyError, TypeError, PluraleError) as error:
        raise NotEnrolled(
            f"the enrolment in {path} cannot be read ({error}): move it away, then enrol again"
        ) from None


def save(folder: Path, enrolment: Enrolment) -> None:
    """Keep an enrolment, in place of an earlier one, as a file of the owner alone."""
    path = folder / FILE_NAME
    temporary = path.with_suffix(".new")
    try:
        make_private_folder(folder)
        temporary.unlink(missing_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(_to_record(enrolment), file, indent=2)
        temporary.replace(path)
    except OSError as error:
        raise NotEnrolled(
            f"the enrolment cannot be written to {path} ({error.strerror}): make the folder "
            "writable, then enrol again"
        ) from None


def _to_record(enrolment: Enrolment) -> dict[str, Any]:
    agreement = enrolment.signed.agreement
    return {
        "agreement": base64.b64encode(enrolment.signed.envelope).decode(),
        "pinned": {
            "employer": agreement.employer.signing_key.hex(),
            "council": agreement.council.signing_key.hex(),
        },
        "group": enrolment.group,
        "consented_at": enrolment.consented_at.isoformat(),
        "mailboxes": [
            {
                "path": str(mailbox.path),
                "addresses": sorted(mailbox.addresses),
                "sent_folders": sorted(mailbox.sent_folders),
            }
            for mailbox in enrolment.mailboxes
        ],
    }


def _from_record(record: Any) -> Enrolment:
    signed = envelope.verify(
        base64.b64decode(record["agreement"]),
        employer_key=bytes.fromhex(record["pinned"]["employer"]),
        council_key=bytes.fromhex(record["pinned"]["council"]),
    )
    return Enrolment(
        signed=signed,
        group=GroupId(record["group"]),
        consented_at=datetime.fromisoformat(record["consented_at"]),
        mailboxes=tuple(
            Mailbox(
                Path(each["path"]), frozenset(each["addresses"]), frozenset(each["sent_folders"])
            )
            for each in record["mailboxes"]
        ),
    )
