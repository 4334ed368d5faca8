"""The council's list of members as a device asks it: to register, for a signature, to leave."""

from collections.abc import Callable
from typing import TypeVar

import grpc
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from privacy import device_key as says
from privacy.agreement.model import PartyTerms
from privacy.batch import BatchId
from privacy.enrolment_code import EnrolmentCode
from privacy.groups import GroupId
from protos.channel import CALL_SECONDS, connect
from protos.convert.membership import registration_to_wire, request_to_wire
from protos.status import from_rpc
from protos.v1 import membership_pb2 as wire
from protos.v1.membership_pb2_grpc import MembershipStub

_Answer = TypeVar("_Answer")


class Membership:
    """The council's server as a member's device sees it. A context manager.

    On a connection of its own, which it makes when first used: a question about the ledger, which
    anybody may ask, does not come with a device key. Every method signs with the device key, and
    raises `Unreachable` or another `PluraleError` for what the server answers. Each can be asked
    again.
    """

    def __init__(self, council: PartyTerms) -> None:
        self._council = council
        self._channel: grpc.Channel | None = None

    def __enter__(self) -> "Membership":
        return self

    def __exit__(self, *_: object) -> None:
        if self._channel is not None:
            self._channel.close()

    def register(self, code: EnrolmentCode, device_key: Ed25519PrivateKey) -> GroupId:
        """Make the device known; gives the member's group. Raises `UnknownCode`."""
        signed = says.sign(device_key, says.registration(self._council.server_key, code.hash))
        request = registration_to_wire(code, signed)
        answer = self._call(lambda stub: stub.Register(request, timeout=CALL_SECONDS))
        return GroupId(answer.group)

    def issue(self, batch: BatchId, blinded: bytes, device_key: Ed25519PrivateKey) -> bytes:
        """A blind signature with the batch's key, unchecked. Raises `NotAMember`, `TokenSpent`."""
        signed = says.sign(device_key, says.token_request(batch, blinded))
        request = request_to_wire(batch, blinded, signed)
        return self._call(lambda stub: stub.Issue(request, timeout=CALL_SECONDS)).blind_signature

    def leave(self, device_key: Ed25519PrivateKey) -> None:
        """The member takes part no more. Raises `NotAMember` for a device that is not known."""
        signed = says.sign(device_key, says.leaving(self._council.server_key))
        request = wire.LeaveRequest(device_key=signed.device, signature=signed.signature)
        self._call(lambda stub: stub.Leave(request, timeout=CALL_SECONDS))

    def _call(self, method: Callable[[MembershipStub], _Answer]) -> _Answer:
        if self._channel is None:
            self._channel = connect(self._council.endpoint, self._council.ca_certificate)
        try:
            return method(MembershipStub(self._channel))
        except grpc.RpcError as error:
            raise from_rpc(error, f"the council's server {self._council.endpoint}") from error
