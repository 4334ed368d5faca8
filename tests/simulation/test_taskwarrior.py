"""The real Taskwarrior and Timewarrior, and what is taken over of their real exports."""

import os
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from client.task_export import read
from client.task_import import KEPT_FOR, take_tasks, take_times
from client.task_list import TaskList
from client.taskwarrior import tasks
from client.timewarrior import stretches

pytestmark = [
    pytest.mark.needs_debian("taskwarrior", "task"),
    pytest.mark.needs_debian("timewarrior", "timew"),
]

CONFIGURATION = "confirmation=no\nuda.estimate.type=duration\nuda.estimate.label=Estimate\n"


@pytest.fixture
def types(tmp_path: Path) -> Callable[..., bytes]:
    """Run one of the two with data of their own."""
    configuration = tmp_path / "taskrc"
    data, times = tmp_path / "task", tmp_path / "timew"
    data.mkdir()
    configuration.write_text(CONFIGURATION, encoding="utf-8")
    places = {"TASKRC": configuration, "TASKDATA": data, "TIMEWARRIORDB": times, "HOME": tmp_path}
    env = {**os.environ, "TZ": "UTC", **{name: str(path) for name, path in places.items()}}

    def run(*words: str) -> bytes:
        done = subprocess.run(
            words, input=b"yes\n", capture_output=True, check=False, timeout=60, env=env
        )
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        return done.stdout

    return run


def test_what_was_typed_there_is_here(types: Callable[..., bytes]) -> None:
    for words in (
        ["Write the “offer”", "estimate:3h", "project:acme", "+client"],
        ["Fix login, quickly", "estimate:PT1H30M"],
        ["Three days", "estimate:3d"],
        ["A mistake"],
        ["Daily", "recur:daily", "due:tomorrow"],
    ):
        types("task", "add", *words)
    now = datetime.now(UTC).replace(microsecond=0)
    for ago, tag in ((4, "Write the “offer”"), (2, "Fix login, quickly"), (1, "Lunch")):
        start = now - timedelta(hours=ago)
        moments = (
            f"{start:%Y-%m-%dT%H:%M:%S}",
            f"{start + timedelta(hours=0.5):%Y-%m-%dT%H:%M:%S}",
        )
        types("timew", "track", moments[0], "-", moments[1], tag, "acme")
    types("timew", "start", "Fix login, quickly")
    types("task", "1", "start")
    types("task", "1", "done")
    types("task", "4", "delete")

    later = now + timedelta(minutes=5)
    exported = tasks(read("task", types("task", "export")))
    taken = take_tasks(TaskList(), exported, later - KEPT_FOR)
    worked = stretches(read("timew", types("timew", "export")))
    timed = take_times(taken.tasks, worked, None, later)

    assert (taken.unclear, timed.new, timed.unmatched, timed.running) == (1, 2, 1, 1)
    found = {task.title: task for task in timed.tasks.tasks}
    assert set(found) == {"Write the “offer”", "Fix login, quickly", "Three days", "Daily"}
    offer, login = found["Write the “offer”"], found["Fix login, quickly"]
    assert (offer.estimate, offer.spent(later)) == (timedelta(hours=3), timedelta(hours=0.5))
    assert offer.done is not None
    assert now <= offer.done <= later
    assert (login.estimate, login.done) == (timedelta(hours=1.5), None)
    assert (found["Daily"].recurs, offer.recurs) == (True, False)


def test_one_object_a_line_is_read_too(types: Callable[..., bytes]) -> None:
    types("task", "add", "First")
    types("task", "add", "Second")
    array = tasks(read("task", types("task", "export")))
    lines = tasks(read("task", types("task", "rc.json.array=off", "export")))
    assert lines == array
    assert len(lines) == 2
