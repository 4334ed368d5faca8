"""The ledger of two real servers: by the rules, witnessed, and proven to every device (§8)."""

import dataclasses
import threading
from datetime import timedelta

import pytest

from aggregator.model import BatchState
from privacy import checkpoint
from privacy.agreement.model import Party
from privacy.checkpoint import Checkpoint
from privacy.errors import (
    BadCheckpoint,
    BadConsistency,
    BrokenLedger,
    InvalidValue,
    LedgerBehind,
    LedgerError,
)
from privacy.ledger.answers import FollowAnswer
from privacy.ledger.entries import (
    AgreementActivated,
    BatchKeyPublished,
    BatchNotAsked,
    BatchReleased,
    BatchStopped,
    BatchUnopened,
    BatchWithheld,
    ResultOpened,
    StopReason,
    VerifyKeysCommitted,
    WindowKeysPublished,
    decode,
)
from privacy.ledger.proven import ProvenEntry, find
from privacy.ledger.rules import Ledger
from privacy.merkle import root_of_leaves
from privacy.report import Report, ReportId
from privacy.window import Window
from tests.adversarial.dishonest import (
    device,
    entries_of,
    forget_witnessed,
    helper_of,
    leader_of,
    lie,
    note_of,
    settle,
    witnessed,
)
from tests.adversarial.test_release import ask_for
from tests.pair import WINDOW, Pair

pytestmark = pytest.mark.threat("council-rewrites", "employer-drops")


def ruled(data: list[bytes]) -> Ledger:
    """These entries, each held against the rules."""
    ledger = Ledger()
    for each in data:
        ledger.apply(each)
    return ledger


def released(pair: Pair) -> list[Report]:
    """A batch that was released and opened, with the ledger witnessed; its reports."""
    reports = [pair.report(pair.batch()) for _ in range(11)]
    for report in reports:
        pair.upload(report)
    pair.step()
    pair.close_batch()
    settle(pair)
    assert pair.kept(Party.EMPLOYER, pair.batch()).state is BatchState.OPENED
    return reports


def test_the_ledger_of_a_whole_batch_keeps_the_rules_and_is_witnessed(pair: Pair) -> None:
    released(pair)
    data = entries_of(pair, Party.COUNCIL)
    assert entries_of(pair, Party.EMPLOYER) == data
    ledger = ruled(data)
    assert witnessed(pair, Party.COUNCIL) == witnessed(pair, Party.EMPLOYER) == ledger.checkpoint()
    kinds = [type(decode(each).body) for each in data]
    assert kinds[0] is AgreementActivated
    assert kinds.count(VerifyKeysCommitted) == len(pair.signed.agreement.tasks)
    assert kinds.count(WindowKeysPublished) >= 4
    assert kinds.count(BatchKeyPublished) == 4 * kinds.count(WindowKeysPublished)
    assert set(ledger.batch_keys) >= set(ledger.book.batches(WINDOW))
    assert set(ledger.released) == {pair.batch()}
    assert kinds[kinds.index(BatchReleased) + 1] is ResultOpened
    # The other three batches had no reports.
    assert kinds.count(BatchWithheld) == 3
    assert set(ledger.ended) == set(ledger.book.batches(WINDOW))


def test_a_ledger_without_news_stays_as_it_is(pair: Pair) -> None:
    released(pair)
    before = entries_of(pair, Party.COUNCIL), note_of(pair, Party.COUNCIL)
    for _ in range(3):
        pair.step()
    assert (entries_of(pair, Party.COUNCIL), note_of(pair, Party.COUNCIL)) == before


def test_both_servers_started_again_go_on_with_the_same_ledger(pair: Pair) -> None:
    released(pair)
    before = witnessed(pair)
    pair.stop()
    pair.start()
    pair.clock.now += timedelta(days=7)
    pair.step()
    after = witnessed(pair)
    assert after.size > before.size
    leaves = ruled(entries_of(pair, Party.COUNCIL)).leaves
    assert root_of_leaves(leaves[: before.size]) == before.root


def test_a_cosignature_that_got_lost_is_sent_again(pair: Pair) -> None:
    released(pair)
    with pair.running[Party.COUNCIL].store.write() as tx:
        tx.checkpoints.put(old := _old_note(pair))
    assert note_of(pair, Party.COUNCIL) == old
    pair.step()
    assert note_of(pair, Party.COUNCIL) == note_of(pair, Party.EMPLOYER) != old


