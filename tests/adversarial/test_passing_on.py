"""When a report came is not passed on with it: the council gets all of a batch at one moment."""

from datetime import timedelta

import pytest

from aggregator.aggregation import HelperAggregation
from privacy.aggregation import Job, Outcome
from privacy.agreement.model import Party
from privacy.report import ReportId
from tests.pair import Pair

pytestmark = pytest.mark.threat("council-matches-times")


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """Every job that the council gets, in order."""
    seen: list[Job] = []
    real = HelperAggregation.run_job

    def run_job(self: HelperAggregation, job: Job) -> tuple[Outcome, ...]:
        seen.append(job)
        return real(self, job)

    monkeypatch.setattr(HelperAggregation, "run_job", run_job)
    return seen


def day_by_day(pair: Pair, reports: int) -> list[ReportId]:
    """Reports that come one a day, with steps of both servers in between."""
    sent = []
    for _ in range(reports):
        report = pair.report(pair.batch())
        pair.upload(report)
        sent.append(report.id)
        workers(pair)
        pair.clock.now += timedelta(days=1)
    return sent


def workers(pair: Pair) -> None:
    for party in Party:
        pair.running[party].worker.step()


def test_the_council_gets_reports_only_when_their_batch_has_closed(
    pair: Pair, jobs: list[Job]
) -> None:
    sent = day_by_day(pair, 11)
    assert jobs == []
    assert pair.kept(Party.COUNCIL, pair.batch()).count == 0
    pair.close_batch()
    workers(pair)
    (job,) = jobs
    # All at one moment, and in the order of ids that are random.
    assert [report.id for report in job.reports] == sorted(sent) != sent
    assert pair.kept(Party.COUNCIL, pair.batch()).counted == set(sent)


def test_the_council_gets_them_when_the_whole_roster_has_reported(
    pair: Pair, jobs: list[Job]
) -> None:
    roster = pair.collection(pair.batch()).group.roster
    sent = day_by_day(pair, roster - 1)
    assert jobs == []
    last = pair.report(pair.batch())
    pair.upload(last)
    workers(pair)
    (job,) = jobs
    assert {report.id for report in job.reports} == {*sent, last.id}
