from collections.abc import Sequence
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privacy.vdaf.circuits import optimal_chunk_length
from privacy.vdaf.errors import (
    BadProof,
    JointRandomnessMismatch,
    MeasurementError,
    ParameterError,
    VdafError,
)
from privacy.vdaf.messages import (
    AggregateShare,
    OutShare,
    PublicShare,
    VerifierMessage,
    VerifyState,
)
from privacy.vdaf.prio3 import Prio3SumVec
from privacy.vdaf.randomness import MAX_CONTEXT_SIZE
from tests.vectors.forge import forge

KEY: Final = bytes(range(32))
CTX: Final = b"some context"
NONCE: Final = bytes(range(16))
RAND: Final = bytes(range(128))
VDAF: Final = Prio3SumVec(3, 2046, 5)
MEASUREMENT: Final = [0, 1023, 2046]


def encoded_report(
    vdaf: Prio3SumVec, measurement: Sequence[int], nonce: bytes, rand: bytes
) -> tuple[bytes, list[bytes]]:
    public, shares = vdaf.shard(CTX, measurement, nonce, rand)
    return vdaf.encode_public_share(public), [vdaf.encode_input_share(share) for share in shares]


def verified(
    vdaf: Prio3SumVec, nonce: bytes, public_share: bytes, input_shares: Sequence[bytes]
) -> list[OutShare]:
    """All parties verify one report; every message travels as bytes."""
    states, sent = [], []
    for party, input_share in enumerate(input_shares):
        state, share = vdaf.verify_init(
            KEY,
            CTX,
            party,
            nonce,
            vdaf.decode_public_share(public_share),
            vdaf.decode_input_share(party, input_share),
        )
        states.append(state)
        sent.append(vdaf.encode_verifier_share(share))
    message = vdaf.encode_verifier_message(
        vdaf.verifier_shares_to_message(CTX, [vdaf.decode_verifier_share(s) for s in sent])
    )
    return [vdaf.verify_next(state, vdaf.decode_verifier_message(message)) for state in states]


@st.composite
def instances(draw: st.DrawFn) -> Prio3SumVec:
    """Any small shape, with two to four parties."""
    length, largest = draw(st.integers(1, 6)), draw(st.integers(1, 3000))
    chunk_length = draw(st.integers(1, length * largest.bit_length()))
    return Prio3SumVec(length, largest, chunk_length, draw(st.integers(2, 4)))


@given(instances(), st.data())
def test_a_batch_adds_up(vdaf: Prio3SumVec, data: st.DataObject) -> None:
    entry = st.integers(0, vdaf.max_measurement)
    vector = st.lists(entry, min_size=vdaf.length, max_size=vdaf.length)
    batch = data.draw(st.lists(vector, min_size=1, max_size=3))
    sums = [vdaf.aggregate_init() for _ in range(vdaf.shares)]
    for measurement in batch:
        nonce = data.draw(st.binary(min_size=16, max_size=16))
        seed = data.draw(st.binary(min_size=1, max_size=4))
        rand = (seed * vdaf.RAND_SIZE)[: vdaf.RAND_SIZE]
        out = verified(vdaf, nonce, *encoded_report(vdaf, measurement, nonce, rand))
        sums = [vdaf.aggregate_update(s, share) for s, share in zip(sums, out, strict=True)]
    opened = [vdaf.decode_aggregate_share(vdaf.encode_aggregate_share(s)) for s in sums]
    expected = [sum(column) for column in zip(*batch, strict=True)]
    assert vdaf.unshard(opened, len(batch)) == expected


@pytest.mark.parametrize("length", [3, 30])
@settings(max_examples=10)
@given(data=st.data())
def test_plurales_own_parameters_add_up(length: int, data: st.DataObject) -> None:
    vdaf = Prio3SumVec(length, 2046, optimal_chunk_length(length, 2046))
    entries = st.integers(0, 2046)
    measurement = data.draw(st.lists(entries, min_size=length, max_size=length))
    out = verified(vdaf, NONCE, *encoded_report(vdaf, measurement, NONCE, RAND))
    sums = [vdaf.aggregate_update(vdaf.aggregate_init(), share) for share in out]
    assert vdaf.unshard(sums, 1) == measurement


