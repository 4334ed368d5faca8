"""What each side decides about one report: the reasons, their order, and that both agree."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privacy.aggregation import ReportShare
from privacy.agreement.model import Role
from privacy.errors import Rejection, ReportRejected
from privacy.membership import Token
from privacy.report import Report, Submission, check_sizes
from privacy.vdaf.field import ENCODED_SIZE, MODULUS
from privacy.vdaf.prio3 import Prio3SumVec
from tests import batch_keys
from tests.agreements import headline, make_agreement, scalar
from tests.unit.privacy.parties import (
    BATCH_KEY,
    Parties,
    both_sign,
    digest_of,
    new_id,
    request_of,
    with_token,
)

R = TypeVar("R", Report, ReportShare)

PARTIES = Parties.of()
VDAF = PARTIES.collection.vdaf
MEASUREMENT = [1500]
TWO_FOR_A_BIT = [2] + [0] * 10
ALL_ONES = [1] * 11
"""With every bit a one, the proof for a mixture of two views holds."""


def rejected(work: Callable[[], object]) -> Rejection:
    with pytest.raises(ReportRejected) as caught:
        work()
    return caught.value.reason


def flipped(data: bytes, place: int = 0) -> bytes:
    """The bytes with one bit turned over."""
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def wrong_helper_part(leader_part: bytes, helper_part: bytes) -> tuple[bytes, bytes]:
    return leader_part, flipped(helper_part)


def wrong_leader_part(leader_part: bytes, helper_part: bytes) -> tuple[bytes, bytes]:
    return flipped(leader_part), helper_part


def altered(report: R, part: str, value: bytes) -> R:
    """The report with one part replaced."""
    changes: dict[str, Any] = {part: value}
    return replace(report, **changes)


def started(report: Report) -> ReportShare:
    return PARTIES.verifier(Role.LEADER).start(with_token(report))[0]


def retokened(request: ReportShare) -> ReportShare:
    """With a token over what it is now: a member gets one for anything."""
    token = batch_keys.sign(BATCH_KEY, digest_of(PARTIES.batch, request))
    return replace(request, token=token)


def answer(request: ReportShare) -> Rejection:
    return rejected(lambda: PARTIES.verifier(Role.HELPER).answer(request))


# --- an honest report -----------------------------------------------------------------------------


def test_the_output_shares_of_an_honest_report_add_up_to_its_measurement() -> None:
    decision = PARTIES.decide(PARTIES.report(MEASUREMENT))
    assert decision.leader is not None
    assert decision.helper is not None
    total = (decision.leader.values[0] + decision.helper.values[0]) % MODULUS
    assert total == MEASUREMENT[0]


def test_the_helper_gets_a_hash_of_the_leaders_ciphertext_and_all_else_as_it_was_sent() -> None:
    sent = with_token(PARTIES.report(MEASUREMENT))
    request, _ = PARTIES.verifier(Role.LEADER).start(sent)
    assert request == request_of(sent.report, request.leader_verifier_share, sent.token)
    assert len(request.leader_verifier_share) == VDAF.verifier_share_size


def test_asked_again_both_sides_say_the_same() -> None:
    sent = with_token(PARTIES.report(MEASUREMENT))
    leader, helper = PARTIES.verifier(Role.LEADER), PARTIES.verifier(Role.HELPER)
    assert leader.start(sent) == leader.start(sent)
    request, _ = leader.start(sent)
    assert helper.answer(request) == helper.answer(request)


# --- the reasons, one by one ----------------------------------------------------------------------


def test_a_part_of_the_wrong_size() -> None:
    report = PARTIES.report(MEASUREMENT)
    for part in ("public_share", "leader_share", "helper_share"):
        for other in (getattr(report, part)[:-1], getattr(report, part) + b"\0", b""):
            broken = altered(report, part, other)
            assert rejected(lambda r=broken: check_sizes(PARTIES.collection, r)) is (  # type: ignore[misc]
                Rejection.WRONG_SIZE
            )
    request = started(report)
    for part in ("public_share", "helper_share"):
        for other in (getattr(request, part)[:-1], getattr(request, part) + b"\0", b""):
            assert answer(altered(request, part, other)) is Rejection.WRONG_SIZE


def of_another_report(report: Report) -> Token:
    return with_token(PARTIES.report(MEASUREMENT)).token


def of_another_batch(report: Report) -> Token:
    return batch_keys.sign(batch_keys.pooled(1), report.digest)


def with_another_randomizer(report: Report) -> Token:
    token = with_token(report).token
    return Token(flipped(token.randomizer), token.signature)


def with_another_signature(report: Report) -> Token:
    token = with_token(report).token
    return Token(token.randomizer, flipped(token.signature, 255))


@pytest.mark.parametrize(
    "token_of",
    [of_another_report, of_another_batch, with_another_randomizer, with_another_signature],
)
def test_a_token_of_anything_but_this_report_and_this_batch_is_none(
    token_of: Callable[[Report], Token],
) -> None:
    report = PARTIES.report(MEASUREMENT)
    request = started(report)
    PARTIES.verifier(Role.HELPER).answer(request)
    assert answer(replace(request, token=token_of(report))) is Rejection.INVALID_TOKEN


@pytest.mark.parametrize("part", ["id", "leader_share_hash", "helper_share", "public_share"])
def test_a_leader_that_alters_any_part_has_no_token_for_it(part: str) -> None:
    request = started(PARTIES.report(MEASUREMENT))
    changed = altered(request, part, flipped(getattr(request, part)))
    assert answer(changed) is Rejection.INVALID_TOKEN


@pytest.mark.parametrize("place", [0, 1000, -1])
def test_an_altered_ciphertext_does_not_open(place: int) -> None:
    report = PARTIES.report(MEASUREMENT)
    share = bytearray(report.leader_share)
    share[place] ^= 1
    broken = replace(report, leader_share=bytes(share))
    assert rejected(lambda: started(broken)) is Rejection.CANNOT_OPEN
    share = bytearray(report.helper_share)
    share[place] ^= 1
    request = replace(started(report), helper_share=bytes(share))
    assert answer(retokened(request)) is Rejection.CANNOT_OPEN


def test_an_altered_public_share_opens_at_neither_side() -> None:
    report = PARTIES.report(MEASUREMENT)
    broken = replace(report, public_share=flipped(report.public_share))
    assert rejected(lambda: started(broken)) is Rejection.CANNOT_OPEN
    request = replace(started(report), public_share=flipped(report.public_share))
    assert answer(retokened(request)) is Rejection.CANNOT_OPEN


def test_a_share_that_is_no_share_is_malformed() -> None:
    """Every 64 bytes are a helper's share, so that only the leader can see this reason."""
    report_id, size = new_id(), VDAF.input_share_size(0)
    public_share = bytes(VDAF.public_share_size)
    beyond_the_prime = MODULUS.to_bytes(ENCODED_SIZE, "little")
    share = beyond_the_prime + bytes(size - ENCODED_SIZE)
    report = PARTIES.sealed(public_share, share, bytes(VDAF.input_share_size(1)), report_id)
    check_sizes(PARTIES.collection, report)
    assert rejected(lambda: started(report)) is Rejection.MALFORMED_SHARE


