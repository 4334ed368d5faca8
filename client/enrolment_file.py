"""The record of an enrolment: one JSON file that only its owner can read.

Nothing in it is believed: the first version has to be signed with the pinned keys, each later one
has to follow from the one before (`Enrolment`).
"""

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from client import watch_rules
from client.acceptance import Acceptance
from client.enrolment import Enrolment
from client.errors import NotEnrolled
from client.private_file import write_private
from privacy.agreement import envelope
from privacy.agreement.model import Party
from privacy.errors import PluraleError
from privacy.groups import GroupId

FILE_NAME: Final = "enrolment.json"


def known(folder: Path) -> Enrolment | None:
    """The enrolment on this device, or None on a new one; raises `NotEnrolled` if damaged."""
    return load(folder) if (folder / FILE_NAME).exists() else None


def load(folder: Path, name: str = FILE_NAME) -> Enrolment:
    """The enrolment on this device; raises `NotEnrolled` with the next step."""
    path = folder / name
    try:
        return _from_record(json.loads(path.read_text()))
    except FileNotFoundError:
        raise NotEnrolled(
            "this device is not enrolled yet: plurale enrol FILE CODE, with the signed agreement "
            "and the code from your works council"
        ) from None
    except (OSError, ValueError, KeyError, TypeError, PluraleError) as error:
        raise NotEnrolled(
            f"the enrolment in {path} cannot be read ({error}): move it away, then enrol again, "
            "with your code"
        ) from None


def save(folder: Path, enrolment: Enrolment) -> None:
    """Keep an enrolment, in place of an earlier one, as a file of the owner alone.

    Beside it goes what the watcher has to know of it.
    """
    path = folder / FILE_NAME
    try:
        write_private(path, json.dumps(_to_record(enrolment), indent=2))
    except OSError as error:
        raise NotEnrolled(
            f"the enrolment cannot be written to {path} ({error.strerror}): make the folder "
            "writable, then enrol again"
        ) from None
    watch_rules.keep(folder, enrolment.watch_rules())


def _to_record(enrolment: Enrolment) -> dict[str, Any]:
    first = enrolment.acceptances[0].agreement
    return {
        "pinned": {party.value: first.party(party).signing_key.hex() for party in Party},
        "accepted": [
            {
                "agreement": base64.b64encode(each.signed.envelope).decode(),
                "group": each.group,
                "consented_at": each.consented_at.isoformat(),
            }
            for each in enrolment.acceptances
        ],
    }


def _from_record(record: Any) -> Enrolment:
    pinned = {party: bytes.fromhex(record["pinned"][party.value]) for party in Party}
    return Enrolment(
        tuple(
            _acceptance(each, pinned if place == 0 else None)
            for place, each in enumerate(record["accepted"])
        )
    )


def _acceptance(record: Any, pinned: Mapping[Party, bytes] | None) -> Acceptance:
    """`pinned`: the keys of the first version. Whether later keys may follow, `Enrolment` knows."""
    content = base64.b64decode(record["agreement"])
    named = envelope.read_unverified(content)
    keys = pinned or {party: named.party(party).signing_key for party in Party}
    return Acceptance(
        signed=envelope.verify(
            content, employer_key=keys[Party.EMPLOYER], council_key=keys[Party.COUNCIL]
        ),
        group=GroupId(record["group"]),
        consented_at=datetime.fromisoformat(record["consented_at"]),
    )
