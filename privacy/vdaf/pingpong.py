"""Verification of one report between two parties in one round trip (draft section 5.7.1).

    leader                                  helper
    start:  verifier share  ------------->  answer: combine, decide, finish
    finish: compare         <-------------  verifier message

All inputs and outputs are encoded. Every step is a function of its arguments: after a crash the
leader starts again with the same report and gets the same state. Whatever arrives, only VdafError
is raised, and then the report is to be dropped.
"""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from privacy.vdaf.errors import DecodeError, ParameterError
from privacy.vdaf.messages import OutShare, PublicShare, VerifierShare, VerifyState
from privacy.vdaf.prio3 import Prio3SumVec

LEADER: Final = 0
HELPER: Final = 1

_LENGTH_SIZE: Final = 4


class MessageType(IntEnum):
    """First byte of a message; the draft's ``continue`` is for VDAFs of more rounds."""

    INITIALIZE = 0
    FINISH = 2


@dataclass(frozen=True, slots=True)
class ReportShare:
    """What one party holds of a report, encoded as the client made it."""

    nonce: bytes
    public_share: bytes
    input_share: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class PingPong:
    """The exchange under one verification key and application context."""

    vdaf: Prio3SumVec
    verify_key: bytes = field(repr=False)
    ctx: bytes

    def __post_init__(self) -> None:
        """Refuse an instance for more than two parties (ParameterError)."""
        if self.vdaf.shares != 2:
            raise ParameterError(f"Ping-pong needs two parties, not {self.vdaf.shares}.")

    def leader_start(self, report: ReportShare) -> tuple[VerifyState, bytes]:
        """The leader's state, which stays, and its message, which goes to the helper."""
        _, state, verifier_share = self._verify_init(LEADER, report)
        encoded = self.vdaf.encode_verifier_share(verifier_share)
        return state, _encode(MessageType.INITIALIZE, encoded)

    def helper_answer(self, report: ReportShare, inbound: bytes) -> tuple[OutShare, bytes]:
        """The helper's verified output share, and the message that lets the leader finish.

        Stricter than the draft in step (2), so that the leader never refuses what the helper took.
        """
        # (1) Both verifier shares: the leader's as sent, the own as computed.
        public_share, state, own = self._verify_init(HELPER, report)
        leaders = self.vdaf.decode_verifier_share(_decode(MessageType.INITIALIZE, inbound))
        shares = [leaders, own]
        # (2) The client announced to both parties what they derived.
        self.vdaf.check_public_share(public_share, shares)
        # (3) The proof holds. After (2) the joint randomness cannot differ; verify_next says so.
        message = self.vdaf.verifier_shares_to_message(self.ctx, shares)
        out_share = self.vdaf.verify_next(state, message)
        encoded = self.vdaf.encode_verifier_message(message)
        return out_share, _encode(MessageType.FINISH, encoded)

    def leader_finish(self, state: VerifyState, inbound: bytes) -> OutShare:
        """The leader's verified output share."""
        encoded = _decode(MessageType.FINISH, inbound)
        return self.vdaf.verify_next(state, self.vdaf.decode_verifier_message(encoded))

    def _verify_init(
        self, agg_id: int, report: ReportShare
    ) -> tuple[PublicShare, VerifyState, VerifierShare]:
        public_share = self.vdaf.decode_public_share(report.public_share)
        input_share = self.vdaf.decode_input_share(agg_id, report.input_share)
        state, verifier_share = self.vdaf.verify_init(
            self.verify_key, self.ctx, agg_id, report.nonce, public_share, input_share
        )
        return public_share, state, verifier_share


def _encode(kind: MessageType, content: bytes) -> bytes:
    return bytes([kind]) + len(content).to_bytes(_LENGTH_SIZE, "big") + content


def _decode(kind: MessageType, encoded: bytes) -> bytes:
    content = encoded[1 + _LENGTH_SIZE :]
    if encoded != _encode(kind, content):
        raise DecodeError(f"The message is not one well-formed '{kind.name.lower()}' message.")
    return content
