"""What every store promises: all or nothing, once, and erased means gone."""

import dataclasses
import secrets
import sqlite3
import stat
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from aggregator.errors import StoreUnusable
from aggregator.model import Batch, BatchState, ReleaseRecord, ReportState
from aggregator.store.sql import Store, Transaction
from aggregator.store.verify_keys import Halves
from privacy.agreement.model import AgreementDigest, TaskDigest
from privacy.batch import BatchId
from privacy.errors import InvalidValue, Rejection
from privacy.groups import GroupId
from privacy.ledger.entries import (
    BEFORE_THE_FIRST,
    BatchStopped,
    BatchUnopened,
    StopReason,
    WindowKeysPublished,
)
from privacy.membership import MODULUS_SIZE, RANDOMIZER_SIZE, Token
from privacy.metrics import TaskId
from privacy.report import Report, ReportId, Submission
from privacy.sealing import PUBLIC_KEY_SIZE
from privacy.window import Window
from tests.agreements import make_agreement, sign
from tests.pair import verified

BATCH = BatchId(AgreementDigest(bytes(32)), TaskId("headline"), GroupId("north"), Window(2026, 5))
OTHER = dataclasses.replace(BATCH, group=GroupId("west"))
NOW = datetime(2026, 2, 3, 12, tzinfo=UTC)
STOPPED = BatchStopped(BATCH, 0, StopReason.OTHER_COUNT)
UNOPENED = BatchUnopened(OTHER)
KEYS = WindowKeysPublished(BATCH.window, b"e" * PUBLIC_KEY_SIZE, b"c" * PUBLIC_KEY_SIZE)


def report(batch: BatchId = BATCH, size: int = 400) -> Report:
    """A report of random bytes."""
    shares = (secrets.token_bytes(64), secrets.token_bytes(size), secrets.token_bytes(size))
    return Report(batch, ReportId(secrets.token_bytes(16)), *shares)


def submission(report: Report) -> Submission:
    """A report with a token of random bytes."""
    token = Token(secrets.token_bytes(RANDOMIZER_SIZE), secrets.token_bytes(MODULUS_SIZE))
    return Submission(report, token)


def admit(store: Store, *reports: Report) -> tuple[Batch, list[Submission]]:
    """Keep reports as pending, each with a token; returns their batch, and them."""
    submissions = [submission(each) for each in reports]
    with store.write() as tx:
        batch = tx.batches.get_or_open(reports[0].batch)
        tx.reports.add_pending(batch, [(each, each.report.digest) for each in submissions])
    return batch, submissions


def on_disk(folder: Path) -> bytes:
    """Everything in the database's files, the write-ahead log among them."""
    return b"".join(path.read_bytes() for path in sorted(folder.glob("aggregator.db*")))


def write_everywhere(tx: Transaction) -> None:
    """Something in every room."""
    batch = tx.batches.get_or_open(BATCH)
    tx.reports.add_pending(batch, [(submission(each := report()), each.digest)])
    tx.jobs.ask(batch, bytes(16), b"request")
    tx.rejections.add(BATCH, Rejection.INVALID_PROOF)
    tx.ledger.append(NOW, STOPPED)
    tx.checkpoints.put("a note")
    tx.window_keys.put(BATCH.window, bytes(96))
    tx.batch_keys.put(BATCH, b"a private key")
    tx.tokens.put(1, BATCH, b"a request", b"an answer")
    tx.retirements.put(BATCH.agreement)
    tx.verify_keys.put(TaskDigest(bytes(32)), Halves(bytes(32)))


def test_an_exception_in_a_transaction_leaves_nothing(store: Store) -> None:
    class Stop(Exception):
        pass

    def fail_at_the_end() -> None:
        with store.write() as tx:
            write_everywhere(tx)
            raise Stop

    with pytest.raises(Stop):
        fail_at_the_end()
    with store.read() as tx:
        assert tx.batches.get(BATCH) is None
        assert tx.batches.states() == {}
        assert tx.rejections.counts(BATCH) == {}
        assert tx.ledger.size() == 0
        assert tx.checkpoints.get() is None
        assert tx.window_keys.windows() == []
        assert tx.batch_keys.windows() == []
        assert tx.tokens.number(BATCH) == 0
        assert tx.retirements.all() == []
        assert tx.verify_keys.get(TaskDigest(bytes(32))) is None
        assert tx.jobs.answer_to(bytes(16), b"request") is None


