"""What a device checks of the ledger before it relies on any of it (protocol §8). No I/O.

1. A checkpoint counts only with both signatures: the council's, and the employer's as witness.
2. It has to continue the last one that this device saw: the same ledger, never shorter, with a
   consistency proof. The first one seen is taken as it is, and its ledger from then on.
3. Window keys count only from an entry that is proven against it and is about that window; the key
   of a batch's tokens only from one that is about exactly that batch. The council cannot show a key
   of its own to one member: the employer witnesses no second one for a batch.
4. How a batch ended counts only from entries that are proven and are about that batch, exactly one
   of which decides it. All report ids of a released batch are there, or none is believed.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from client.ending import Ending, Fate
from privacy import checkpoint
from privacy.agreement.model import Agreement, Role
from privacy.batch import BatchId
from privacy.checkpoint import Checkpoint
from privacy.errors import BadEntry, BadInclusion
from privacy.ledger.answers import CheckpointAnswer, OutcomeAnswer
from privacy.ledger.entries import (
    BatchKeyPublished,
    BatchNotAsked,
    BatchReleased,
    BatchStopped,
    BatchUnopened,
    BatchWithheld,
    BudgetAlarm,
    Entry,
    ResultOpened,
    WindowKeysPublished,
)
from privacy.ledger.proven import ProvenEntry, find
from privacy.report import ReportId
from privacy.window import Window

_ABOUT_A_BATCH: Final = (
    BatchKeyPublished,
    BatchReleased,
    ResultOpened,
    BatchWithheld,
    BatchNotAsked,
    BatchUnopened,
    BudgetAlarm,
    BatchStopped,
)
_FATES: Final[Mapping[type, Fate]] = {
    BatchWithheld: Fate.WITHHELD,
    BatchNotAsked: Fate.NOT_ASKED,
    BatchStopped: Fate.STOPPED,
}


def signed_by_both(note: str, agreement: Agreement) -> Checkpoint:
    """Check 1; raises `BadCheckpoint`."""
    return checkpoint.verify(
        note,
        council_key=agreement.council.server_key,
        employer_key=agreement.employer.server_key,
    )


def witnessed_at(note: str, agreement: Agreement) -> datetime:
    """When the employer last witnessed a checkpoint, in UTC; raises `BadCheckpoint`."""
    signed = checkpoint.decode(note)
    return signed.cosigned_at(signed.checkpoint.witness, agreement.employer.server_key)


def follow(seen: str | None, answer: CheckpointAnswer, agreement: Agreement) -> Checkpoint:
    """Checks 1 and 2. `seen`: the note of the last checkpoint, or None before the first.

    Raises `BadCheckpoint` for 1, which proves nothing against anybody, and `BadConsistency` for 2,
    which does: both notes are signed.
    """
    shown = signed_by_both(answer.note, agreement)  # 1
    if seen is not None:
        shown.verify_follows(checkpoint.decode(seen).checkpoint, answer.consistency)  # 2
    return shown


def window_keys(keys: ProvenEntry, window: Window, shown: Checkpoint) -> Mapping[Role, bytes]:
    """Check 3; raises `BadInclusion` or `BadEntry`."""
    body = keys.verify(shown).body
    if not isinstance(body, WindowKeysPublished) or body.window != window:
        raise BadEntry(
            f"the council showed entry {keys.index} of the ledger as the keys of {window}, and it "
            "is something else: nothing is made with it; tell the works council"
        )
    return {Role.LEADER: body.employer, Role.HELPER: body.council}


def batch_key(key: ProvenEntry, batch: BatchId, shown: Checkpoint) -> bytes:
    """Check 3: the modulus of the batch's key. Raises `BadInclusion` or `BadEntry`."""
    body = key.verify(shown).body
    if not isinstance(body, BatchKeyPublished) or body.batch != batch:
        raise BadEntry(
            f"the council showed entry {key.index} of the ledger as the key of {batch}, and it is "
            "something else"
        )
    return body.modulus


def ending(
    batch: BatchId, report_id: ReportId, answer: OutcomeAnswer, shown: Checkpoint, note: str
) -> Ending | None:
    """Check 4: how a batch ended for one report, or None while nothing decides it.

    Raises `BadInclusion` or `BadEntry`. `note`: that of the checkpoint `shown`.
    """
    deciding = []
    for proven in answer.entries:
        body = _about(batch, proven.verify(shown)).body
        if isinstance(body, BatchReleased | BatchWithheld | BatchNotAsked | BatchStopped):
            deciding.append((proven, body))
    if not deciding:
        return None
    if len(deciding) > 1:
        raise BadEntry(
            f"the ledger decides {batch} in more than one entry "
            f"({', '.join(str(proven.index) for proven, _ in deciding)}): tell the works council "
            "and the employer"
        )
    ((proven, body),) = deciding
    if not isinstance(body, BatchReleased):
        return Ending(_FATES[type(body)], note, proven)
    return _in_release(report_id, answer, Ending(Fate.MISSING, note, proven), body)


def _in_release(
    report_id: ReportId, answer: OutcomeAnswer, missing: Ending, body: BatchReleased
) -> Ending:
    ids = answer.report_ids
    if len(set(ids)) != len(ids):
        raise BadInclusion(f"a report is counted twice in {body.batch}: tell the works council")
    inclusion = find(report_id, ids, body.count, body.id_root)
    if inclusion is None:
        return Ending(Fate.MISSING, missing.note, missing.entry, report_ids=tuple(sorted(ids)))
    return Ending(Fate.COUNTED, missing.note, missing.entry, inclusion=inclusion)


def _about(batch: BatchId, entry: Entry) -> Entry:
    if not isinstance(entry.body, _ABOUT_A_BATCH) or entry.body.batch != batch:
        raise BadEntry(
            f"the council showed entry {entry.index} of the ledger as one about {batch}, and it is "
            "not: tell the works council"
        )
    return entry