def _old_note(pair: Pair) -> str:
    """A checkpoint of the first entry, with both signatures."""
    first = ruled(entries_of(pair, Party.COUNCIL)[:1]).checkpoint()
    council, employer = pair.homes[Party.COUNCIL], pair.homes[Party.EMPLOYER]
    signed = checkpoint.sign(first, council.server_key())
    return checkpoint.cosign(signed, employer.server_key(), pair.clock.now).encode()


def test_two_processes_of_the_employer_witness_side_by_side(pair: Pair) -> None:
    """One is slow: while it holds the council's answer, the other witnesses that and more."""
    released(pair)
    slow = leader_of(pair).witness
    fast = dataclasses.replace(slow, _state=Ledger())
    pair.clock.now += timedelta(days=7)
    assert leader_of(pair).keys.publish() == []

    def meanwhile(answer: FollowAnswer) -> FollowAnswer:
        with pair.running[Party.COUNCIL].store.write() as tx:
            stopped = BatchStopped(pair.batch(window=Window(2026, 6)), 12, StopReason.OTHER_COUNT)
            helper_of(pair).ledger.append(tx, stopped)
        fast.run()
        return answer

    lying = lie(pair, meanwhile)
    slow.run()
    assert lying.cosigned == []
    assert witnessed(pair).size == len(entries_of(pair, Party.EMPLOYER))
    slow.helper = lying.real
    slow.run()
    assert entries_of(pair, Party.EMPLOYER) == entries_of(pair, Party.COUNCIL)


def test_an_older_cosigned_checkpoint_does_not_take_the_place_of_a_newer(pair: Pair) -> None:
    released(pair)
    newest = note_of(pair, Party.COUNCIL)
    with pair.as_leader() as helper:
        helper.cosign(_old_note(pair))
    assert note_of(pair, Party.COUNCIL) == newest


@pytest.mark.parametrize("signers", [(Party.COUNCIL,), (Party.EMPLOYER, Party.EMPLOYER)])
def test_a_checkpoint_without_both_signatures_is_not_kept(
    pair: Pair, signers: tuple[Party, ...]
) -> None:
    released(pair)
    before = note_of(pair, Party.COUNCIL)
    ledger = ruled(entries_of(pair, Party.COUNCIL)).checkpoint()
    first, *second = (pair.homes[party].server_key() for party in signers)
    note = checkpoint.sign(ledger, first)
    for key in second:
        note = checkpoint.cosign(note, key, pair.clock.now)
    with pair.as_leader() as helper, pytest.raises(BadCheckpoint):
        helper.cosign(note.encode())
    assert note_of(pair, Party.COUNCIL) == before


@pytest.mark.parametrize("first", [2**31, 2**63, 2**64 - 1])
def test_who_says_to_know_more_entries_than_there_are_is_told(pair: Pair, first: int) -> None:
    with pair.as_leader() as helper, pytest.raises(LedgerBehind, match="old copy"):
        helper.follow(first)


def test_an_entry_that_breaks_a_rule_is_never_written(pair: Pair) -> None:
    """What is in the ledger stays: one bad entry would make all of it worthless."""
    released(pair)
    before = entries_of(pair, Party.COUNCIL)
    ledger = helper_of(pair).ledger
    later = pair.batch(window=Window(2026, 6))
    for body in (
        BatchStopped(pair.batch(), 12, StopReason.OTHER_COUNT),
        BatchUnopened(pair.batch(group="west")),
        BatchNotAsked(later, 0),
    ):
        with pytest.raises(BrokenLedger), pair.running[Party.COUNCIL].store.write() as tx:
            ledger.append(tx, body)
    # In one transaction the second entry is held against the first.
    with pytest.raises(BrokenLedger, match="after its end"):
        _stop_twice(pair)
    assert entries_of(pair, Party.COUNCIL) == before
    pair.step()
    assert witnessed(pair).size == len(before)


def _stop_twice(pair: Pair) -> None:
    ledger, batch = helper_of(pair).ledger, pair.batch(window=Window(2026, 6))
    with pair.running[Party.COUNCIL].store.write() as tx:
        ledger.append(tx, BatchStopped(batch, 12, StopReason.OTHER_COUNT))
        ledger.append(tx, BatchStopped(batch, 12, StopReason.OTHER_COUNT))


