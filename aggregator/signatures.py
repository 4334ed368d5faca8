"""Who has signed an envelope, party by party. `privacy.agreement.envelope` verifies it whole."""

import json
from dataclasses import dataclass
from enum import StrEnum

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from securesystemslib.dsse import Envelope

from privacy.agreement import envelope
from privacy.agreement.model import Party


class Mark(StrEnum):
    """What stands under an agreement in a party's name."""

    SIGNED = "signed"
    MISSING = "missing"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Signature:
    """One party's mark."""

    party: Party
    mark: Mark

    def __str__(self) -> str:
        match self.mark:
            case Mark.SIGNED:
                return f"The {self.party} has signed it."
            case Mark.MISSING:
                return f"The signature of the {self.party} is missing: ask them to sign."
            case Mark.BROKEN:
                return (
                    f"the signature of the {self.party} does not hold: the agreement was changed "
                    "after signing; get the signed file again"
                )


def signatures(content: bytes) -> tuple[Signature, ...]:
    """The mark of each party; raises `InvalidAgreement` when the envelope holds no agreement."""
    agreement = envelope.read_unverified(content)
    opened = Envelope.from_dict(json.loads(content))
    return tuple(
        Signature(party, _mark(opened, agreement.party(party).signing_key)) for party in Party
    )


def _mark(opened: Envelope, key: bytes) -> Mark:
    signature = opened.signatures.get(envelope.key_id(key))
    if signature is None:
        return Mark.MISSING
    try:
        raw = bytes.fromhex(signature.signature)
        Ed25519PublicKey.from_public_bytes(key).verify(raw, opened.pae())
    except (InvalidSignature, ValueError):
        return Mark.BROKEN
    return Mark.SIGNED
