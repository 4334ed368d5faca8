"""An enrolled device takes a version signed with an announced key, and no other new key."""

import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from client import enrol
from client.acceptance import Acceptance
from client.enrolment import Enrolment
from privacy.agreement import envelope
from privacy.agreement.model import Agreement, Party
from privacy.errors import BadSignature, InvalidValue, NotInForce
from privacy.groups import GroupId
from tests.agreements import announced, make_agreement, new_keys, party_keys, sign
from tests.pair import verified

NOW = datetime(2026, 2, 1, tzinfo=UTC)
FIRST = make_agreement()
ANNOUNCING = dataclasses.replace(FIRST, version=2, council=announced(Party.COUNCIL))
COUNCIL = party_keys(Party.COUNCIL)
CHANGED = dataclasses.replace(COUNCIL, signing=COUNCIL.successor)
"""The council's keys after the change."""


def changed_over(version: int = 3) -> bytes:
    """The version in which the announced key signs for the council."""
    public = COUNCIL.successor.public_key().public_bytes_raw()
    council = dataclasses.replace(FIRST.council, signing_key=public)
    return sign(dataclasses.replace(FIRST, version=version, council=council), council=CHANGED)


def enrolled(signed: bytes) -> Enrolment:
    return Enrolment((Acceptance(verified(signed), GroupId("north"), NOW),))


def offered(tmp_path: Path, signed: bytes, known: bytes) -> Agreement:
    """What a device that accepted `known` reads from a file."""
    file = tmp_path / "agreement.signed.json"
    file.write_bytes(signed)
    return enrol.read_signed(file, NOW, enrolled(known)).agreement


def test_a_version_signed_with_the_announced_key_is_taken_and_pins_it(tmp_path: Path) -> None:
    assert offered(tmp_path, sign(ANNOUNCING), sign(FIRST)) == ANNOUNCING
    assert offered(tmp_path, changed_over(), sign(ANNOUNCING)).version == 3
    back = sign(dataclasses.replace(FIRST, version=4))
    with pytest.raises(BadSignature, match="version 4 names another signing key for the council"):
        offered(tmp_path, back, changed_over())


def test_without_the_version_that_announces_it_the_key_is_unknown(tmp_path: Path) -> None:
    with pytest.raises(BadSignature, match="take the versions between the two first"):
        offered(tmp_path, changed_over(), sign(FIRST))


def test_an_announced_key_counts_only_where_the_agreement_names_it(tmp_path: Path) -> None:
    signed = envelope.start(dataclasses.replace(ANNOUNCING, version=3))
    signed = envelope.add_signature(signed, party_keys(Party.EMPLOYER).signing, Party.EMPLOYER)
    with pytest.raises(BadSignature, match="lacks the signature of the council"):
        offered(tmp_path, signed, sign(ANNOUNCING))


def test_another_server_key_is_not_taken(tmp_path: Path) -> None:
    key = new_keys().server.public_key().public_bytes_raw()
    council = dataclasses.replace(FIRST.council, server_key=key)
    signed = sign(dataclasses.replace(FIRST, version=2, council=council))
    with pytest.raises(BadSignature, match="another server key for the council"):
        offered(tmp_path, signed, sign(FIRST))


def test_an_older_version_with_the_key_of_its_time_is_told_to_be_older(tmp_path: Path) -> None:
    with pytest.raises(NotInForce, match="is version 2, and version 3 is accepted here already"):
        offered(tmp_path, sign(ANNOUNCING), changed_over())


def test_a_consent_is_never_older_than_the_one_before_it() -> None:
    first = Acceptance(verified(sign(FIRST)), GroupId("north"), NOW)
    second = Acceptance(verified(sign(ANNOUNCING)), GroupId("north"), NOW)
    assert Enrolment((first, second)).newest == second
    earlier = dataclasses.replace(second, consented_at=NOW - timedelta(seconds=1))
    with pytest.raises(InvalidValue, match="a consent is older than the one before it"):
        Enrolment((first, earlier))
