"""Releases that must not be made, and the one that is made once (protocol §6 and §7)."""

import dataclasses
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from fractions import Fraction

import pytest

from aggregator.model import BatchState
from aggregator.peer import Helper
from aggregator.worker import LeaderWorker
from privacy import fields
from privacy.agreement.model import Agreement, Party
from privacy.batch import BatchId
from privacy.errors import (
    AlreadyReleased,
    BatchDisagreement,
    BatchNotClosed,
    InvalidValue,
    UnopenedShare,
    WrongOpening,
)
from privacy.ledger.entries import (
    BatchReleased,
    BatchStopped,
    BatchUnopened,
    BatchWithheld,
    BudgetAlarm,
    ResultOpened,
    StopReason,
)
from privacy.noise import DiscreteGaussian
from privacy.release import Ask, Opening, OpeningAnswer, Withheld, commitment, id_root
from privacy.window import Window
from protos.errors import Unreachable
from tests.adversarial.dishonest import settle
from tests.adversarial.test_clients import send_honest
from tests.pair import Pair, expected_totals

pytestmark = pytest.mark.threat(
    "small-team",
    "employer-asks-twice",
    "employer-picks-weeks",
    "employer-drops",
    "budget-stretched",
)

SALT = bytes(range(32))


def counted(pair: Pair, number: int = 11) -> tuple[BatchId, list[list[int]]]:
    """A batch whose reports both sides have counted, and the numbers in them."""
    batch = pair.batch()
    sent = send_honest(pair, batch, number)
    pair.step()
    return batch, sent


def ask_for(pair: Pair, batch: BatchId) -> Ask:
    """The honest question."""
    kept = pair.kept(Party.EMPLOYER, batch)
    assert kept.aggregate_share is not None
    return Ask(batch, kept.count, id_root(kept.counted), commitment(SALT, kept.aggregate_share))


def opening_for(pair: Pair, batch: BatchId) -> Opening:
    """The honest opening."""
    share = pair.kept(Party.EMPLOYER, batch).aggregate_share
    assert share is not None
    return Opening(batch, SALT, share)


class Counting:
    """Real noise, and how often it was drawn."""

    def __init__(self) -> None:
        self.draws = 0
        self._lock = threading.Lock()

    def draw(self, variance: Fraction, count: int) -> list[int]:
        with self._lock:
            self.draws += 1
        return DiscreteGaussian().draw(variance, count)


def with_noise(pair: Pair) -> Counting:
    """Start the council's server again with real noise that is counted."""
    noise = Counting()
    pair.stop(Party.COUNCIL)
    pair.noise = noise
    pair.start(Party.COUNCIL)
    return noise


def test_too_few_reports_are_withheld_with_the_reason_on_both_sides(pair: Pair) -> None:
    batch, _ = counted(pair, 9)
    pair.close_batch()
    pair.step()
    for party in Party:
        kept = pair.kept(party, batch)
        assert kept.state is BatchState.WITHHELD
        assert kept.aggregate_share is None
        assert kept.record is not None
        assert kept.record.withheld == Withheld.BATCH_TOO_SMALL.name
        assert (kept.record.own_share, kept.record.noised_share, kept.totals) == (None, None, None)
    (withheld,) = [each for each in pair.bodies(BatchWithheld) if each.batch == batch]
    assert (withheld.count, withheld.reason) == (9, Withheld.BATCH_TOO_SMALL)
    assert pair.entries(BatchReleased) == []


def test_a_batch_without_any_report_gets_its_outcome_too(pair: Pair) -> None:
    pair.close_batch()
    pair.step()
    groups = {each.batch.group for each in pair.bodies(BatchWithheld)}
    assert groups == {"north", "south", "west", "sales"}


def test_a_spent_budget_is_refused_over_agreement_versions(pair: Pair) -> None:
    """One window released under version 1 spends all that version 2 allows in a quarter."""
    batch, _ = counted(pair)
    spent = pair.collection(batch).rho

    def tighter(terms: Agreement) -> Agreement:
        privacy = dataclasses.replace(terms.privacy, rho_quarter=spent)
        return dataclasses.replace(terms, version=2, first_window=Window(2026, 7), privacy=privacy)

    second = pair.activate(tighter)
    pair.stop()
    pair.start()
    settle(pair)
    pair.close_batch()
    pair.step()
    assert pair.kept(Party.COUNCIL, batch).state is BatchState.OPENED
    first, pair.signed = pair.signed, second
    later = pair.batch(window=Window(2026, 7))
    assert later.agreement == second.digest != first.digest
    pair.clock.now = second.agreement.upload_opens(later.window)
    send_honest(pair, later)
    pair.close_batch(later.window)
    pair.step()
    for party in Party:
        kept = pair.kept(party, later)
        assert kept.state is BatchState.WITHHELD
        assert kept.aggregate_share is None
        assert kept.record is not None
        assert kept.record.withheld == Withheld.BUDGET_EXHAUSTED.name
    reasons = [each.reason for each in pair.bodies(BatchWithheld)]
    assert reasons.count(Withheld.BUDGET_EXHAUSTED) == 1
    rho = pair.collection(later).rho
    assert pair.bodies(BudgetAlarm) == [BudgetAlarm(later, rho, spent + rho, spent)]