def test_a_clock_that_ran_ahead_and_was_set_back_breaks_nothing(pair: Pair) -> None:
    """The council's time never runs behind its last entry: what is decided is what is written."""
    for _ in range(11):
        pair.upload(pair.report(pair.batch()))
    pair.step()
    pair.close_batch()
    pair.clock.now += timedelta(minutes=9)
    with pair.running[Party.COUNCIL].store.write() as tx:
        stopped = BatchStopped(pair.batch(window=Window(2026, 6)), 12, StopReason.OTHER_COUNT)
        helper_of(pair).ledger.append(tx, stopped)
    pair.close_batch()
    pair.step()
    assert pair.kept(Party.COUNCIL, pair.batch()).state is BatchState.OPENED
    pair.clock.now += timedelta(days=1, hours=1)
    pair.step()
    assert witnessed(pair) == ruled(entries_of(pair, Party.COUNCIL)).checkpoint()
    assert pair.bodies(BatchUnopened) == []


def test_a_release_under_a_clock_that_ran_ahead_is_opened_or_not_by_the_ledgers_time(
    pair: Pair,
) -> None:
    for _ in range(11):
        pair.upload(pair.report(pair.batch()))
    pair.step()
    pair.close_batch()
    with pair.running[Party.COUNCIL].store.write() as tx:
        pair.clock.now += timedelta(days=5)
        stopped = BatchStopped(pair.batch(window=Window(2026, 6)), 12, StopReason.OTHER_COUNT)
        helper_of(pair).ledger.append(tx, stopped)
        pair.clock.now -= timedelta(days=5)
    with pair.as_leader() as helper:
        helper.ask(ask_for(pair, pair.batch()), "")
    pair.clock.now += timedelta(days=2)  # more than a day by the clock, none by the ledger
    helper_of(pair).step()
    assert pair.kept(Party.COUNCIL, pair.batch()).state is BatchState.RELEASED
    pair.clock.now += timedelta(days=4)
    helper_of(pair).step()
    assert pair.kept(Party.COUNCIL, pair.batch()).state is BatchState.UNOPENED
    ruled(entries_of(pair, Party.COUNCIL))


def test_a_checkpoint_is_of_one_moment_although_an_entry_is_written_meanwhile(pair: Pair) -> None:
    """Size and root of different moments, signed, would be a fork that nobody made."""
    ledger, store = helper_of(pair).ledger, pair.running[Party.COUNCIL].store

    def write() -> None:
        with store.write() as tx:
            ledger.append(tx, BatchStopped(pair.batch(), 12, StopReason.OTHER_COUNT))
        with store.read() as tx:
            ledger.state(tx)

    writer = threading.Thread(target=write)

    class Interrupted(Ledger):
        """The real one, with time for others between its two looks at the tree."""

        def checkpoint(self) -> Checkpoint:
            size = self.tree.size
            writer.start()
            writer.join(1)
            return Checkpoint(self.origin, size, self.tree.root())

    with store.read() as tx:
        state = ledger.state(tx)
    state.__class__ = Interrupted
    answer = ledger.follow(0)
    writer.join()
    shown = checkpoint.decode(answer.note).checkpoint
    assert shown == ruled(list(answer.entries)).checkpoint()
    assert len(entries_of(pair, Party.COUNCIL)) == shown.size + 1
    state.__class__ = Ledger
    pair.step()
    assert witnessed(pair).size == shown.size + 1


# --- what devices are told ------------------------------------------------------------------------


def test_a_device_gets_a_checkpoint_that_continues_the_one_it_saw(pair: Pair) -> None:
    with device(pair) as asked:
        first = asked.checkpoint()
        assert first.consistency == ()
        seen = witnessed(pair)
        released(pair)
        later = asked.checkpoint(seen.size)
        assert later.note == note_of(pair, Party.COUNCIL)
        shown = witnessed(pair)
        assert shown.size > seen.size
        shown.verify_follows(seen, later.consistency)
        for size in (shown.size + 1, 2**64 - 1):
            answer = asked.checkpoint(size)
            assert (answer.note, answer.consistency) == (later.note, ())
            longer = dataclasses.replace(shown, size=size)
            with pytest.raises(BadConsistency):
                shown.verify_follows(longer, answer.consistency)


