import base64
import dataclasses
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from privacy.agreement.document import agreement_digest, canonical, to_document
from privacy.agreement.envelope import (
    PAYLOAD_TYPE,
    SignedAgreement,
    add_signature,
    key_id,
    read_unverified,
    start,
    verify,
)
from privacy.agreement.model import Agreement, Party
from privacy.errors import BadSignature, InvalidAgreement, PluraleError
from privacy.fields import sha256
from tests.agreements import make_agreement, new_keys, party_keys, sign

AGREEMENT = make_agreement()
SIGNED = sign(AGREEMENT)
EMPLOYER, COUNCIL = party_keys(Party.EMPLOYER).signing, party_keys(Party.COUNCIL).signing


def check(envelope: bytes) -> SignedAgreement:
    """Verify with the right keys pinned."""
    return verify(
        envelope,
        employer_key=AGREEMENT.employer.signing_key,
        council_key=AGREEMENT.council.signing_key,
    )


def raw_envelope(payload: bytes, *keys: Ed25519PrivateKey, kind: str = PAYLOAD_TYPE) -> bytes:
    """An envelope as an attacker with these keys would write it, without our own code."""
    name = kind.encode()
    pae = b"DSSEv1 %d %s %d %s" % (len(name), name, len(payload), payload)
    signatures = [
        {
            "keyid": sha256(key.public_key().public_bytes_raw()).hex(),
            "sig": base64.b64encode(key.sign(pae)).decode(),
        }
        for key in keys
    ]
    return json.dumps(
        {
            "payload": base64.b64encode(payload).decode(),
            "payloadType": kind,
            "signatures": signatures,
        }
    ).encode()


def altered(**changes: Any) -> bytes:
    return json.dumps(json.loads(SIGNED) | changes).encode()


def test_an_agreement_signed_by_both_is_verified_whole() -> None:
    signed = check(SIGNED)
    assert signed.agreement == AGREEMENT
    assert signed.digest == agreement_digest(AGREEMENT)
    assert check(signed.envelope) == signed


def test_the_envelope_is_dsse_as_specified() -> None:
    """Made by hand from the specification, with nothing of ours: the same agreement."""
    by_hand = raw_envelope(canonical(AGREEMENT), EMPLOYER, COUNCIL)
    assert check(by_hand) == check(SIGNED)
    outer = json.loads(start(AGREEMENT))
    assert outer["payloadType"] == "application/vnd.plurale.agreement+json"
    assert outer["signatures"] == []


def test_the_order_of_signing_does_not_matter_and_signing_twice_changes_nothing() -> None:
    other = add_signature(
        add_signature(start(AGREEMENT), COUNCIL, Party.COUNCIL), EMPLOYER, Party.EMPLOYER
    )
    assert check(other) == check(SIGNED)
    assert add_signature(other, COUNCIL, Party.COUNCIL) == other


@pytest.mark.parametrize(
    ("key", "party", "missing"),
    [(EMPLOYER, Party.EMPLOYER, "council"), (COUNCIL, Party.COUNCIL, "employer")],
)
def test_one_signature_is_not_enough(key: Ed25519PrivateKey, party: Party, missing: str) -> None:
    with pytest.raises(BadSignature, match=f"lacks the signature of the {missing}"):
        check(add_signature(start(AGREEMENT), key, party))


def test_one_party_signing_twice_is_not_enough() -> None:
    signature = json.loads(raw_envelope(canonical(AGREEMENT), EMPLOYER))["signatures"][0]
    with pytest.raises(InvalidAgreement):
        check(altered(signatures=[signature, signature]))
    posing = signature | {"keyid": key_id(AGREEMENT.council.signing_key)}
    with pytest.raises(BadSignature, match="signature of the council does not hold"):
        check(altered(signatures=[signature, posing]))


def test_swapped_signatures_do_not_hold() -> None:
    one, two = json.loads(SIGNED)["signatures"]
    swapped = [one | {"sig": two["sig"]}, two | {"sig": one["sig"]}]
    with pytest.raises(BadSignature, match="signature of the employer does not hold"):
        check(altered(signatures=swapped))


def test_a_third_key_counts_for_neither_party() -> None:
    third = new_keys().signing
    with pytest.raises(BadSignature, match="lacks the signature of the council"):
        check(raw_envelope(canonical(AGREEMENT), EMPLOYER, third))
    with pytest.raises(BadSignature, match="not the signing key that the agreement names"):
        add_signature(start(AGREEMENT), third, Party.COUNCIL)


def test_a_party_cannot_sign_as_the_other() -> None:
    with pytest.raises(BadSignature, match="names for the council"):
        add_signature(start(AGREEMENT), EMPLOYER, Party.COUNCIL)


def test_a_third_signature_beside_both_is_dropped() -> None:
    signed = check(raw_envelope(canonical(AGREEMENT), new_keys().signing, EMPLOYER, COUNCIL))
    assert signed == check(SIGNED)


