"""A leader or a helper that cheats, with its real keys: the other one relies on nothing it says."""

import dataclasses
import secrets
from collections.abc import Callable

import pytest

from aggregator.model import BatchState
from aggregator.peer import Helper
from aggregator.worker import LeaderWorker
from privacy.aggregation import JOB_ID_SIZE, Job, Outcome
from privacy.agreement.document import task_digest
from privacy.agreement.model import Agreement, Party
from privacy.batch import BatchId
from privacy.errors import BatchDisagreement, InvalidValue, NotInForce, Rejection, WrongOpening
from privacy.metrics import TaskId
from privacy.window import Window
from tests.adversarial.liars import craft, pass_on, question
from tests.adversarial.test_clients import send_honest
from tests.pair import Pair, expected_totals

pytestmark = pytest.mark.threat("employer-replays", "selective-failure")


def test_a_counted_report_sent_again_in_a_new_job_counts_once(pair: Pair) -> None:
    batch = pair.batch()
    report = pair.report(batch)
    pair.upload(report)
    pair.step()
    before = pair.kept(Party.COUNCIL, batch)
    assert pass_on(pair, report) == (Rejection.REPORT_ID_REUSED,)
    assert pair.kept(Party.COUNCIL, batch) == before
    assert pair.rejections(Party.COUNCIL, batch) == {Rejection.REPORT_ID_REUSED: 1}


def test_a_report_twice_in_one_job_counts_once(pair: Pair) -> None:
    batch = pair.batch()
    report = pair.report(batch)
    first, second = pass_on(pair, report, report)
    assert not isinstance(first, Rejection)
    assert second is Rejection.REPORT_ID_REUSED
    assert pair.kept(Party.COUNCIL, batch).count == 1


def test_a_report_moved_to_another_batch_does_not_open(pair: Pair) -> None:
    report = pair.report(pair.batch())
    moved = dataclasses.replace(report, batch=pair.batch(group="west"))
    assert pass_on(pair, moved) == (Rejection.CANNOT_OPEN,)
    assert pair.kept(Party.COUNCIL, moved.batch).count == 0


def test_a_rejected_report_cannot_be_tried_again_until_it_passes(pair: Pair) -> None:
    batch = pair.batch()
    report = pair.report(batch)
    with pair.as_leader() as helper:
        share = question(pair, report)
        for leader_share, outcome in (
            (bytes(len(share.leader_verifier_share)), Rejection.PUBLIC_SHARE_MISMATCH),
            (share.leader_verifier_share, Rejection.REPORT_ID_REUSED),
        ):
            tried = dataclasses.replace(share, leader_verifier_share=leader_share)
            job = Job(secrets.token_bytes(JOB_ID_SIZE), batch, (tried,))
            assert helper.run_job(job) == (outcome,)


@pytest.mark.parametrize("change", [lambda s: s[1:], lambda s: b"\xff" * len(s), lambda s: b""])
def test_a_verifier_share_that_is_none_is_refused(
    pair: Pair, change: Callable[[bytes], bytes]
) -> None:
    batch = pair.batch()
    share = question(pair, pair.report(batch))
    broken = dataclasses.replace(share, leader_verifier_share=change(share.leader_verifier_share))
    with pair.as_leader() as helper:
        answer = helper.run_job(Job(secrets.token_bytes(JOB_ID_SIZE), batch, (broken,)))
    assert answer == (Rejection.MALFORMED_VERIFIER_SHARE,)
    assert pair.rejections(Party.COUNCIL, batch) == {Rejection.MALFORMED_VERIFIER_SHARE: 1}


def test_a_job_sent_again_gets_the_same_answer_and_counts_once(pair: Pair) -> None:
    batch = pair.batch()
    reports = [pair.report(batch), craft(pair, batch, announce=lambda a, b: (b, a))]
    job_id = secrets.token_bytes(JOB_ID_SIZE)
    first = pass_on(pair, *reports, job_id=job_id)
    assert pass_on(pair, *reports, job_id=job_id) == first
    assert pair.kept(Party.COUNCIL, batch).count == 1
    assert pair.rejections(Party.COUNCIL, batch) == {Rejection.PUBLIC_SHARE_MISMATCH: 1}


