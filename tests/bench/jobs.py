"""Time a report takes at each party while its job is run, with the database (protocol §5).

Leader: open, verify, store the job, finish, add up, erase. Helper: check the token, open, verify,
index, add up. The leader checks tokens when reports come in: `tests.bench.intake` counts that.
Both on their own SQLite file; no network between them, so a time is the party's own.
"""

import itertools
import secrets
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from aggregator.aggregation import HelperAggregation, LeaderAggregation
from aggregator.batch_keys import BatchKeyring, CouncilBatchKeys
from aggregator.intake import Intake
from aggregator.ledger import CouncilLedger
from aggregator.mark import Mark
from aggregator.store.sql import Store
from aggregator.verify_key import HelperActivationService, LeaderActivation
from aggregator.window_keys import CouncilKeys, LeaderKeys, WindowKeyring
from privacy.aggregation import Job, Outcome
from privacy.agreement.envelope import SignedAgreement
from privacy.agreement.model import Party, Role
from privacy.batch import BatchId, Collection
from privacy.book import AgreementBook
from privacy.groups import Group, GroupId, Level
from privacy.ledger.entries import AgreementActivated, BatchKeyPublished, WindowKeysPublished
from privacy.metrics import Histogram, Scalar, TaskId
from privacy.report import Report, Submission, prepare
from tests import batch_keys
from tests.agreements import headline, make_agreement, party_keys, scalar, sign
from tests.bench.figure import Figure
from tests.pair import WINDOW, OfferedKeys, TurnableClock, verified

REPORTS = 512
COORDINATES = (3, 30)


@dataclass
class Timed:
    """The helper's jobs, with the seconds spent in them."""

    helper: HelperAggregation
    seconds: float = 0.0

    def run_job(self, job: Job) -> tuple[Outcome, ...]:
        """Run a job and add its time."""
        begin = time.perf_counter()
        outcomes = self.helper.run_job(job)
        self.seconds += time.perf_counter() - begin
        return outcomes


def figures() -> Iterator[Figure]:
    """Milliseconds a report, at each party."""
    for coordinates in COORDINATES:
        for role, milliseconds in _measure(coordinates).items():
            name = f"job with database, {role}, {coordinates} coordinates (ms a report)"
            yield Figure(name, milliseconds)


def _metrics(coordinates: int) -> tuple[Scalar | Histogram, ...]:
    if coordinates == 3:
        third = Fraction(1, 3)
        names = ("mail_answered_in_time", "after_hours_share", "core_hours_coverage")
        return tuple(scalar(name, share=third) for name in names)
    edges = tuple(Fraction(hours) for hours in range(1, coordinates))
    return (Histogram("mail_response_hours", edges=edges, share=Fraction(1)),)


def _agreed(coordinates: int) -> SignedAgreement:
    group = Group(GroupId("all"), Level.TEAM, 2 * REPORTS)
    task = headline(metrics=_metrics(coordinates), share=Fraction(1))
    return verified(sign(make_agreement(groups=(group,), tasks=(task,))))


def _keys_exchanged(
    signed: SignedAgreement,
    leader: Store,
    helper: Store,
    clock: TurnableClock,
    ledger: CouncilLedger,
) -> dict[Role, bytes]:
    """Exchange the verify keys, publish the window's and the batch's; the window's public ones."""
    book, random = AgreementBook([signed]), secrets.token_bytes
    with helper.write() as tx:
        envelope = signed.envelope.decode()
        ledger.append(tx, AgreementActivated(signed.digest, signed.agreement.version, envelope))
    service = HelperActivationService(helper, book, ledger, random)
    assert LeaderActivation(leader, book, service, random).run() == []
    keys = OfferedKeys(CouncilKeys(helper, book, ledger, WindowKeyring(helper), clock, random))
    assert LeaderKeys(leader, book, keys, WindowKeyring(leader), clock, random).publish() == []
    made = itertools.count()
    own = CouncilBatchKeys(helper, book, ledger, clock, lambda: batch_keys.pooled(next(made)))
    assert own.publish() == []
    with helper.read() as tx, leader.write() as copy:
        copy.ledger.copy(tx.ledger.of())
        (entry,) = tx.ledger.about(WINDOW)
    assert isinstance(entry.body, WindowKeysPublished)
    return {Role.LEADER: entry.body.employer, Role.HELPER: entry.body.council}


def _with_token(helper: Store, member: int, report: Report) -> Submission:
    """The report with a token, which the helper has noted as given."""
    with helper.write() as tx:
        (key,) = tx.ledger.about(report.batch)
        tx.tokens.put(member, report.batch, report.digest, b"")
    assert isinstance(key.body, BatchKeyPublished)
    private = batch_keys.private(key.body.modulus)
    assert private is not None
    return Submission(report, batch_keys.sign_seen(private, report.digest))


def _measure(coordinates: int) -> dict[Role, float]:
    signed = _agreed(coordinates)
    batch_id = BatchId(signed.digest, TaskId("headline"), GroupId("all"), WINDOW)
    collection = Collection.of(signed, batch_id.task, batch_id.group)
    assert collection.vdaf.length == coordinates
    clock = TurnableClock(WINDOW.start(signed.agreement.working_time.zone))
    book, random = AgreementBook([signed]), secrets.token_bytes
    with tempfile.TemporaryDirectory() as folder:
        leader, helper = Store(Path(folder) / "leader.db"), Store(Path(folder) / "helper.db")
        mark, council = Mark(Path(folder) / "ledger.mark"), party_keys(Party.COUNCIL).server
        ledger = CouncilLedger(helper, book, clock, council, mark)
        public = _keys_exchanged(signed, leader, helper, clock, ledger)
        clock.now = signed.agreement.upload_opens(WINDOW)
        opened, closed = WindowKeyring(leader), WindowKeyring(helper)
        checked, given = BatchKeyring(leader), BatchKeyring(helper)
        intake = Intake(leader, book, opened, checked, party_keys(Party.EMPLOYER).server, clock)
        measurement = [1023] * coordinates
        intake.commit(
            [
                _with_token(
                    helper, number, prepare(batch_id, collection, measurement, public, random)
                )
                for number in range(REPORTS)
            ]
        )
        with leader.read() as tx:
            batch = tx.batches.get(batch_id)
        assert batch is not None
        jobs = Timed(HelperAggregation(helper, book, ledger, closed, given, clock))
        begin = time.perf_counter()
        LeaderAggregation(leader, book, opened, checked, jobs, clock, random).run(batch)
        whole = time.perf_counter() - begin
        leader.close()
        helper.close()
    per_report = 1000 / REPORTS
    return {
        Role.LEADER: (whole - jobs.seconds) * per_report,
        Role.HELPER: jobs.seconds * per_report,
    }
