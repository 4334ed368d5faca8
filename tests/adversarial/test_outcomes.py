"""Every batch gets exactly one final outcome at both sides, whatever the other side does."""

import dataclasses
from dataclasses import dataclass, replace
from datetime import timedelta
from fractions import Fraction

import pytest

from aggregator.asking import HelperReleases, LeaderRelease
from aggregator.model import BatchState
from aggregator.peer import Helper
from aggregator.worker import LeaderWorker
from privacy.agreement.model import Party, PrivacyTerms
from privacy.errors import (
    AlreadyReleased,
    BatchDisagreement,
    BatchNotClosed,
    InvalidValue,
    NotAsked,
    PluraleError,
    UnopenedShare,
    WrongOpening,
)
from privacy.ledger.entries import BatchNotAsked
from privacy.release import TIME_TO_ASK, Ask, Opening, OpeningAnswer, Withheld, commitment
from tests.pair import WINDOW, Pair

pytestmark = pytest.mark.threat("employer-picks-weeks", "council-reads", "small-team")


def leader_state(pair: Pair) -> BatchState | None:
    return pair.kept(Party.EMPLOYER, pair.batch()).state


def helper_state(pair: Pair) -> BatchState | None:
    return pair.kept(Party.COUNCIL, pair.batch()).state


@pytest.fixture
def full(pair: Pair) -> Pair:
    """Eleven of twelve reports are counted at both sides; the upload period is over."""
    for _ in range(11):
        pair.upload(pair.report(pair.batch()))
    pair.pass_on()
    pair.running[Party.EMPLOYER].worker.step()
    pair.clock.now = pair.signed.agreement.upload_closes(WINDOW)
    return pair


def test_a_batch_the_leader_does_not_ask_for_goes_on_the_record_and_is_erased(full: Pair) -> None:
    helper = full.running[Party.COUNCIL]
    full.clock.now += TIME_TO_ASK - timedelta(minutes=1)
    helper.worker.step()
    assert helper_state(full) is BatchState.OPEN
    full.clock.now += timedelta(minutes=1)
    helper.worker.step()
    helper.worker.step()
    (entry,) = [each for each in full.bodies(BatchNotAsked) if each.batch == full.batch()]
    assert entry.count == 11
    assert helper_state(full) is BatchState.NOT_ASKED
    with helper.store.read() as tx:
        batch = tx.batches.get(full.batch())
    assert batch is not None
    assert batch.aggregate_share is None
    # The leader asks after all: refused, and shown as the employer's own doing.
    full.pass_on()
    full.running[Party.EMPLOYER].worker.step()
    assert leader_state(full) is BatchState.NOT_ASKED


def test_a_batch_nobody_reported_for_and_nobody_asked_for_is_on_the_record_too(
    full: Pair,
) -> None:
    full.clock.now += TIME_TO_ASK
    full.running[Party.COUNCIL].worker.step()
    groups = {each.batch.group for each in full.bodies(BatchNotAsked)}
    assert groups == {"north", "south", "west", "sales"}


@dataclass
class Answers:
    """A helper that answers as it is told."""

    asked: bytes | Withheld | PluraleError
    opened: OpeningAnswer | PluraleError | None = None
    openings: int = 0

    def ask(self, ask: Ask, witnessed: str) -> bytes | Withheld:
        if isinstance(self.asked, PluraleError):
            raise self.asked
        return self.asked

    def open(self, opening: Opening) -> OpeningAnswer:
        self.openings += 1
        assert self.opened is not None
        if isinstance(self.opened, PluraleError):
            raise self.opened
        return self.opened


def asking(pair: Pair, helper: HelperReleases) -> LeaderRelease:
    worker = pair.running[Party.EMPLOYER].worker
    assert isinstance(worker, LeaderWorker)
    return dataclasses.replace(worker.release, helper=helper)


@pytest.mark.parametrize(
    ("refusal", "state"),
    [
        (AlreadyReleased("for another question"), BatchState.STOPPED),
        (BatchDisagreement("other reports"), BatchState.STOPPED),
        (NotAsked("too late"), BatchState.NOT_ASKED),
        (UnopenedShare("too late"), BatchState.UNOPENED),
        (WrongOpening("another share"), BatchState.STOPPED),
        (InvalidValue("no such batch"), BatchState.STOPPED),
        (BatchNotClosed("not yet"), BatchState.ASKED),
    ],
)
def test_what_the_helper_refuses_for_good_ends_the_batch_at_the_leader(
    full: Pair, refusal: PluraleError, state: BatchState
) -> None:
    with pytest.raises(type(refusal)):
        asking(full, Answers(refusal)).run(full.batch())
    assert leader_state(full) is state


