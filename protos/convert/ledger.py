"""The ledger on the wire."""

from privacy.agreement.model import AgreementDigest
from privacy.errors import InvalidValue
from privacy.ledger.answers import CheckpointAnswer, OutcomeAnswer, WindowAnswer
from privacy.ledger.proven import ProvenEntry
from privacy.report import REPORT_ID_SIZE, ReportId
from protos.v1 import ledger_pb2 as wire

_DIGEST_SIZE = 32


def proven_to_wire(entry: ProvenEntry) -> wire.ProvenEntry:
    """An entry with its proof."""
    return wire.ProvenEntry(index=entry.index, data=entry.data, proof=entry.proof)


def proven_from_wire(message: wire.ProvenEntry) -> ProvenEntry:
    """An entry with its proof, not verified yet."""
    return ProvenEntry(message.index, message.data, tuple(message.proof))


def checkpoint_to_wire(answer: CheckpointAnswer) -> wire.CheckpointResponse:
    """The newest witnessed checkpoint."""
    return wire.CheckpointResponse(note=answer.note, consistency=answer.consistency)


def checkpoint_from_wire(message: wire.CheckpointResponse) -> CheckpointAnswer:
    """The newest witnessed checkpoint, not verified yet."""
    return CheckpointAnswer(message.note, tuple(message.consistency))


def window_to_wire(answer: WindowAnswer) -> wire.WindowResponse:
    """What holds for a window."""
    return wire.WindowResponse(
        agreement_digest=answer.agreement or b"",
        version=answer.version,
        keys=None if answer.keys is None else proven_to_wire(answer.keys),
    )


def window_from_wire(message: wire.WindowResponse) -> WindowAnswer:
    """What holds for a window; raises `InvalidValue` for a digest of another size."""
    digest = message.agreement_digest
    if len(digest) not in (0, _DIGEST_SIZE):
        raise InvalidValue(f"an agreement digest has {_DIGEST_SIZE} bytes")
    return WindowAnswer(
        agreement=AgreementDigest(digest) if digest else None,
        version=message.version,
        keys=proven_from_wire(message.keys) if message.HasField("keys") else None,
    )


def batch_key_to_wire(key: ProvenEntry | None) -> wire.BatchKeyResponse:
    """A batch's key, if it is published."""
    return wire.BatchKeyResponse(key=None if key is None else proven_to_wire(key))


def batch_key_from_wire(message: wire.BatchKeyResponse) -> ProvenEntry | None:
    """A batch's key, not verified yet; None when it is not published."""
    return proven_from_wire(message.key) if message.HasField("key") else None


def outcome_to_wire(answer: OutcomeAnswer) -> wire.OutcomeResponse:
    """How a batch ended."""
    return wire.OutcomeResponse(
        entries=[proven_to_wire(entry) for entry in answer.entries],
        report_ids=answer.report_ids,
    )


def outcome_from_wire(message: wire.OutcomeResponse) -> OutcomeAnswer:
    """How a batch ended, not verified yet; raises `InvalidValue` for an id of another size."""
    if any(len(each) != REPORT_ID_SIZE for each in message.report_ids):
        raise InvalidValue(f"a report id has {REPORT_ID_SIZE} bytes")
    return OutcomeAnswer(
        entries=tuple(map(proven_from_wire, message.entries)),
        report_ids=tuple(map(ReportId, message.report_ids)),
    )
