"""A process that dies at any write loses nothing acknowledged and counts nothing twice."""

import secrets
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from aggregator import roster
from aggregator.model import BatchState
from aggregator.store.sql import Store
from privacy import checkpoint, device_key
from privacy.agreement.model import Role
from privacy.batch import BatchId, Collection
from privacy.groups import GroupId
from privacy.ledger.entries import (
    AgreementActivated,
    BatchKeyPublished,
    BatchReleased,
    ResultOpened,
    VerifyKeysCommitted,
    WindowKeysPublished,
)
from privacy.ledger.rules import Ledger
from privacy.membership import blind, finalize
from privacy.metrics import TaskId
from privacy.noise import DiscreteGaussian, noisy_measurement
from privacy.release import Ask, Withheld, id_root
from privacy.report import Report, Submission, prepare
from protos.errors import Unreachable
from tests.adversarial.interrupted import SIGNED, Fate, Helper, Leader
from tests.pair import WINDOW, Kept, TurnableClock, expected_totals, kept_in

pytestmark = pytest.mark.threat("server-killed")

BATCH = BatchId(SIGNED.digest, TaskId("headline"), GroupId("north"), WINDOW)
COLLECTION = Collection.of(SIGNED, BATCH.task, BATCH.group)
REPORTS = 11
ENOUGH_STEPS = 5


class Writes(NamedTuple):
    """How many transactions each side wrote until it died, or in all."""

    leader: int
    helper: int


def published(leader: Leader) -> dict[Role, bytes]:
    """The window's keys, from the leader's copy of the ledger: what devices may seal to."""
    with leader.store.read() as tx:
        (entry,) = tx.ledger.about(WINDOW)
    assert isinstance(entry.body, WindowKeysPublished)
    return {Role.LEADER: entry.body.employer, Role.HELPER: entry.body.council}


def reports(keys: dict[Role, bytes]) -> tuple[list[list[int]], list[Report]]:
    """Numbers, and the reports that carry them."""
    sent = [
        noisy_measurement([n], COLLECTION.coordinate_scales, DiscreteGaussian())
        for n in range(REPORTS)
    ]
    return sent, [prepare(BATCH, COLLECTION, each, keys, secrets.token_bytes) for each in sent]


def enrolled(folder: Path) -> list[Ed25519PrivateKey]:
    """The device keys of the team, which is on the council's roster."""
    keys = [Ed25519PrivateKey.generate() for _ in range(REPORTS)]
    with closing(Store(folder / "helper.db")) as store, store.write() as tx:
        for key in keys:
            _, code = roster.add(tx, BATCH.group, WINDOW, secrets.token_bytes)
            roster.register(tx, code, key.public_key().public_bytes_raw())
    return keys


def with_token(
    leader: Leader, helper: Helper, key: Ed25519PrivateKey, report: Report
) -> Submission:
    """As a device does: the same request again until there is an answer."""
    with leader.store.read() as tx:
        (entry,) = tx.ledger.about(BATCH)
    assert isinstance(entry.body, BatchKeyPublished)
    modulus = entry.body.modulus
    blinding = blind(modulus, report.digest, secrets.token_bytes)
    signed = device_key.sign(key, device_key.token_request(BATCH, blinding.request))
    while True:
        try:
            answer = helper.issue(BATCH, blinding.request, signed)
        except Unreachable:
            continue
        return Submission(report, finalize(modulus, report.digest, blinding, answer))


def run(folder: Path, leader_fate: Fate, helper_fate: Fate) -> Writes:
    """A whole batch, from its window's keys to its opening, with the crashes of fate."""
    clock = TurnableClock(SIGNED.agreement.upload_opens(WINDOW) - timedelta(days=1))
    helper = Helper.activated(folder, clock, helper_fate)
    leader, members = Leader(folder, clock, helper, leader_fate), enrolled(folder)
    for _ in range(ENOUGH_STEPS):
        leader.step()
        helper.step()
    clock.now += timedelta(days=2)
    sent, made = reports(published(leader))
    submissions, receipts = [], []
    for number, (member, report) in enumerate(zip(members, made, strict=True)):
        submissions.append(with_token(leader, helper, member, report))
        receipts.append(leader.upload(submissions[-1]))
        if number in (3, 9):
            leader.step()
    with helper.store.read() as tx:
        assert tx.tokens.number(BATCH) == REPORTS
    clock.now = SIGNED.agreement.upload_closes(WINDOW)
    for _ in range(ENOUGH_STEPS):
        leader.step()
        helper.step()
    leader_fate.at = helper_fate.at = 0  # from here on nobody dies
    writes = Writes(leader_fate.writes, helper_fate.writes)
    check(leader.store, helper, sent, made)
    for submission, receipt in zip(submissions, receipts, strict=True):
        assert leader.upload(submission) == receipt
    leader.store.close()
    helper.store.close()
    return writes


