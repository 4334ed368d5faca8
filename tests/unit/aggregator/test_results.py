"""What the leader shows: only quarters in which nothing of the looked-at windows is undecided."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from aggregator.agreements import AgreementBook
from aggregator.model import BatchState, ReleaseRecord
from aggregator.results import Results
from aggregator.store.sql import Store
from privacy.agreement.model import Party
from privacy.release import Withheld
from privacy.verdict import Verdict
from privacy.window import Quarter, Window
from tests.pair import Pair

QUARTER = Quarter(2026, 1)


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    """Two homes under an agreement from the first week on; nothing runs."""
    return Pair.make(tmp_path)


@pytest.fixture
def results(pair: Pair) -> Iterator[Results]:
    """The leader's results, read from a database that the test fills."""
    read = leader_results(pair)
    yield read
    read.store.close()


def leader_results(pair: Pair) -> Results:
    return Results(Store(pair.homes[Party.EMPLOYER].database), AgreementBook([pair.signed]))


def opened(pair: Pair, store: Store, window: Window, total: int, reports: int = 12) -> None:
    """As if the batch of team north had been released and opened."""
    with store.write() as tx:
        batch = tx.batches.get_or_open(pair.batch(window=window))
        record = ReleaseRecord(reports, b"", b"", pair.clock.now, totals=(total,))
        tx.releases.put(batch, record)
        tx.batches.set_state(batch, BatchState.OPENED)


def verdict(results: Results) -> tuple[Verdict, str] | None:
    (quarter,) = [each for each in results.quarters() if each.group.id == "north"]
    found = quarter.verdict
    return None if found is None else (found.verdict, found.words)


def test_a_window_that_opens_late_holds_up_the_look(pair: Pair, results: Results) -> None:
    # Weeks 2 to 4 are full and released; week 1 still waits for its deadline.
    for window in QUARTER.windows[1:4]:
        opened(pair, results.store, window, total=9000)
    assert verdict(results) is None
    opened(pair, results.store, QUARTER.windows[0], total=-27000)
    assert verdict(results) == (Verdict.CANNOT_TELL, "cannot tell so far (weeks 1–4)")


def test_windows_before_the_agreement_count_as_withheld(tmp_path: Path) -> None:
    third = Window(2026, 3)
    pair = Pair.make(tmp_path, lambda agreed: dataclasses.replace(agreed, first_window=third))
    results = leader_results(pair)
    for window in QUARTER.windows[2:4]:
        opened(pair, results.store, window, total=9000)
    assert verdict(results) == (Verdict.MET, "met so far (weeks 1–4)")
    results.store.close()


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (BatchState.UNOPENED, Withheld.UNOPENED),
        (BatchState.NOT_ASKED, Withheld.NOT_ASKED),
        (BatchState.STOPPED, Withheld.STOPPED),
    ],
)
def test_a_batch_without_a_result_says_why(
    pair: Pair, results: Results, state: BatchState, reason: Withheld
) -> None:
    with results.store.write() as tx:
        batch = tx.batches.get_or_open(pair.batch())
        tx.batches.set_state(batch, state)
    (window,) = results.windows()
    assert window.outcome is reason
