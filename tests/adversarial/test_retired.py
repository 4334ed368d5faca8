"""Either party ends a version: what has begun is still collected, and nothing after it (§2)."""

import dataclasses
import logging
from datetime import timedelta

import pytest

from aggregator.model import BatchState
from aggregator.retirement import CouncilRetirement
from privacy.agreement.model import Agreement, AgreementDigest, Party
from privacy.errors import NotInForce, Rejection
from privacy.ledger.entries import AgreementRetired
from privacy.window import Window
from tests.adversarial.dishonest import (
    device,
    entries_of,
    helper_of,
    lie,
    note_of,
    settle,
    witnessed,
)
from tests.adversarial.liars import pass_on
from tests.adversarial.test_clients import refused, send_honest
from tests.agreements import party_keys
from tests.pair import Pair

pytestmark = pytest.mark.threat("ended-agreement")

BEGUN, NEXT = Window(2026, 6), Window(2026, 7)
"""The clock stands on the Tuesday of week 6."""


def retire(pair: Pair, party: Party) -> None:
    """End the version now, as the party's command does; the next step spreads it."""
    running = pair.running[party]
    if party is Party.EMPLOYER:
        with running.store.write() as tx:
            tx.retirements.put(pair.signed.digest)
        return
    ledger = helper_of(pair).ledger
    CouncilRetirement(running.store, running.book, ledger).retire(pair.signed.digest)


@pytest.mark.parametrize("party", list(Party))
def test_either_party_ends_a_version_after_the_window_that_has_begun(
    pair: Pair, party: Party
) -> None:
    last = pair.batch(window=BEGUN)
    none = pair.report(pair.batch(window=NEXT))
    retire(pair, party)
    pair.step()
    assert pair.bodies(AgreementRetired) == [AgreementRetired(pair.signed.digest, BEGUN)]
    assert entries_of(pair, Party.EMPLOYER) == entries_of(pair, Party.COUNCIL)
    pair.clock.now = pair.signed.agreement.upload_opens(NEXT)
    sent = send_honest(pair, last)
    assert refused(pair, none) is Rejection.NOT_IN_FORCE
    assert pass_on(pair, none) == (Rejection.NOT_IN_FORCE,)
    pair.step()
    pair.close_batch(BEGUN)
    pair.step()
    for each in Party:
        kept = pair.kept(each, last)
        assert (kept.state, kept.count) == (BatchState.OPENED, len(sent))
    # Nobody asks for what is not collected, and nobody misses it.
    pair.clock.now = pair.signed.agreement.upload_closes(Window(2026, 9)) + timedelta(days=8)
    pair.step()
    with pair.running[Party.COUNCIL].store.read() as tx:
        states = tx.batches.states()
    assert {batch.window for batch in states} == {Window(2026, 5), BEGUN}
    assert {state for state in states.values() if not state.final} == set()
    assert witnessed(pair).size == len(entries_of(pair, Party.COUNCIL))
    for each in Party:
        with pair.running[each].store.read() as tx:
            assert tx.window_keys.windows() == []


def test_devices_learn_that_nothing_is_collected(pair: Pair) -> None:
    retire(pair, Party.COUNCIL)
    pair.step()
    with device(pair) as asked:
        shown = witnessed(pair)
        begun = asked.window(shown.size, BEGUN)
        assert begun.agreement == pair.signed.digest
        none = asked.window(shown.size, NEXT)
        assert (none.agreement, none.version) == (None, 0)


def test_a_version_ends_once(pair: Pair) -> None:
    retire(pair, Party.COUNCIL)
    retire(pair, Party.EMPLOYER)
    pair.clock.now += timedelta(days=7)
    retire(pair, Party.COUNCIL)
    for _ in range(3):
        pair.step()
    assert pair.bodies(AgreementRetired) == [AgreementRetired(pair.signed.digest, BEGUN)]
    with pair.running[Party.EMPLOYER].store.read() as tx:
        assert tx.retirements.all() == []


def test_a_wish_that_comes_late_ends_the_version_after_what_has_begun_meanwhile(
    pair: Pair,
) -> None:
    retire(pair, Party.EMPLOYER)
    pair.clock.now += timedelta(days=7)
    pair.step()
    assert pair.bodies(AgreementRetired) == [AgreementRetired(pair.signed.digest, NEXT)]