def test_another_job_under_a_known_id_is_refused(pair: Pair) -> None:
    batch = pair.batch()
    job_id = secrets.token_bytes(JOB_ID_SIZE)
    pass_on(pair, pair.report(batch), job_id=job_id)
    with pytest.raises(InvalidValue, match="another job"):
        pass_on(pair, pair.report(batch), job_id=job_id)
    assert pair.kept(Party.COUNCIL, batch).count == 1


class Twisting(Helper):
    """A helper whose answers are changed before the leader sees them."""

    def __init__(self, real: Helper, twist: Callable[[tuple[Outcome, ...]], tuple[Outcome, ...]]):
        self._real, self._twist = real, twist

    def run_job(self, job: Job) -> tuple[Outcome, ...]:
        return self._twist(self._real.run_job(job))


@pytest.mark.parametrize(
    "twist",
    [
        lambda outcomes: outcomes[1:],
        lambda outcomes: (*outcomes, Rejection.INVALID_PROOF),
        lambda outcomes: (bytes(32), *outcomes[1:]),
        lambda outcomes: (b"", *outcomes[1:]),
    ],
    ids=["one answer missing", "one too many", "another message", "no message"],
)
def test_a_helper_that_answers_for_other_reports_is_not_followed(
    pair: Pair, twist: Callable[[tuple[Outcome, ...]], tuple[Outcome, ...]]
) -> None:
    batch = pair.batch()
    send_honest(pair, batch, 3)
    with pair.as_leader() as helper, pytest.raises(BatchDisagreement):
        run_jobs(pair, batch, Twisting(helper, twist))
    kept = pair.kept(Party.EMPLOYER, batch)
    assert (kept.count, kept.aggregate_share) == (0, None)


def run_jobs(pair: Pair, batch: BatchId, helper: Helper) -> None:
    """Move the leader's reports with this helper."""
    leader = pair.running[Party.EMPLOYER]
    assert isinstance(leader.worker, LeaderWorker)
    real = leader.worker.aggregation
    with leader.store.read() as tx:
        known = tx.batches.get(batch)
    assert known is not None
    dataclasses.replace(real, helper=helper).run(known)


def test_halves_of_a_verify_key_never_change(pair: Pair) -> None:
    task = pair.batch().task_digest
    with pair.as_leader() as helper:
        with pytest.raises(WrongOpening, match="already committed"):
            helper.commit(task, bytes(32))
        with pytest.raises(WrongOpening, match="not the one it committed to"):
            helper.reveal(task, bytes(32))
        with pytest.raises(NotInForce, match="activate the agreement"):
            helper.commit(task_digest(pair.signed.digest, TaskId("nothing")), bytes(32))


def test_the_helper_reveals_nothing_before_the_leader_committed(pair: Pair) -> None:
    with pair.as_leader() as helper, pytest.raises(WrongOpening, match="must commit"):
        helper.reveal(task_digest(pair.signed.digest, TaskId("nothing")), bytes(32))


def test_a_version_that_the_helper_does_not_have_yet_holds_up_nothing(pair: Pair) -> None:
    """The employer activates the next version first: what runs under the old one goes on."""
    batch = pair.batch()
    pair.activate(_next_version, Party.EMPLOYER)
    pair.stop(Party.EMPLOYER)
    pair.start(Party.EMPLOYER)
    sent = send_honest(pair, batch, 2)
    pair.step()
    assert pair.summed(batch) == expected_totals(sent)
    assert pair.kept(Party.EMPLOYER, batch).state is BatchState.OPEN


def _next_version(terms: Agreement) -> Agreement:
    return dataclasses.replace(terms, version=2, first_window=Window(2026, 20))
