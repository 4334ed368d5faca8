"""Members of the real council: on its roster, with a device key, asking for tokens over gRPC."""

import secrets
from contextlib import closing
from dataclasses import dataclass

import grpc
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from aggregator import roster
from aggregator.store.sql import Store
from client.membership import Membership
from privacy.agreement.model import Party
from privacy.batch import BatchId
from privacy.device_key import Signed
from privacy.enrolment_code import EnrolmentCode
from privacy.groups import GroupId
from privacy.membership import Blinding, Token, blind, finalize
from privacy.report import Report
from privacy.window import Window
from protos.channel import connect
from protos.convert.membership import request_to_wire
from protos.status import from_rpc
from protos.v1.membership_pb2_grpc import MembershipStub
from tests.pair import WINDOW, Pair


@dataclass(frozen=True)
class Member:
    """Somebody with a device key. `number`: on the roster."""

    pair: Pair
    number: int
    key: Ed25519PrivateKey

    def ask(self, batch: BatchId, blinding: Blinding) -> bytes:
        """The council's answer to one request."""
        with Membership(self.pair.signed.agreement.council) as council:
            return council.issue(batch, blinding.request, self.key)

    def token(self, report: Report) -> Token:
        """A token for a report, as an honest device comes by one."""
        blinding = self.blinding(report)
        answer = self.ask(report.batch, blinding)
        return finalize(self.modulus(report.batch), report.digest, blinding, answer)

    def blinding(self, report: Report) -> Blinding:
        """A fresh blinding of a report's digest."""
        return blind(self.modulus(report.batch), report.digest, secrets.token_bytes)

    def modulus(self, batch: BatchId) -> bytes:
        """The batch's key."""
        return self.pair.batch_key(batch).modulus


def say(pair: Pair, batch: BatchId, blinded: bytes, signed: Signed) -> bytes:
    """Ask for a token with any signature at all; raises what the council raised."""
    council = pair.signed.agreement.council
    with connect(council.endpoint, council.ca_certificate) as channel:
        try:
            request = request_to_wire(batch, blinded, signed)
            return MembershipStub(channel).Issue(request, timeout=20).blind_signature
        except grpc.RpcError as error:
            raise from_rpc(error, "the council's server") from error


def listed(pair: Pair, group: str, first: Window = WINDOW) -> tuple[int, EnrolmentCode]:
    """A new line of the roster and its code."""
    with closing(Store(pair.homes[Party.COUNCIL].database)) as store, store.write() as tx:
        return roster.add(tx, GroupId(group), first, secrets.token_bytes)


def registered(
    pair: Pair, code: EnrolmentCode, key: Ed25519PrivateKey | None = None
) -> Ed25519PrivateKey:
    """A device, made known with a code."""
    key = key or Ed25519PrivateKey.generate()
    with Membership(pair.signed.agreement.council) as council:
        council.register(code, key)
    return key


def enrolled(pair: Pair, group: str = "north", first: Window = WINDOW) -> Member:
    """A member whose device is known."""
    number, code = listed(pair, group, first)
    return Member(pair, number, registered(pair, code))
