"""One key for each window and party: published once and ahead, used, and gone (protocol §4.5)."""

import logging
import secrets
from datetime import timedelta
from pathlib import Path

import pytest

from aggregator.model import BatchState
from aggregator.store.sql import Store
from privacy import sealing
from privacy.agreement.model import Party, Role
from privacy.errors import (
    InvalidValue,
    KeysNotExchanged,
    NotInForce,
    Rejection,
    ReportRejected,
    WrongOpening,
)
from privacy.ledger.agreement_rules import MOST_AHEAD
from privacy.ledger.entries import WindowKeysPublished
from privacy.report import prepare
from privacy.window import Window
from protos.errors import RemoteFault
from tests.adversarial.dishonest import entries_of, helper_of, leader_of
from tests.adversarial.liars import pass_on
from tests.adversarial.test_clients import refused, send_honest
from tests.pair import WINDOW, Pair

pytestmark = pytest.mark.threat("council-tags-keys", "both-databases", "recorded-traffic")


def new_public() -> bytes:
    """A public key that nobody has."""
    return sealing.public_bytes(secrets.token_bytes(sealing.PRIVATE_KEY_SIZE))


def private_of(pair: Pair, party: Party, window: Window = WINDOW) -> bytes | None:
    """The key in a party's database."""
    with pair.running[party].store.read() as tx:
        return tx.window_keys.get(window)


def windows_with_keys(pair: Pair) -> list[Window]:
    """In the order of their entries."""
    return [each.window for each in pair.bodies(WindowKeysPublished)]


def test_keys_are_published_four_weeks_ahead_and_no_further(pair: Pair) -> None:
    """The clock stands on the Tuesday of week 6."""
    assert windows_with_keys(pair) == [Window(2026, week) for week in range(5, 11)]
    pair.clock.now += timedelta(days=5)
    pair.step()
    assert windows_with_keys(pair)[-1] == Window(2026, 10)
    pair.clock.now += timedelta(days=1)
    pair.step()
    assert windows_with_keys(pair)[-1] == Window(2026, 11)
    for week in (5, 11):
        window = Window(2026, week)
        own = {party: private_of(pair, party, window) for party in Party}
        public = {party: sealing.public_bytes(raw or b"") for party, raw in own.items()}
        (entry,) = [e for e in pair.bodies(WindowKeysPublished) if e.window == window]
        assert entry == WindowKeysPublished(window, public[Party.EMPLOYER], public[Party.COUNCIL])


def test_a_second_key_for_a_window_is_refused_and_the_first_answered_again(pair: Pair) -> None:
    before = entries_of(pair, Party.COUNCIL)
    keys = pair.hpke_keys(WINDOW)
    with pair.as_leader() as helper:
        with pytest.raises(WrongOpening, match="already has another key"):
            helper.offer_key(WINDOW, new_public())
        # Asked again, even after the window's end: the answer got lost.
        assert helper.offer_key(WINDOW, keys[Role.LEADER]) == keys[Role.HELPER]
    assert entries_of(pair, Party.COUNCIL) == before


def test_a_key_that_no_window_may_have_is_refused(pair: Pair) -> None:
    soon = Window(2026, 11)
    pair.clock.now += timedelta(days=5)
    before = entries_of(pair, Party.COUNCIL)
    with pair.as_leader() as helper:
        with pytest.raises(InvalidValue, match="1216 bytes"):
            helper.offer_key(soon, b"short")
        with pytest.raises(NotInForce, match="no agreement is in force"):
            helper.offer_key(Window(2027, 1), new_public())
        with pytest.raises(NotInForce, match="no agreement is in force"):
            helper.offer_key(Window(2026, 4), new_public())
        # A key that was there before.
        with pytest.raises(RemoteFault, match="used twice"):
            helper.offer_key(soon, pair.hpke_keys(WINDOW)[Role.LEADER])
    assert entries_of(pair, Party.COUNCIL) == before
    assert private_of(pair, Party.COUNCIL, soon) is None


def test_a_key_that_comes_more_than_a_day_too_soon_is_refused(pair: Pair) -> None:
    window = Window(2026, 20)
    start = window.start(pair.signed.agreement.working_time.zone)
    before = entries_of(pair, Party.COUNCIL)
    with pair.as_leader() as helper:
        for early in (start - timedelta(days=100), start - MOST_AHEAD - timedelta(seconds=1)):
            pair.clock.now = early
            with pytest.raises(NotInForce, match="W20 starts in more than 29 days: its keys"):
                helper.offer_key(window, new_public())
        assert entries_of(pair, Party.COUNCIL) == before
        assert private_of(pair, Party.COUNCIL, window) is None
        pair.clock.now = start - MOST_AHEAD
        helper.offer_key(window, new_public())
    assert windows_with_keys(pair)[-1] == window


def test_after_a_windows_end_no_key_is_published_for_it(pair: Pair) -> None:
    """Servers that were down for too long: nobody could have sealed to it."""
    window = Window(2026, 20)
    opens = pair.signed.agreement.upload_opens(window)
    pair.clock.now = opens - timedelta(days=1)
    helper_of(pair).step()  # the keys of the window's batches, of which the council alone has a say
    leader_of(pair).witness.run()
    pair.clock.now = opens
    with pair.as_leader() as helper, pytest.raises(NotInForce, match="2026-W20 is over"):
        helper.offer_key(window, new_public())
    batch = pair.batch(window=window)
    other = {role: new_public() for role in Role}
    collection, numbers = pair.collection(batch), pair.measurement(batch)
    report = prepare(batch, collection, numbers, other, secrets.token_bytes)
    with pytest.raises(KeysNotExchanged, match="has no key for 2026-W20"):
        pair.upload(report)
    pair.clock.now = opens - timedelta(seconds=1)
    with pair.as_leader() as helper:
        helper.offer_key(window, new_public())


