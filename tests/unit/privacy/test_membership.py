"""Tokens: what becomes one, what does not, and what never leaves a traceback."""

import secrets
from collections.abc import Callable
from dataclasses import replace

import pytest
from Crypto.Math import Numbers
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.hazmat.primitives.serialization import load_der_private_key
from hypothesis import given
from hypothesis import strategies as st

from privacy import fields
from privacy.errors import BadToken, InvalidValue
from privacy.membership import (
    EXPONENT,
    MODULUS_SIZE,
    BatchKey,
    Blinding,
    Token,
    blind,
    blind_sign,
    check_modulus,
    finalize,
    load_public,
    new_batch_key,
    verify,
)
from tests.batch_keys import pooled

KEY, OTHER_KEY = pooled(0), pooled(1)
N = int.from_bytes(KEY.modulus, "big")
PUBLIC = load_public(KEY.modulus)
DIGEST, OTHER = fields.sha256(b"a report"), fields.sha256(b"another report")


def signed(digest: bytes, key: BatchKey = KEY) -> tuple[Blinding, bytes, Token]:
    """What the member keeps, what the council answers, and the token."""
    blinding = blind(key.modulus, digest, secrets.token_bytes)
    answer = blind_sign(key, blinding.request, secrets.token_bytes)
    return blinding, answer, finalize(key.modulus, digest, blinding, answer)


BLINDING, ANSWER, TOKEN = signed(DIGEST)


def number(value: int) -> bytes:
    return value.to_bytes(MODULUS_SIZE, "big")


def flipped(raw: bytes, bit: int) -> bytes:
    place, mask = divmod(bit, 8)
    return raw[:place] + bytes([raw[place] ^ 1 << mask]) + raw[place + 1 :]


def drawing(*values: bytes) -> Callable[[int], bytes]:
    """Randomness that gives these values, each of the size that is asked for."""
    waiting = iter(values)

    def random(size: int) -> bytes:
        value = next(waiting)
        assert len(value) == size
        return value

    return random


@given(digest=st.binary(min_size=32, max_size=32))
def test_a_token_is_a_plain_signature_over_randomizer_and_digest(digest: bytes) -> None:
    _, _, token = signed(digest)
    pss = padding.PSS(padding.MGF1(SHA384()), 48)
    PUBLIC.verify(token.signature, token.randomizer + digest, pss, SHA384())
    verify(PUBLIC, digest, token)


@given(bit=st.integers(0, 8 * MODULUS_SIZE - 1))
def test_a_signature_with_one_bit_altered_is_refused(bit: int) -> None:
    with pytest.raises(BadToken):
        verify(PUBLIC, DIGEST, replace(TOKEN, signature=flipped(TOKEN.signature, bit)))


@given(bit=st.integers(0, 8 * 32 - 1))
def test_another_randomizer_or_digest_by_one_bit_is_refused(bit: int) -> None:
    with pytest.raises(BadToken):
        verify(PUBLIC, DIGEST, replace(TOKEN, randomizer=flipped(TOKEN.randomizer, bit)))
    with pytest.raises(BadToken):
        verify(PUBLIC, flipped(DIGEST, bit), TOKEN)


def test_a_signature_of_the_same_key_with_another_salt_or_padding_is_no_token() -> None:
    private = load_der_private_key(KEY.der, None)
    assert isinstance(private, rsa.RSAPrivateKey)
    mask = padding.MGF1(SHA384())
    for other in (padding.PSS(mask, 32), padding.PSS(mask, 0), padding.PKCS1v15()):
        signature = private.sign(bytes(32) + DIGEST, other, SHA384())
        with pytest.raises(BadToken):
            verify(PUBLIC, DIGEST, Token(bytes(32), signature))


def test_bytes_do_not_move_between_randomizer_and_digest() -> None:
    moved = TOKEN.randomizer[1:] + DIGEST[:1]
    with pytest.raises(BadToken):
        verify(PUBLIC, DIGEST[1:], replace(TOKEN, randomizer=moved))


