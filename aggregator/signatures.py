"""Who has signed an envelope, party by party."""

from dataclasses import dataclass
from enum import StrEnum

from privacy.agreement import envelope
from privacy.agreement.model import Party
from privacy.errors import BadSignature, MissingSignature


class Mark(StrEnum):
    """What stands under an agreement in a party's name."""

    SIGNED = "signed"
    MISSING = "missing"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Signature:
    """One party's mark, and a sentence about it."""

    party: Party
    mark: Mark
    sentence: str

    def __str__(self) -> str:
        return self.sentence


def signatures(content: bytes) -> tuple[Signature, ...]:
    """The mark of each party; raises `InvalidAgreement` when the envelope holds no agreement."""
    return tuple(_mark(content, party) for party in Party)


def _mark(content: bytes, party: Party) -> Signature:
    try:
        envelope.check_party(content, party)
    except MissingSignature:
        sentence = f"The signature of the {party} is missing: ask them to sign."
        return Signature(party, Mark.MISSING, sentence)
    except BadSignature as error:
        return Signature(party, Mark.BROKEN, str(error))
    return Signature(party, Mark.SIGNED, f"The {party} has signed it.")
