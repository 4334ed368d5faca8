"""Nobody can say which request a token came from: not with the private key, nor with a bad one.

A request is z = m·r^e, its answer a with a^e = z, and the token s with s^e = m. So r = a/s leads
from any token to any request: each of a batch's tokens is explained by exactly one blinding factor,
and a device draws every factor with the same chance.
"""

import secrets
from collections import Counter
from collections.abc import Callable
from math import gcd

import pytest

from privacy import fields
from privacy.errors import BadToken
from privacy.membership import (
    EXPONENT,
    BatchKey,
    Blinding,
    Token,
    blind,
    blind_sign,
    finalize,
    load_public,
    verify,
)
from tests.batch_keys import pooled

MEMBERS = 6

# A badly made key: 65537 divides p − 1, so one number in 65537 has roots modulo p, and then 65537.
P = 917_519
Q = 2**2028 + 1683
CLASSES = 14
OF_UNITY = pow(2, CLASSES, P)
BAD = P * Q
BAD_MODULUS = BAD.to_bytes(256, "big")
WITH_ROOTS = (14_826, 145_690)
"""Salts with which the digest of zeros, behind a randomizer of zeros, has roots."""
WITHOUT_ROOTS = 1
DIGEST = bytes(32)


def value(raw: bytes) -> int:
    return int.from_bytes(raw, "big")


def number(integer: int) -> bytes:
    return integer.to_bytes(256, "big")


def drawing(*values: bytes) -> Callable[[int], bytes]:
    waiting = iter(values)
    return lambda _: next(waiting)


def leading(n: int, token: Token, request: bytes, answer: bytes) -> int:
    """The one blinding factor with which this token comes from this request and its answer."""
    message = pow(value(token.signature), EXPONENT, n)
    factor = value(answer) * pow(value(token.signature), -1, n) % n
    assert gcd(factor, n) == 1
    assert message * pow(factor, EXPONENT, n) % n == value(request)
    return factor


def test_every_token_is_explained_by_every_request_with_one_factor() -> None:
    key = pooled(0)
    n = value(key.modulus)
    seen: list[tuple[bytes, bytes]] = []
    tokens: list[Token] = []
    for member in range(MEMBERS):
        digest = fields.sha256(bytes([member]))
        blinding = blind(key.modulus, digest, secrets.token_bytes)
        answer = blind_sign(key, blinding.request, secrets.token_bytes)
        seen.append((blinding.request, answer))
        tokens.append(finalize(key.modulus, digest, blinding, answer))
    for request, answer in seen:
        assert len({leading(n, token, request, answer) for token in tokens}) == MEMBERS


def test_a_factor_from_the_private_key_turns_any_report_into_a_given_request() -> None:
    """Run backwards: the device itself, drawing that factor, would have sent that request."""
    key = pooled(0)
    n = value(key.modulus)
    request = blind(key.modulus, fields.sha256(b"whose"), secrets.token_bytes).request
    for member in range(MEMBERS):
        digest, randomizer, salt = fields.sha256(bytes([member])), bytes([member]) * 32, bytes(48)
        plain = blind(key.modulus, digest, drawing(randomizer, salt, number(1))).request
        factor = pow(value(request) * pow(value(plain), -1, n), key.exponent, n)
        again = blind(key.modulus, digest, drawing(randomizer, salt, number(factor)))
        assert again.request == request
        answer = blind_sign(key, request, secrets.token_bytes)
        verify(load_public(key.modulus), digest, finalize(key.modulus, digest, again, answer))


def bad_blinding(salt: int, factor: int) -> Blinding:
    drawn = bytes(32), salt.to_bytes(48, "big"), number(factor)
    return blind(BAD_MODULUS, DIGEST, drawing(*drawn))


def root(request: bytes, which: int) -> bytes:
    """What the bad key's maker can answer: a root modulo q, and one of 65537 modulo p if any is."""
    modulo_q = pow(value(request), pow(EXPONENT, -1, Q - 1), Q)
    one = pow(value(request), pow(EXPONENT, -1, CLASSES), P)
    modulo_p = one * pow(OF_UNITY, which, P) % P
    return number((modulo_q + Q * ((modulo_p - modulo_q) * pow(Q, -1, P))) % BAD)


def test_the_bad_key_is_bad() -> None:
    assert CLASSES * EXPONENT == P - 1
    assert gcd(EXPONENT, (Q - 1) * CLASSES) == 1
    assert pow(3, P - 1, P) == pow(3, Q - 1, Q) == 1
    assert OF_UNITY != 1
    load_public(BAD_MODULUS)


def test_what_a_bad_key_learns_something_about_becomes_no_token() -> None:
    """Its maker sees the class modulo p of the message, one of 65537, and then cannot answer."""
    blinding = bad_blinding(WITHOUT_ROOTS, 7**700)
    message = value(bad_blinding(WITHOUT_ROOTS, 1).request)
    assert pow(value(blinding.request), CLASSES, P) == pow(message, CLASSES, P) != 1
    for which in range(3):
        with pytest.raises(BadToken, match="not one of the batch's key for this report"):
            finalize(BAD_MODULUS, DIGEST, blinding, root(blinding.request, which))


def test_a_bad_keys_choice_among_roots_does_not_mark_a_token() -> None:
    seen: list[tuple[bytes, bytes]] = []
    tokens: list[Token] = []
    for salt, which in ((WITH_ROOTS[0], 5), (WITH_ROOTS[1], 5), (WITH_ROOTS[1], 4711)):
        blinding = bad_blinding(salt, 7**700 + which)
        answer = root(blinding.request, which)
        seen.append((blinding.request, answer))
        tokens.append(finalize(BAD_MODULUS, DIGEST, blinding, answer))
    for request, answer in seen:
        assert len({leading(BAD, token, request, answer) for token in tokens}) == len(tokens)


def test_a_modulus_that_shares_a_factor_with_what_is_to_be_signed_is_refused() -> None:
    """A product of small primes: it is refused, or its answers are. Never a traceback."""
    modulus = number(3**1292)
    load_public(modulus)
    outcomes = Counter[str]()
    for _ in range(60):
        try:
            blinding = blind(modulus, DIGEST, secrets.token_bytes)
        except BadToken as error:
            outcomes[str(error)] += 1
            continue
        outcomes["blinded"] += 1
        assert gcd(value(blinding.inverse), 3) == 1
        with pytest.raises(BadToken):
            finalize(modulus, DIGEST, blinding, number(2))
    refused = "the batch key shares a factor with what is to be signed: it is badly made"
    assert outcomes.keys() == {"blinded", refused}


def test_a_key_whose_private_half_belongs_to_another_is_noticed_by_the_council() -> None:
    mixed = BatchKey(pooled(0).modulus, pooled(1).exponent, b"")
    request = blind(mixed.modulus, DIGEST, secrets.token_bytes).request
    with pytest.raises(BadToken, match="is not given out"):
        blind_sign(mixed, request, secrets.token_bytes)