@settings(max_examples=300)
@given(st.sampled_from(["public", "leader", "helper"]), st.integers(0), st.integers(1, 255))
def test_a_report_with_any_byte_altered_is_refused(kind: str, place: int, mask: int) -> None:
    public, (leader, helper) = encoded_report(VDAF, MEASUREMENT, NONCE, RAND)
    messages = {"public": public, "leader": leader, "helper": helper}
    altered = bytearray(messages[kind])
    altered[place % len(altered)] ^= mask
    messages[kind] = bytes(altered)
    with pytest.raises(VdafError):
        verified(VDAF, NONCE, messages["public"], [messages["leader"], messages["helper"]])


@given(st.integers(0, 1), st.integers(0, VDAF.verifier_share_size - 1), st.integers(1, 255))
def test_a_verifier_share_with_any_byte_altered_is_refused(
    party: int, place: int, mask: int
) -> None:
    public, shares = VDAF.shard(CTX, MEASUREMENT, NONCE, RAND)
    started = [VDAF.verify_init(KEY, CTX, i, NONCE, public, shares[i]) for i in (0, 1)]
    sent = [VDAF.encode_verifier_share(share) for _, share in started]
    altered = bytearray(sent[party])
    altered[place] ^= mask
    sent[party] = bytes(altered)
    with pytest.raises(VdafError):
        finished(started[0][0], sent)


def finished(state: VerifyState, sent: Sequence[bytes]) -> OutShare:
    shares = [VDAF.decode_verifier_share(share) for share in sent]
    return VDAF.verify_next(state, VDAF.verifier_shares_to_message(CTX, shares))


@given(st.integers(0, 31), st.integers(1, 255))
def test_a_verifier_message_with_any_byte_altered_is_refused(place: int, mask: int) -> None:
    public, shares = VDAF.shard(CTX, MEASUREMENT, NONCE, RAND)
    state, _ = VDAF.verify_init(KEY, CTX, 0, NONCE, public, shares[0])
    altered = bytearray(state.joint_rand_seed)
    altered[place] ^= mask
    with pytest.raises(JointRandomnessMismatch):
        VDAF.verify_next(state, VerifierMessage(bytes(altered)))


@given(st.integers(0, VDAF.circuit.encoded_length - 1), st.integers(2, 2**64))
def test_a_measurement_sharded_out_of_range_is_refused(place: int, element: int) -> None:
    encoded = [0] * VDAF.circuit.encoded_length
    encoded[place] = element
    public, shares = forge(VDAF, CTX, encoded, NONCE, RAND)
    with pytest.raises(BadProof):
        verified(
            VDAF,
            NONCE,
            VDAF.encode_public_share(public),
            [VDAF.encode_input_share(share) for share in shares],
        )


def test_forging_the_truth_is_sharding() -> None:
    encoded = VDAF.circuit.encode(MEASUREMENT)
    assert forge(VDAF, CTX, encoded, NONCE, RAND) == VDAF.shard(CTX, MEASUREMENT, NONCE, RAND)


def test_a_measurement_out_of_range_is_not_sharded() -> None:
    with pytest.raises(MeasurementError, match=r"Entry 2 .* between 0 and 2046"):
        VDAF.shard(CTX, [0, 0, 2047], NONCE, RAND)


@pytest.mark.parametrize(("nonce", "ctx", "key"), [(1, 0, 0), (0, 1, 0), (0, 0, 1)])
def test_a_report_is_bound_to_nonce_and_context_and_the_parties_to_one_key(
    nonce: int, ctx: int, key: int
) -> None:
    public, shares = VDAF.shard(CTX, MEASUREMENT, NONCE, RAND)
    other_nonce, other_ctx, other_key = NONCE[::-1], CTX + b"!", KEY[::-1]
    _, honest = VDAF.verify_init(KEY, CTX, 0, NONCE, public, shares[0])
    _, other = VDAF.verify_init(
        other_key if key else KEY,
        other_ctx if ctx else CTX,
        1,
        other_nonce if nonce else NONCE,
        public,
        shares[1],
    )
    with pytest.raises(BadProof):
        VDAF.verifier_shares_to_message(CTX, [honest, other])


