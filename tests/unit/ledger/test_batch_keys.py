"""Rule 6: one key for the membership tokens of a batch; just inside and just outside."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from privacy.agreement.model import AgreementDigest
from privacy.groups import GroupId
from privacy.ledger.entries import BatchKeyPublished
from privacy.metrics import TaskId
from privacy.window import Window
from tests.agreements import make_agreement
from tests.ledgers import Story, moment, second_version, started
from tests.unit.ledger.judging import OPENS, SECOND, accepted, north, refused

START = moment(2025, 12, 28, 23)
"""When 2026-W01 begins in Berlin."""

EARLIEST = START - timedelta(days=29)


def published(at: datetime) -> Story:
    """A story whose last entry is the key of north's headline for 2026-W01."""
    story = Story(at=min(at, EARLIEST))
    story.activate(make_agreement())
    story.at = at
    story.publish_batch_key(north(story))
    return story


def again(story: Story, **changes: Any) -> Story:
    """The story with the same key for another batch of 2026-W01."""
    body = story.entries[-1].body
    assert isinstance(body, BatchKeyPublished)
    story.write(replace(body, batch=replace(body.batch, **changes)))
    return story


def test_every_batch_of_a_window_has_a_key() -> None:
    story = started()
    story.publish(Window(2026, 1))
    ledger = accepted(story)
    assert set(ledger.batch_keys) == set(ledger.book.batches(Window(2026, 1)))
    assert len(ledger.moduli) == 4


def test_a_batch_key_comes_before_anybody_may_send() -> None:
    accepted(published(OPENS - SECOND))
    refused(
        published(OPENS),
        "a key for north's headline for 2026-W01 is published at 2026-01-04 23:00:00 UTC, too "
        "late: its reports may be sent since 2026-01-04 23:00:00 UTC",
    )


def test_a_batch_key_comes_at_most_four_weeks_and_a_day_ahead() -> None:
    story = published(EARLIEST)
    accepted(story)
    early = "published at 2025-11-29 22:59:59 UTC, more than 29 days before the window starts"
    refused(published(EARLIEST - SECOND), f"a key for north's headline for 2026-W01 is {early}")


def test_a_batch_has_one_key() -> None:
    story = published(START)
    first = story.entries[-1]
    story.publish_batch_key(story.batch("headline", "south", "2026-W01"))
    story.publish_batch_key(north(story))
    refused(
        story,
        f"a key for north's headline for 2026-W01 is published twice: entry {first.index} has one "
        "already, and with a second one a member could be told from the others",
    )


def test_the_same_key_is_not_published_again_either() -> None:
    refused(again(published(START)), "is published twice: entry 1 has one already")


@pytest.mark.parametrize(
    "changes", [{"group": GroupId("south")}, {"window": Window(2026, 2)}], ids=["group", "window"]
)
def test_no_batch_has_the_key_of_another(changes: dict[str, Any]) -> None:
    refused(
        again(published(START), **changes),
        "is published, and it is the one of entry 1: a token asked for in one batch would hold",
    )


def test_a_key_of_a_batch_that_has_ended_is_not_used_again() -> None:
    story = published(START)
    body = story.entries[-1].body
    story.at = moment(2026, 2, 1)
    story.not_asked(north(story))
    assert isinstance(body, BatchKeyPublished)
    story.write(replace(body, batch=north(story, "2026-W05")))
    refused(story, "a key for north's headline for 2026-W05 is published, and it is the one of")


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
def test_only_a_batch_that_there_is_has_a_key(changes: dict[str, Any], why: str) -> None:
    story = published(START)
    story.entries.pop()
    other = replace(north(story), **changes)
    story.publish_batch_key(other)
    named = f"a key for {other.group}'s {other.task} for {other.window} is published"
    refused(story, f"{named}, and there is no such batch: {why}")


def test_a_batch_of_a_newer_version_has_a_key_of_its_own() -> None:
    story = started()
    story.at = moment(2025, 12, 29)
    old = north(story, "2026-W04")
    story.publish(Window(2026, 4))
    story.activate(second_version())
    new = north(story, "2026-W04")
    story.publish_batch_key(new)
    ledger = accepted(story)
    assert {old, new} < set(ledger.batch_keys)
    story.publish_batch_key(old)
    refused(story, "and there is no such batch: no agreement with this digest is in force")


def test_without_an_agreement_no_key_is_published() -> None:
    body = published(START).entries[-1].body
    story = Story()
    story.write(body)
    refused(story, "entry 0: a key for north's headline for 2026-W01 is published, and there is no")
