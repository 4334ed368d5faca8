"""Reports that no honest client makes, for two parties: built from the parts, past every check."""

from collections.abc import Callable, Sequence

from privacy.vdaf import randomness
from privacy.vdaf.field import add, subtract
from privacy.vdaf.messages import HelperShare, InputShare, LeaderShare, PublicShare
from privacy.vdaf.prio3 import Prio3SumVec
from privacy.vdaf.xof import SEED_SIZE

Announce = Callable[[bytes, bytes], tuple[bytes, bytes]]


def truth(leader_part: bytes, helper_part: bytes) -> tuple[bytes, bytes]:
    """Announce the joint randomness parts as they are."""
    return leader_part, helper_part


def forge(
    vdaf: Prio3SumVec,
    ctx: bytes,
    encoded: Sequence[int],
    nonce: bytes,
    rand: bytes,
    announce: Announce = truth,
) -> tuple[PublicShare, list[InputShare]]:
    """Shard any field elements, and announce any joint randomness parts.

    Each party puts its own part in place of the announced one. Where the two then differ, the proof
    is made for the mixture: what the leader feeds to a wire under its joint randomness plus what
    the helper feeds to it under its own. With the truth announced this is plain sharding.
    """
    circuit, flp = vdaf.circuit, vdaf.flp
    helper_seed, helper_blind, leader_blind, prove_seed = (
        rand[i : i + SEED_SIZE] for i in range(0, 4 * SEED_SIZE, SEED_SIZE)
    )
    helper_share = randomness.helper_measurement_share(ctx, 1, helper_seed, circuit.encoded_length)
    leader_share = subtract(encoded, helper_share)
    parts = (
        randomness.joint_rand_part(ctx, 0, leader_blind, leader_share, nonce),
        randomness.joint_rand_part(ctx, 1, helper_blind, helper_share, nonce),
    )
    announced = announce(*parts)
    views = ((parts[0], announced[1]), (announced[0], parts[1]))
    joint_rands = [
        randomness.joint_rand(ctx, randomness.joint_rand_seed(ctx, view), circuit.calls)
        for view in views
    ]
    wires = [
        add(leader, helper)
        for leader, helper in zip(
            circuit.wires(leader_share, joint_rands[0], shares=2),
            circuit.wires(helper_share, joint_rands[1], shares=2),
            strict=True,
        )
    ]
    prove_rand = randomness.prove_rand(ctx, prove_seed, circuit.wire_count)
    proof = flp.prove_wires(wires, prove_rand)
    leader_proof = subtract(
        proof, randomness.helper_proof_share(ctx, 1, helper_seed, flp.proof_length)
    )
    leader = LeaderShare(leader_share, leader_proof, leader_blind)
    return PublicShare(announced), [leader, HelperShare(helper_seed, helper_blind)]
