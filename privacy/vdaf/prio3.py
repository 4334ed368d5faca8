"""Prio3SumVec: shard, verify, aggregate, unshard (draft section 7.2 with the circuit of 7.4.3).

The client shards a measurement and a proof among the parties; each verifies its own shares; only if
all verifier shares together show a valid proof does a report enter the sums; only sums are opened.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from privacy.vdaf import randomness
from privacy.vdaf.circuits import SumVec
from privacy.vdaf.codec import Codec
from privacy.vdaf.errors import BadProof, JointRandomnessMismatch, ParameterError
from privacy.vdaf.field import Vector, add, subtract
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
    VerifyState,
)
from privacy.vdaf.xof import SEED_SIZE


def _require_bytes(value: bytes, size: int, name: str) -> None:
    if len(value) != size:
        raise ParameterError(f"The {name} is {len(value)} bytes, not {size}.")


def _require_length(vector: Vector, length: int, name: str) -> None:
    if len(vector) != length:
        raise ParameterError(f"The {name} has {len(vector)} elements, not {length}.")


@dataclass(frozen=True)
class Prio3SumVec(Codec):
    """Sums of vectors of ``length`` integers in [0, max_measurement] among ``shares`` parties.

    Build it once and reuse it: tables are filled on first use. Two instances of other parameters
    with equal sizes accept each other's reports, so the parameters belong into the context ``ctx``
    that every step takes (draft section 9.9).
    """

    length: int
    max_measurement: int
    chunk_length: int
    shares: int = 2
    flp: Flp = field(init=False, repr=False, compare=False)

    NONCE_SIZE: ClassVar[int] = 16
    VERIFY_KEY_SIZE: ClassVar[int] = SEED_SIZE

    def __post_init__(self) -> None:
        """Refuse parameters for which there is no instance (ParameterError)."""
        if not 2 <= self.shares <= 255:
            raise ParameterError(f"There are {self.shares} shares; there must be 2 to 255.")
        circuit = SumVec(self.length, self.max_measurement, self.chunk_length)
        object.__setattr__(self, "flp", Flp(circuit))

    @property
    def RAND_SIZE(self) -> int:
        """Random bytes that ``shard`` needs: two seeds a party."""
        return 2 * self.shares * SEED_SIZE

    # --- the client ---

    def shard(
        self, ctx: bytes, measurement: Sequence[int], nonce: bytes, rand: bytes
    ) -> tuple[PublicShare, list[InputShare]]:
        """Split a measurement into one input share a party (draft section 7.2.1).

        ``nonce`` (NONCE_SIZE) and ``rand`` (RAND_SIZE) must be fresh and from a cryptographic
        source. Raises MeasurementError for a wrong length or an entry out of range, ParameterError
        for a wrong size.
        """
        _require_bytes(nonce, self.NONCE_SIZE, "nonce")
        _require_bytes(rand, self.RAND_SIZE, "sharding randomness")
        encoded = self.circuit.encode(measurement)

        # (1) Cut the randomness: seed and blind of every helper, leader's blind, prover's seed.
        seeds = [rand[i : i + SEED_SIZE] for i in range(0, len(rand), SEED_SIZE)]
        *helper_seeds, leader_blind, prove_seed = seeds
        helpers = [
            HelperShare(seed, blind)
            for seed, blind in zip(helper_seeds[::2], helper_seeds[1::2], strict=True)
        ]

        # (2) Share the measurement and derive each party's joint randomness part from its share.
        leader_measurement: Vector = encoded
        parts = []
        for agg_id, helper in enumerate(helpers, start=1):
            share = self._helper_measurement(ctx, agg_id, helper)
            leader_measurement = subtract(leader_measurement, share)
            parts.append(randomness.joint_rand_part(ctx, agg_id, helper.blind, share, nonce))
        parts.insert(0, randomness.joint_rand_part(ctx, 0, leader_blind, leader_measurement, nonce))

        # (3) Prove under that joint randomness, and share the proof.
        joint_rand = self._joint_rand(ctx, randomness.joint_rand_seed(ctx, parts))
        prove_rand = randomness.prove_rand(ctx, prove_seed, self.circuit.wire_count)
        leader_proof = self.flp.prove(encoded, prove_rand, joint_rand)
        for agg_id, helper in enumerate(helpers, start=1):
            leader_proof = subtract(leader_proof, self._helper_proof(ctx, agg_id, helper))

        leader = LeaderShare(leader_measurement, leader_proof, leader_blind)
        return PublicShare(tuple(parts)), [leader, *helpers]

    # --- the parties, report by report ---

    def verify_init(
        self,
        verify_key: bytes,
        ctx: bytes,
        agg_id: int,
        nonce: bytes,
        public_share: PublicShare,
        input_share: InputShare,
    ) -> tuple[VerifyState, VerifierShare]:
        """One party's first look at a report (draft section 7.2.2); deterministic.

        The verifier share goes to the other parties, the state stays. Raises QueryPointIsRoot when
        the report must be dropped, ParameterError for arguments of the wrong size or kind.
        """
        _require_bytes(verify_key, self.VERIFY_KEY_SIZE, "verification key")
        _require_bytes(nonce, self.NONCE_SIZE, "nonce")
        self._require_parts(public_share)
        # (1) The party's shares of measurement and proof.
        measurement, proof = self._expand(ctx, agg_id, input_share)

        # (2) Joint randomness, with this party's own part in place of what the client says it is.
        part = randomness.joint_rand_part(ctx, agg_id, input_share.blind, measurement, nonce)
        parts = list(public_share.joint_rand_parts)
        parts[agg_id] = part
        seed = randomness.joint_rand_seed(ctx, parts)

        # (3) Read both shares at the secret query point.
        verifier = self.flp.query(
            measurement,
            proof,
            randomness.query_point(verify_key, ctx, nonce),
            self._joint_rand(ctx, seed),
            self.shares,
        )
        state = VerifyState(OutShare(self.circuit.truncate(measurement)), seed)
        return state, VerifierShare(verifier, part)

    def verifier_shares_to_message(
        self, ctx: bytes, verifier_shares: Sequence[VerifierShare]
    ) -> VerifierMessage:
        """Combine the verifier shares of all parties, in the order of their ids.

        Raises BadProof for a report whose measurement is not shown to be valid.
        """
        self._require_verifier_shares(verifier_shares)
        columns = zip(*(share.verifier for share in verifier_shares), strict=True)
        if not self.flp.decide([sum(column) for column in columns]):
            raise BadProof("The proof does not show that the measurement is valid.")
        parts = [share.joint_rand_part for share in verifier_shares]
        return VerifierMessage(randomness.joint_rand_seed(ctx, parts))

    def verify_next(self, state: VerifyState, message: VerifierMessage) -> OutShare:
        """Release the output share of a verified report.

        Raises JointRandomnessMismatch if this party verified under joint randomness other than
        that of the message.
        """
        if state.joint_rand_seed != message.joint_rand_seed:
            raise JointRandomnessMismatch(
                "The joint randomness of the report is not that of the parties' shares."
            )
        return state.out_share

    def check_public_share(
        self, public_share: PublicShare, verifier_shares: Sequence[VerifierShare]
    ) -> None:
        """Raise JointRandomnessMismatch unless the public share announces exactly the real parts.

        Not in the draft, and true of every honest report. Without it a client can announce one
        wrong part, so that the party it belongs to accepts and another one refuses.
        """
        self._require_parts(public_share)
        self._require_verifier_shares(verifier_shares)
        parts = tuple(share.joint_rand_part for share in verifier_shares)
        if public_share.joint_rand_parts != parts:
            raise JointRandomnessMismatch(
                "The public share announces other joint randomness parts than the parties derived."
            )

    # --- sums ---

    def aggregate_init(self) -> AggregateShare:
        """The sum of no reports (draft section 7.2.4)."""
        return AggregateShare((0,) * self.length)

    def aggregate_update(self, aggregate: AggregateShare, out_share: OutShare) -> AggregateShare:
        """Add one verified report to a party's sum."""
        _require_length(aggregate.values, self.length, "aggregate share")
        _require_length(out_share.values, self.length, "output share")
        return AggregateShare(add(aggregate.values, out_share.values))

    def merge(self, aggregates: Iterable[AggregateShare]) -> AggregateShare:
        """Add up sums: of one party over parts of a batch, or of all parties."""
        total = (0,) * self.length
        for aggregate in aggregates:
            _require_length(aggregate.values, self.length, "aggregate share")
            total = add(total, aggregate.values)
        return AggregateShare(total)

    def unshard(self, aggregates: Sequence[AggregateShare], measurements: int) -> list[int]:
        """Open the sum of ``measurements`` >= 1 reports (draft section 7.2.5).

        Takes one share from every party. Entries are in [0, p); with noise added to a share, a
        negative sum comes out as p minus its amount.
        """
        if len(aggregates) != self.shares:
            raise ParameterError(
                f"There are {len(aggregates)} aggregate shares, not {self.shares}."
            )
        if measurements < 1:
            raise ParameterError(f"A sum of {measurements} measurements cannot be opened.")
        return list(self.merge(aggregates).values)

    # --- inside ---

    def _helper_measurement(self, ctx: bytes, agg_id: int, helper: HelperShare) -> Vector:
        return randomness.helper_measurement_share(
            ctx, agg_id, helper.seed, self.circuit.encoded_length
        )

    def _helper_proof(self, ctx: bytes, agg_id: int, helper: HelperShare) -> Vector:
        return randomness.helper_proof_share(ctx, agg_id, helper.seed, self.flp.proof_length)

    def _joint_rand(self, ctx: bytes, seed: bytes) -> Vector:
        return randomness.joint_rand(ctx, seed, self.circuit.calls)

    def _expand(self, ctx: bytes, agg_id: int, input_share: InputShare) -> tuple[Vector, Vector]:
        self.require_agg_id(agg_id)
        if isinstance(input_share, LeaderShare) != (agg_id == 0):
            raise ParameterError(f"The input share is not of the kind that party {agg_id} gets.")
        if isinstance(input_share, HelperShare):
            return (
                self._helper_measurement(ctx, agg_id, input_share),
                self._helper_proof(ctx, agg_id, input_share),
            )
        measurement, proof = input_share.measurement_share, input_share.proof_share
        _require_length(measurement, self.circuit.encoded_length, "measurement share")
        _require_length(proof, self.flp.proof_length, "proof share")
        return measurement, proof

    def _require_parts(self, public_share: PublicShare) -> None:
        if len(public_share.joint_rand_parts) != self.shares:
            raise ParameterError(f"The public share does not have {self.shares} parts.")

    def _require_verifier_shares(self, verifier_shares: Sequence[VerifierShare]) -> None:
        if len(verifier_shares) != self.shares:
            raise ParameterError(
                f"There are {len(verifier_shares)} verifier shares, not {self.shares}."
            )
        for share in verifier_shares:
            _require_length(share.verifier, self.flp.verifier_length, "verifier share")
