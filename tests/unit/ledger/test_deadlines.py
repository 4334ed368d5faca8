"""Batches without an end, and ends that came late: nothing that a rule forbids."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from privacy.ledger.entries import BatchReleased, BatchUnopened, Body, Entry, ResultOpened
from privacy.ledger.rules import Ledger
from privacy.release import Withheld
from privacy.window import Window
from tests.agreements import make_agreement
from tests.ledgers import Story, moment, whole
from tests.unit.ledger.judging import CLOSES, SECOND, accepted, north, ready

DUE = CLOSES + timedelta(days=8)
A_DAY = timedelta(days=1)


def test_every_batch_of_a_whole_ledger_has_ended() -> None:
    assert list(accepted(whole()).overdue(moment(2030, 1, 1))) == []


@pytest.mark.parametrize("kind", [ResultOpened, BatchUnopened])
def test_a_batch_is_overdue_a_week_and_a_day_after_it_closed(kind: type[Body]) -> None:
    story = whole()
    while not isinstance(story.entries[-1].body, kind):
        story.entries.pop()
    body = story.entries.pop().body
    assert isinstance(body, ResultOpened | BatchUnopened)
    ledger = accepted(story)
    due = ledger.book.upload_closes(body.batch) + timedelta(days=8)
    assert ledger.due(body.batch) == due
    assert body.batch in ledger.overdue(due)
    assert body.batch not in ledger.overdue(due - SECOND)


def activated(at_closing_of_week: int) -> Ledger:
    """A version from 2026-W01 on that was activated when that week's batches closed, or would."""
    story = Story(at=CLOSES + timedelta(weeks=at_closing_of_week - 1))
    story.activate(make_agreement())
    return accepted(story)


def test_windows_that_had_closed_before_their_version_was_activated_are_never_overdue() -> None:
    overdue = {batch.window for batch in activated(4).overdue(moment(2026, 4, 1))}
    assert min(overdue) == Window(2026, 5)
    assert min(batch.window for batch in activated(1).overdue(moment(2026, 4, 1))).week == 2


def test_what_is_activated_late_is_due_as_long_after() -> None:
    story = Story(at=CLOSES + timedelta(days=5))
    story.activate(make_agreement())
    ledger = accepted(story)
    assert ledger.due(north(story)) == DUE + timedelta(days=5)
    assert ledger.due(north(story, "2026-W02")) == DUE + timedelta(days=7)
    assert ledger.copy().due(north(story)) == ledger.due(north(story))


@pytest.mark.parametrize(("after", "late"), [(A_DAY, False), (A_DAY + SECOND, True)])
def test_what_is_decided_more_than_a_day_after_it_was_due_is_late(
    after: timedelta, *, late: bool
) -> None:
    decisions: list[Callable[[Story], Entry]] = [
        lambda story: story.release(north(story)),
        lambda story: story.withhold(north(story), Withheld.BATCH_TOO_SMALL),
        lambda story: story.not_asked(north(story)),
        lambda story: story.stop(north(story)),
    ]
    for decide in decisions:
        story = ready(DUE + after)
        decided = decide(story)
        assert accepted(story).late() == [decided] * late


def test_a_late_release_and_its_late_end_are_both_named_in_order() -> None:
    story = ready(DUE + timedelta(days=300))
    written = [
        story.release(north(story)),
        story.stop(story.batch("headline", "south", "2026-W01")),
        story.open(north(story)),
    ]
    assert accepted(story).late() == written


def test_what_is_decided_late_for_a_late_activation_is_not_late() -> None:
    story = Story(at=CLOSES + timedelta(days=90))
    story.activate(make_agreement())
    story.at += timedelta(days=8)
    story.not_asked(north(story))
    assert accepted(story).late() == []
    story.at += A_DAY
    story.not_asked(story.batch("headline", "south", "2026-W01"))
    assert [entry.index for entry in accepted(story).late()] == [2]


def test_a_whole_ledger_was_in_time() -> None:
    ledger = accepted(whole())
    assert any(isinstance(entry.body, BatchReleased) for entry in ledger.entries)
    assert ledger.late() == []
