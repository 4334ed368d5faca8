"""Stories up to a release, and the judgement on a story's last entry."""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction

import pytest

from privacy.agreement.model import PrivacyTerms
from privacy.batch import BatchId
from privacy.errors import BrokenLedger
from privacy.ledger.rules import Ledger
from privacy.window import Window
from tests.ledgers import CAP_OF_THE_SECOND, Story, moment, second_version, started

SECOND = timedelta(seconds=1)
OPENS = moment(2026, 1, 4, 23)
"""When 2026-W01 is over in Berlin and its reports may be sent."""

CLOSES = OPENS + timedelta(days=14)


def ready(at: datetime = CLOSES) -> Story:
    """Everything that a release of 2026-W01 needs."""
    story = started()
    story.publish(Window(2026, 1))
    story.at = at
    return story


def north(story: Story, window: str = "2026-W01") -> BatchId:
    """A team of 12 that needs 10."""
    return story.batch("headline", "north", window)


def tight(cap: Fraction) -> Story:
    """Three windows under version 1 cost 3/13; version 2 has this cap, and 2026-W04 is closed."""
    story = started()
    story.at = moment(2025, 12, 22)
    for week in (1, 2, 3):
        story.publish(Window(2026, week))
    story.activate(replace(second_version(), privacy=PrivacyTerms(cap)))
    story.commit(story.signed[1])
    story.publish(Window(2026, 4))
    for week in (1, 2, 3):
        story.at = CLOSES + timedelta(weeks=week - 1)
        for task, group in (("headline", "north"), ("breadth", "sales")):
            story.release(story.batch(task, group, f"2026-W{week:02}"))
    story.at = CLOSES + timedelta(weeks=3)
    return story


BELOW = CAP_OF_THE_SECOND - Fraction(1, 10_000)
"""A cap under which nothing of 2026-W04 fits any more."""


def accepted(story: Story) -> Ledger:
    """The ledger of a story that keeps every rule."""
    ledger = story.ledger
    assert ledger.entries == story.entries
    return ledger


def refused(story: Story, fault: str) -> None:
    """The last entry alone is not accepted, for this reason, and it leaves no trace."""
    ledger = Ledger()
    for data in story.data[:-1]:
        ledger.apply(data)
    before = ledger.copy()
    with pytest.raises(BrokenLedger, match=re.escape(fault)) as caught:
        ledger.apply(story.data[-1])
    assert caught.value.index == len(story.entries) - 1
    assert str(caught.value).startswith(f"entry {caught.value.index}: ")
    assert "\n" not in str(caught.value)
    assert ledger == before
