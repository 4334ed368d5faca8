"""Terms that one party changed alone: no program takes them. What both loosen is told first."""

import base64
import dataclasses
import json
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest

from privacy.agreement import envelope, succession
from privacy.agreement.change import Weight
from privacy.agreement.diff import changes
from privacy.agreement.model import Agreement, Party
from privacy.errors import BadSignature, InvalidAgreement, MissingSignature
from tests.agreements import make_agreement, new_keys, party_keys, party_terms, sign
from tests.unit.privacy.parties import agreed

pytestmark = pytest.mark.threat("agreement-changed")


def loosened() -> Agreement:
    """The next version, with four times the budget."""
    known = agreed().agreement
    privacy = dataclasses.replace(known.privacy, rho_quarter=4 * known.privacy.rho_quarter)
    return dataclasses.replace(
        known, version=2, first_window=known.first_window.plus(4), privacy=privacy
    )


def taken(envelope_bytes: bytes) -> Agreement:
    """What a program makes of a file, with the keys it knows."""
    known = agreed().agreement
    signed = envelope.verify(
        envelope_bytes,
        employer_key=known.employer.signing_key,
        council_key=known.council.signing_key,
    )
    return signed.agreement


@pytest.mark.parametrize("alone", list(Party))
def test_one_signature_is_not_enough(alone: Party) -> None:
    one = envelope.add_signature(envelope.start(loosened()), party_keys(alone).signing, alone)
    with pytest.raises(MissingSignature):
        taken(one)


@pytest.mark.parametrize("alone", list(Party))
def test_a_key_that_a_party_makes_for_the_other_is_not_the_known_one(alone: Party) -> None:
    other = Party.COUNCIL if alone is Party.EMPLOYER else Party.EMPLOYER
    made_up = new_keys()
    theirs: dict[str, Any] = {other.value: party_terms(other, made_up)}
    changed = dataclasses.replace(loosened(), **theirs)
    signed = sign(changed, **{alone.value: party_keys(alone), other.value: made_up})
    with pytest.raises(BadSignature, match=f"another signing key for the {other}"):
        taken(signed)
    with pytest.raises(BadSignature, match=f"another signing key for the {other}"):
        succession.check_keys(agreed().agreement, changed)


def test_terms_changed_after_signing_lose_both_signatures() -> None:
    outer = json.loads(sign(make_agreement()))
    text = base64.b64decode(outer["payload"]).decode()
    assert '"rho_quarter":"1"' in text
    outer["payload"] = base64.b64encode(
        text.replace('"rho_quarter":"1"', '"rho_quarter":"4"').encode()
    ).decode()
    with pytest.raises((BadSignature, InvalidAgreement)):
        taken(json.dumps(outer).encode())


def test_what_both_sign_is_taken_and_a_larger_budget_is_told_first() -> None:
    known, new = agreed().agreement, loosened()
    assert taken(sign(new)) == new
    begun = known.first_window.start(known.working_time.zone)
    succession.check_follows(known, new, begun + timedelta(days=1))
    first = changes(known, new)[0]
    assert first.weight is Weight.LOOSENED
    assert "budget" in first.sentence
    assert new.privacy.rho_quarter == Fraction(4)
