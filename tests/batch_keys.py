"""RSA keys of batches, made once for the whole process: making one takes as long as a test."""

import secrets
from functools import cache

from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.hazmat.primitives.serialization import load_der_private_key

from privacy.membership import (
    RANDOMIZER_SIZE,
    BatchKey,
    Token,
    blind,
    blind_sign,
    finalize,
    new_batch_key,
)


@cache
def pooled(number: int) -> BatchKey:
    """The same key for the same number, other keys for others."""
    key = new_batch_key()
    _BY_MODULUS[key.modulus] = key
    return key


_BY_MODULUS: dict[bytes, BatchKey] = {}


def private(modulus: bytes) -> BatchKey | None:
    """The pooled key with this modulus, if it is one."""
    return _BY_MODULUS.get(modulus)


def sign_seen(key: BatchKey, digest: bytes) -> Token:
    """A token as whoever holds the key can make alone, without blinding: eight times as fast."""
    private = load_der_private_key(key.der, None, unsafe_skip_rsa_key_validation=True)
    assert isinstance(private, RSAPrivateKey)
    randomizer = secrets.token_bytes(RANDOMIZER_SIZE)
    padding = PSS(MGF1(SHA384()), SHA384.digest_size)
    return Token(randomizer, private.sign(randomizer + digest, padding, SHA384()))


def sign(key: BatchKey, digest: bytes) -> Token:
    """A token for a report digest, the way that a member comes by one."""
    blinding = blind(key.modulus, digest, secrets.token_bytes)
    answer = blind_sign(key, blinding.request, secrets.token_bytes)
    return finalize(key.modulus, digest, blinding, answer)