@pytest.mark.parametrize(
    "share",
    [
        b"",
        bytes(VDAF.verifier_share_size - 1),
        bytes(VDAF.verifier_share_size + 1),
        MODULUS.to_bytes(ENCODED_SIZE, "little") + bytes(VDAF.verifier_share_size - ENCODED_SIZE),
    ],
    ids=["empty", "short", "long", "not canonical"],
)
def test_a_verifier_share_that_does_not_decode(share: bytes) -> None:
    request = replace(started(PARTIES.report(MEASUREMENT)), leader_verifier_share=share)
    assert answer(request) is Rejection.MALFORMED_VERIFIER_SHARE


@pytest.mark.parametrize("announce", [wrong_helper_part, wrong_leader_part])
def test_a_report_that_one_side_alone_would_take_is_dropped_by_both(
    announce: Callable[[bytes, bytes], tuple[bytes, bytes]],
) -> None:
    """The selective failure: the proof is made for the mixture of the two sides' views."""
    report = PARTIES.forged(ALL_ONES, announce)
    assert answer(started(report)) is Rejection.PUBLIC_SHARE_MISMATCH
    decision = PARTIES.decide(report)
    assert (decision.leader, decision.helper) == (None, None)


def test_the_selective_failure_is_real() -> None:
    """Without step 5 the helper would take what the leader refuses, and the other way round."""
    takes = []
    for announce in (wrong_helper_part, wrong_leader_part):
        report = PARTIES.forged(ALL_ONES, announce)
        request, state = PARTIES.verifier(Role.LEADER).start(with_token(report))
        helper = PARTIES.verifier(Role.HELPER)
        share = helper._open(report.id, report.public_share, report.helper_share)
        own_state, own = VDAF.verify_init(
            helper.verify_key,
            PARTIES.batch.context,
            1,
            report.id,
            VDAF.decode_public_share(report.public_share),
            share,
        )
        shares = [VDAF.decode_verifier_share(request.leader_verifier_share), own]
        message = VDAF.verifier_shares_to_message(PARTIES.batch.context, shares)
        takes.append(
            (
                state.joint_rand_seed == message.joint_rand_seed,
                own_state.joint_rand_seed == message.joint_rand_seed,
            )
        )
    assert takes == [(False, True), (True, False)]