def test_asked_too_early_nothing_changes(pair: Pair) -> None:
    batch, sent = counted(pair)
    before = pair.kept(Party.COUNCIL, batch)
    pair.close_batch()
    pair.clock.now -= timedelta(microseconds=1)
    with pair.as_leader() as helper, pytest.raises(BatchNotClosed, match="ask again after"):
        helper.ask(ask_for(pair, batch), "")
    assert pair.kept(Party.COUNCIL, batch) == before
    pair.close_batch()
    pair.step()
    assert pair.kept(Party.EMPLOYER, batch).totals == expected_totals(sent)


def test_asked_again_the_helper_answers_the_same_bytes_with_one_noise(pair: Pair) -> None:
    batch, sent = counted(pair)
    noise = with_noise(pair)
    pair.close_batch()
    ask = ask_for(pair, batch)
    with pair.as_leader() as helper:
        first = helper.ask(ask, "")
        assert helper.ask(ask, "") == first
        helper.open(opening_for(pair, batch))
        assert helper.ask(ask, "") == first
        pair.clock.now += timedelta(days=2)
        assert helper.ask(ask, "") == first
    assert noise.draws == 1
    assert isinstance(first, bytes)
    kept = pair.kept(Party.COUNCIL, batch)
    assert kept.totals is not None
    assert kept.totals != expected_totals(sent)
    assert kept.aggregate_share is None, "the sum without noise is erased"
    assert len(pair.entries(BatchReleased)) == 1


def test_a_second_release_for_another_question_is_refused(pair: Pair) -> None:
    batch, _ = counted(pair)
    pair.close_batch()
    ask = ask_for(pair, batch)
    others = (
        dataclasses.replace(ask, count=ask.count - 1),
        dataclasses.replace(ask, id_root=bytes(32)),
        dataclasses.replace(ask, commitment=bytes(32)),
    )
    with pair.as_leader() as helper:
        helper.ask(ask, "")
        before = pair.kept(Party.COUNCIL, batch)
        for other in others:
            with pytest.raises(AlreadyReleased):
                helper.ask(other, "")
    assert pair.kept(Party.COUNCIL, batch) == before
    assert len(pair.entries(BatchReleased)) == 1


@pytest.mark.parametrize(
    "change", [{"count": 10}, {"count": 2**64 - 1}, {"id_root": bytes(32)}], ids=str
)
def test_a_disagreement_stops_the_batch_on_both_sides(
    pair: Pair, change: dict[str, int | bytes]
) -> None:
    batch, _ = counted(pair)
    pair.close_batch()
    ask = ask_for(pair, batch)
    with pair.as_leader() as helper:
        with pytest.raises(BatchDisagreement, match="needs a person"):
            helper.ask(dataclasses.replace(ask, **change), "")  # type: ignore[arg-type]
        with pytest.raises(BatchDisagreement, match="stopped"):
            helper.ask(ask, "")
    pair.step()
    assert {pair.kept(party, batch).state for party in Party} == {BatchState.STOPPED}
    reason = StopReason.OTHER_COUNT if "count" in change else StopReason.OTHER_REPORTS
    assert pair.bodies(BatchStopped) == [BatchStopped(batch, 11, reason)]
    assert pair.entries(BatchReleased) == []


@pytest.mark.parametrize("change", [{"id_root": b"short"}, {"commitment": b""}], ids=str)
def test_a_question_that_is_none_changes_nothing(pair: Pair, change: dict[str, bytes]) -> None:
    batch, _ = counted(pair)
    pair.close_batch()
    changed = dataclasses.replace(ask_for(pair, batch), **change)  # type: ignore[arg-type]
    with pair.as_leader() as helper, pytest.raises(InvalidValue, match="32 bytes"):
        helper.ask(changed, "")
    assert pair.kept(Party.COUNCIL, batch).state is BatchState.OPEN


def test_a_wrong_opening_is_refused_and_the_right_one_still_taken(pair: Pair) -> None:
    batch, sent = counted(pair)
    pair.close_batch()
    right = opening_for(pair, batch)
    wrong = (
        dataclasses.replace(right, aggregate_share=bytes(len(right.aggregate_share))),
        dataclasses.replace(right, salt=bytes(32)),
    )
    with pair.as_leader() as helper:
        with pytest.raises(WrongOpening, match="not released"):
            helper.open(right)
        helper.ask(ask_for(pair, batch), "")
        for opening in wrong:
            with pytest.raises(WrongOpening, match="committed"):
                helper.open(opening)
        assert pair.kept(Party.COUNCIL, batch).state is BatchState.RELEASED
        answer = helper.open(right)
        assert helper.open(right) == answer
        with pytest.raises(WrongOpening, match="committed"):
            helper.open(wrong[0])
    assert pair.kept(Party.COUNCIL, batch).totals == expected_totals(sent)
    assert len(pair.entries(ResultOpened)) == 1