def test_what_is_written_is_there_after_opening_again(tmp_path: Path) -> None:
    first = Store(tmp_path / "aggregator.db")
    batch, submissions = admit(first, report())
    first.close()
    again = Store(tmp_path / "aggregator.db")
    with again.read() as tx:
        assert tx.batches.get(BATCH) == batch
        assert tx.reports.pending(batch, 10) == submissions
    again.close()


def test_a_batch_is_one_row_however_often_it_is_opened(store: Store) -> None:
    with store.write() as tx:
        first = tx.batches.get_or_open(BATCH)
        assert tx.batches.get_or_open(BATCH) == first
        assert tx.batches.get_or_open(OTHER) != first
    with store.write() as tx:
        assert tx.batches.get_or_open(BATCH) == first
    assert first == Batch(first.row, BATCH, BatchState.OPEN, 0, None)


def test_a_report_id_stands_once_in_a_batch(store: Store) -> None:
    each = report()
    batch, _ = admit(store, each)
    with pytest.raises(IntegrityError):
        admit(store, dataclasses.replace(each, helper_share=b"other"))
    with store.read() as tx:
        assert tx.reports.digests(batch, [each.id, report().id]) == {each.id: each.digest}
        assert tx.reports.number(batch, ReportState.PENDING) == 1
    admit(store, dataclasses.replace(each, batch=OTHER))


def test_reports_move_through_their_states(store: Store) -> None:
    reports = [report() for _ in range(5)]
    batch, submissions = admit(store, *reports)
    in_job = {each.report.id: each for each in submissions[:4]}
    job = secrets.token_bytes(16)
    with store.write() as tx:
        assert len(tx.reports.pending(batch, 3)) == 3
        tx.reports.put_in_job(batch, [each.id for each in reports[:4]], job)
        assert tx.reports.pending(batch, 9) == submissions[4:]
        assert tx.reports.in_job(batch, job) == in_job
        tx.reports.decide(batch, [each.id for each in reports[:2]], ReportState.COUNTED)
        tx.reports.decide(batch, [reports[2].id], ReportState.REJECTED)
    with store.read() as tx:
        assert set(tx.reports.counted_ids(batch)) == {reports[0].id, reports[1].id}
        assert tx.reports.in_job(batch, job) == {reports[3].id: submissions[3]}
        assert tx.reports.number(batch, ReportState.PENDING, ReportState.IN_JOB) == 2
        assert tx.reports.digests(batch, [reports[2].id]) == {reports[2].id: reports[2].digest}


def test_a_job_is_asked_until_it_is_answered_and_known_by_its_hash(store: Store) -> None:
    with store.write() as tx:
        batch = tx.batches.get_or_open(BATCH)
        tx.jobs.ask(batch, b"a" * 16, b"asked")
        assert tx.jobs.unanswered(batch) == [b"asked"]
        tx.jobs.answered(b"a" * 16)
        assert tx.jobs.unanswered(batch) == []
        tx.jobs.answer(batch, b"b" * 16, b"question", b"answer")
        assert tx.jobs.answer_to(b"b" * 16, b"question") == b"answer"
        assert tx.jobs.answer_to(b"c" * 16, b"question") is None
        with pytest.raises(InvalidValue, match="another job"):
            tx.jobs.answer_to(b"b" * 16, b"other question")


def test_rejections_are_counted_by_batch_and_reason(store: Store) -> None:
    with store.write() as tx:
        tx.rejections.add(BATCH, Rejection.INVALID_PROOF)
        tx.rejections.add(BATCH, Rejection.INVALID_PROOF, 3)
        tx.rejections.add(BATCH, Rejection.CANNOT_OPEN)
        tx.rejections.add(None, Rejection.NOT_IN_FORCE)
    with store.read() as tx:
        counts = {Rejection.INVALID_PROOF: 4, Rejection.CANNOT_OPEN: 1}
        assert tx.rejections.counts(BATCH) == counts
        assert tx.rejections.counts(OTHER) == {}
        assert tx.rejections.counts(None) == {Rejection.NOT_IN_FORCE: 1}


