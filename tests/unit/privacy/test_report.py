"""A report: its sizes, its randomness, its one name."""

import hashlib
import secrets
from dataclasses import replace

import pytest

from privacy import fields, sealing
from privacy.agreement.model import Role
from privacy.errors import InvalidValue
from privacy.groups import GroupId
from privacy.report import (
    Report,
    ReportId,
    check_sizes,
    open_input_share,
    prepare,
    report_digest,
)
from privacy.vdaf.errors import MeasurementError
from privacy.vdaf.messages import HelperShare, LeaderShare
from tests.unit.privacy.parties import Parties, hpke_keys

PARTIES = Parties.of()
VDAF = PARTIES.collection.vdaf


def opened(report: Report, role: Role) -> object:
    verifier = PARTIES.verifier(role)
    sealed = report.leader_share if role is Role.LEADER else report.helper_share
    return open_input_share(
        PARTIES.collection,
        verifier.private_key,
        role,
        report.batch,
        report.id,
        report.public_share,
        sealed,
    )


def test_a_report_has_exactly_the_sizes_that_are_checked() -> None:
    report = PARTIES.report([7])
    check_sizes(PARTIES.collection, report)
    assert len(report.leader_share) == VDAF.input_share_size(0) + sealing.OVERHEAD
    assert len(report.helper_share) == VDAF.input_share_size(1) + sealing.OVERHEAD


def test_a_report_holds_the_shares_of_its_measurement_each_for_its_party() -> None:
    drawn: list[bytes] = []

    def random(size: int) -> bytes:
        drawn.append(secrets.token_bytes(size))
        return drawn[-1]

    report = prepare(PARTIES.batch, PARTIES.collection, [7], hpke_keys(), random)
    report_id, rand = drawn
    public, shares = VDAF.shard(PARTIES.batch.context, [7], report_id, rand)
    assert report.id == report_id
    assert report.public_share == VDAF.encode_public_share(public)
    leader, helper = opened(report, Role.LEADER), opened(report, Role.HELPER)
    assert isinstance(leader, LeaderShare)
    assert isinstance(helper, HelperShare)
    assert [leader, helper] == shares


def test_two_reports_of_one_measurement_have_nothing_in_common() -> None:
    one, other = PARTIES.report([7]), PARTIES.report([7])
    for part in ("id", "public_share", "leader_share", "helper_share", "digest"):
        assert getattr(one, part) != getattr(other, part)


@pytest.mark.parametrize("measurement", [[], [1, 2], [-1], [2047]])
def test_what_is_no_measurement_is_never_shared(measurement: list[int]) -> None:
    with pytest.raises(MeasurementError):
        PARTIES.report(measurement)


@pytest.mark.parametrize("size", [0, 15, 17])
def test_a_report_id_has_16_bytes(size: int) -> None:
    with pytest.raises(InvalidValue, match=f"16 bytes, not {size}"):
        replace(PARTIES.report([7]), id=ReportId(bytes(size)))


# --- the digest -----------------------------------------------------------------------------------


def test_the_digest_is_that_of_the_protocol() -> None:
    report = PARTIES.report([7])
    hashes = (
        hashlib.sha256(part).digest()
        for part in (report.public_share, report.leader_share, report.helper_share)
    )
    joined = fields.concat("plurale-1 report", report.batch.context, report.id, *hashes)
    assert report.digest == hashlib.sha256(joined).digest()


def test_every_part_of_a_report_is_in_its_digest() -> None:
    report = PARTIES.report([7])
    others = [
        replace(report, batch=replace(report.batch, group=GroupId("south"))),
        replace(report, batch=replace(report.batch, window=report.batch.window.plus(1))),
        replace(report, id=ReportId(bytes(16))),
        replace(report, public_share=report.public_share + b"\0"),
        replace(report, leader_share=report.leader_share + b"\0"),
        replace(report, helper_share=report.helper_share + b"\0"),
        replace(report, leader_share=report.helper_share, helper_share=report.leader_share),
    ]
    digests = {report.digest, *(other.digest for other in others)}
    assert len(digests) == 1 + len(others)


def test_a_hash_of_the_leaders_share_is_enough_for_the_digest() -> None:
    report = PARTIES.report([7])
    assert report.digest == report_digest(
        report.batch,
        report.id,
        report.public_share,
        leader_hash=fields.sha256(report.leader_share),
        helper_hash=fields.sha256(report.helper_share),
    )
