"""Enrolling: what is read, what is asked, what is kept, and what is not believed."""

import dataclasses
import json
import secrets
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path

import pytest

from client import enrol, enrolment_file
from client.device import Device
from client.errors import NoConsent, NotEnrolled
from client.surroundings import Surroundings
from privacy.errors import BadSignature, InvalidValue, NotInForce
from privacy.groups import GroupId
from tests.agreements import new_keys, sign
from tests.desk import Desk, next_version
from tests.ledgers import signed_by_both


def written(folder: Path, signed: bytes) -> Path:
    """A signed agreement as a file."""
    file = folder / "agreement.signed.json"
    file.write_bytes(signed)
    return file


def other_keys(desk: Desk) -> bytes:
    """The same agreement, signed with keys that nobody here has seen."""
    employer, council = new_keys(), new_keys()
    agreement = desk.signed.agreement
    forged = dataclasses.replace(
        agreement,
        version=agreement.version + 1,
        employer=dataclasses.replace(
            agreement.employer, signing_key=employer.signing.public_key().public_bytes_raw()
        ),
        council=dataclasses.replace(
            agreement.council, signing_key=council.signing.public_key().public_bytes_raw()
        ),
    )
    return sign(forged, employer, council)


def test_an_enrolled_device_takes_no_agreement_with_other_keys(tmp_path: Path, desk: Desk) -> None:
    file = written(tmp_path, other_keys(desk))
    now = desk.clock.now
    assert enrol.read_signed(file, now, known=None).agreement.version == 2
    with pytest.raises(BadSignature, match="another signing key for the employer"):
        enrol.read_signed(file, now, enrolment_file.known(desk.folder))


def test_an_enrolled_device_takes_no_older_version(tmp_path: Path, desk: Desk) -> None:
    desk.enrols(signed_by_both(next_version(desk, version=3)), desk.clock.now)
    with pytest.raises(NotInForce, match="version 1, and version 3 is accepted here already"):
        enrol.read_signed(
            written(tmp_path, desk.signed.envelope),
            desk.clock.now,
            enrolment_file.known(desk.folder),
        )


def test_an_enrolled_device_takes_no_other_text_under_the_same_number(
    tmp_path: Path, desk: Desk
) -> None:
    file = written(tmp_path, sign(next_version(desk, version=1)))
    with pytest.raises(NotInForce, match="another text under the number 1"):
        enrol.read_signed(file, desk.clock.now, enrolment_file.known(desk.folder))


def test_the_text_without_signatures_is_told_apart(tmp_path: Path, desk: Desk) -> None:
    with pytest.raises(NotEnrolled, match=r"take the signed file, agreement\.signed\.json"):
        enrol.read_signed(tmp_path / "agreement.toml", desk.clock.now, known=None)


@pytest.mark.parametrize("answer", ["no", "", "y", "yes please"])
def test_without_a_clear_yes_nothing_is_kept_or_sent(
    tmp_path: Path, desk: Desk, answer: str
) -> None:
    folder = tmp_path / "somebody"
    with pytest.raises(NoConsent):
        enrol.enrol(
            folder,
            desk.signed,
            GroupId("north"),
            code=desk.council.new_code("north"),
            answer=lambda: answer,
            now=desk.clock.now,
        )
    assert not folder.exists()
    assert desk.council.asked == []
    with pytest.raises(NotEnrolled, match="plurale enrol FILE CODE"):
        Device(folder, Surroundings(desk.clock, desk.noise, secrets.token_bytes))


def test_a_group_that_does_not_exist_is_named(desk: Desk) -> None:
    with pytest.raises(InvalidValue, match="'east' to join: choose from north, south, west"):
        desk.enrols(desk.signed, desk.clock.now, group="east")


def test_an_expired_agreement_names_the_file_and_the_next_step(tmp_path: Path, desk: Desk) -> None:
    file = written(tmp_path, desk.signed.envelope)
    with pytest.raises(NotInForce, match=r"signed\.json expired .* ask the works council"):
        enrol.read_signed(file, datetime(2026, 12, 1, tzinfo=UTC), known=None)
    assert enrol.read_signed(file, desk.clock.now, known=None).digest == desk.signed.digest


def test_a_changed_enrolment_is_not_trusted(desk: Desk) -> None:
    path = desk.folder / enrolment_file.FILE_NAME
    record = json.loads(path.read_text())
    record["pinned"]["council"] = "00" * 32
    path.write_text(json.dumps(record))
    with pytest.raises(NotEnrolled, match="enrol again"):
        desk.device()


def test_a_version_put_into_the_record_by_somebody_else_is_not_trusted(desk: Desk) -> None:
    path = desk.folder / enrolment_file.FILE_NAME
    record = json.loads(path.read_text())
    foreign = record["accepted"][0] | {"agreement": b64encode(other_keys(desk)).decode()}
    path.write_text(json.dumps(record | {"accepted": [*record["accepted"], foreign]}))
    with pytest.raises(NotEnrolled, match="another signing key for the employer"):
        desk.device()
