"""HPKE (RFC 9180, base mode) with MLKEM768_X25519, HKDF-SHA256 and AES-128-GCM (protocol §4.5).

The hybrid KEM keeps recorded traffic closed to a later quantum computer. Raw keys are the two
parts one after the other, ML-KEM first: a public key has 1,216 bytes, a private key 96.
"""

from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)

from privacy.errors import InvalidValue

OVERHEAD: Final = 1120 + 16
"""Bytes that sealing adds: the encapsulated key and the AES-GCM tag."""

_MLKEM_PUBLIC, _MLKEM_SEED, _X25519 = 1184, 64, 32
PUBLIC_KEY_SIZE: Final = _MLKEM_PUBLIC + _X25519
PRIVATE_KEY_SIZE: Final = _MLKEM_SEED + _X25519

_NO_KEY: Final = "the HPKE key is not a key of MLKEM768_X25519"

_SUITE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_128_GCM)


class CannotOpen(InvalidValue):
    """The ciphertext was altered, or was made for another key or another `info`."""


def seal(plaintext: bytes, public_key: bytes, info: bytes) -> bytes:
    """enc ‖ ciphertext. Raises `InvalidValue` when `public_key` (raw) is none."""
    key = load_public(public_key)
    try:
        return _SUITE.encrypt(plaintext, key, info=info)
    except ValueError as error:
        raise InvalidValue(_NO_KEY) from error


def load_public(raw: bytes) -> MLKEM768X25519PublicKey:
    """A public key. Raises `InvalidValue` for what is none: a share sealed to it would be lost."""
    if len(raw) != PUBLIC_KEY_SIZE:
        raise InvalidValue(f"an HPKE key has {PUBLIC_KEY_SIZE} bytes, not {len(raw)}")
    try:
        return MLKEM768X25519PublicKey(
            MLKEM768PublicKey.from_public_bytes(raw[:_MLKEM_PUBLIC]),
            X25519PublicKey.from_public_bytes(raw[_MLKEM_PUBLIC:]),
        )
    except ValueError as error:
        raise InvalidValue(_NO_KEY) from error


def unseal(sealed: bytes, private_key: MLKEM768X25519PrivateKey, info: bytes) -> bytes:
    """The plaintext. Raises `CannotOpen`."""
    try:
        return _SUITE.decrypt(sealed, private_key, info=info)
    except (InvalidTag, ValueError) as error:
        raise CannotOpen("the sealed share does not open") from error


def private_key(raw: bytes) -> MLKEM768X25519PrivateKey:
    """A private key from 96 random bytes: the ML-KEM seed, then the X25519 key."""
    mlkem, x25519 = _parts(raw)
    return MLKEM768X25519PrivateKey(mlkem, x25519)


def public_bytes(raw: bytes) -> bytes:
    """The raw public key (1,216 bytes) that belongs to a raw private key."""
    mlkem, x25519 = _parts(raw)
    return mlkem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw()


def _parts(raw: bytes) -> tuple[MLKEM768PrivateKey, X25519PrivateKey]:
    if len(raw) != PRIVATE_KEY_SIZE:
        raise InvalidValue(f"an HPKE private key has {PRIVATE_KEY_SIZE} bytes, not {len(raw)}")
    return (
        MLKEM768PrivateKey.from_seed_bytes(raw[:_MLKEM_SEED]),
        X25519PrivateKey.from_private_bytes(raw[_MLKEM_SEED:]),
    )
