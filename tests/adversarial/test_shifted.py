"""The limit: either party can move a result by a fixed amount, and everything else still agrees.

A party adds to its half before it commits to it. Both sides come to the same number, the ledger
keeps its rules, and the number is wrong. What cannot be done is to choose the amount after seeing
the other half.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import pytest

from aggregator.model import BatchState
from privacy.agreement.model import Party
from privacy.batch import BatchId
from privacy.errors import WrongOpening
from privacy.release import Opening, add_noise
from tests.adversarial.dishonest import entries_of
from tests.adversarial.test_clients import send_honest
from tests.adversarial.test_release import SALT, ask_for, opening_for
from tests.adversarial.unasked import folded
from tests.pair import NoNoise, Pair, expected_totals

pytestmark = pytest.mark.threat("shifted-result")

SHIFT = 3000


@dataclass(frozen=True)
class Chosen:
    """A council's server whose noise is no noise but a number that somebody chose."""

    amount: int

    def draw(self, variance: Fraction, count: int) -> list[int]:
        return [self.amount] * count


@contextmanager
def servers(folder: Path, noise: NoNoise | Chosen) -> Iterator[tuple[Pair, BatchId, list[int]]]:
    """Both servers with a batch that is counted; with the sums that it should have."""
    pair = Pair.make(folder)
    pair.noise = noise
    pair.start()
    try:
        pair.step()
        batch = pair.batch()
        sent = send_honest(pair, batch, 11)
        pair.step()
        pair.close_batch()
        yield pair, batch, expected_totals(sent)
    finally:
        pair.stop()


def shift_the_leaders_half(pair: Pair, batch: BatchId, amount: int) -> None:
    """The employer writes another sum into its own database."""
    collection = pair.collection(batch)
    with pair.running[Party.EMPLOYER].store.write() as tx:
        known = tx.batches.get(batch)
        assert known is not None
        assert known.aggregate_share is not None
        moved = add_noise(collection, known.aggregate_share, [amount])
        tx.batches.set_sum(known, known.count, moved)


def released_alike_and_by_the_rules(pair: Pair, batch: BatchId, totals: list[int]) -> None:
    """Both parties have this result, opened; the ledger keeps every rule and is witnessed."""
    for party in Party:
        kept = pair.kept(party, batch)
        assert kept.state is BatchState.OPENED
        assert kept.totals == totals
        folded(entries_of(pair, party))


def test_an_employer_that_shifts_its_half_shifts_the_result_and_nothing_shows_it(
    tmp_path: Path,
) -> None:
    with servers(tmp_path, NoNoise()) as (pair, batch, true):
        shift_the_leaders_half(pair, batch, SHIFT)
        pair.step()
        pair.step()
        released_alike_and_by_the_rules(pair, batch, [true[0] + SHIFT])


@pytest.mark.parametrize("amount", [SHIFT, 0])
def test_a_council_that_chooses_its_noise_shifts_the_result_or_leaves_it_bare(
    tmp_path: Path, amount: int
) -> None:
    with servers(tmp_path, Chosen(amount)) as (pair, batch, true):
        pair.step()
        pair.step()
        released_alike_and_by_the_rules(pair, batch, [true[0] + amount])


def test_an_employer_cannot_shift_after_it_has_seen_the_councils_half(tmp_path: Path) -> None:
    with servers(tmp_path, NoNoise()) as (pair, batch, true):
        ask, honest = ask_for(pair, batch), opening_for(pair, batch)
        with pair.as_leader() as helper:
            helper.ask(ask, "")
            shifted = add_noise(pair.collection(batch), honest.aggregate_share, [SHIFT])
            with pytest.raises(WrongOpening):
                helper.open(Opening(batch, SALT, shifted))
            helper.open(honest)
        assert pair.kept(Party.COUNCIL, batch).totals == true