def test_a_clock_that_ran_ahead_and_was_set_back_does_not_keep_a_version_alive(pair: Pair) -> None:
    """By the ledger's time, which never runs back, week 7 has begun."""
    now = pair.clock.now
    pair.clock.now += timedelta(days=7)
    pair.step()
    assert pair.entries()[-1].at == pair.clock.now
    pair.clock.now = now
    retire(pair, Party.COUNCIL)
    pair.step()
    assert pair.bodies(AgreementRetired) == [AgreementRetired(pair.signed.digest, NEXT)]
    # The employer witnesses nothing that is still to come.
    assert witnessed(pair).size < len(entries_of(pair, Party.COUNCIL))
    pair.clock.now += timedelta(days=7)
    pair.step()
    assert witnessed(pair).size == len(entries_of(pair, Party.COUNCIL))


def test_after_a_start_no_key_is_published_for_a_version_that_was_ended(pair: Pair) -> None:
    """Before any step of the worker: the book learns it from the ledger."""
    retire(pair, Party.COUNCIL)
    pair.stop()
    pair.start()
    pair.clock.now += timedelta(days=7)
    with pair.as_leader() as helper, pytest.raises(NotInForce, match="no agreement is in force"):
        helper.offer_key(Window(2026, 11), party_keys().hpke_public)


def test_a_server_started_again_remembers(pair: Pair) -> None:
    none = pair.report(pair.batch(window=NEXT))
    retire(pair, Party.COUNCIL)
    pair.step()
    pair.stop()
    pair.start()
    pair.clock.now = pair.signed.agreement.upload_opens(NEXT)
    pair.step()
    assert refused(pair, none) is Rejection.NOT_IN_FORCE
    assert pass_on(pair, none) == (Rejection.NOT_IN_FORCE,)


def test_a_later_version_may_collect_the_windows_again_with_the_keys_that_are_published(
    pair: Pair,
) -> None:
    """There is one key for each window: it must outlive the version it was made under."""
    retire(pair, Party.COUNCIL)
    pair.step()
    pair.clock.now += timedelta(days=1)
    pair.step()
    pair.stop()

    def again(terms: Agreement) -> Agreement:
        return dataclasses.replace(terms, version=2, first_window=Window(2026, 8))

    pair.signed = pair.activate(again)
    pair.start()
    settle(pair)
    batch = pair.batch(window=Window(2026, 8))
    pair.clock.now = pair.signed.agreement.upload_opens(batch.window)
    send_honest(pair, batch)
    pair.step()
    assert pair.kept(Party.COUNCIL, batch).count == 11
    pair.close_batch(batch.window)
    settle(pair)
    assert pair.kept(Party.EMPLOYER, batch).state is BatchState.OPENED
    assert witnessed(pair).size == len(entries_of(pair, Party.COUNCIL))


def test_a_version_in_its_last_window_ends_by_itself_whoever_asks(
    pair: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    last = pair.signed.agreement.last_window
    pair.clock.now = last.start(pair.signed.agreement.working_time.zone)
    with (
        pair.as_leader() as helper,
        pytest.raises(NotInForce, match=f"version 1 ends by itself with {last}"),
    ):
        helper.retire(pair.signed.digest)
    retire(pair, Party.EMPLOYER)
    with caplog.at_level(logging.WARNING):
        pair.step()
    assert "a version of the agreement is not ended: version 1 ends by itself" in caplog.text
    assert pair.bodies(AgreementRetired) == []


def test_a_version_that_the_council_does_not_know_is_told_and_holds_up_nothing(
    pair: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    unknown = AgreementDigest(bytes(32))
    with pair.as_leader() as helper, pytest.raises(NotInForce, match="activate it first"):
        helper.retire(unknown)
    with pair.running[Party.EMPLOYER].store.write() as tx:
        tx.retirements.put(unknown)
    send_honest(pair, pair.batch(), 11)
    pair.close_batch()
    with caplog.at_level(logging.WARNING):
        pair.step()
    assert "a version of the agreement is not ended: there is no such version" in caplog.text
    assert pair.kept(Party.EMPLOYER, pair.batch()).state is BatchState.OPENED


def test_an_end_that_is_not_witnessed_is_not_yet_the_employers(pair: Pair) -> None:
    """The employer takes in nothing from a ledger that it does not witness."""
    before = note_of(pair, Party.EMPLOYER)
    lie(pair, lambda answer: dataclasses.replace(answer, note=before))
    retire(pair, Party.COUNCIL)
    pair.running[Party.EMPLOYER].worker.step()
    assert pair.running[Party.EMPLOYER].book.in_force(NEXT) is not None
    assert pair.running[Party.COUNCIL].book.in_force(NEXT) is None
