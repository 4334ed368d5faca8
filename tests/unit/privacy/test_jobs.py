"""Jobs, and sums of output shares."""

import pytest

from privacy.aggregation import JOB_ID_SIZE, MAX_JOB_REPORTS, Job, ReportShare, add_up
from privacy.errors import InvalidValue
from privacy.membership import MODULUS_SIZE, RANDOMIZER_SIZE, Token
from privacy.report import ReportId
from tests.unit.privacy.parties import Parties

PARTIES = Parties.of()
VDAF = PARTIES.collection.vdaf
TOKEN = Token(bytes(RANDOMIZER_SIZE), bytes(MODULUS_SIZE))


def test_output_shares_are_added_to_what_is_there() -> None:
    decisions = [PARTIES.decide(PARTIES.report([value])) for value in (5, 600, 2046)]
    sums = []
    for side in ("leader", "helper"):
        shares = [getattr(decision, side) for decision in decisions]
        at_once = add_up(PARTIES.collection, None, shares)
        stored = add_up(PARTIES.collection, None, shares[:1])
        assert add_up(PARTIES.collection, stored, shares[1:]) == at_once
        assert add_up(PARTIES.collection, at_once, []) == at_once
        sums.append(VDAF.decode_aggregate_share(at_once))
    assert VDAF.unshard(sums, 3) == [2651]


def test_the_sum_of_no_reports_is_zero() -> None:
    assert add_up(PARTIES.collection, None, []) == bytes(VDAF.aggregate_share_size)


def share_of(report_id: bytes = bytes(16), leader_hash: bytes = bytes(32)) -> ReportShare:
    return ReportShare(ReportId(report_id), b"", leader_hash, b"", b"", TOKEN)


def test_a_job_has_an_id_and_one_to_256_reports() -> None:
    identifier, one = bytes(JOB_ID_SIZE), share_of()
    assert len(Job(identifier, PARTIES.batch, (one,) * MAX_JOB_REPORTS).reports) == 256
    with pytest.raises(InvalidValue, match="1 to 256 reports, not 257"):
        Job(identifier, PARTIES.batch, (one,) * (MAX_JOB_REPORTS + 1))
    with pytest.raises(InvalidValue, match="1 to 256 reports, not 0"):
        Job(identifier, PARTIES.batch, ())
    with pytest.raises(InvalidValue, match="16 bytes, not 15"):
        Job(identifier[:-1], PARTIES.batch, (one,))


@pytest.mark.parametrize(("report_id", "leader_hash"), [(15, 32), (17, 32), (16, 31), (16, 33)])
def test_a_report_in_a_job_names_report_and_ciphertext_in_full(
    report_id: int, leader_hash: int
) -> None:
    with pytest.raises(InvalidValue, match="wrong size"):
        share_of(bytes(report_id), bytes(leader_hash))