def test_a_share_that_is_refused_at_the_opening_ends_the_batch(full: Pair) -> None:
    class Refusing(Helper):
        def __init__(self, real: Helper) -> None:
            self._real = real

        def ask(self, ask: Ask, witnessed: str) -> bytes | Withheld:
            return self._real.ask(ask, witnessed)

        def open(self, opening: Opening) -> OpeningAnswer:
            raise WrongOpening("another share")

    with full.as_leader() as real, pytest.raises(WrongOpening):
        asking(full, Refusing(real)).run(full.batch())
    assert leader_state(full) is BatchState.STOPPED


def test_the_leader_never_opens_its_share_for_a_helper_that_releases_too_few(pair: Pair) -> None:
    # One person's report alone would be readable, with its noise, to whoever has both shares.
    pair.upload(pair.report(pair.batch(), [1023 - 400]))
    pair.pass_on()
    pair.running[Party.EMPLOYER].worker.step()
    pair.clock.now = pair.signed.agreement.upload_closes(WINDOW)
    share = bytes(pair.collection(pair.batch()).vdaf.aggregate_share_size)
    helper = Answers(share, OpeningAnswer(bytes(32), bytes(32)))
    with pytest.raises(BatchDisagreement, match="too few"):
        asking(pair, helper).run(pair.batch())
    assert helper.openings == 0
    assert leader_state(pair) is BatchState.STOPPED
    with pair.running[Party.EMPLOYER].store.read() as tx:
        batch = tx.batches.get(pair.batch())
        assert batch is not None
        record = tx.releases.get(batch)
    assert record is not None
    assert record.noised_share is None


def test_the_leaders_sum_is_erased_when_it_is_opened(full: Pair) -> None:
    full.step()
    assert leader_state(full) is BatchState.OPENED
    with full.running[Party.EMPLOYER].store.read() as tx:
        batch = tx.batches.get(full.batch())
    assert batch is not None
    assert batch.aggregate_share is None


def test_commitments_are_what_the_helper_checks(full: Pair) -> None:
    # A guard for the tests above: the real helper refuses another opening.
    full.pass_on()
    full.running[Party.EMPLOYER].worker.step()
    with full.running[Party.EMPLOYER].store.read() as tx:
        batch = tx.batches.get(full.batch())
        assert batch is not None
        record = tx.releases.get(batch)
    assert record is not None
    assert record.salt is not None
    assert record.own_share is not None
    assert commitment(record.salt, record.own_share) == record.commitment
    other = replace(Opening(full.batch(), record.salt, record.own_share), salt=bytes(32))
    with full.as_leader() as helper, pytest.raises(WrongOpening):
        helper.open(other)


def test_the_share_of_the_noise_from_clients_is_at_most_a_half() -> None:

    assert PrivacyTerms(client_share=Fraction(1, 2)).client_share == Fraction(1, 2)
    with pytest.raises(InvalidValue, match="at most 1/2"):
        PrivacyTerms(client_share=Fraction(501, 1000))


def test_a_helper_that_was_down_lets_the_leader_ask_first(full: Pair) -> None:
    full.stop(Party.COUNCIL)
    full.clock.now += TIME_TO_ASK
    full.start(Party.COUNCIL)
    full.running[Party.COUNCIL].worker.step()
    assert helper_state(full) is BatchState.OPEN
    full.step()
    assert (leader_state(full), helper_state(full)) == (BatchState.OPENED, BatchState.OPENED)


def test_a_leader_that_was_down_with_reports_waiting_is_told_the_same_end(pair: Pair) -> None:
    for _ in range(11):
        pair.upload(pair.report(pair.batch()))
    pair.clock.now = pair.signed.agreement.upload_closes(WINDOW) + TIME_TO_ASK
    pair.running[Party.COUNCIL].worker.step()
    pair.step()
    assert (leader_state(pair), helper_state(pair)) == (BatchState.NOT_ASKED, BatchState.NOT_ASKED)
