"""Releases and their openings on the wire."""

from privacy.errors import InvalidValue
from privacy.release import Ask, Opening, OpeningAnswer, Withheld
from protos.convert.report import batch_from_wire, batch_to_wire
from protos.v1 import release_pb2 as wire

_HASH_SIZE = 32

_WITHHELD_TO_WIRE = {
    Withheld.BATCH_TOO_SMALL: wire.WITHHELD_REASON_BATCH_TOO_SMALL,
    Withheld.BUDGET_EXHAUSTED: wire.WITHHELD_REASON_BUDGET_EXHAUSTED,
}
_WITHHELD_FROM_WIRE = {number: reason for reason, number in _WITHHELD_TO_WIRE.items()}


def ask_to_wire(ask: Ask, checkpoint: str) -> wire.ReleaseRequest:
    """The leader's question, with the last checkpoint that it witnessed."""
    return wire.ReleaseRequest(
        checkpoint=checkpoint,
        batch=batch_to_wire(ask.batch),
        count=ask.count,
        id_root=ask.id_root,
        commitment=ask.commitment,
    )


def ask_from_wire(message: wire.ReleaseRequest) -> Ask:
    """The leader's question; raises `InvalidValue` when it is none."""
    if (len(message.id_root), len(message.commitment)) != (_HASH_SIZE, _HASH_SIZE):
        raise InvalidValue(f"an id root and a commitment have {_HASH_SIZE} bytes each")
    return Ask(
        batch=batch_from_wire(message.batch),
        count=message.count,
        id_root=message.id_root,
        commitment=message.commitment,
    )


def answer_to_wire(answer: bytes | Withheld) -> wire.ReleaseResponse:
    """The helper's noised share, or why there is none."""
    if isinstance(answer, Withheld):
        return wire.ReleaseResponse(withheld=_WITHHELD_TO_WIRE[answer])
    return wire.ReleaseResponse(noised_share=answer)


def answer_from_wire(message: wire.ReleaseResponse) -> bytes | Withheld:
    """The helper's answer; raises `InvalidValue` for one that says nothing."""
    if message.WhichOneof("outcome") == "noised_share":
        return message.noised_share
    try:
        return _WITHHELD_FROM_WIRE[message.withheld]
    except KeyError as error:
        raise InvalidValue("the helper's answer has an outcome without a meaning") from error


def opening_to_wire(opening: Opening) -> wire.OpenRequest:
    """The leader's opened share."""
    return wire.OpenRequest(
        batch=batch_to_wire(opening.batch),
        salt=opening.salt,
        aggregate_share=opening.aggregate_share,
    )


def opening_from_wire(message: wire.OpenRequest) -> Opening:
    """The leader's opened share; raises `InvalidValue` when it names no batch."""
    return Opening(
        batch=batch_from_wire(message.batch),
        salt=message.salt,
        aggregate_share=message.aggregate_share,
    )


def opened_to_wire(answer: OpeningAnswer) -> wire.OpenResponse:
    """The helper's record of the result."""
    return wire.OpenResponse(result_salt=answer.salt, result_hash=answer.result_hash)


def opened_from_wire(message: wire.OpenResponse) -> OpeningAnswer:
    """The helper's record of the result."""
    return OpeningAnswer(salt=message.result_salt, result_hash=message.result_hash)
