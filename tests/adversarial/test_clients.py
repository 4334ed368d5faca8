"""Clients that lie: each report is turned away for its own reason, and harms nobody else's."""

import dataclasses
from datetime import timedelta

import pytest

from aggregator.model import BatchState
from privacy.agreement.model import Party
from privacy.batch import BatchId
from privacy.errors import Rejection, ReportRejected
from privacy.report import Report, Submission
from tests.adversarial.liars import LIES, Lie, flipped, pass_on, submitted
from tests.pair import Pair, expected_totals

pytestmark = pytest.mark.threat(
    "selective-failure",
    "council-adds-members",
    "member-malforms",
    "member-sends-twice",
    "tampered-client",
    "early-full",
)

HONEST = 11


def send_honest(pair: Pair, batch: BatchId, number: int = HONEST) -> list[list[int]]:
    """Upload honest reports; returns the numbers in them."""
    sent = [pair.measurement(batch) for _ in range(number)]
    for measurement in sent:
        pair.upload(pair.report(batch, measurement))
    return sent


def refused(pair: Pair, sent: Report | Submission) -> Rejection | None:
    """Why the leader refuses a report at the door, or None."""
    try:
        pair.upload(submitted(pair, sent))
    except ReportRejected as error:
        return error.reason
    return None


def released_is_exactly(pair: Pair, batch: BatchId, sent: list[list[int]]) -> None:
    """Close the batch: both sides release the honest numbers and nothing else."""
    pair.step()
    pair.close_batch(batch.window)
    pair.step()
    for party in Party:
        kept = pair.kept(party, batch)
        assert kept.state is BatchState.OPENED
        assert kept.count == len(kept.counted) == len(sent)
        assert kept.totals == expected_totals(sent)


def counted_at(lie: Lie, report: Report) -> BatchId | None:
    """Where a rejection is counted: reports for what does not exist are counted together."""
    nowhere = {
        Rejection.NOT_IN_FORCE,
        Rejection.UNKNOWN_TASK,
        Rejection.UNKNOWN_GROUP,
        Rejection.WINDOW_NOT_COLLECTED,
    }
    return None if lie.helper in nowhere else report.batch


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.name)
def test_a_lie_is_turned_away_with_its_reason_and_the_batch_is_unharmed(
    pair: Pair, lie: Lie
) -> None:
    batch = pair.batch()
    sent = send_honest(pair, batch, 2)
    told = lie.told(pair, batch)
    assert refused(pair, told) is lie.leader
    pair.step()
    where = counted_at(lie, told.report)
    assert pair.rejections(Party.EMPLOYER, where) == {lie.leader or lie.helper: 1}
    if lie.leader is not None:  # the helper does not rely on the leader's word
        assert pass_on(pair, told) == (lie.helper,)
    assert pair.rejections(Party.COUNCIL, where) == {lie.helper: 1}
    assert pair.summed(batch) == expected_totals(sent)


def test_all_lies_at_once_leave_the_batch_unharmed(pair: Pair) -> None:
    batch = pair.batch()
    sent: list[list[int]] = []
    for lie in LIES:
        assert refused(pair, lie.told(pair, batch)) is lie.leader
        if len(sent) < HONEST:
            sent += send_honest(pair, batch, 1)
        pair.step()
    released_is_exactly(pair, batch, sent)


def test_the_same_bytes_get_the_same_receipt_and_count_once(pair: Pair) -> None:
    batch = pair.batch()
    sent = send_honest(pair, batch, HONEST - 1)
    measurement = pair.measurement(batch)
    report = pair.report(batch, measurement)
    first = pair.upload(report)
    assert pair.upload(report) == first
    pair.step()
    assert pair.upload(report) == first
    released_is_exactly(pair, batch, [*sent, measurement])
    assert pair.upload(report) == first
    assert pair.rejections(Party.EMPLOYER, batch) == {}


def test_other_bytes_with_a_known_id_are_refused(pair: Pair) -> None:
    batch = pair.batch()
    sent = send_honest(pair, batch, HONEST - 1)
    measurement = pair.measurement(batch)
    report = pair.report(batch, measurement)
    pair.upload(report)
    other = dataclasses.replace(report, helper_share=flipped(report.helper_share))
    assert refused(pair, other) is Rejection.REPORT_ID_REUSED
    assert pair.rejections(Party.EMPLOYER, batch) == {Rejection.REPORT_ID_REUSED: 1}
    released_is_exactly(pair, batch, [*sent, measurement])


def test_a_report_after_closing_is_refused(pair: Pair) -> None:
    batch = pair.batch()
    sent = send_honest(pair, batch)
    late = pair.report(batch)
    pair.close_batch()
    assert refused(pair, late) is Rejection.BATCH_CLOSED
    released_is_exactly(pair, batch, sent)
    assert refused(pair, late) is Rejection.BATCH_CLOSED
    assert pass_on(pair, late) == (Rejection.BATCH_CLOSED,)
    assert pair.rejections(Party.EMPLOYER, batch) == {Rejection.BATCH_CLOSED: 2}
    assert pair.rejections(Party.COUNCIL, batch) == {Rejection.BATCH_CLOSED: 1}
    assert pair.kept(Party.COUNCIL, batch).state is BatchState.OPENED


def test_a_report_a_moment_before_closing_is_taken(pair: Pair) -> None:
    batch = pair.batch()
    pair.close_batch()
    pair.clock.now -= timedelta(microseconds=1)
    sent = send_honest(pair, batch)
    released_is_exactly(pair, batch, sent)


def test_more_reports_than_the_roster_are_refused_at_the_door(pair: Pair) -> None:
    batch = pair.batch()
    sent = send_honest(pair, batch, pair.collection(batch).group.roster)
    assert refused(pair, pair.report(batch)) is Rejection.BATCH_FULL
    assert pair.rejections(Party.EMPLOYER, batch) == {Rejection.BATCH_FULL: 1}
    released_is_exactly(pair, batch, sent)


def test_more_reports_than_the_roster_are_refused_by_the_helper(pair: Pair) -> None:
    batch = pair.batch()
    roster = pair.collection(batch).group.roster
    outcomes = pass_on(pair, *(pair.report(batch) for _ in range(roster + 1)))
    assert outcomes[-1] is Rejection.BATCH_FULL
    assert not [each for each in outcomes[:-1] if isinstance(each, Rejection)]
    assert pass_on(pair, pair.report(batch)) == (Rejection.BATCH_FULL,)
    assert pair.rejections(Party.COUNCIL, batch) == {Rejection.BATCH_FULL: 2}
    assert pair.kept(Party.COUNCIL, batch).count == roster


def test_a_rejected_report_does_not_take_a_place_in_the_roster(pair: Pair) -> None:
    batch = pair.batch()
    roster = pair.collection(batch).group.roster
    sent = send_honest(pair, batch, roster - 1)
    assert refused(pair, LIES[0].told(pair, batch)) is None
    pair.step()
    sent += send_honest(pair, batch, 1)
    released_is_exactly(pair, batch, sent)
