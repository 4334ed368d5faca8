"""A token request, which says who asks, and a report, which must not, never leave in one run."""

import dataclasses
from datetime import timedelta
from pathlib import Path

import pytest

from client.schedule import SPARE
from tests.desk import WINDOW, Desk, after, at_a_desk


def test_with_upload_periods_that_overlap_no_run_asks_and_sends(tmp_path: Path) -> None:
    with at_a_desk(tmp_path, lambda terms: dataclasses.replace(terms, upload_days=14)) as desk:
        asking = sending = 0
        for day in range(35):
            desk.council.asked.clear()
            happened = desk.run(at=after() + timedelta(days=day))
            asked = desk.council.asked.count("issue")
            assert not (asked and happened.sent), f"on day {day}"
            asking += asked
            sending += len(happened.sent)
        assert asking >= sending > 6  # the newest are on their way


@pytest.mark.parametrize("sent", [True, False])
def test_on_the_last_day_there_is_no_other_run_to_wait_for(desk: Desk, *, sent: bool) -> None:
    last_day = desk.signed.agreement.upload_closes(WINDOW) - SPARE
    desk.run(at=after())
    happened = desk.run(at=last_day if sent else last_day - timedelta(seconds=1))
    assert len(happened.approved) == 2
    assert len(happened.sent) == (2 if sent else 0)