def test_a_device_is_shown_nothing_that_is_not_witnessed(pair: Pair) -> None:
    before = note_of(pair, Party.COUNCIL)
    with pair.running[Party.COUNCIL].store.write() as tx:
        helper_of(pair).ledger.append(tx, BatchStopped(pair.batch(), 12, StopReason.OTHER_COUNT))
    with device(pair) as asked:
        assert asked.checkpoint().note == before
        size = witnessed(pair).size
        assert asked.outcome(size, pair.batch()).entries == ()
        with pytest.raises(InvalidValue, match=f"the ledger has {size} witnessed entries, not"):
            asked.outcome(size + 1, pair.batch())
        with pytest.raises(InvalidValue, match=f"the ledger has {size} witnessed entries, not"):
            asked.window(size + 1, WINDOW)


def test_before_the_first_is_witnessed_a_device_is_told_to_come_back(pair: Pair) -> None:
    forget_witnessed(pair, Party.COUNCIL)
    with device(pair) as asked, pytest.raises(BadCheckpoint, match="try again later"):
        asked.checkpoint()


def test_a_device_gets_the_windows_keys_with_a_proof(pair: Pair) -> None:
    with device(pair) as asked:
        shown = witnessed(pair)
        answer = asked.window(shown.size, WINDOW)
        assert (answer.agreement, answer.version) == (pair.signed.digest, 1)
        assert answer.keys is not None
        assert answer.keys.verify(shown).body in pair.bodies(WindowKeysPublished)
        entry = answer.keys.verify(shown)
        assert asked.window(entry.index, WINDOW).keys is None, "an earlier ledger has no keys yet"
        far = asked.window(shown.size, Window(2026, 38))
        assert (far.agreement, far.keys) == (pair.signed.digest, None)
        none = asked.window(shown.size, Window(2027, 1))
        assert (none.agreement, none.version, none.keys) == (None, 0, None)


def test_a_device_finds_its_report_among_all_ids_of_the_release_and_only_then(pair: Pair) -> None:
    with device(pair) as asked:
        before = witnessed(pair)
        assert asked.outcome(before.size, pair.batch()).report_ids == ()
        reports = released(pair)
        shown = witnessed(pair)
        answer = asked.outcome(shown.size, pair.batch())
        assert [entry.verify(shown).body for entry in answer.entries] == [
            *pair.bodies(BatchReleased),
            *pair.bodies(ResultOpened),
        ]
        (release,) = pair.bodies(BatchReleased)
        assert set(answer.report_ids) == {report.id for report in reports}
        for report in reports:
            found = find(report.id, answer.report_ids, release.count, release.id_root)
            assert found is not None
            found.verify(report.id, release.id_root)
        stranger = ReportId(bytes(16))
        assert find(stranger, answer.report_ids, release.count, release.id_root) is None
        earlier = asked.outcome(before.size, pair.batch())
        assert (earlier.entries, earlier.report_ids) == ((), ()), "not in that ledger yet"
        withheld = asked.outcome(shown.size, pair.batch(group="west"))
        assert [type(entry.verify(shown).body) for entry in withheld.entries] == [BatchWithheld]
        assert withheld.report_ids == ()


def test_a_proof_for_another_ledger_or_entry_does_not_hold(pair: Pair) -> None:
    with device(pair) as asked:
        before = witnessed(pair)
        released(pair)
        shown = witnessed(pair)
        (first, second) = asked.outcome(shown.size, pair.batch()).entries
    for wrong in (
        ProvenEntry(first.index, second.data, first.proof),
        ProvenEntry(second.index, first.data, first.proof),
        ProvenEntry(first.index, first.data.replace(b'"count":11', b'"count":12'), first.proof),
    ):
        with pytest.raises(LedgerError):
            wrong.verify(shown)
    with pytest.raises(LedgerError):
        first.verify(before)


@pytest.mark.parametrize("size", [0, 10**6, 2**64 - 1])
def test_a_ledger_that_is_none_is_named(pair: Pair, size: int) -> None:
    with device(pair) as asked:
        with pytest.raises(InvalidValue, match="the ledger has"):
            asked.window(size, WINDOW)
        with pytest.raises(InvalidValue, match="the ledger has"):
            asked.outcome(size, pair.batch())