def test_a_share_that_is_none_cannot_be_opened(pair: Pair) -> None:
    batch, _ = counted(pair)
    pair.close_batch()
    junk = Opening(batch, SALT, b"junk")
    ask = dataclasses.replace(ask_for(pair, batch), commitment=commitment(SALT, b"junk"))
    with pair.as_leader() as helper:
        helper.ask(ask, "")
        with pytest.raises(InvalidValue, match="does not decode"):
            helper.open(junk)
    assert pair.entries(ResultOpened) == []


class Silent(Helper):
    """A helper that the leader asks, but to which it never opens."""

    def __init__(self, real: Helper) -> None:
        self._real = real

    def ask(self, ask: Ask, witnessed: str) -> bytes | Withheld:
        return self._real.ask(ask, witnessed)

    def open(self, opening: Opening) -> OpeningAnswer:
        raise Unreachable("not now")


@pytest.mark.parametrize("who_notices", ["the helper's worker", "the opening that comes late"])
def test_a_share_not_opened_within_a_day_is_on_the_record(pair: Pair, who_notices: str) -> None:
    batch, _ = counted(pair)
    pair.close_batch()
    leader = pair.running[Party.EMPLOYER].worker
    assert isinstance(leader, LeaderWorker)
    real = leader.release
    with pair.as_leader() as helper, pytest.raises(Unreachable):
        dataclasses.replace(real, helper=Silent(helper)).run(batch)
    assert pair.kept(Party.EMPLOYER, batch).state is BatchState.RELEASED
    pair.clock.now += timedelta(days=1)
    if who_notices == "the helper's worker":
        pair.running[Party.COUNCIL].worker.step()
        assert pair.kept(Party.COUNCIL, batch).state is BatchState.UNOPENED
    with pytest.raises(UnopenedShare):
        real.run(batch)
    for party in Party:
        assert pair.kept(party, batch).state is BatchState.UNOPENED
        assert pair.kept(party, batch).totals is None
    assert pair.bodies(BatchUnopened) == [BatchUnopened(batch)]
    pair.step()
    assert len(pair.entries(BatchUnopened)) == 1
    assert batch not in {each.batch for each in pair.bodies(ResultOpened)}


def test_a_share_opened_a_moment_before_the_day_is_over_is_taken(pair: Pair) -> None:
    batch, _ = counted(pair)
    pair.close_batch()
    with pair.as_leader() as helper:
        helper.ask(ask_for(pair, batch), "")
        pair.clock.now += timedelta(days=1, microseconds=-1)
        helper.open(opening_for(pair, batch))
    assert pair.kept(Party.COUNCIL, batch).state is BatchState.OPENED


def test_leaders_that_ask_at_once_get_one_noise(pair: Pair) -> None:
    batch, _ = counted(pair)
    noise = with_noise(pair)
    pair.close_batch()
    ask = ask_for(pair, batch)
    with pair.as_leader() as helper, ThreadPoolExecutor(8) as threads:
        answers = set(threads.map(lambda _: helper.ask(ask, ""), range(16)))
    assert len(answers) == 1
    assert noise.draws == 1
    assert len(pair.entries(BatchReleased)) == 1


def test_of_leaders_with_different_questions_one_gets_an_answer(pair: Pair) -> None:
    batch, _ = counted(pair)
    noise = with_noise(pair)
    pair.close_batch()
    honest = ask_for(pair, batch)
    asks = [dataclasses.replace(honest, commitment=bytes([n]) * 32) for n in range(8)]

    def ask(question: Ask) -> bytes | Withheld | None:
        try:
            return helper.ask(question, "")
        except AlreadyReleased:
            return None

    with pair.as_leader() as helper, ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(ask, asks))
    assert len([answer for answer in answers if answer is not None]) == 1
    assert noise.draws == 1


def test_a_helper_whose_share_is_none_stops_the_batch(pair: Pair) -> None:
    batch, _ = counted(pair)
    pair.close_batch()
    leader = pair.running[Party.EMPLOYER].worker
    assert isinstance(leader, LeaderWorker)
    real = leader.release

    class Junk(Silent):
        def ask(self, ask: Ask, witnessed: str) -> bytes | Withheld:
            return b"junk"

    with pair.as_leader() as helper, pytest.raises(BatchDisagreement, match="does not decode"):
        dataclasses.replace(real, helper=Junk(helper)).run(batch)
    assert pair.kept(Party.EMPLOYER, batch).state is BatchState.STOPPED


def test_the_record_says_what_was_spent(pair: Pair) -> None:
    batch, _ = counted(pair)
    pair.close_batch()
    pair.step()
    (release,) = pair.bodies(BatchReleased)
    rho = pair.collection(batch).rho
    kept = pair.kept(Party.EMPLOYER, batch)
    assert kept.record is not None
    assert kept.record.noised_share is not None
    assert release == BatchReleased(
        batch,
        kept.count,
        rho,
        pair.signed.agreement.privacy.rho_quarter - rho,
        id_root(kept.counted),
        kept.record.commitment,
        fields.sha256(kept.record.noised_share),
    )
