"""What devices ask of the roster, on the wire."""

from privacy.batch import BatchId
from privacy.device_key import Signed
from privacy.enrolment_code import EnrolmentCode
from protos.convert.report import batch_from_wire, batch_to_wire
from protos.v1 import membership_pb2 as wire


def registration_to_wire(code: EnrolmentCode, signed: Signed) -> wire.RegisterRequest:
    """A device's registration as a message."""
    return wire.RegisterRequest(
        code=str(code), device_key=signed.device, signature=signed.signature
    )


def registration_from_wire(message: wire.RegisterRequest) -> tuple[EnrolmentCode, Signed]:
    """A message as a registration; raises `InvalidValue` when it is none."""
    return EnrolmentCode.parse(message.code), Signed(message.device_key, message.signature)


def request_to_wire(batch: BatchId, blinded: bytes, signed: Signed) -> wire.IssueRequest:
    """A request for a token as a message."""
    return wire.IssueRequest(
        batch=batch_to_wire(batch),
        blinded_message=blinded,
        device_key=signed.device,
        signature=signed.signature,
    )


def request_from_wire(message: wire.IssueRequest) -> tuple[BatchId, Signed]:
    """What a message asks, but for the blinded message; raises `InvalidValue` when it is none."""
    return batch_from_wire(message.batch), Signed(message.device_key, message.signature)
