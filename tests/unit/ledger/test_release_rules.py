"""Rule 7: when a batch is released; just inside and just outside."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest

from privacy.agreement.model import AgreementDigest
from privacy.batch import BatchId
from privacy.groups import GroupId
from privacy.ledger.entries import BatchReleased, Entry
from privacy.metrics import TaskId
from privacy.release import Withheld
from privacy.window import Window
from tests.agreements import make_agreement
from tests.ledgers import CAP_OF_THE_SECOND, Story, moment, second_version, started
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


@pytest.mark.parametrize("count", [10, 12])
def test_a_batch_is_released_from_the_threshold_to_the_roster(count: int) -> None:
    story = ready()
    story.release(north(story), count)
    accepted(story)


def test_too_few_or_too_many_reports_are_not_released() -> None:
    story = ready()
    story.release(north(story), 9)
    refused(story, "north's headline for 2026-W01 is released with 9 reports and needs 10")
    story = ready()
    story.release(north(story), 13)
    refused(story, "is released with 13 reports, and the group has 12 members")


def test_a_batch_is_released_once() -> None:
    story = ready()
    released = story.release(north(story))
    story.release(north(story))
    twice = f"is released twice: entry {released.index} released it already"
    refused(story, f"north's headline for 2026-W01 {twice}")


def test_a_batch_that_ended_is_not_released() -> None:
    story = ready()
    stopped = story.stop(north(story))
    story.release(north(story))
    ended = f"entry {stopped.index} (stopped) is its outcome already"
    refused(story, f"is released after its end: {ended}")


def test_a_batch_is_released_when_its_period_is_over() -> None:
    story = ready(CLOSES)
    story.release(north(story), 11)
    accepted(story)
    story = ready(CLOSES - SECOND)
    story.release(north(story), 11)
    refused(
        story,
        "is released at 2026-01-18 22:59:59 UTC with 11 reports: until 2026-01-18 23:00:00 UTC "
        "more could come in",
    )


def test_a_whole_roster_is_released_once_its_week_is_over() -> None:
    story = ready(OPENS)
    story.release(north(story), 12)
    accepted(story)
    story = ready(OPENS - SECOND)
    story.release(north(story), 12)
    refused(story, "at 2026-01-04 22:59:59 UTC: its week is over at 2026-01-04 23:00:00 UTC")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"agreement": AgreementDigest(bytes(32))}, "no agreement with this digest is in force"),
        ({"task": TaskId("other")}, "the agreement has no such task"),
        ({"group": GroupId("sales")}, "the task is not collected in such a group"),
        ({"window": Window(2025, 52)}, "no agreement with this digest is in force"),
        ({"window": Window(2020, 53)}, "the window is not collected"),
    ],
)
def test_only_a_batch_of_the_agreement_in_force_is_decided(
    changes: dict[str, Any], why: str
) -> None:
    written: list[Callable[[Story], Entry]] = [
        lambda story: released_instead(story, other),
        lambda story: story.withhold(other, Withheld.BATCH_TOO_SMALL, 9),
        lambda story: story.not_asked(other),
        lambda story: story.stop(other),
    ]
    for write in written:
        story = ready(CLOSES + timedelta(days=7))
        other = replace(north(story), **changes)
        write(story)
        refused(story, f"{other.group}'s {other.task} for {other.window} is ")
        refused(story, f"and there is no such batch: {why}")


def released_instead(story: Story, other: BatchId) -> Entry:
    body = story.release(north(story)).body
    assert isinstance(body, BatchReleased)
    story.entries.pop()
    return story.write(replace(body, batch=other))


def test_a_window_stays_under_its_version() -> None:
    story = ready(moment(2025, 12, 22))
    old = north(story)
    story.activate(second_version())
    story.commit(story.signed[1])
    story.publish(Window(2026, 4))
    story.at = moment(2026, 2, 9)
    story.release(old)
    story.release(north(story, "2026-W04"))
    accepted(story)
    story.release(replace(old, window=Window(2026, 4)))
    refused(story, "there is no such batch: no agreement with this digest is in force")


def test_what_a_release_costs_is_in_the_agreement() -> None:
    for rho in (Fraction(1, 27), Fraction(1, 25)):
        story = ready()
        story.release(north(story), rho=rho)
        refused(story, f"is released for ρ = {rho}, and the agreement says 1/26")


def test_a_release_needs_verify_keys_window_keys_and_a_batch_key() -> None:
    story = Story()
    story.activate(make_agreement())
    story.publish(Window(2026, 1))
    story.at = CLOSES
    story.release(north(story))
    refused(story, "is released, and the verify keys of its task were never committed")
    story = started()
    story.publish_batch_key(north(story))
    story.at = CLOSES
    story.release(north(story))
    refused(story, "is released, and the keys of its window were never published")
    story = started()
    story.publish_window_keys(Window(2026, 1))
    story.publish_batch_key(story.batch("headline", "south", "2026-W01"))
    story.publish_batch_key(north(story, "2026-W02"))
    story.at = CLOSES
    story.release(north(story))
    refused(story, "is released, and the key of its membership tokens was never published")


def test_what_is_left_is_recomputed() -> None:
    story = ready()
    body = story.release(north(story)).body
    assert isinstance(body, BatchReleased)
    assert body.rho_left == Fraction(25, 26)
    accepted(story)
    story = ready()
    story.release(north(story), rho_left=Fraction(26, 26))
    refused(story, "is released and ρ = 25/26 of 91 days is left, not 1")


def test_a_release_stays_within_the_cap() -> None:
    story = tight(CAP_OF_THE_SECOND)
    for group in ("north", "south"):
        story.release(story.batch("headline", group, "2026-W04"))
        accepted(story)
    story = tight(BELOW)
    story.release(north(story, "2026-W04"))
    refused(
        story,
        "north's headline for 2026-W04 is released beyond the budget: 91 days would cost "
        "ρ = 62399/260000, and the agreement allows 2399/10000",
    )