def test_a_release_is_kept_and_completed(store: Store) -> None:
    record = ReleaseRecord(12, bytes(32), b"c" * 32, NOW, salt=b"s", own_share=b"o")
    with store.write() as tx:
        batch = tx.batches.get_or_open(BATCH)
        assert tx.releases.get(batch) is None
        tx.releases.put(batch, record)
    more = dataclasses.replace(record, noised_share=b"n", totals=(-5, 2**70), result_salt=b"r")
    with store.write() as tx:
        assert tx.releases.get(batch) == record
        tx.releases.put(batch, more)
    with store.read() as tx:
        assert tx.releases.get(batch) == more


def test_time_never_runs_behind_the_last_entry(store: Store) -> None:
    later, zone = NOW + timedelta(days=1), timezone(timedelta(hours=2))
    with store.write() as tx:
        assert tx.ledger.moment(NOW + timedelta(microseconds=999_999)) == NOW
        tx.ledger.append(NOW + timedelta(microseconds=999_999), STOPPED)
        assert tx.ledger.moment(NOW - timedelta(days=1)) == NOW
        tx.ledger.append(NOW - timedelta(days=1), UNOPENED)
        tx.ledger.append(later.astimezone(zone), STOPPED)
        assert tx.ledger.moment(NOW) == later
    with store.read() as tx:
        assert [entry.at for entry in tx.ledger.of()] == [NOW, NOW, later]
        assert {entry.at.tzinfo for entry in tx.ledger.of()} == {UTC}


def test_every_entry_names_the_one_before_and_is_found_by_place_kind_and_subject(
    store: Store,
) -> None:
    bodies = (STOPPED, UNOPENED, KEYS, dataclasses.replace(STOPPED, count=3))
    with store.write() as tx:
        made = [tx.ledger.append(NOW, body) for body in bodies]
    with store.read() as tx:
        assert tx.ledger.size() == 4
        assert [entry.body for entry in made] == list(bodies)
        assert [entry.index for entry in made] == [0, 1, 2, 3]
        before = [BEFORE_THE_FIRST, *(entry.leaf for entry in made)]
        assert [entry.previous for entry in made] == before[:-1]
        assert tx.ledger.of() == made
        assert tx.ledger.of(BatchStopped, BatchUnopened) == [made[0], made[1], made[3]]
        assert tx.ledger.about(BATCH) == [made[0], made[3]]
        assert tx.ledger.about(OTHER) == [made[1]]
        assert tx.ledger.about(BATCH.window) == [made[2]]
        assert tx.ledger.about(BATCH.window.plus(1)) == []
        assert tx.ledger.data(0) == [entry.data for entry in made]
        assert tx.ledger.data(1, 2) == [made[1].data, made[2].data]
        assert tx.ledger.data(4) == []
        assert [tx.ledger.leaf(place) for place in range(4)] == [entry.leaf for entry in made]


def test_a_copy_of_a_ledger_is_the_same_bytes_and_has_no_place_twice(
    store: Store, tmp_path: Path
) -> None:
    with store.write() as tx:
        made = [tx.ledger.append(NOW, body) for body in (STOPPED, KEYS, UNOPENED)]
    with closing(Store(tmp_path / "copy.db")) as copy:
        with copy.write() as tx:
            tx.ledger.copy(made[:2])
        with copy.write() as tx:
            tx.ledger.copy(made[2:])
            assert tx.ledger.data(0) == [entry.data for entry in made]
            assert tx.ledger.leaf(2) == made[2].leaf
            assert tx.ledger.about(BATCH) == made[:1]
        with pytest.raises(IntegrityError), copy.write() as tx:
            tx.ledger.copy([made[1]])


def test_what_is_cut_off_a_ledger_is_gone_and_the_rest_goes_on(store: Store) -> None:
    with store.write() as tx:
        made = [tx.ledger.append(NOW, body) for body in (STOPPED, KEYS, UNOPENED)]
        tx.ledger.cut(1)
        assert tx.ledger.of() == made[:1]
        again = tx.ledger.append(NOW, UNOPENED)
    assert (again.index, again.previous) == (1, made[0].leaf)


