"""A receipt proves that the leader holds one report, and nothing else does."""

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from privacy import fields
from privacy.errors import BadReceipt
from privacy.receipt import Receipt, sign_receipt

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
PUBLIC = KEY.public_key().public_bytes_raw()
DIGEST = fields.sha256(b"a report")
OTHER = fields.sha256(b"another report")


def test_a_receipt_of_the_leader_holds() -> None:
    sign_receipt(DIGEST, KEY).verify(PUBLIC, DIGEST)


def test_a_receipt_is_the_same_each_time() -> None:
    assert sign_receipt(DIGEST, KEY) == sign_receipt(DIGEST, KEY)


def test_a_receipt_for_another_report_proves_nothing() -> None:
    with pytest.raises(BadReceipt, match="another report"):
        sign_receipt(OTHER, KEY).verify(PUBLIC, DIGEST)


def test_a_receipt_moved_to_another_report_proves_nothing() -> None:
    moved = Receipt(OTHER, sign_receipt(DIGEST, KEY).signature)
    with pytest.raises(BadReceipt, match="not signed by the employer's server"):
        moved.verify(PUBLIC, OTHER)


def test_a_receipt_of_somebody_else_proves_nothing() -> None:
    forged = sign_receipt(DIGEST, Ed25519PrivateKey.generate())
    with pytest.raises(BadReceipt, match="not signed by the employer's server"):
        forged.verify(PUBLIC, DIGEST)


@pytest.mark.parametrize("place", [0, 31, 32, 63])
def test_an_altered_signature_proves_nothing(place: int) -> None:
    receipt = sign_receipt(DIGEST, KEY)
    altered = bytearray(receipt.signature)
    altered[place] ^= 1
    with pytest.raises(BadReceipt):
        replace(receipt, signature=bytes(altered)).verify(PUBLIC, DIGEST)


@pytest.mark.parametrize("signature", [b"", bytes(63), bytes(64), bytes(65)])
def test_what_is_no_signature_proves_nothing(signature: bytes) -> None:
    with pytest.raises(BadReceipt):
        Receipt(DIGEST, signature).verify(PUBLIC, DIGEST)


def test_what_the_server_signed_for_another_purpose_is_no_receipt() -> None:
    """The key signs the digest under the receipt's own name, never as it is."""
    with pytest.raises(BadReceipt):
        Receipt(DIGEST, KEY.sign(DIGEST)).verify(PUBLIC, DIGEST)
    with pytest.raises(BadReceipt):
        Receipt(DIGEST, KEY.sign(fields.concat("plurale-1 report", DIGEST))).verify(PUBLIC, DIGEST)
