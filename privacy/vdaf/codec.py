"""Messages to bytes and back (draft section 7.2.7).

There is no framing: every length follows from the parameters, so a message of any other length is
refused, and so is every number that is not a canonical field element.
"""

from privacy.vdaf import field
from privacy.vdaf.circuits import SumVec
from privacy.vdaf.errors import DecodeError, ParameterError
from privacy.vdaf.field import ENCODED_SIZE
from privacy.vdaf.flp import Flp
from privacy.vdaf.messages import (
    AggregateShare,
    HelperShare,
    InputShare,
    LeaderShare,
    OutShare,
    PublicShare,
    VerifierMessage,
    VerifierShare,
)
from privacy.vdaf.xof import SEED_SIZE


def _require_size(encoded: bytes, size: int, name: str) -> None:
    if len(encoded) != size:
        raise DecodeError(f"{name} is {len(encoded)} bytes, not {size}.")


class Codec:
    """Sizes and encodings of all messages for one circuit and number of parties.

    Every ``decode_`` raises DecodeError for anything but the one encoding of a message; every
    ``_size`` is in bytes.
    """

    flp: Flp
    shares: int

    @property
    def circuit(self) -> SumVec:
        """The circuit that the proof is about."""
        return self.flp.circuit

    @property
    def public_share_size(self) -> int:
        """One joint randomness part a party."""
        return self.shares * SEED_SIZE

    def input_share_size(self, agg_id: int) -> int:
        """Party 0: measurement share, proof share and blind. Any other party: two seeds."""
        self.require_agg_id(agg_id)
        if agg_id == 0:
            elements = self.circuit.encoded_length + self.flp.proof_length
            return elements * ENCODED_SIZE + SEED_SIZE
        return 2 * SEED_SIZE

    @property
    def verifier_share_size(self) -> int:
        """The verifier and a joint randomness part."""
        return self.flp.verifier_length * ENCODED_SIZE + SEED_SIZE

    @property
    def verifier_message_size(self) -> int:
        """One seed."""
        return SEED_SIZE

    @property
    def aggregate_share_size(self) -> int:
        """One element an entry; an output share has the same size."""
        return self.circuit.length * ENCODED_SIZE

    def require_agg_id(self, agg_id: int) -> None:
        """Raise ParameterError unless there is a party of this id."""
        if not 0 <= agg_id < self.shares:
            raise ParameterError(f"There is no party {agg_id} among {self.shares}.")

    def encode_public_share(self, public_share: PublicShare) -> bytes:
        """The parts in the order of the parties' ids."""
        return b"".join(public_share.joint_rand_parts)

    def decode_public_share(self, encoded: bytes) -> PublicShare:
        """Undo encode_public_share."""
        _require_size(encoded, self.public_share_size, "The public share")
        starts = range(0, self.public_share_size, SEED_SIZE)
        return PublicShare(tuple(encoded[start : start + SEED_SIZE] for start in starts))

    def encode_input_share(self, input_share: InputShare) -> bytes:
        """Shares or their seed, then the blind."""
        if isinstance(input_share, HelperShare):
            return input_share.seed + input_share.blind
        elements = input_share.measurement_share + input_share.proof_share
        return field.encode(elements) + input_share.blind

    def decode_input_share(self, agg_id: int, encoded: bytes) -> InputShare:
        """Undo encode_input_share for the party of this id."""
        name = "The leader's input share" if agg_id == 0 else "The helper's input share"
        _require_size(encoded, self.input_share_size(agg_id), name)
        body, blind = encoded[:-SEED_SIZE], encoded[-SEED_SIZE:]
        if agg_id > 0:
            return HelperShare(body, blind)
        split = self.circuit.encoded_length
        elements = field.decode(body, split + self.flp.proof_length, name)
        return LeaderShare(elements[:split], elements[split:], blind)

    def encode_verifier_share(self, verifier_share: VerifierShare) -> bytes:
        """The verifier, then the joint randomness part."""
        return field.encode(verifier_share.verifier) + verifier_share.joint_rand_part

    def decode_verifier_share(self, encoded: bytes) -> VerifierShare:
        """Undo encode_verifier_share."""
        _require_size(encoded, self.verifier_share_size, "The verifier share")
        body, part = encoded[:-SEED_SIZE], encoded[-SEED_SIZE:]
        verifier = field.decode(body, self.flp.verifier_length, "The verifier share")
        return VerifierShare(verifier, part)

    def encode_verifier_message(self, message: VerifierMessage) -> bytes:
        """The joint randomness seed."""
        return message.joint_rand_seed

    def decode_verifier_message(self, encoded: bytes) -> VerifierMessage:
        """Undo encode_verifier_message."""
        _require_size(encoded, self.verifier_message_size, "The verifier message")
        return VerifierMessage(encoded)

    def encode_out_share(self, out_share: OutShare) -> bytes:
        """One element an entry. For storage and test vectors: it never leaves its party."""
        return field.encode(out_share.values)

    def decode_out_share(self, encoded: bytes) -> OutShare:
        """Undo encode_out_share."""
        return OutShare(field.decode(encoded, self.circuit.length, "The output share"))

    def encode_aggregate_share(self, aggregate_share: AggregateShare) -> bytes:
        """One element an entry."""
        return field.encode(aggregate_share.values)

    def decode_aggregate_share(self, encoded: bytes) -> AggregateShare:
        """Undo encode_aggregate_share."""
        return AggregateShare(field.decode(encoded, self.circuit.length, "The aggregate share"))