def test_both_parties_under_another_context_refuse_a_report() -> None:
    public, shares = VDAF.shard(b"other task", MEASUREMENT, NONCE, RAND)
    sent = [VDAF.verify_init(KEY, CTX, i, NONCE, public, shares[i])[1] for i in (0, 1)]
    with pytest.raises(BadProof):
        VDAF.verifier_shares_to_message(CTX, sent)


def test_only_the_context_tells_parameters_of_equal_size_apart() -> None:
    """Why parameters belong into the context: without it the sum is wrong and nobody notices."""
    other = Prio3SumVec(3, 2047, 5)
    public, shares = encoded_report(other, [2047, 2047, 2047], NONCE, RAND)
    out = verified(VDAF, NONCE, public, shares)
    sums = [VDAF.aggregate_update(VDAF.aggregate_init(), share) for share in out]
    assert VDAF.unshard(sums, 1) == [2046, 2046, 2046]


@pytest.mark.parametrize("wrong", [0, 1])
def test_a_public_share_that_announces_another_part_is_noticed(wrong: int) -> None:
    public, shares = VDAF.shard(CTX, MEASUREMENT, NONCE, RAND)
    sent = [VDAF.verify_init(KEY, CTX, i, NONCE, public, shares[i])[1] for i in (0, 1)]
    VDAF.check_public_share(public, sent)
    assert tuple(share.joint_rand_part for share in sent) == public.joint_rand_parts
    parts = list(public.joint_rand_parts)
    parts[wrong] = bytes(32)
    with pytest.raises(JointRandomnessMismatch, match="announces"):
        VDAF.check_public_share(PublicShare(tuple(parts)), sent)


@pytest.mark.parametrize("vdaf", [VDAF, Prio3SumVec(30, 2046, 22), Prio3SumVec(3, 7, 2, 3)])
def test_sizes_follow_from_the_parameters(vdaf: Prio3SumVec) -> None:
    """The draft's MEAS_LEN, PROOF_LEN and VERIFIER_LEN for one gadget of degree 2."""
    meas_len = vdaf.length * vdaf.max_measurement.bit_length()
    calls = (meas_len + vdaf.chunk_length - 1) // vdaf.chunk_length
    p = 1
    while p < calls + 1:
        p *= 2
    arity = 2 * vdaf.chunk_length
    proof_len, verifier_len = arity + 2 * (p - 1) + 1, 1 + arity + 1
    assert 2 * 32 * vdaf.shares == vdaf.RAND_SIZE
    assert (vdaf.NONCE_SIZE, vdaf.VERIFY_KEY_SIZE) == (16, 32)
    assert vdaf.public_share_size == 32 * vdaf.shares
    assert vdaf.input_share_size(0) == 16 * (meas_len + proof_len) + 32
    assert {vdaf.input_share_size(i) for i in range(1, vdaf.shares)} == {64}
    assert vdaf.verifier_share_size == 16 * verifier_len + 32
    assert vdaf.verifier_message_size == 32
    assert vdaf.aggregate_share_size == 16 * vdaf.length


def test_sizes_of_plurales_own_parameters() -> None:
    """The numbers themselves, so that a change of the chosen chunk length is noticed."""
    sizes = {}
    for length in (3, 30):
        vdaf = Prio3SumVec(length, 2046, optimal_chunk_length(length, 2046))
        sizes[length] = (vdaf.chunk_length, vdaf.input_share_size(0), vdaf.verifier_share_size)
    assert sizes == {3: (5, 960, 224), 30: (22, 6512, 768)}