def test_the_newest_checkpoint_takes_the_place_of_the_last(store: Store) -> None:
    with store.write() as tx:
        assert tx.checkpoints.get() is None
        tx.checkpoints.put("first\n")
    with store.write() as tx:
        assert tx.checkpoints.get() == "first\n"
        tx.checkpoints.put("second\n")
    with store.read() as tx:
        assert tx.checkpoints.get() == "second\n"


def test_a_window_has_one_key_until_it_is_erased(store: Store) -> None:
    first, second = BATCH.window, BATCH.window.plus(1)
    with store.write() as tx:
        assert tx.window_keys.get(first) is None
        tx.window_keys.put(second, b"2" * 96)
        tx.window_keys.put(first, b"1" * 96)
    with pytest.raises(IntegrityError), store.write() as tx:
        tx.window_keys.put(first, b"3" * 96)
    with store.write() as tx:
        assert tx.window_keys.windows() == [first, second]
        assert tx.window_keys.get(first) == b"1" * 96
        tx.window_keys.erase(first)
        tx.window_keys.erase(first)
    with store.read() as tx:
        assert tx.window_keys.windows() == [second]
        assert tx.window_keys.get(first) is None


def test_an_erased_window_key_is_gone_from_the_disk(store: Store, tmp_path: Path) -> None:
    keys = {BATCH.window.plus(n): secrets.token_bytes(96) for n in range(40)}
    for window, private in keys.items():
        with store.write() as tx:
            tx.window_keys.put(window, private)
    assert all(private in on_disk(tmp_path) for private in keys.values())
    kept = BATCH.window.plus(7)
    for window in keys:
        if window != kept:
            with store.write() as tx:
                tx.window_keys.erase(window)
    store.scrub()
    left = on_disk(tmp_path)
    assert [window for window, private in keys.items() if private[:16] in left] == [kept]


def test_a_version_that_is_to_end_is_kept_until_the_ledger_says_so(store: Store) -> None:
    other = AgreementDigest(b"o" * 32)
    with store.write() as tx:
        for agreement in (BATCH.agreement, other, other):
            tx.retirements.put(agreement)
    with store.write() as tx:
        assert sorted(tx.retirements.all()) == sorted([BATCH.agreement, other])
        tx.retirements.remove(other)
    with store.read() as tx:
        assert tx.retirements.all() == [BATCH.agreement]


def test_an_agreement_is_kept_once(store: Store) -> None:
    signed = verified(sign(make_agreement()))
    with store.write() as tx:
        assert tx.agreements.add(signed)
        assert not tx.agreements.add(signed)
        assert tx.agreements.envelopes() == [signed.envelope]


