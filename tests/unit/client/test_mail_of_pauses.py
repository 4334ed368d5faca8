"""What a pause takes out of the mail measures of a week that it does not touch, and what it leaves.

As in `mail_rules.notation`: 8 business hours from 9 to 17, in Berlin. The pause is the weekend
before the window.
"""

from fractions import Fraction
from pathlib import Path

import pytest

from client.pausing import Pause, Pauses
from client.sources.base import Skip
from tests.unit.client.mailbox import Mail, Values, at, sent, week

WEEKEND = Pauses((Pause(at("-1 Fri 17:30"), at("-1 Sun 12:00")),))
ID = "a@client.example"
IN_TIME: Values = (Fraction(1), Fraction(1), Fraction(2))
NOTHING: Values = (None, Fraction(0), None)

CASES: dict[str, tuple[list[Mail], int, Values]] = {
    "of the pause, and answered after it": (
        [Mail("-1 Sat 10:00", ID), sent("Mon 11:00", "r@example.com", ID)],
        1,
        NOTHING,
    ),
    "answered in the pause": (
        [Mail("-1 Fri 12:00", ID), sent("-1 Sat 10:00", "r@example.com", ID)],
        1,
        NOTHING,
    ),
    # The answer is of this week, and counts as one; how long it took is not judged.
    "from before, and answered after it": (
        [Mail("-1 Fri 12:00", ID), sent("Mon 11:00", "r@example.com", ID)],
        0,
        (None, Fraction(1), None),
    ),
    "from before, and never answered": ([Mail("-1 Fri 12:00", ID)], 0, NOTHING),
    "from the moment of its end on": (
        [Mail("-1 Sun 12:00", ID), sent("Mon 11:00", "r@example.com", ID)],
        0,
        IN_TIME,
    ),
    "of the week": ([Mail("Tue 10:00", ID), sent("Tue 12:00", "r@example.com", ID)], 0, IN_TIME),
}


@pytest.mark.parametrize(("mails", "skipped", "expected"), CASES.values(), ids=CASES)
def test_of_a_week_that_no_pause_touches(
    mails: list[Mail], skipped: int, expected: Values, tmp_path: Path
) -> None:
    found, result = week(tmp_path, mails, pauses=WEEKEND)
    assert (found, result.skipped.get(Skip.PAUSED, 0)) == (expected, skipped)
