"""What a task may be, and how long was spent on it."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from client.tasks import FinishedTask, Origin, Task, TaskNumber, TaskTime
from privacy.errors import InvalidValue
from tests.unit.client.tasks.moments import at, clock_in, hours


def task(**changes: Any) -> Task:
    fields: dict[str, Any] = {
        "number": TaskNumber(1),
        "title": "Write the offer",
        "estimate": hours(3),
        "added": at(8),
    }
    return Task(**(fields | changes))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"number": TaskNumber(0)}, "numbered from 1"),
        ({"title": ""}, "needs a title"),
        ({"title": " x"}, "without spaces"),
        ({"title": "x" * 201}, "at most 200 characters, and this one 201"),
        ({"title": "a\nb"}, "one line"),
        ({"title": "a\x1b[31m"}, "control characters"),
        ({"title": "a\u2028b"}, "one line"),
        ({"title": "a\udc80"}, "one line"),
        ({"estimate": timedelta(0)}, "more than nothing"),
        ({"estimate": hours(2001)}, "at most 2000 hours"),
        ({"added": datetime(2026, 3, 2)}, "not a moment in UTC"),  # noqa: DTZ001
        ({"done": datetime(2026, 3, 2)}, "not a moment in UTC"),  # noqa: DTZ001
        ({"origin": Origin(b"short")}, "SHA-256"),
        ({"times": (TaskTime(at(9), None), TaskTime(at(10), None))}, "runs once"),
        ({"times": (TaskTime(at(9), None),), "done": at(10)}, "not when it is finished"),
        ({"times": (TaskTime(at(9), at(10)), TaskTime(at(8), at(9)))}, "not in order"),
        ({"times": (TaskTime(at(9), at(10)), TaskTime(at(9), at(11)))}, "not in order"),
    ],
)
def test_what_is_no_task_cannot_be_built(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidValue, match=sentence):
        task(**changes)


def test_a_time_ends_after_its_start_and_an_imported_one_has_ended() -> None:
    with pytest.raises(InvalidValue):
        TaskTime(at(9), at(9))
    with pytest.raises(InvalidValue):
        TaskTime(at(9), None, imported=True)


def test_what_overlaps_is_spent_once_and_what_runs_until_now() -> None:
    both = (
        TaskTime(at(9), at(11)),
        TaskTime(at(10), at(12), imported=True),
        TaskTime(at(13), None),
    )
    assert task(times=both).spent(at(13.5)) == hours(3.5)
    assert task(times=both).spent(at(12.5)) == hours(3)


def test_a_task_over_the_night_of_the_change_took_the_real_hours() -> None:
    with clock_in("Europe/Berlin"):
        start = datetime.fromisoformat("2026-10-24T22:00+02:00")
        end = datetime.fromisoformat("2026-10-25T06:00+01:00")
        ran = TaskTime(start.astimezone(at(0).tzinfo), end.astimezone(at(0).tzinfo))
        assert task(times=(ran,)).spent(ran.start) == hours(9)


@pytest.mark.parametrize(("estimate", "spent"), [(timedelta(0), hours(1)), (hours(1), -hours(1))])
def test_what_is_no_finished_task_cannot_be_built(estimate: timedelta, spent: timedelta) -> None:
    with pytest.raises(InvalidValue):
        FinishedTask(at(9), estimate, spent)