def test_a_token_is_of_one_batch_key_and_report() -> None:
    with pytest.raises(BadToken, match="not one of the batch's key for this report"):
        verify(load_public(OTHER_KEY.modulus), DIGEST, TOKEN)
    with pytest.raises(BadToken, match="not one of the batch's key for this report"):
        verify(PUBLIC, OTHER, TOKEN)


def test_a_token_has_one_form() -> None:
    """Neither its negative nor the same number beyond the modulus is another token."""
    key = min(KEY, OTHER_KEY, key=lambda each: each.modulus)  # More numbers fit above it.
    n, public = int.from_bytes(key.modulus, "big"), load_public(key.modulus)
    tokens = (signed(DIGEST, key)[2] for _ in range(2000))
    found = ((token, int.from_bytes(token.signature, "big")) for token in tokens)
    token, value = next(each for each in found if each[1] + n < 1 << 8 * MODULUS_SIZE)
    verify(public, DIGEST, token)
    for other in (n - value, n + value):
        with pytest.raises(BadToken):
            verify(public, DIGEST, replace(token, signature=number(other)))


@pytest.mark.parametrize(
    ("randomizer", "signature"), [(31, 256), (33, 256), (0, 256), (32, 255), (32, 257), (32, 0)]
)
def test_no_token_has_a_part_of_another_size(randomizer: int, signature: int) -> None:
    with pytest.raises(InvalidValue, match="a part of the wrong size"):
        Token(bytes(randomizer), bytes(signature))


@pytest.mark.parametrize(
    "request_",
    [
        number(0),
        number(N),
        number(N + 1),
        b"\xff" * 256,
        b"",
        b"\1",
        number(7)[1:],
        b"\0" + number(7),
        number(7) + b"\0",
    ],
)
def test_what_is_no_blinded_message_is_not_signed(request_: bytes) -> None:
    with pytest.raises(BadToken, match="not a blinded message under the batch key"):
        blind_sign(KEY, request_, secrets.token_bytes)


@pytest.mark.parametrize("value", [1, 2, N - 1], ids=["1", "2", "n - 1"])
def test_what_is_signed_for_a_number_that_encodes_nothing_is_no_token(value: int) -> None:
    """RFC 9474 has the council sign any number below n; only RSA-PSS makes a token of it."""
    answer = blind_sign(KEY, number(value), secrets.token_bytes)
    assert pow(int.from_bytes(answer, "big"), EXPONENT, N) == value
    with pytest.raises(BadToken):
        verify(PUBLIC, DIGEST, Token(bytes(32), answer))


@pytest.mark.parametrize(
    "answer",
    [b"", ANSWER[:-1], b"\0" + ANSWER, ANSWER + b"\0"],
    ids=["empty", "short", "longer in front", "longer behind"],  # the answer is random
)
def test_an_answer_of_another_size_is_none(answer: bytes) -> None:
    with pytest.raises(BadToken, match="wrong size"):
        finalize(KEY.modulus, DIGEST, BLINDING, answer)


@given(bit=st.integers(0, 8 * MODULUS_SIZE - 1))
def test_an_altered_answer_becomes_no_token(bit: int) -> None:
    with pytest.raises(BadToken, match="not one of the batch's key for this report"):
        finalize(KEY.modulus, DIGEST, BLINDING, flipped(ANSWER, bit))


def test_an_answer_to_another_request_or_for_another_report_becomes_no_token() -> None:
    _, other, _ = signed(DIGEST)
    for digest, answer in ((DIGEST, other), (OTHER, ANSWER), (DIGEST, number(0))):
        with pytest.raises(BadToken):
            finalize(KEY.modulus, digest, BLINDING, answer)


@pytest.mark.parametrize("part", ["randomizer", "inverse"])
def test_a_damaged_blinding_becomes_no_token(part: str) -> None:
    damaged = replace(BLINDING, **{part: flipped(getattr(BLINDING, part), 9)})
    with pytest.raises(BadToken):
        finalize(KEY.modulus, DIGEST, damaged, ANSWER)