def test_a_changed_agreement_needs_new_signatures() -> None:
    payload = base64.b64encode(canonical(make_agreement(upload_days=28))).decode()
    with pytest.raises(BadSignature, match="signature of the employer does not hold"):
        check(altered(payload=payload))


def test_both_signatures_over_another_form_than_the_canonical_one_are_refused() -> None:
    reordered = json.dumps(to_document(AGREEMENT), sort_keys=False).encode()
    spaced = json.dumps(to_document(AGREEMENT), sort_keys=True).encode()
    for payload in (reordered, spaced, canonical(AGREEMENT) + b"\n"):
        with pytest.raises(InvalidAgreement, match="not in its canonical form"):
            check(raw_envelope(payload, EMPLOYER, COUNCIL))


def test_both_signatures_over_an_invalid_agreement_are_refused() -> None:
    payload = json.dumps(to_document(AGREEMENT) | {"upload_days": 99}).encode()
    with pytest.raises(InvalidAgreement, match="upload_days is 99"):
        check(raw_envelope(payload, EMPLOYER, COUNCIL))


def test_another_payload_type_is_refused_even_when_signed() -> None:
    kind = "application/vnd.in-toto+json"
    with pytest.raises(InvalidAgreement, match="something else"):
        check(raw_envelope(canonical(AGREEMENT), EMPLOYER, COUNCIL, kind=kind))


def test_the_keys_in_the_agreement_are_not_believed_against_the_pinned_ones() -> None:
    """Someone replaces a party's key in the agreement and signs with their own."""
    thief = new_keys()
    terms = {name: getattr(AGREEMENT, name) for name in ("employer", "council")}
    for party in Party:
        public = thief.signing.public_key().public_bytes_raw()
        forged = make_agreement(
            **{party.value: dataclasses.replace(terms[party.value], signing_key=public)}
        )
        keys = [thief.signing if other is party else party_keys(other).signing for other in Party]
        with pytest.raises(BadSignature, match=f"another signing key for the {party.value}"):
            check(raw_envelope(canonical(forged), *keys))


def test_unverified_reading_checks_no_signature_and_says_so_in_its_name() -> None:
    assert read_unverified(start(AGREEMENT)) == AGREEMENT
    assert read_unverified(SIGNED) == AGREEMENT


def test_a_key_id_is_the_fingerprint_of_the_raw_key() -> None:
    assert key_id(b"\x01" * 32) == sha256(b"\x01" * 32).hex()


PAYLOAD = base64.b64encode(b"{}").decode()


@pytest.mark.parametrize(
    "envelope",
    [
        b"",
        b"null",
        b"[]",
        b"\xff",
        b"[" * 100_000,
        b"9" * 5000,
        altered(extra=1),
        altered(payload=None),
        altered(payload="A"),
        altered(payload="ä"),
        altered(payload=base64.b64encode(b"\xff").decode()),
        altered(payload=base64.b64encode(b"[1]").decode()),
        altered(payload=base64.b64encode(b"[" * 100_000).decode()),
        altered(payload=PAYLOAD),
        altered(payloadType=None),
        altered(payloadType={}),
        altered(signatures=None),
        altered(signatures=[None]),
        altered(signatures=[{}]),
        altered(signatures=[{"keyid": 1, "sig": "AAAA"}]),
        altered(signatures=[{"keyid": "a", "sig": "A"}]),
        altered(signatures=[{"keyid": "a", "sig": "AAAA", "x": 1}]),
        json.dumps(json.loads(SIGNED)["signatures"]).encode(),
    ],
)
def test_what_is_no_envelope_is_refused_in_words(envelope: bytes) -> None:
    for read in (check, read_unverified):
        with pytest.raises(InvalidAgreement) as caught:
            read(envelope)
        assert str(caught.value)


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
@settings(max_examples=400)
@given(st.integers(0, len(SIGNED) - 1), st.integers(1, 255))
def test_a_flipped_byte_is_refused_or_changes_nothing(position: int, flip: int) -> None:
    damaged = bytearray(SIGNED)
    damaged[position] ^= flip
    try:
        signed = check(bytes(damaged))
    except PluraleError:
        return
    assert signed == check(SIGNED)


@settings(max_examples=200)
@given(st.binary(max_size=200))
def test_any_bytes_are_refused_in_words(envelope: bytes) -> None:
    with pytest.raises(InvalidAgreement):
        read_unverified(envelope)


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
@settings(max_examples=200)
@given(st.data())
def test_a_flipped_byte_of_the_payload_never_survives_its_signatures(data: st.DataObject) -> None:
    payload = bytearray(canonical(AGREEMENT))
    payload[data.draw(st.integers(0, len(payload) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(PluraleError):
        check(altered(payload=base64.b64encode(payload).decode()))


def test_signatures_hold_for_an_agreement_of_any_content() -> None:
    other: Agreement = make_agreement(purpose="„Ümläute“ und\nZeilen")
    assert check(sign(other)).agreement == other
