"""What the council may not write about one batch holds up no other, nor the erasure of keys."""

import dataclasses
import logging
from datetime import timedelta

import pytest

from aggregator.model import BatchState
from privacy.agreement.model import Agreement, Party
from privacy.ledger.entries import BatchNotAsked, BatchUnopened
from privacy.release import TIME_TO_ASK
from privacy.window import Window
from tests.adversarial.dishonest import helper_of
from tests.adversarial.test_release import ask_for, counted
from tests.pair import WINDOW, Pair

pytestmark = pytest.mark.threat("council-rewrites", "both-databases")

UNDER_TWO = Window(2026, 7)


def second(terms: Agreement) -> Agreement:
    """In force from week 7 on."""
    return dataclasses.replace(terms, version=2, first_window=UNDER_TWO)


def test_batches_that_the_ledger_knows_no_more_hold_up_no_other(
    pair: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    """A version is active, and the council's server was not started again."""
    pair.activate(second)
    helper = helper_of(pair)
    pair.clock.now = pair.signed.agreement.upload_closes(UNDER_TWO.plus(1)) + TIME_TO_ASK
    pair.clock.now += timedelta(hours=1)
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            helper.step()
    ended = {each.batch.window for each in pair.bodies(BatchNotAsked)}
    assert ended == {WINDOW, WINDOW.plus(1)}
    told = [each.getMessage() for each in caplog.records]
    assert len(told) == len(set(told)), told
    assert all("the ledger needs a person: entry " in each for each in told)
    assert any(f"{UNDER_TWO}" in each for each in told)
    with pair.running[Party.COUNCIL].store.read() as tx:
        assert WINDOW not in tx.window_keys.windows()


def test_a_release_that_cannot_be_closed_holds_up_no_other(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ledger does not have the first of two releases that wait for their opening."""
    batch, _ = counted(pair)
    pair.close_batch()
    with pair.as_leader() as helper:
        helper.ask(ask_for(pair, batch), "")
    other = dataclasses.replace(batch, group=pair.batch("headline", "south").group)
    store = pair.running[Party.COUNCIL].store
    with store.write() as tx:
        released = tx.batches.get(batch)
        assert released is not None
        record = tx.releases.get(released)
        assert record is not None
        forged = tx.batches.get_or_open(other)
        tx.releases.put(forged, record)
        tx.batches.set_state(forged, BatchState.RELEASED)
    pair.clock.now += timedelta(days=1)
    refused = helper_of(pair).release.close_unopened()
    assert len(refused) == 1
    assert "south's headline for 2026-W05 is given up as unopened" in str(refused[0])
    assert [each.batch for each in pair.bodies(BatchUnopened)] == [batch]