def test_a_wrong_result_of_the_private_operation_is_not_given_out() -> None:
    """One result that is right for one factor only would give the key away."""
    faulty = replace(KEY, exponent=KEY.exponent ^ 1 << 1000)
    with pytest.raises(BadToken, match="is not given out"):
        blind_sign(faulty, BLINDING.request, secrets.token_bytes)


def test_the_council_draws_a_new_factor_for_each_answer_and_answers_alike() -> None:
    drawn: list[bytes] = []

    def random(size: int) -> bytes:
        drawn.append(secrets.token_bytes(size))
        return drawn[-1]

    assert {blind_sign(KEY, BLINDING.request, random) for _ in range(3)} == {ANSWER}
    assert len(set(drawn)) == len(drawn) >= 3


def test_the_private_operation_never_sees_the_request(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def noting(value: int) -> Numbers.Integer:
        seen.append(value)
        return Numbers.Integer(value)

    monkeypatch.setattr("privacy.membership.Integer", noting)
    blind_sign(KEY, BLINDING.request, drawing(number(3)))
    assert seen[0] == int.from_bytes(BLINDING.request, "big") * pow(3, EXPONENT, N) % N
    assert seen[1:] == [KEY.exponent, N]


def test_the_library_does_the_private_operation_in_constant_time() -> None:
    assert Numbers._implementation["library"] == "nat"


def test_a_factor_is_drawn_again_while_it_is_none() -> None:
    """Zero, the modulus and what is beyond it are no factors; neither is taken modulo."""
    randomizer, salt, factor = b"r" * 32, b"s" * 48, number(3)
    refused = number(0), number(N), number(N + 2), b"\xff" * 256
    blinding = blind(KEY.modulus, DIGEST, drawing(randomizer, salt, *refused, factor))
    assert blinding == blind(KEY.modulus, DIGEST, drawing(randomizer, salt, factor))
    assert blinding.randomizer == randomizer
    assert int.from_bytes(blinding.inverse, "big") * 3 % N == 1


def test_randomizer_salt_and_factor_each_change_the_request() -> None:
    parts = [b"r" * 32, b"s" * 48, number(3)]
    requests = {blind(KEY.modulus, DIGEST, drawing(*parts)).request}
    for place, part in enumerate(parts):
        other = [*parts[:place], flipped(part, 8 * len(part) - 1), *parts[place + 1 :]]
        requests.add(blind(KEY.modulus, DIGEST, drawing(*other)).request)
    assert len(requests) == 4


@pytest.mark.parametrize(
    "modulus",
    [
        b"",
        b"\1",
        b"\x80" + bytes(253) + b"\1",
        KEY.modulus[1:],
        KEY.modulus[:-1],
        bytes(256),
        b"\0" + KEY.modulus,
        number(N - 1),
        number(N >> 1 | 1),
        number(15),
    ],
)
def test_what_is_no_modulus_is_refused(modulus: bytes) -> None:
    with pytest.raises(InvalidValue, match="odd number of 2048 bits"):
        check_modulus(modulus)
    with pytest.raises(InvalidValue):
        load_public(modulus)
    with pytest.raises(InvalidValue):
        blind(modulus, DIGEST, secrets.token_bytes)
    with pytest.raises(InvalidValue):
        finalize(modulus, DIGEST, BLINDING, ANSWER)


def test_a_longer_modulus_is_that_of_no_batch_key() -> None:
    with pytest.raises(InvalidValue):
        check_modulus(KEY.modulus + b"\1")
    with pytest.raises(InvalidValue):
        load_public(KEY.modulus + b"\1")


def test_a_new_key_is_new_and_survives_storing() -> None:
    key = new_batch_key()
    check_modulus(key.modulus)
    assert key.modulus not in {KEY.modulus, OTHER_KEY.modulus}
    assert BatchKey.load(key.der) == key
    signed(DIGEST, key)


def test_what_links_or_signs_is_not_shown() -> None:
    shown = repr(BLINDING) + repr(KEY)
    for secret in (BLINDING.randomizer, BLINDING.inverse, KEY.der, KEY.exponent):
        assert repr(secret) not in shown
