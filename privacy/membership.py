"""Membership tokens: blind RSA signatures over report digests (protocol §4.6).

RFC 9474, variant RSABSSA-SHA384-PSS-Randomized, with a key of its own for each batch. The council
signs what it cannot see, so it learns that a member reports and not which report is theirs.

A key that is badly made on purpose links nothing either. For every token and every request with its
answer, exactly one blinding factor leads from one to the other, whatever the key is: each fits all
alike. A request that a bad key cannot answer may give away a little of the number that was to be
signed, but no token of it is ever shown, and the randomizer keeps the council from trying out
digests on it (RFC 9474, section 7.3).

Member: `blind`, then `finalize` what comes back. Council: `blind_sign`. Anybody: `verify`.
"""

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from Crypto.Math.Numbers import Integer
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from privacy.errors import BadToken, InvalidValue

KEY_BITS: Final = 2048
MODULUS_SIZE: Final = KEY_BITS // 8
EXPONENT: Final = 65537
RANDOMIZER_SIZE: Final = 32
_SALT_SIZE: Final = 48
_HASH_SIZE: Final = 48
_NO_MODULUS: Final = f"a batch key is an odd number of {KEY_BITS} bits"
_PSS: Final = padding.PSS(padding.MGF1(SHA384()), _SALT_SIZE)

_Random = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Token:
    """That a member made a report: the randomizer before its digest, and an RSA-PSS signature."""

    randomizer: bytes
    signature: bytes

    def __post_init__(self) -> None:
        """Raise `InvalidValue` for a part of the wrong size."""
        if len(self.randomizer) != RANDOMIZER_SIZE or len(self.signature) != MODULUS_SIZE:
            raise InvalidValue("a membership token has a part of the wrong size")


@dataclass(frozen=True, slots=True)
class Blinding:
    """What a member keeps until the token is there. Whoever has it can link the two.

    `request`: the blinded message, which alone is sent. `inverse`: of the blinding factor.
    """

    randomizer: bytes = field(repr=False)
    request: bytes
    inverse: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class BatchKey:
    """The council's private key of one batch. Make it with `new_batch_key`."""

    modulus: bytes
    exponent: int = field(repr=False)
    der: bytes = field(repr=False)

    @classmethod
    def load(cls, der: bytes) -> "BatchKey":
        """A key from its PKCS #8 bytes (`der`), which this server itself had stored."""
        key = load_der_private_key(der, None, unsafe_skip_rsa_key_validation=True)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise InvalidValue("a batch key is an RSA key")
        numbers = key.private_numbers()
        return cls(_bytes(numbers.public_numbers.n), numbers.d, der)


def new_batch_key() -> BatchKey:
    """A fresh key of 2048 bits, with OpenSSL's own randomness."""
    key = rsa.generate_private_key(EXPONENT, KEY_BITS)
    return BatchKey.load(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))


def check_modulus(modulus: bytes) -> None:
    """Raise `InvalidValue` unless it is the modulus (256 bytes, big-endian) of a key this long."""
    if len(modulus) != MODULUS_SIZE:
        raise InvalidValue(_NO_MODULUS)
    _number(modulus)


def load_public(modulus: bytes) -> rsa.RSAPublicKey:
    """The public key with this modulus; raises `InvalidValue` for what is no modulus."""
    check_modulus(modulus)
    return rsa.RSAPublicNumbers(EXPONENT, _number(modulus)).public_key()


def blind(modulus: bytes, digest: bytes, random: _Random) -> Blinding:
    """Prepare and blind a report digest (RFC 9474, sections 4.1 and 4.2).

    `random(n)` returns n fresh secret bytes: the randomizer, the salt, then the blinding factor,
    drawn again while it is none. Raises `InvalidValue` for what is no modulus, and `BadToken` for
    one that shares a factor with what is to be signed: no honest key does.
    """
    n = _number(modulus)
    randomizer = random(RANDOMIZER_SIZE)
    encoded = _encode(randomizer + digest, n.bit_length() - 1, random(_SALT_SIZE))
    message = int.from_bytes(encoded, "big")
    if math.gcd(message, n) != 1:
        raise BadToken("the batch key shares a factor with what is to be signed: it is badly made")
    factor, inverse = _factor(n, random)
    blinded = message * pow(factor, EXPONENT, n) % n
    size = len(modulus)
    return Blinding(randomizer, _bytes(blinded, size), _bytes(inverse, size))