def test_writers_take_turns_and_lose_nothing(tmp_path: Path) -> None:
    stores = [Store(tmp_path / "aggregator.db") for _ in range(2)]
    failures: list[BaseException] = []

    def count_up(store: Store) -> None:
        try:
            for _ in range(25):
                with store.write() as tx:
                    batch = tx.batches.get_or_open(BATCH)
                    tx.batches.set_sum(batch, batch.count + 1, None)
        except BaseException as error:  # noqa: BLE001 - shown by the test
            failures.append(error)

    threads = [threading.Thread(target=count_up, args=(each,)) for each in stores * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with stores[0].read() as tx:
        known = tx.batches.get(BATCH)
    assert known is not None
    assert known.count == 100
    for each in stores:
        each.close()


def test_a_reader_sees_one_moment(store: Store) -> None:
    with store.write() as tx:
        batch = tx.batches.get_or_open(BATCH)
    with store.read() as reader:
        before = reader.batches.get(BATCH)
        with store.write() as writer:
            writer.batches.set_sum(batch, 7, None)
        assert reader.batches.get(BATCH) == before


def test_shares_and_token_of_a_decided_report_are_gone_from_the_disk(
    store: Store, tmp_path: Path
) -> None:
    """Short shares lie in the row's page, long ones in pages of their own."""
    reports = [report(size=size) for size in (200, 900, 5000, 20_000) * 8]
    batch, submissions = admit(store, *reports)
    pieces = _pieces(submissions)
    assert all(piece in on_disk(tmp_path) for piece in pieces)
    with store.write() as tx:
        tx.jobs.ask(batch, bytes(16), request := secrets.token_bytes(900))
        tx.reports.put_in_job(batch, [each.id for each in reports], bytes(16))
    half = len(reports) // 2
    with store.write() as tx:
        tx.reports.decide(batch, [each.id for each in reports[:half]], ReportState.COUNTED)
        tx.reports.decide(batch, [each.id for each in reports[half:]], ReportState.REJECTED)
        tx.jobs.answered(bytes(16))
    store.scrub()
    left = on_disk(tmp_path)
    assert [piece for piece in pieces if piece in left] == []
    assert request[:64] not in left
    assert all(bytes(each.id) in left for each in reports)


def test_an_erased_sum_is_gone_from_the_disk(store: Store, tmp_path: Path) -> None:
    sums = [secrets.token_bytes(480) for _ in range(20)]
    with store.write() as tx:
        batch = tx.batches.get_or_open(BATCH)
    for number, share in enumerate(sums):
        with store.write() as tx:
            tx.batches.set_sum(batch, number, share)
    with store.write() as tx:
        tx.batches.set_sum(batch, 20, None)
    store.scrub()
    left = on_disk(tmp_path)
    assert [share for share in sums if share[:32] in left] == []


def _pieces(submissions: list[Submission]) -> list[bytes]:
    # A long value is cut at page borders; its first bytes lie together.
    parts = [
        part
        for each in submissions
        for part in (each.report.leader_share, each.report.helper_share, each.token.signature)
    ]
    return [part[:64] for part in parts]


def test_the_database_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    store = Store(tmp_path / "aggregator.db")
    admit(store, report())
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert set(modes) >= {"aggregator.db", "aggregator.db-wal"}
    assert set(modes.values()) == {0o600}
    store.close()


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    file = tmp_path / "aggregator.db"
    file.write_bytes(b"this is no database" * 100)
    with pytest.raises(StoreUnusable, match=f"{file} cannot be used .*: check that the file"):
        Store(file)


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreUnusable, match="No such file or directory"):
        Store(tmp_path / "nowhere" / "aggregator.db")


def test_an_error_of_the_database_quotes_no_value(store: Store) -> None:
    each = report()
    admit(store, each)
    with pytest.raises(IntegrityError) as caught:
        admit(store, each)
    assert repr(each.leader_share)[2:20] not in str(caught.value)
    assert "parameters hidden" in str(caught.value)


def test_a_reader_makes_nobody_wait_and_what_was_erased_goes_when_it_ends(
    store: Store, tmp_path: Path
) -> None:
    share = secrets.token_bytes(480)
    with store.write() as tx:
        batch = tx.batches.get_or_open(BATCH)
        tx.batches.set_sum(batch, 1, share)
    other = sqlite3.connect(tmp_path / "aggregator.db", isolation_level=None)
    other.execute("BEGIN")
    other.execute("SELECT count(*) FROM batch").fetchall()
    with store.write() as tx:
        tx.batches.set_sum(batch, 1, None)
    assert not store.scrub()
    with store.write() as tx:  # a writer is not held up meanwhile
        tx.batches.set_state(batch, BatchState.STOPPED)
    other.execute("COMMIT")
    other.close()
    assert store.scrub()
    assert share[:32] not in on_disk(tmp_path)


@pytest.mark.parametrize("name", ["a?mode=ro", "100%", "a#b", "a b", "ä"])
def test_any_path_is_a_path(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    store = Store(folder / "aggregator.db")
    admit(store, report())
    store.close()
    assert {path.name for path in tmp_path.iterdir()} == {name}
    assert (folder / "aggregator.db").stat().st_size > 0


def test_a_database_of_another_version_is_named(tmp_path: Path) -> None:
    path = tmp_path / "aggregator.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE batch (row INTEGER PRIMARY KEY)")
        other.commit()
    with pytest.raises(StoreUnusable, match="cannot be used"):
        Store(path)
