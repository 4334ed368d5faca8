"""A device's signature holds for one purpose, at one council, for one batch and request."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from privacy import fields
from privacy.agreement.model import AgreementDigest
from privacy.batch import BatchId
from privacy.device_key import Signed, leaving, registration, sign, token_request
from privacy.errors import InvalidValue, NotAMember
from privacy.groups import GroupId
from privacy.metrics import TaskId
from privacy.window import Window

DEVICE = Ed25519PrivateKey.from_private_bytes(b"d" * 32)
COUNCIL, OTHER_COUNCIL = b"c" * 32, b"o" * 32
CODE, OTHER_CODE = fields.sha256(b"a code"), fields.sha256(b"another code")
BATCH = BatchId(AgreementDigest(bytes(32)), TaskId("headline"), GroupId("north"), Window(2026, 5))
REQUEST, OTHER_REQUEST = b"r" * 256, b"s" * 256
SAID = {
    "register": registration(COUNCIL, CODE),
    "register with another code": registration(COUNCIL, OTHER_CODE),
    "register at another council": registration(OTHER_COUNCIL, CODE),
    "register with the parts exchanged": registration(CODE, COUNCIL),
    "token": token_request(BATCH, REQUEST),
    "token for another report": token_request(BATCH, OTHER_REQUEST),
    "token under another agreement": token_request(
        replace(BATCH, agreement=AgreementDigest(b"a" * 32)), REQUEST
    ),
    "token of another task": token_request(replace(BATCH, task=TaskId("breadth")), REQUEST),
    "token of another group": token_request(replace(BATCH, group=GroupId("south")), REQUEST),
    "token of another window": token_request(replace(BATCH, window=Window(2026, 6)), REQUEST),
    "leave": leaving(COUNCIL),
    "leave another council": leaving(OTHER_COUNCIL),
}


@pytest.mark.parametrize("purpose", SAID)
def test_a_signature_holds_for_what_was_said_and_for_nothing_else(purpose: str) -> None:
    signed = sign(DEVICE, SAID[purpose])
    signed.verify(SAID[purpose])
    for other in SAID.keys() - {purpose}:
        with pytest.raises(NotAMember, match="not signed by the device key that it names"):
            signed.verify(SAID[other])


def test_it_names_the_device_that_signs() -> None:
    assert sign(DEVICE, leaving(COUNCIL)).device == DEVICE.public_key().public_bytes_raw()


def test_nobody_signs_for_another_device() -> None:
    said = leaving(COUNCIL)
    other = Ed25519PrivateKey.generate()
    taken = Signed(DEVICE.public_key().public_bytes_raw(), sign(other, said).signature)
    with pytest.raises(NotAMember):
        taken.verify(said)


@pytest.mark.parametrize(
    "alter",
    [
        lambda signature: b"",
        lambda signature: signature[:-1],
        lambda signature: signature + b"\0",
        lambda signature: bytes([signature[0] ^ 1]) + signature[1:],
        lambda signature: signature[:-1] + bytes([signature[-1] ^ 1]),
        lambda signature: bytes(64),
    ],
)
def test_an_altered_signature_is_nobodys(alter: Callable[[bytes], bytes]) -> None:
    said = leaving(COUNCIL)
    signed = sign(DEVICE, said)
    with pytest.raises(NotAMember):
        replace(signed, signature=alter(signed.signature)).verify(said)


def test_bytes_that_are_no_point_are_no_device() -> None:
    said = leaving(COUNCIL)
    with pytest.raises(NotAMember):
        Signed(b"\xff" * 32, sign(DEVICE, said).signature).verify(said)


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_a_key_of_another_size_is_no_device_key(size: int) -> None:
    with pytest.raises(InvalidValue, match="a device key has 32 bytes"):
        Signed(bytes(size), bytes(64))


def test_a_signature_is_not_shown() -> None:
    signed = sign(DEVICE, leaving(COUNCIL))
    assert repr(signed.signature) not in repr(signed)