def blind_sign(key: BatchKey, request: bytes, random: _Random) -> bytes:
    """Sign a blinded message (RFC 9474, section 4.3); raises `BadToken` for what is none.

    The private operation works on a number that nobody chose or knows, so how long it takes says
    nothing about the key (section 7.1). The library's C, if it runs, takes the same time for all.
    """
    n = int.from_bytes(key.modulus, "big")
    message = int.from_bytes(request, "big")
    if len(request) != len(key.modulus) or not 0 < message < n:
        raise BadToken("what is to be signed is not a blinded message under the batch key")
    factor, inverse = _factor(n, random)
    hidden = message * pow(factor, EXPONENT, n) % n
    signed = int(pow(Integer(hidden), Integer(key.exponent), Integer(n)))
    signature = signed * inverse % n
    if pow(signature, EXPONENT, n) != message:
        # A faulty computation could give the key away.
        raise BadToken("the signature just made does not verify, and is not given out")
    return _bytes(signature, len(request))


def finalize(modulus: bytes, digest: bytes, blinding: Blinding, answer: bytes) -> Token:
    """The token that the council's answer becomes, verified (RFC 9474, section 4.4).

    Raises `BadToken` for an answer that becomes none, and `InvalidValue` for what is no modulus.
    """
    token = Token(blinding.randomizer, unblind(modulus, blinding, answer))
    verify(load_public(modulus), digest, token)
    return token


def unblind(modulus: bytes, blinding: Blinding, answer: bytes) -> bytes:
    """The signature in an answer, not verified yet (RFC 9474, section 4.4, steps 1 to 4)."""
    n = _number(modulus)
    if len(answer) != len(modulus):
        raise BadToken("the answer is not a blind signature: it has the wrong size")
    signature = int.from_bytes(answer, "big") * int.from_bytes(blinding.inverse, "big") % n
    return _bytes(signature, len(modulus))


def verify(public: rsa.RSAPublicKey, digest: bytes, token: Token) -> None:
    """Raise `BadToken` unless the batch's key signed exactly this digest."""
    try:
        public.verify(token.signature, token.randomizer + digest, _PSS, SHA384())
    except InvalidSignature:
        raise BadToken("the membership token is not one of the batch's key for this report") from (
            None
        )


def _encode(message: bytes, bits: int, salt: bytes) -> bytes:
    """EMSA-PSS-ENCODE (RFC 8017, section 9.1.1) with SHA-384 and MGF1, `bits` long."""
    size = (bits + 7) // 8
    hashed = hashlib.sha384(bytes(8) + hashlib.sha384(message).digest() + salt).digest()
    padded = bytes(size - len(salt) - len(hashed) - 2) + b"\x01" + salt
    mask = _mgf1(hashed, len(padded))
    masked = bytearray(a ^ b for a, b in zip(padded, mask, strict=True))
    masked[0] &= 0xFF >> (8 * size - bits)
    return bytes(masked) + hashed + b"\xbc"


def _mgf1(seed: bytes, size: int) -> bytes:
    """RFC 8017, appendix B.2.1."""
    blocks = -(-size // _HASH_SIZE)
    counters = (n.to_bytes(4, "big") for n in range(blocks))
    return b"".join(hashlib.sha384(seed + each).digest() for each in counters)[:size]


def _factor(n: int, random: _Random) -> tuple[int, int]:
    """A uniform blinding factor and its inverse: drawn again while it has none."""
    size = (n.bit_length() + 7) // 8
    while True:
        drawn = int.from_bytes(random(size), "big")
        if drawn < n and math.gcd(drawn, n) == 1:
            return drawn, pow(drawn, -1, n)


def _number(modulus: bytes) -> int:
    """Raises `InvalidValue` unless it is odd, and no shorter than it looks or than a batch key."""
    if len(modulus) < MODULUS_SIZE or not modulus[0] & 0x80 or not modulus[-1] & 1:
        raise InvalidValue(_NO_MODULUS)
    return int.from_bytes(modulus, "big")


def _bytes(number: int, size: int = MODULUS_SIZE) -> bytes:
    return number.to_bytes(size, "big")