def test_sums_can_be_merged_in_any_order() -> None:
    parts = [AggregateShare((i, 2 * i, 3 * i)) for i in range(4)]
    assert VDAF.merge(parts) == VDAF.merge(reversed(parts)) == AggregateShare((6, 12, 18))
    assert VDAF.merge([]) == VDAF.aggregate_init() == AggregateShare((0, 0, 0))


@pytest.mark.parametrize("shares", [0, 1, 256])
def test_an_instance_for_no_two_parties_is_refused(shares: int) -> None:
    with pytest.raises(ParameterError, match=f"{shares} shares"):
        Prio3SumVec(3, 2046, 5, shares)


def test_equal_parameters_are_equal_instances() -> None:
    assert Prio3SumVec(3, 2046, 5) == VDAF
    assert hash(Prio3SumVec(3, 2046, 5)) == hash(VDAF)
    assert Prio3SumVec(3, 2046, 6) != VDAF


def test_arguments_of_a_wrong_size_are_refused() -> None:
    public, (leader, helper) = VDAF.shard(CTX, MEASUREMENT, NONCE, RAND)
    _, share = VDAF.verify_init(KEY, CTX, 0, NONCE, public, leader)
    short = VDAF.decode_public_share(bytes(64))
    other = Prio3SumVec(4, 2046, 5)
    wide_public, (wide, _) = other.shard(CTX, [0] * 4, NONCE, RAND)
    _, wide_share = other.verify_init(KEY, CTX, 0, NONCE, wide_public, wide)
    aggregate = VDAF.aggregate_init()
    for attempt, reason in (
        (lambda: VDAF.shard(CTX, MEASUREMENT, NONCE[1:], RAND), "nonce is 15 bytes"),
        (lambda: VDAF.shard(CTX, MEASUREMENT, NONCE, RAND[1:]), "randomness is 127 bytes"),
        (
            lambda: VDAF.shard(bytes(MAX_CONTEXT_SIZE + 1), MEASUREMENT, NONCE, RAND),
            "context is 65528 bytes",
        ),
        (lambda: VDAF.verify_init(KEY[1:], CTX, 0, NONCE, public, leader), "key is 31 bytes"),
        (lambda: VDAF.verify_init(KEY, CTX, 0, NONCE[1:], public, leader), "nonce is 15 bytes"),
        (lambda: VDAF.verify_init(KEY, CTX, 2, NONCE, public, helper), "no party 2"),
        (lambda: VDAF.verify_init(KEY, CTX, 0, NONCE, public, helper), "kind that party 0"),
        (lambda: VDAF.verify_init(KEY, CTX, 1, NONCE, public, leader), "kind that party 1"),
        (lambda: VDAF.verify_init(KEY, CTX, 0, NONCE, public, wide), "44 elements, not 33"),
        (
            lambda: VDAF.verify_init(KEY, CTX, 0, NONCE, PublicShare(()), leader),
            "does not have 2 parts",
        ),
        (lambda: VDAF.check_public_share(short, [share]), "1 verifier shares, not 2"),
        (lambda: VDAF.verifier_shares_to_message(CTX, [share] * 3), "3 verifier shares, not 2"),
        (
            lambda: Prio3SumVec(3, 2046, 6).verifier_shares_to_message(CTX, [share, wide_share]),
            "12 elements, not 14",
        ),
        (lambda: VDAF.aggregate_update(aggregate, OutShare((1,))), "1 elements, not 3"),
        (lambda: VDAF.aggregate_update(AggregateShare(()), OutShare((1, 2, 3))), "0 elements"),
        (lambda: VDAF.merge([AggregateShare((1,))]), "1 elements, not 3"),
        (lambda: VDAF.unshard([aggregate], 1), "1 aggregate shares, not 2"),
        (lambda: VDAF.unshard([aggregate, aggregate], 0), "sum of 0"),
    ):
        with pytest.raises(ParameterError, match=reason):
            attempt()


def test_the_longest_context_works() -> None:
    ctx = bytes(MAX_CONTEXT_SIZE)
    public, shares = VDAF.shard(ctx, MEASUREMENT, NONCE, RAND)
    VDAF.verify_init(KEY, ctx, 0, NONCE, public, shares[0])
