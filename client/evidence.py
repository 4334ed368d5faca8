"""Every report with all that shows, without this device, what became of it.

For one report, whoever checks it: (1) recomputes the report's digest from batch, id and the hashes
of its parts; (2) verifies its token over the digest with the batch's key, which is in the ledger:
a member made it; (3) verifies the employer's signature over the digest; (4) verifies both
signatures of the checkpoint; (5) the entry's proof against it; (6) the id's proof against the root
in the entry, or, for a missing report, that all ids give the root and that its own is not among
them.
"""

from typing import Any

from client import ending
from client.account import Spent
from client.enrolment import Enrolment
from client.parcel import Parcel


def as_json(
    enrolment: Enrolment,
    parcels: list[Parcel],
    checkpoint: str | None,
    alarm_shown: Any,
    here: Spent | None,
    in_ledger: Spent | None,
) -> dict[str, Any]:
    """For other programs. Hashes, keys and ids are hex; exact numbers are texts.

    `checkpoint`: the newest signed note seen, for an auditor to hold against an export.
    `alarm_shown`: what `alarm.evidence` gives.
    """
    newest = enrolment.newest.agreement
    return {
        "server_keys": {
            "employer": newest.employer.server_key.hex(),
            "council": newest.council.server_key.hex(),
        },
        "checkpoint": checkpoint,
        "alarm": alarm_shown,
        "reports": [_report(parcel) for parcel in parcels],
        "spent_by_this_device": _spent(here),
        "spent_in_the_ledger": _spent(in_ledger),
    }


def _report(parcel: Parcel) -> dict[str, Any]:
    return {
        "agreement": parcel.batch.agreement.hex(),
        "task": parcel.batch.task,
        "group": parcel.batch.group,
        "window": str(parcel.batch.window),
        "state": parcel.state.value,
        "reason": parcel.reason,
        "report_id": parcel.report_id.hex(),
        "public_share_hash": parcel.parts.public_share.hex(),
        "leader_share_hash": parcel.parts.leader_share.hex(),
        "helper_share_hash": parcel.parts.helper_share.hex(),
        "digest": parcel.digest.hex(),
        "token": parcel.token
        and {
            "randomizer": parcel.token.randomizer.hex(),
            "signature": parcel.token.signature.hex(),
        },
        "employer_signature": parcel.receipt and parcel.receipt.signature.hex(),
        "ending": parcel.ending and ending.to_json(parcel.ending),
        "concern": parcel.concern,
        "seen": parcel.seen_to,
        "fault": parcel.fault and parcel.fault.sentence,
    }


def _spent(spent: Spent | None) -> dict[str, str] | None:
    if spent is None:
        return None
    return {"window": str(spent.window), "rho": str(spent.rho), "cap": str(spent.cap)}
