"""The order of a ledger (rule 1), and what it adds up to."""

from dataclasses import replace
from datetime import timedelta

import pytest

from privacy.batch import BatchId
from privacy.budget import Budget
from privacy.errors import BrokenLedger, InvalidValue
from privacy.ledger.entries import BEFORE_THE_FIRST, CODECS, BatchReleased
from privacy.ledger.rules import Ledger
from privacy.merkle import leaf_hash
from privacy.window import Window
from tests.agreements import make_agreement
from tests.ledgers import Story, moment, started, whole
from tests.unit.ledger.judging import accepted, north, ready, refused


def last_entry(story: Story, **changes: object) -> Story:
    """The story with its last entry changed."""
    story.entries[-1] = replace(story.entries[-1], **changes)  # type: ignore[arg-type]
    return story


def test_a_whole_ledger_has_every_kind_and_keeps_every_rule() -> None:
    story = whole()
    ledger = accepted(story)
    assert {type(entry.body) for entry in story.entries} == set(CODECS)
    assert ledger.leaves == [leaf_hash(data) for data in story.data]


def test_what_is_told_adds_up() -> None:
    story = whole()
    ledger = accepted(story)
    assert ledger.book.signed == story.signed
    assert ledger.book.retired == {story.signed[1].digest: Window(2026, 5)}
    assert list(ledger.window_keys) == [Window(2026, week) for week in range(1, 6)]
    assert set(ledger.batch_keys) == set(story.batch_keys) == set(ledger.ended)
    assert {modulus: ledger.batch_keys[batch] for batch, modulus in moduli(story)} == ledger.moduli
    assert len(ledger.committed) == 4
    assert list(ledger.released) == [each.batch for each in bodies(story, BatchReleased)]
    assert len(ledger.ended) == 20
    assert set(ledger.released) < set(ledger.ended)
    assert ledger.budget == story.budget


def bodies(story: Story, kind: type[BatchReleased]) -> list[BatchReleased]:
    return [entry.body for entry in story.of(kind) if isinstance(entry.body, kind)]


def moduli(story: Story) -> list[tuple[BatchId, bytes]]:
    return [(batch, key.modulus) for batch, key in story.batch_keys.items()]


def test_the_checkpoint_is_of_the_entries_at_every_size() -> None:
    story, ledger = whole(), Ledger()
    told = Story(signed=story.signed)
    for entry in story.entries:
        ledger.apply(entry.data)
        told.entries.append(entry)
        assert ledger.checkpoint() == told.checkpoint
    assert ledger.origin == story.checkpoint.origin


def test_an_empty_ledger_has_no_name_and_no_checkpoint() -> None:
    with pytest.raises(InvalidValue, match="the ledger is empty"):
        Ledger().checkpoint()


def test_a_copy_goes_its_own_way() -> None:
    story = whole()
    for stop in range(len(story.data)):
        ledger = Ledger()
        for data in story.data[:stop]:
            ledger.apply(data)
        copy = ledger.copy()
        assert copy == ledger
        copy.apply(story.data[stop])
        assert copy != ledger
        ledger.apply(story.data[stop])
        assert copy == ledger
        assert copy.book.in_force(Window(2026, 6)) == ledger.book.in_force(Window(2026, 6))


def test_bytes_that_are_no_entry_are_refused_at_their_place() -> None:
    ledger = started().ledger
    before = ledger.copy()
    with pytest.raises(BrokenLedger, match="entry 3: it is not an entry: it is not JSON") as caught:
        ledger.apply(b"{")
    assert caught.value.index == 3
    assert ledger == before


@pytest.mark.parametrize("index", [1, 3])
def test_an_entry_stands_at_its_place(index: int) -> None:
    refused(last_entry(started(), index=index), f"it says that it is entry {index}: entries are")


def test_an_entry_names_the_one_before() -> None:
    other = "it was not written after entry 1 as it stands here: one of the two was changed"
    refused(last_entry(started(), previous=leaf_hash(b"another")), other)
    changed = started()
    changed.entries[1] = replace(changed.entries[1], at=changed.entries[0].at)
    refused(changed, other)


def test_the_first_entry_names_none() -> None:
    story = Story()
    story.activate(started().signed[0].agreement)
    assert story.entries[0].previous == BEFORE_THE_FIRST
    refused(last_entry(story, previous=leaf_hash(b"another")), "not written after the beginning")


def test_time_does_not_run_back() -> None:
    story = started()
    before = story.entries[-2].at
    accepted(last_entry(story, at=before))
    late = "it was written at 2025-12-15 10:00:00 UTC, before entry 1 at 2025-12-15 10:00:01 UTC"
    refused(last_entry(story, at=before - timedelta(seconds=1)), late)


def drop(data: list[bytes], place: int) -> list[bytes]:
    return [*data[:place], *data[place + 1 :]]


def double(data: list[bytes], place: int) -> list[bytes]:
    return [*data[: place + 1], *data[place:]]


def swap(data: list[bytes], place: int) -> list[bytes]:
    return [*data[:place], data[place + 1], data[place], *data[place + 2 :]]


def test_dropped_doubled_and_swapped_entries_are_refused_where_they_are() -> None:
    data = whole().data
    for place in range(len(data) - 1):
        for damaged, found in (
            (drop(data, place), place),
            (double(data, place), place + 1),
            (swap(data, place), place),
        ):
            assert broken_at(damaged) == found


def broken_at(data: list[bytes]) -> int | None:
    ledger = Ledger()
    for each in data:
        try:
            ledger.apply(each)
        except BrokenLedger as error:
            return error.index
    return None


def test_what_a_rule_does_not_foresee_is_a_fault_of_the_entry() -> None:
    """Nothing but `BrokenLedger` leaves `apply`: who reads a ledger need not expect more."""

    class Unforeseen(Budget):
        def with_spend(self, *_: object) -> Budget:
            raise InvalidValue("the year 1969 is out of the calendar")

    story = ready()
    ledger = accepted(story)
    ledger.budget = Unforeseen()
    before = ledger.copy()
    released = story.release(north(story))
    with pytest.raises(BrokenLedger, match="it cannot be judged: the year 1969") as caught:
        ledger.apply(released.data)
    assert caught.value.index == released.index
    assert ledger == before


def test_a_ledger_may_begin_with_the_first_window_of_the_calendar() -> None:
    story = Story(at=moment(1970, 1, 1))
    story.activate(make_agreement(first_window=Window(1970, 1), last_window=Window(1970, 9)))
    story.commit(story.signed[0])
    story.publish(Window(1970, 1))
    story.at = moment(1970, 1, 19)
    story.release(north(story, "1970-W01"))
    accepted(story)
