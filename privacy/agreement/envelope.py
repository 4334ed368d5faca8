"""The signed agreement: a DSSE envelope with one Ed25519 signature of each party, both required.

Source: DSSE v1.0 (secure-systems-lab/dsse); RFC 8032 for Ed25519. The payload is the agreement's
canonical form, byte for byte, so that one agreement has one digest. Key ids are hints of DSSE;
here they are SHA-256 of the raw public key, and a signature under any other id counts for nothing.
"""

import json
from dataclasses import dataclass
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import Error, VerificationError
from securesystemslib.signer import (  # type: ignore[attr-defined]  # re-exported untyped
    CryptoSigner,
    SSlibKey,
)

from privacy.agreement.document import agreement_digest, canonical, from_document
from privacy.agreement.model import Agreement, AgreementDigest, Party
from privacy.errors import BadSignature, InvalidAgreement, MissingSignature
from privacy.fields import sha256

PAYLOAD_TYPE: Final = "application/vnd.plurale.agreement+json"


@dataclass(frozen=True, slots=True)
class SignedAgreement:
    """An agreement that both parties signed. Only `verify` makes one.

    `envelope` holds the two signatures that were checked and nothing else.
    """

    agreement: Agreement
    digest: AgreementDigest
    envelope: bytes


def key_id(public_key: bytes) -> str:
    """SHA-256 of a raw public key, in hex: the DSSE key id, and the fingerprint people compare."""
    return sha256(public_key).hex()


def start(agreement: Agreement) -> bytes:
    """An envelope without signatures."""
    return _write(Envelope(canonical(agreement), PAYLOAD_TYPE, {}))


def add_signature(envelope: bytes, key: Ed25519PrivateKey, party: Party) -> bytes:
    """The envelope with the signature of `party`; the same again when it is already there.

    Raises `BadSignature` when `key` is not the one the agreement names for that party, and
    `InvalidAgreement` when the envelope holds no valid agreement.
    """
    opened = _open(envelope)
    public = key.public_key().public_bytes_raw()
    agreement = _payload(opened)
    if public != agreement.party(party).signing_key:
        raise BadSignature(
            f"this key is not the signing key that the agreement names for the {party.value}: "
            f"sign with the key whose fingerprint is {key_id(agreement.party(party).signing_key)}"
        )
    opened.sign(CryptoSigner(key, _key(public)))
    return _write(opened)


def read_unverified(envelope: bytes) -> Agreement:
    """The agreement in an envelope, whoever signed it, or nobody.

    Only for the moment of enrolment, when no key is pinned yet: show it, let the person compare
    the fingerprints, then `verify` with the keys they accepted. Raises `InvalidAgreement`.
    """
    return _payload(_open(envelope))


def verify(envelope: bytes, *, employer_key: bytes, council_key: bytes) -> SignedAgreement:
    """The agreement, if both parties signed exactly these bytes with the keys given (32 bytes).

    1. The payload is the canonical form of a valid agreement.
    2. The keys given are the ones that the agreement names.
    3. Each party's signature is there and holds.

    Raises `InvalidAgreement` for 1, and `BadSignature`, naming the party, for 2 and 3.
    """
    opened = _open(envelope)
    agreement = _payload(opened)  # 1
    pinned = {Party.EMPLOYER: employer_key, Party.COUNCIL: council_key}
    for party, key in pinned.items():  # 2
        if agreement.party(party).signing_key != key:
            raise BadSignature(
                f"the agreement names another signing key for the {party.value} than the one "
                f"known here ({key_id(key)}): ask the {party.value} which is right, in person"
            )
    for party, key in pinned.items():  # 3
        _check_signature(opened, party, key)
    checked = {key_id(key): opened.signatures[key_id(key)] for key in pinned.values()}
    return SignedAgreement(
        agreement,
        agreement_digest(agreement),
        _write(Envelope(opened.payload, opened.payload_type, checked)),
    )


def check_party(envelope: bytes, party: Party) -> None:
    """Raise `BadSignature` or `MissingSignature` unless the party named in the agreement signed it.

    Nothing is pinned here: for looking at an envelope while signatures are collected.
    """
    opened = _open(envelope)
    _check_signature(opened, party, _payload(opened).party(party).signing_key)


def _check_signature(opened: Envelope, party: Party, key: bytes) -> None:
    if key_id(key) not in opened.signatures:
        raise MissingSignature(
            f"the agreement lacks the signature of the {party.value}: ask the {party.value} to sign"
        )
    try:
        opened.verify([_key(key)], threshold=1)
    except VerificationError:
        raise BadSignature(
            f"the signature of the {party.value} does not hold: the agreement was changed after "
            "signing; get the signed file again"
        ) from None


def _key(public_key: bytes) -> SSlibKey:
    key = Ed25519PublicKey.from_public_bytes(public_key)
    return SSlibKey.from_crypto(key, keyid=key_id(public_key))


def _payload(opened: Envelope) -> Agreement:
    document = _json(opened.payload, "the agreement in the envelope")
    if not isinstance(document, dict):
        raise InvalidAgreement(["the envelope does not hold an agreement: get the file again"])
    agreement = from_document(document)
    if canonical(agreement) != opened.payload:
        raise InvalidAgreement(
            ["the agreement in the envelope is not in its canonical form: sign it again"]
        )
    return agreement


def _open(envelope: bytes) -> Envelope:
    """Read the JSON form of an envelope; anything out of shape is `InvalidAgreement`."""
    outer = _json(envelope, "the file")
    shape = InvalidAgreement(["the file is not a signed agreement (a DSSE envelope): get it again"])
    if not isinstance(outer, dict) or set(outer) != {"payload", "payloadType", "signatures"}:
        raise shape
    if outer["payloadType"] != PAYLOAD_TYPE:
        raise InvalidAgreement(
            [f"the envelope does not hold {PAYLOAD_TYPE}, but something else: get the right file"]
        )
    signatures = outer["signatures"]
    if not isinstance(signatures, list) or not isinstance(outer["payload"], str):
        raise shape
    for entry in signatures:
        if not isinstance(entry, dict) or set(entry) != {"keyid", "sig"}:
            raise shape
        if not all(isinstance(value, str) for value in entry.values()):
            raise shape
    try:
        return Envelope.from_dict(outer)
    except (ValueError, Error):
        raise shape from None


def _write(envelope: Envelope) -> bytes:
    return json.dumps(envelope.to_dict(), indent=1, sort_keys=True).encode() + b"\n"


def _json(data: bytes, what: str) -> Any:
    try:
        return json.loads(data.decode())
    except (ValueError, RecursionError):
        raise InvalidAgreement([f"{what} is not JSON in UTF-8: get it again"]) from None
