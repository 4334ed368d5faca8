"""Rules 8 to 13: how a batch ends; just inside and just outside each rule."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest

from privacy.batch import BatchId
from privacy.ledger.entries import BudgetAlarm, Entry, StopReason
from privacy.release import Withheld
from privacy.report import ReportId
from tests.ledgers import CAP_OF_THE_SECOND, Story
from tests.unit.ledger.judging import (
    BELOW,
    CLOSES,
    OPENS,
    SECOND,
    accepted,
    north,
    ready,
    refused,
    tight,
)

# --- 8. result, 11. unopened ---------------------------------------------------------------------


def after_release(seconds: int) -> Story:
    """A release, and a moment so many seconds around a day later."""
    story = ready()
    released = story.release(north(story))
    story.at = released.at + timedelta(days=1, seconds=seconds)
    return story


def test_a_result_comes_within_a_day() -> None:
    story = after_release(0)
    story.open(north(story))
    accepted(story)
    story = after_release(1)
    story.open(north(story))
    refused(
        story,
        "is opened at 2026-01-19 23:00:01 UTC: it could be until 2026-01-19 23:00:00 UTC",
    )


def test_a_release_is_unopened_after_a_day() -> None:
    story = after_release(0)
    story.unopened(north(story))
    accepted(story)
    story = after_release(-1)
    story.unopened(north(story))
    refused(story, "is given up as unopened at 2026-01-19 22:59:59 UTC: there is time to open it")


@pytest.mark.parametrize("end", [Story.open, Story.unopened])
def test_only_a_release_is_opened_or_unopened(end: Callable[[Story, BatchId], Entry]) -> None:
    story = ready()
    story.report_ids[north(story)] = (ReportId(bytes(16)),)
    end(story, north(story))
    refused(story, ", and it was never released")


@pytest.mark.parametrize("second", [Story.open, Story.unopened])
@pytest.mark.parametrize("first", [Story.open, Story.unopened])
def test_a_release_ends_once(
    first: Callable[[Story, BatchId], Entry], second: Callable[[Story, BatchId], Entry]
) -> None:
    story = after_release(0)
    end = first(story, north(story))
    story.at = end.at
    second(story, north(story))
    refused(story, f"after its end: entry {end.index} ({end.body.kind}) is its outcome already")


# --- 9. withheld ---------------------------------------------------------------------------------


def withheld(story: Story, reason: Withheld, count: int, window: str = "2026-W01") -> Story:
    story.withhold(north(story, window), reason, count)
    return story


@pytest.mark.parametrize("count", [0, 9])
def test_fewer_reports_than_the_threshold_are_withheld(count: int) -> None:
    accepted(withheld(ready(), Withheld.BATCH_TOO_SMALL, count))


def test_enough_reports_are_not_withheld_as_too_few() -> None:
    refused(
        withheld(ready(), Withheld.BATCH_TOO_SMALL, 10),
        "is withheld for too few reports, and its 10 are the 10 it needs, or more",
    )


@pytest.mark.parametrize("count", [-1, 13])
def test_no_batch_has_fewer_than_no_reports_or_more_than_its_roster(count: int) -> None:
    members = f"with {count} reports, and the group has 12 members"
    refused(withheld(ready(), Withheld.BATCH_TOO_SMALL, count), f"is withheld {members}")
    story = ready(CLOSES + timedelta(days=7))
    story.not_asked(north(story), count)
    refused(story, f"is given up as not asked for {members}")


def test_a_batch_is_withheld_when_it_has_closed() -> None:
    open_still = withheld(ready(CLOSES - SECOND), Withheld.BATCH_TOO_SMALL, 9)
    refused(open_still, "is withheld at 2026-01-18 22:59:59 UTC with 9 reports: until ")


def test_a_budget_that_is_spent_withholds() -> None:
    accepted(withheld(tight(BELOW), Withheld.BUDGET_EXHAUSTED, 10, "2026-W04"))


def test_a_budget_that_would_do_does_not_withhold() -> None:
    refused(
        withheld(tight(CAP_OF_THE_SECOND), Withheld.BUDGET_EXHAUSTED, 10, "2026-W04"),
        "is withheld for the budget, and it would bear the release: ρ = 6/25 of 6/25 in 91 days",
    )


def test_too_few_reports_are_not_withheld_for_the_budget() -> None:
    refused(
        withheld(tight(BELOW), Withheld.BUDGET_EXHAUSTED, 9, "2026-W04"),
        "is withheld for the budget, and has too few reports anyway: 9 of 10",
    )


# --- 10. not asked -------------------------------------------------------------------------------


def test_a_batch_is_given_up_a_week_after_it_closed() -> None:
    story = ready(CLOSES + timedelta(days=7))
    story.not_asked(north(story))
    accepted(story)
    story = ready(CLOSES + timedelta(days=7) - SECOND)
    story.not_asked(north(story))
    refused(
        story,
        "is given up as not asked for at 2026-01-25 22:59:59 UTC: there is time to ask until "
        "2026-01-25 23:00:00 UTC",
    )


# --- 12. budget alarm ----------------------------------------------------------------------------


def alarmed(**changes: Any) -> Story:
    story = withheld(tight(BELOW), Withheld.BUDGET_EXHAUSTED, 10, "2026-W04")
    body = story.alarm(north(story, "2026-W04")).body
    assert isinstance(body, BudgetAlarm)
    story.entries.pop()
    story.write(replace(body, **changes))
    return story


def test_an_alarm_follows_what_the_budget_withheld() -> None:
    accepted(alarmed())


@pytest.mark.parametrize("field", ["rho", "would_spend", "cap"])
def test_the_numbers_of_an_alarm_are_recomputed(field: str) -> None:
    refused(alarmed(**{field: Fraction(1, 7)}), "raises an alarm that ")


def test_an_alarm_is_about_the_batch_just_withheld() -> None:
    loose = "raises an alarm, and the entry before does not withhold it for the budget"
    twice = alarmed()
    twice.alarm(north(twice, "2026-W04"))
    refused(twice, loose)
    other = withheld(tight(BELOW), Withheld.BUDGET_EXHAUSTED, 10, "2026-W04")
    other.alarm(other.batch("headline", "south", "2026-W04"))
    refused(other, f"south's headline for 2026-W04 {loose}")
    too_few = withheld(tight(BELOW), Withheld.BATCH_TOO_SMALL, 9, "2026-W04")
    too_few.alarm(north(too_few, "2026-W04"))
    refused(too_few, loose)


# --- 13. stopped ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("at", "count"), [(CLOSES, 0), (CLOSES, 12), (OPENS, 12)])
def test_a_batch_that_takes_no_more_reports_is_stopped(at: datetime, count: int) -> None:
    story = ready(at)
    story.stop(north(story), count)
    accepted(story)


@pytest.mark.parametrize(
    ("at", "count", "fault"),
    [
        (CLOSES - SECOND, 11, "is stopped at 2026-01-18 22:59:59 UTC with 11 reports: until "),
        (OPENS - SECOND, 12, "is stopped at 2026-01-04 22:59:59 UTC: its week is over at "),
        (CLOSES, 13, "is stopped with 13 reports, and the group has 12 members"),
        (CLOSES, -1, "is stopped with -1 reports, and the group has 12 members"),
    ],
)
def test_a_batch_that_still_takes_reports_is_not_stopped(
    at: datetime, count: int, fault: str
) -> None:
    for reason in set(StopReason) - {StopReason.MORE_THAN_TOKENS}:
        story = ready(at)
        story.stop(north(story), count, reason)
        refused(story, f"north's headline for 2026-W01 {fault}")


@pytest.mark.parametrize(("at", "count"), [(OPENS, 0), (CLOSES - SECOND, 11), (CLOSES, 12)])
def test_more_reports_than_tokens_stop_a_batch_as_soon_as_its_week_is_over(
    at: datetime, count: int
) -> None:
    story = ready(at)
    story.stop(north(story), count, StopReason.MORE_THAN_TOKENS)
    accepted(story)


@pytest.mark.parametrize(
    ("at", "count", "fault"),
    [
        (OPENS - SECOND, 11, "is stopped at 2026-01-04 22:59:59 UTC: its week is over at "),
        (OPENS - SECOND, 12, "is stopped at 2026-01-04 22:59:59 UTC: its week is over at "),
        (OPENS, 13, "is stopped with 13 reports, and the group has 12 members"),
        (OPENS, -1, "is stopped with -1 reports, and the group has 12 members"),
    ],
)
def test_more_reports_than_tokens_stop_no_batch_before_anybody_can_report(
    at: datetime, count: int, fault: str
) -> None:
    story = ready(at)
    story.stop(north(story), count, StopReason.MORE_THAN_TOKENS)
    refused(story, f"north's headline for 2026-W01 {fault}")


# --- 9., 10., 13.: a batch ends once -------------------------------------------------------------


ENDS: list[Callable[[Story], Entry]] = [
    lambda story: story.withhold(north(story), Withheld.BATCH_TOO_SMALL),
    lambda story: story.not_asked(north(story)),
    lambda story: story.stop(north(story)),
]


@pytest.mark.parametrize("second", ENDS)
@pytest.mark.parametrize("first", ENDS)
def test_a_batch_ends_once(
    first: Callable[[Story], Entry], second: Callable[[Story], Entry]
) -> None:
    story = ready(CLOSES + timedelta(days=7))
    end = first(story)
    accepted(story)
    second(story)
    refused(story, f"after its end: entry {end.index} ({end.body.kind}) is its outcome already")


@pytest.mark.parametrize("second", ENDS)
def test_a_release_ends_with_a_result_or_unopened(second: Callable[[Story], Entry]) -> None:
    story = ready(CLOSES + timedelta(days=7))
    released = story.release(north(story))
    second(story)
    refused(story, f"too late: entry {released.index} released it already")