def check(leader: Store, helper: Helper, sent: list[list[int]], made: list[Report]) -> None:
    """Counts, ids and sums are those of the clients, on both sides; released once."""
    for kept in (kept_in(leader, BATCH), kept_in(helper.store, BATCH)):
        assert kept.state is BatchState.OPENED
        assert kept.count == REPORTS
        assert kept.counted == {report.id for report in made}
        assert kept.totals == expected_totals(sent)
        assert kept.record is not None
        assert kept.record.id_root == id_root(report.id for report in made)
    with helper.store.read() as tx:
        data, note = tx.ledger.data(0), tx.checkpoints.get()
        assert tx.rejections.counts(BATCH) == {}
        assert tx.window_keys.windows() == tx.batch_keys.windows() == []
        assert tx.tokens.number(BATCH) == 0
    with leader.read() as tx:
        assert (tx.ledger.data(0), tx.checkpoints.get()) == (data, note)
        assert tx.window_keys.windows() == []
    assert note is not None
    check_ledger(data, note)
    asked_again(helper, kept_in(helper.store, BATCH), note)


def check_ledger(data: list[bytes], note: str) -> None:
    """Each entry once, by the rules, and all of them witnessed."""
    ledger = Ledger()
    kinds = [type(ledger.apply(each).body) for each in data]
    kinds.remove(BatchKeyPublished)  # before or after the window's
    assert kinds == [
        AgreementActivated,
        VerifyKeysCommitted,
        WindowKeysPublished,
        BatchReleased,
        ResultOpened,
    ]
    council, employer = SIGNED.agreement.council, SIGNED.agreement.employer
    shown = checkpoint.verify(
        note, council_key=council.server_key, employer_key=employer.server_key
    )
    assert shown == ledger.checkpoint()


def asked_again(helper: Helper, kept: Kept, note: str) -> None:
    """The same question gets the same bytes."""
    assert kept.record is not None
    ask = Ask(BATCH, kept.count, kept.record.id_root, kept.record.commitment)
    answers: set[bytes | Withheld] = {answer for was, answer in helper.asked if was == ask}
    answers |= {helper.ask(ask, note), kept.record.noised_share or b""}
    assert len(answers) == 1


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Writes:
    """How many writes each side makes when nothing happens to it."""
    writes = run(tmp_path_factory.mktemp("undisturbed"), Fate(), Fate())
    assert min(writes) > 4
    return writes


@pytest.mark.parametrize("committed", [False, True], ids=["just before", "just after"])
def test_a_leader_that_dies_at_any_write_is_as_if_nothing_happened(
    tmp_path: Path, undisturbed: Writes, committed: bool
) -> None:
    for at in range(1, undisturbed.leader + 1):
        died = run(_folder(tmp_path, at), Fate(at, committed), Fate())
        assert died.leader == at


@pytest.mark.parametrize("committed", [False, True], ids=["just before", "just after"])
def test_a_helper_that_dies_at_any_write_is_as_if_nothing_happened(
    tmp_path: Path, undisturbed: Writes, committed: bool
) -> None:
    for at in range(1, undisturbed.helper + 1):
        died = run(_folder(tmp_path, at), Fate(), Fate(at, committed))
        assert died.helper == at


def test_both_may_die(tmp_path: Path, undisturbed: Writes) -> None:
    for at in range(1, undisturbed.helper + 1):
        leader = undisturbed.leader * at // undisturbed.helper
        run(_folder(tmp_path, at), Fate(leader, at % 2 == 0), Fate(at, at % 2 == 1))


def _folder(parent: Path, number: int) -> Path:
    folder = parent / str(number)
    folder.mkdir()
    return folder
