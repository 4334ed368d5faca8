"""The council's list of members as a device sees it, without a database: codes, devices, tokens.

It checks every signature and signs with the story's batch keys. A test may change any answer, or
raise a `PluraleError` in place of one::

    council.codes[code.hash.hex()] = GroupId("north")
    council.change["issue"] = refusing(NotAMember("not any more"))
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NoReturn, TypeVar

import grpc

from privacy import device_key
from privacy.agreement.model import Party, TaskDigest
from privacy.batch import BatchId
from privacy.device_key import Signed
from privacy.enrolment_code import EnrolmentCode
from privacy.errors import KeysNotExchanged, NotAMember, PluraleError, TokenSpent, UnknownCode
from privacy.groups import GroupId
from privacy.membership import blind_sign
from privacy.window import Window
from protos.convert.report import batch_from_wire
from protos.status import to_status
from protos.v1 import membership_pb2 as wire
from protos.v1 import membership_pb2_grpc
from tests.agreements import party_keys
from tests.ledgers import Story

T = TypeVar("T")


def abort(context: grpc.ServicerContext, error: PluraleError) -> NoReturn:
    """Answer with an error, as the servers do."""
    code, details, metadata = to_status(error)
    context.set_trailing_metadata(metadata)
    context.abort(code, details)
    raise AssertionError


def refusing(error: PluraleError) -> Callable[[Any], Any]:
    """What to put into `change` for an error in place of an answer."""

    def refuse(_: Any) -> Any:
        raise error

    return refuse


@dataclass
class Members(membership_pb2_grpc.MembershipServicer):
    """`change`: what becomes of an answer; `asked`: the calls so far, by name.

    `codes`: the group of each code, by its hash in hex. `devices`: the group of each device key.
    `token_requests`: every blinded message that was asked about, in order. `tokens`: what each
    device was answered, once for a task and window.
    """

    story: Story
    change: dict[str, Callable[[Any], Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    codes: dict[str, GroupId] = field(default_factory=dict)
    devices: dict[bytes, GroupId] = field(default_factory=dict)
    token_requests: list[tuple[BatchId, bytes]] = field(default_factory=list)
    tokens: dict[tuple[bytes, TaskDigest, Window], tuple[BatchId, bytes, bytes]] = field(
        default_factory=dict
    )

    def new_code(self, group: str) -> EnrolmentCode:
        """A code for a member of a group."""
        code = EnrolmentCode.new(GroupId(group), secrets.token_bytes)
        self.codes[code.hash.hex()] = code.group
        return code

    def Register(
        self, request: wire.RegisterRequest, context: grpc.ServicerContext
    ) -> wire.RegisterResponse:
        try:
            group = self.answer("register", self._register(request))
        except PluraleError as error:
            abort(context, error)
        return wire.RegisterResponse(group=group)

    def Issue(
        self, request: wire.IssueRequest, context: grpc.ServicerContext
    ) -> wire.IssueResponse:
        try:
            answer = self.answer("issue", self._issue(request))
        except PluraleError as error:
            abort(context, error)
        return wire.IssueResponse(blind_signature=answer)

    def Leave(
        self, request: wire.LeaveRequest, context: grpc.ServicerContext
    ) -> wire.LeaveResponse:
        try:
            Signed(request.device_key, request.signature).verify(device_key.leaving(self._own_key))
            self.answer("leave", None)
        except PluraleError as error:
            abort(context, error)
        self.devices.pop(request.device_key, None)
        return wire.LeaveResponse()

    def answer(self, method: str, answer: T) -> T:
        """Note that it was asked, and answer as the test wants."""
        self.asked.append(method)
        changed: T = self.change.get(method, lambda same: same)(answer)
        return changed

    @property
    def _own_key(self) -> bytes:
        return party_keys(Party.COUNCIL).server.public_key().public_bytes_raw()

    def _register(self, request: wire.RegisterRequest) -> GroupId:
        code = EnrolmentCode.parse(request.code)
        said = device_key.registration(self._own_key, code.hash)
        Signed(request.device_key, request.signature).verify(said)
        group = self.codes.get(code.hash.hex())
        if group is None:
            raise UnknownCode("the code is not one that can be used: ask for a new one")
        self.devices[request.device_key] = group
        return group

    def _issue(self, request: wire.IssueRequest) -> bytes:
        batch, blinded = batch_from_wire(request.batch), request.blinded_message
        self.token_requests.append((batch, blinded))
        Signed(request.device_key, request.signature).verify(
            device_key.token_request(batch, blinded)
        )
        if request.device_key not in self.devices:
            raise NotAMember("the roster has no such device")
        place = request.device_key, batch.task_digest, batch.window
        known = self.tokens.get(place)
        if known is not None and known[:2] != (batch, blinded):
            raise TokenSpent(f"a token for {batch} was given to this member for another report")
        if known is None:
            key = self.story.batch_keys.get(batch)
            if key is None:
                raise KeysNotExchanged(f"{batch} has no key")
            known = batch, blinded, blind_sign(key, blinded, secrets.token_bytes)
            self.tokens[place] = known
        return known[2]