@pytest.mark.parametrize("bit", [2, MODULUS - 1, MODULUS // 2, 1 << 11])
def test_a_value_out_of_range_fails_the_proof(bit: int) -> None:
    report = PARTIES.forged([bit] + [0] * 10)
    assert answer(started(report)) is Rejection.INVALID_PROOF


def test_a_forged_report_of_a_valid_value_is_an_honest_one() -> None:
    """So that the tests around this one fail for their own reason only."""
    assert PARTIES.decide(PARTIES.forged(VDAF.circuit.encode(MEASUREMENT))).reason is None


def test_an_altered_verifier_share_fails_the_proof_or_the_comparison() -> None:
    request = started(PARTIES.report(MEASUREMENT))
    share = request.leader_verifier_share
    assert answer(replace(request, leader_verifier_share=flipped(share))) is Rejection.INVALID_PROOF
    other_part = flipped(share, len(share) - 1)
    assert answer(replace(request, leader_verifier_share=other_part)) is (
        Rejection.PUBLIC_SHARE_MISMATCH
    )


def test_two_verify_keys_accept_nothing() -> None:
    report = PARTIES.report(MEASUREMENT)
    request, _ = PARTIES.verifier(Role.LEADER, b"\1" * 32).start(with_token(report))
    assert answer(request) is Rejection.INVALID_PROOF


def test_the_leader_refuses_any_message_but_the_right_one() -> None:
    sent = with_token(PARTIES.report(MEASUREMENT))
    leader, helper = PARTIES.verifier(Role.LEADER), PARTIES.verifier(Role.HELPER)
    request, state = leader.start(sent)
    message, _ = helper.answer(request)
    for other in (flipped(message), b"", message + b"\0", bytes(32)):
        reason = rejected(lambda m=other: leader.finish(state, m))  # type: ignore[misc]
        assert reason is Rejection.PUBLIC_SHARE_MISMATCH
    assert len(leader.finish(state, message).values) == 1


def test_of_several_reasons_the_helper_gives_the_first() -> None:
    """A report with everything wrong, put right step by step."""
    worst = PARTIES.forged(TWO_FOR_A_BIT, wrong_leader_part)
    request = started(worst)
    good = {name: getattr(request, name) for name in ("public_share", "helper_share")}
    seen = []
    broken = replace(
        request,
        public_share=request.public_share + b"\0",
        helper_share=flipped(request.helper_share),
        leader_verifier_share=b"\xff" * VDAF.verifier_share_size,
    )
    seen.append(answer(broken))
    broken = replace(broken, public_share=good["public_share"])
    seen.append(answer(broken))
    seen.append(answer(retokened(broken)))
    broken = replace(broken, helper_share=good["helper_share"])
    seen.append(answer(broken))
    broken = replace(broken, leader_verifier_share=request.leader_verifier_share)
    seen.append(answer(broken))
    seen.append(answer(started(PARTIES.forged(TWO_FOR_A_BIT))))
    assert seen == [
        Rejection.WRONG_SIZE,
        Rejection.INVALID_TOKEN,
        Rejection.CANNOT_OPEN,
        Rejection.MALFORMED_VERIFIER_SHARE,
        Rejection.PUBLIC_SHARE_MISMATCH,
        Rejection.INVALID_PROOF,
    ]
    order = list(Rejection)
    assert seen == sorted(seen, key=order.index)


# --- parameters -----------------------------------------------------------------------------------


def test_a_report_under_an_agreement_of_other_parameters_opens_at_neither_side() -> None:
    """Twice the clip: the same sizes on the wire, and half the units."""
    wider = headline(metrics=(scalar(clip=Fraction(1, 2)),))
    other = Parties.of(signed=both_sign(make_agreement(tasks=(wider,))))
    assert other.collection.vdaf == VDAF
    report = other.report(MEASUREMENT)
    relabelled = replace(report, batch=PARTIES.batch)
    check_sizes(PARTIES.collection, relabelled)
    assert rejected(lambda: started(relabelled)) is Rejection.CANNOT_OPEN
    token, share = with_token(relabelled).token, bytes(VDAF.verifier_share_size)
    assert answer(request_of(relabelled, share, token)) is Rejection.CANNOT_OPEN


def test_a_report_proved_in_another_context_and_sealed_in_this_one_is_dropped() -> None:
    other, report_id = Parties.of(group="south"), new_id()
    public, shares = VDAF.shard(
        other.batch.context, MEASUREMENT, report_id, secrets.token_bytes(VDAF.RAND_SIZE)
    )
    report = PARTIES.encoded(public, shares, report_id)
    assert answer(started(report)) is Rejection.PUBLIC_SHARE_MISMATCH


@pytest.mark.parametrize("largest", [1024, 1500, 2047])
def test_a_client_that_counts_with_another_range_of_as_many_bits_stays_in_range(
    largest: int,
) -> None:
    """Its bits are proved to be bits, and their weights are ours: no choice of them is too large.

    The sum is then not what that client meant, which is its own lie and bounded like any other.
    """
    other, report_id = Prio3SumVec(1, largest, VDAF.chunk_length), new_id()
    public, shares = other.shard(
        PARTIES.batch.context, [largest], report_id, secrets.token_bytes(VDAF.RAND_SIZE)
    )
    decision = PARTIES.decide(PARTIES.encoded(public, shares, report_id))
    assert decision.leader is not None
    assert decision.helper is not None
    assert (decision.leader.values[0] + decision.helper.values[0]) % MODULUS == 2046


# --- both sides decide alike ----------------------------------------------------------------------

masks = st.integers(1, 255)
places = st.integers(0, 10**6)


def with_mask(data: bytes, place: int, mask: int) -> bytes:
    changed = bytearray(data)
    changed[place % len(changed)] ^= mask
    return bytes(changed)


@given(st.sampled_from(["id", "public_share", "leader_share", "helper_share"]), places, masks)
def test_both_sides_drop_a_report_with_any_byte_altered_on_its_way(
    part: str, place: int, mask: int
) -> None:
    """By somebody else the token does not fit any more; by its member it opens nowhere."""
    sent = with_token(PARTIES.report(MEASUREMENT))
    changed = altered(sent.report, part, with_mask(getattr(sent.report, part), place, mask))
    for made, reason in (
        (Submission(changed, sent.token), Rejection.INVALID_TOKEN),
        (with_token(changed), Rejection.CANNOT_OPEN),
    ):
        decision = PARTIES.decide(made)
        assert (decision.leader, decision.helper) == (None, None)
        assert decision.reason is reason


@settings(max_examples=300)
@given(
    st.lists(st.tuples(st.sampled_from([0, 1, 2]), places, masks), min_size=1, max_size=3),
)
def test_both_sides_decide_alike_whatever_a_client_seals(
    changes: list[tuple[int, int, int]],
) -> None:
    """Any bytes altered before sealing: public share, leader's or helper's encoded share."""
    report_id = new_id()
    public, shares = VDAF.shard(
        PARTIES.batch.context, MEASUREMENT, report_id, secrets.token_bytes(VDAF.RAND_SIZE)
    )
    parts = [VDAF.encode_public_share(public), *map(VDAF.encode_input_share, shares)]
    honest = list(parts)
    for which, place, mask in changes:
        parts[which] = with_mask(parts[which], place, mask)
    decision = PARTIES.decide(PARTIES.sealed(parts[0], parts[1], parts[2], report_id))
    assert (decision.leader is None) == (decision.helper is None)
    assert (decision.leader is None) == (parts != honest)


@settings(max_examples=200)
@given(places, masks, st.booleans(), st.booleans(), st.booleans())
def test_both_sides_decide_alike_whatever_a_client_announces_and_proves(
    place: int, mask: int, leaders: bool, helpers: bool, in_range: bool
) -> None:
    def announce(leader_part: bytes, helper_part: bytes) -> tuple[bytes, bytes]:
        return (
            with_mask(leader_part, place, mask) if leaders else leader_part,
            with_mask(helper_part, place, mask) if helpers else helper_part,
        )

    encoded = ALL_ONES if in_range else TWO_FOR_A_BIT
    decision = PARTIES.decide(PARTIES.forged(encoded, announce))
    counted = in_range and not leaders and not helpers
    assert (decision.leader is not None, decision.helper is not None) == (counted, counted)
