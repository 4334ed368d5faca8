"""Traffic recorded today and a computer of later that breaks one of the two kinds of key.

A share is sealed with two keys at once. Whoever has only one of the two private parts, however they
came by it, opens nothing.
"""

import secrets

import pytest

from privacy import sealing
from privacy.sealing import CannotOpen

pytestmark = pytest.mark.threat("recorded-traffic")

SHARE, INFO = b"a share of a report", b"where it belongs"
MLKEM = slice(0, 64)
X25519 = slice(64, 96)


def broken(known: slice) -> bytes:
    """A private key of which an attacker has one part, and made up the other."""
    guess = bytearray(secrets.token_bytes(sealing.PRIVATE_KEY_SIZE))
    guess[known] = PRIVATE[known]
    return bytes(guess)


PRIVATE = secrets.token_bytes(sealing.PRIVATE_KEY_SIZE)


@pytest.mark.parametrize("known", [MLKEM, X25519], ids=["ML-KEM is broken", "X25519 is broken"])
def test_one_broken_key_of_the_two_opens_nothing(known: slice) -> None:
    recorded = sealing.seal(SHARE, sealing.public_bytes(PRIVATE), INFO)
    with pytest.raises(CannotOpen):
        sealing.unseal(recorded, sealing.private_key(broken(known)), INFO)


def test_both_parts_together_open_it() -> None:
    recorded = sealing.seal(SHARE, sealing.public_bytes(PRIVATE), INFO)
    assert sealing.unseal(recorded, sealing.private_key(PRIVATE), INFO) == SHARE


def test_the_same_share_sealed_twice_is_other_bytes_each_time() -> None:
    public = sealing.public_bytes(PRIVATE)
    assert sealing.seal(SHARE, public, INFO) != sealing.seal(SHARE, public, INFO)
