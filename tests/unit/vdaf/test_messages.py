"""Messages that cannot be built wrong, their encodings, and what they show of themselves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.vdaf.errors import DecodeError, ParameterError
from privacy.vdaf.field import MODULUS
from privacy.vdaf.messages import (
    AggregateShare,
    HelperShare,
    LeaderShare,
    OutShare,
    PublicShare,
    VerifierMessage,
    VerifierShare,
    VerifyState,
)
from privacy.vdaf.prio3 import Prio3SumVec

VDAF = Prio3SumVec(3, 2046, 5)
SEED = bytes(range(32))
ELEMENTS = st.integers(0, MODULUS - 1)


def vectors(length: int) -> st.SearchStrategy[tuple[int, ...]]:
    return st.lists(ELEMENTS, min_size=length, max_size=length).map(tuple)


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_seed_of_another_size_cannot_be_built(size: int) -> None:
    wrong = bytes(size)
    for build in (
        lambda: PublicShare((SEED, wrong)),
        lambda: LeaderShare((1,), (2,), wrong),
        lambda: HelperShare(wrong, SEED),
        lambda: HelperShare(SEED, wrong),
        lambda: VerifierShare((1,), wrong),
        lambda: VerifierMessage(wrong),
    ):
        with pytest.raises(ParameterError, match=f"{size} bytes, not 32"):
            build()


@pytest.mark.parametrize("number", [-1, MODULUS])
def test_a_number_outside_the_field_cannot_be_built(number: int) -> None:
    for build in (
        lambda: LeaderShare((number,), (2,), SEED),
        lambda: LeaderShare((1,), (2, number), SEED),
        lambda: VerifierShare((number,), SEED),
        lambda: OutShare((1, number)),
        lambda: AggregateShare((number,)),
    ):
        with pytest.raises(ParameterError, match="not a field element"):
            build()


def test_no_secret_shows_in_a_representation() -> None:
    secret, name = 123456789, b"a very secret thirty-two b. seed"
    shown = repr(
        [
            LeaderShare((secret,), (secret,), name),
            HelperShare(name, name),
            VerifierShare((secret,), SEED),
            OutShare((secret,)),
            AggregateShare((secret,)),
            VerifyState(OutShare((secret,)), SEED),
        ]
    )
    assert str(secret) not in shown
    assert "secret" not in shown


@given(vectors(VDAF.circuit.encoded_length), vectors(VDAF.flp.proof_length))
def test_a_leader_share_survives_its_encoding(
    measurement: tuple[int, ...], proof: tuple[int, ...]
) -> None:
    share = LeaderShare(measurement, proof, SEED)
    encoded = VDAF.encode_input_share(share)
    assert len(encoded) == VDAF.input_share_size(0)
    assert VDAF.decode_input_share(0, encoded) == share


@given(vectors(VDAF.flp.verifier_length), vectors(3))
def test_all_other_messages_survive_their_encoding(
    verifier: tuple[int, ...], values: tuple[int, ...]
) -> None:
    other = bytes(range(32, 64))
    helper = HelperShare(SEED, other)
    assert VDAF.decode_input_share(1, VDAF.encode_input_share(helper)) == helper
    public = PublicShare((SEED, other))
    assert VDAF.decode_public_share(VDAF.encode_public_share(public)) == public
    share = VerifierShare(verifier, SEED)
    assert VDAF.decode_verifier_share(VDAF.encode_verifier_share(share)) == share
    message = VerifierMessage(SEED)
    assert VDAF.decode_verifier_message(VDAF.encode_verifier_message(message)) == message
    out_share = OutShare(values)
    assert VDAF.decode_out_share(VDAF.encode_out_share(out_share)) == out_share
    aggregate = AggregateShare(values)
    assert VDAF.decode_aggregate_share(VDAF.encode_aggregate_share(aggregate)) == aggregate


@pytest.mark.parametrize("change", [-16, -1, 1, 16])
def test_every_message_of_another_length_is_refused(change: int) -> None:
    for decode, size in (
        (VDAF.decode_public_share, VDAF.public_share_size),
        (lambda encoded: VDAF.decode_input_share(0, encoded), VDAF.input_share_size(0)),
        (lambda encoded: VDAF.decode_input_share(1, encoded), VDAF.input_share_size(1)),
        (VDAF.decode_verifier_share, VDAF.verifier_share_size),
        (VDAF.decode_verifier_message, VDAF.verifier_message_size),
        (VDAF.decode_out_share, VDAF.aggregate_share_size),
        (VDAF.decode_aggregate_share, VDAF.aggregate_share_size),
    ):
        decode(bytes(size))
        with pytest.raises(DecodeError, match=f"is {size + change} bytes, not {size}"):
            decode(bytes(size + change))


def test_every_vector_with_a_number_outside_the_field_is_refused() -> None:
    beyond = MODULUS.to_bytes(16, "little")
    for decode, size in (
        (lambda encoded: VDAF.decode_input_share(0, encoded), VDAF.input_share_size(0)),
        (VDAF.decode_verifier_share, VDAF.verifier_share_size),
        (VDAF.decode_out_share, VDAF.aggregate_share_size),
        (VDAF.decode_aggregate_share, VDAF.aggregate_share_size),
    ):
        with pytest.raises(DecodeError, match="not below"):
            decode(beyond + bytes(size - 16))


@pytest.mark.parametrize("agg_id", [-1, 2])
def test_there_is_no_share_for_a_party_that_is_none(agg_id: int) -> None:
    with pytest.raises(ParameterError, match=f"no party {agg_id} among 2"):
        VDAF.input_share_size(agg_id)
    with pytest.raises(ParameterError):
        VDAF.decode_input_share(agg_id, bytes(64))