def on_disk(pair: Pair, party: Party) -> bytes:
    """Everything in a party's database, its write-ahead log among it."""
    folder: Path = pair.homes[party].path
    return b"".join(path.read_bytes() for path in sorted(folder.glob("aggregator.db*")))


def test_keys_are_erased_when_their_batches_are_decided_and_no_sooner(pair: Pair) -> None:
    batch = pair.batch()
    send_honest(pair, batch, 11)
    pair.step()
    raw = {party: private_of(pair, party) for party in Party}
    others = {party: private_of(pair, party, Window(2026, 6)) for party in Party}
    pair.close_batch()
    pair.clock.now -= timedelta(seconds=1)
    pair.step()
    assert {party: private_of(pair, party) for party in Party} == raw
    pair.close_batch()
    pair.step()
    assert pair.kept(Party.COUNCIL, batch).state is BatchState.OPENED
    for party in Party:
        private, kept = raw[party], others[party]
        assert private is not None
        assert kept is not None
        assert private_of(pair, party) is None
        for piece in (private[:32], private[32:64], private[64:]):
            assert piece not in on_disk(pair, party)
        assert kept[:32] in on_disk(pair, party), "the next window's key is still there"


def test_keys_stay_while_a_report_waits_or_a_batch_is_undecided(pair: Pair) -> None:
    batch = pair.batch()
    send_honest(pair, batch, 11)
    pair.stop(Party.COUNCIL)
    pair.close_batch()
    pair.running[Party.EMPLOYER].worker.step()
    assert private_of(pair, Party.EMPLOYER) is not None, "its reports are not verified yet"
    pair.start(Party.COUNCIL)
    pair.running[Party.COUNCIL].worker.step()
    assert private_of(pair, Party.COUNCIL) is not None
    pair.stop(Party.EMPLOYER)  # its channel would wait a while before it tries again
    pair.start(Party.EMPLOYER)
    pair.step()
    assert pair.kept(Party.EMPLOYER, batch).state is BatchState.OPENED
    assert [private_of(pair, party) for party in Party] == [None, None]


def test_the_employers_key_is_erased_although_the_council_is_away(pair: Pair) -> None:
    pair.stop(Party.COUNCIL)
    pair.close_batch()
    pair.running[Party.EMPLOYER].worker.step()
    assert private_of(pair, Party.EMPLOYER) is None
    pair.start(Party.COUNCIL)


def test_after_the_erasure_a_device_gets_the_same_answers_as_before(pair: Pair) -> None:
    batch = pair.batch()
    send_honest(pair, batch, 10)
    mine, late = pair.report(batch), pair.report(batch)
    receipt = pair.upload(mine)
    pair.step()
    pair.close_batch()
    assert refused(pair, late) is Rejection.BATCH_CLOSED
    pair.step()
    assert private_of(pair, Party.EMPLOYER) is None
    pair.stop()
    pair.start()  # nothing is left in memory either
    assert pair.upload(mine) == receipt
    assert refused(pair, late) is Rejection.BATCH_CLOSED
    assert pass_on(pair, late) == (Rejection.BATCH_CLOSED,)


def test_reports_sealed_to_a_stolen_key_of_another_window_do_not_open(pair: Pair) -> None:
    batch = pair.batch()
    wrong = pair.hpke_keys(Window(2026, 6))
    collection, numbers = pair.collection(batch), pair.measurement(batch)
    report = prepare(batch, collection, numbers, wrong, secrets.token_bytes)
    with pytest.raises(ReportRejected) as rejected:
        pair.upload(report)
    assert rejected.value.reason is Rejection.CANNOT_OPEN


def test_an_employer_that_has_lost_its_own_key_makes_no_second_one(
    pair: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    """Its database is an older copy: it takes over the entry that it had witnessed itself."""
    window = Window(2026, 10)
    with pair.running[Party.EMPLOYER].store.write() as tx:
        tx.window_keys.erase(window)
        place = next(
            entry.index
            for entry in tx.ledger.of(WindowKeysPublished)
            if isinstance(entry.body, WindowKeysPublished) and entry.body.window == window
        )
        tx.ledger.cut(place)
    pair.stop(Party.EMPLOYER)
    pair.start(Party.EMPLOYER)
    with caplog.at_level(logging.WARNING):
        pair.step()
    assert caplog.text == ""
    assert entries_of(pair, Party.EMPLOYER) == entries_of(pair, Party.COUNCIL)
    with pair.running[Party.EMPLOYER].store.read() as tx:
        assert tx.window_keys.get(window) is None


def test_stores_hold_different_keys_at_both_parties(pair: Pair) -> None:
    for party in Party:
        store: Store = pair.running[party].store
        with store.read() as tx:
            keys = [tx.window_keys.get(window) for window in tx.window_keys.windows()]
        assert len(set(keys)) == len(keys) == 6
    assert private_of(pair, Party.EMPLOYER) != private_of(pair, Party.COUNCIL)
