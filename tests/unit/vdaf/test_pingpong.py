from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.vdaf.errors import (
    BadProof,
    DecodeError,
    JointRandomnessMismatch,
    ParameterError,
    VdafError,
)
from privacy.vdaf.pingpong import PingPong, ReportShare
from privacy.vdaf.prio3 import Prio3SumVec
from tests.vectors.forge import Announce, forge, truth

VDAF: Final = Prio3SumVec(3, 2046, 5)
CTX: Final = b"some context"
PING_PONG: Final = PingPong(VDAF, bytes(range(32)), CTX)
NONCE: Final = bytes(range(16))
RAND: Final = bytes(range(128))
ALL_ONES: Final = (1,) * VDAF.circuit.encoded_length


def report_shares(
    encoded: tuple[int, ...], announce: Announce = truth
) -> tuple[ReportShare, ReportShare]:
    """What leader and helper hold of a report."""
    public, shares = forge(VDAF, CTX, encoded, NONCE, RAND, announce)
    public_share = VDAF.encode_public_share(public)
    leader, helper = (VDAF.encode_input_share(share) for share in shares)
    return ReportShare(NONCE, public_share, leader), ReportShare(NONCE, public_share, helper)


LEADER, HELPER = report_shares(VDAF.circuit.encode([0, 1023, 2046]))


def test_one_round_trip_verifies_a_report() -> None:
    state, question = PING_PONG.leader_start(LEADER)
    helper_out, answer = PING_PONG.helper_answer(HELPER, question)
    leader_out = PING_PONG.leader_finish(state, answer)
    sums = [VDAF.aggregate_update(VDAF.aggregate_init(), out) for out in (leader_out, helper_out)]
    assert VDAF.unshard(sums, 1) == [0, 1023, 2046]


def test_messages_are_framed_as_in_the_draft() -> None:
    _, question = PING_PONG.leader_start(LEADER)
    assert question[:5] == b"\0" + VDAF.verifier_share_size.to_bytes(4, "big")
    assert len(question) == 5 + VDAF.verifier_share_size
    _, answer = PING_PONG.helper_answer(HELPER, question)
    assert answer[:5] == b"\2" + (32).to_bytes(4, "big")
    assert len(answer) == 5 + 32


def test_every_step_can_be_repeated() -> None:
    assert PING_PONG.leader_start(LEADER) == PING_PONG.leader_start(LEADER)
    _, question = PING_PONG.leader_start(LEADER)
    answers = [PING_PONG.helper_answer(HELPER, question) for _ in range(2)]
    assert answers[0] == answers[1]


def test_a_bad_proof_is_refused_by_the_helper() -> None:
    leader, helper = report_shares((2, *ALL_ONES[1:]))
    _, question = PING_PONG.leader_start(leader)
    with pytest.raises(BadProof):
        PING_PONG.helper_answer(helper, question)


@pytest.mark.parametrize(
    ("announce", "helper_would_accept"),
    [
        (lambda leader, helper: (bytes(32), helper), False),
        (lambda leader, helper: (leader, bytes(32)), True),
    ],
)
def test_a_report_that_only_one_party_would_refuse_is_refused_by_the_helper(
    announce: Announce, helper_would_accept: bool
) -> None:
    """The proof holds for the mixture of both views; without step (2) the parties would split."""
    leader, helper = report_shares(ALL_ONES, announce)
    public_share = VDAF.decode_public_share(leader.public_share)
    states, sent = [], []
    for party, report in enumerate((leader, helper)):
        input_share = VDAF.decode_input_share(party, report.input_share)
        state, share = VDAF.verify_init(
            PING_PONG.verify_key, CTX, party, NONCE, public_share, input_share
        )
        states.append(state)
        sent.append(share)
    message = VDAF.verifier_shares_to_message(CTX, sent)
    accepts = [state.joint_rand_seed == message.joint_rand_seed for state in states]
    assert accepts == [not helper_would_accept, helper_would_accept]

    _, question = PING_PONG.leader_start(leader)
    with pytest.raises(JointRandomnessMismatch, match="announces"):
        PING_PONG.helper_answer(helper, question)


def test_the_leader_refuses_an_answer_to_another_report() -> None:
    other, _ = report_shares(ALL_ONES)
    state, _ = PING_PONG.leader_start(other)
    _, question = PING_PONG.leader_start(LEADER)
    _, answer = PING_PONG.helper_answer(HELPER, question)
    with pytest.raises(JointRandomnessMismatch):
        PING_PONG.leader_finish(state, answer)


def test_a_message_of_the_wrong_kind_is_refused() -> None:
    state, question = PING_PONG.leader_start(LEADER)
    _, answer = PING_PONG.helper_answer(HELPER, question)
    with pytest.raises(DecodeError, match="initialize"):
        PING_PONG.helper_answer(HELPER, b"\2" + question[1:])
    with pytest.raises(DecodeError, match="finish"):
        PING_PONG.leader_finish(state, b"\0" + answer[1:])
    with pytest.raises(DecodeError, match="finish"):
        PING_PONG.leader_finish(state, b"\1" + answer[1:])


@pytest.mark.parametrize("size", range(6))
def test_a_cut_or_extended_message_is_refused(size: int) -> None:
    state, question = PING_PONG.leader_start(LEADER)
    _, answer = PING_PONG.helper_answer(HELPER, question)
    for altered in (answer[:size], answer + bytes(size + 1), answer[:-1]):
        with pytest.raises(DecodeError):
            PING_PONG.leader_finish(state, altered)


@given(st.binary(max_size=300), st.sampled_from([b"", b"\0\0\0\0\xe0", b"\2\0\0\0\x20"]))
def test_nothing_but_a_vdaf_error_comes_of_noise(noise: bytes, header: bytes) -> None:
    state, _ = PING_PONG.leader_start(LEADER)
    with pytest.raises(VdafError):
        PING_PONG.leader_start(ReportShare(NONCE, noise, noise))
    with pytest.raises(VdafError):
        PING_PONG.helper_answer(HELPER, header + noise)
    with pytest.raises(VdafError):
        PING_PONG.helper_answer(ReportShare(noise, noise, noise), header + noise)
    with pytest.raises(VdafError):
        PING_PONG.leader_finish(state, header + noise)


def test_ping_pong_is_for_two() -> None:
    with pytest.raises(ParameterError, match="two parties, not 3"):
        PingPong(Prio3SumVec(3, 2046, 5, 3), bytes(32), CTX)


def test_no_secret_shows_in_a_representation() -> None:
    shown = repr([PingPong(VDAF, b"k" * 32, CTX), ReportShare(NONCE, b"", b"k" * 64)])
    assert "kkk" not in shown
