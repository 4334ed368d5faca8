"""``plurale task`` as a person types it, in processes of its own, on a device without enrolment."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from client.journal import Journal
from client.task_list import TaskList
from client.tasks import TaskNumber

TOKYO = ZoneInfo("Asia/Tokyo")  # an hour never comes twice there
TASK = {
    "description": "Write the offer",
    "entry": "20260302T080000Z",
    "status": "pending",
    "uuid": "16978558-fe7b-4c2c-acc1-efd470bbb4f9",
    "estimate": "PT3H",
}
TIMES = [
    {"id": 2, "start": "20260302T090000Z", "end": "20260302T100000Z", "tags": ["Write the offer"]},
    {"id": 1, "start": "20260302T110000Z", "tags": ["Write the offer"]},
]


class Shell:
    """A folder for Plurale and a terminal in Tokyo."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def types(self, *words: str, piped: bytes = b"") -> "subprocess.CompletedProcess[str]":
        done = subprocess.run(
            [sys.executable, "-m", "client", "--data", str(self.folder), "task", *words],
            input=piped,
            capture_output=True,
            check=False,
            timeout=60,
            env={**os.environ, "COLUMNS": "120", "TZ": "Asia/Tokyo", "PYTHONUTF8": "1"},
        )
        out, err = done.stdout.decode(), done.stderr.decode()
        return subprocess.CompletedProcess(done.args, done.returncode, out, err)

    def says(self, *words: str, piped: bytes = b"") -> str:
        """What a command that goes well prints."""
        done = self.types(*words, piped=piped)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    def refuses(self, *words: str, piped: bytes = b"") -> str:
        """The one sentence of a command that changes nothing."""
        before = self.says("list", "--json")
        done = self.types(*words, piped=piped)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("plurale: ")
        assert done.stderr.count("\n") == 1
        assert self.says("list", "--json").count("\n") == before.count("\n")
        return done.stderr

    def listed(self) -> list[dict[str, Any]]:
        return list(json.loads(self.says("list", "--json")))


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path / "plurale")


def test_a_day_with_two_tasks(shell: Shell) -> None:
    assert "There are no tasks" in shell.says("list")
    assert shell.says("add", "Write [b]the[/b] offer", "--estimate", "3h").startswith(
        "Added task 1: Write [b]the[/b] offer, estimated 3 h.\n"
    )
    assert "task 2" in shell.says("add", "Fix login")
    assert "estimated 1 h 30 min" in shell.says("estimate", "2", "1h30m")
    assert "Task 1 runs since" in shell.says("start", "1")
    said = shell.says("start", "2")
    assert said.index("Task 1 stopped") < said.index("Task 2 runs since")
    assert "Task 2 is finished: Fix login, took 0 min" in shell.says("done")
    assert "Task 1 runs since" in shell.says("start")
    shown = shell.says("list")
    assert "Write [b]the[/b] offer" in shown
    assert shown.index("runs since") < shown.index("finished")
    assert "Task 1 stopped" in shell.says("stop")
    first, second = shell.listed()
    assert (first["estimate_seconds"], first["done"], len(first["times"])) == (10800, None, 2)
    assert second["done"] == second["times"][0]["end"]
    assert "Erased task 2" in shell.says("remove", "2")
    assert [task["number"] for task in shell.listed()] == [1]


def test_what_cannot_be_is_told_in_one_sentence(shell: Shell) -> None:
    shell.says("add", "Write the offer")
    assert "working days" in shell.refuses("add", "x", "--estimate", "2d")
    assert "one line" in shell.refuses("add", "a\nb")
    assert "needs a title" in shell.refuses("add", "  ")
    assert "no task 7" in shell.refuses("start", "7")
    assert "no task is running" in shell.refuses("stop")
    assert "say which one is done" in shell.refuses("done")
    assert "no time of day" in shell.refuses("start", "1", "--at", "noon")
    assert "No such file" in shell.refuses("import", str(shell.folder / "nothing.json"))
    assert "is no JSON" in shell.refuses("import", "-", piped=b"hello")


def test_a_task_that_was_left_running_ends_when_the_person_says(shell: Shell) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    start = now - timedelta(hours=15)
    with Journal(shell.folder / "journal.db") as journal:
        journal.tasks.change(
            lambda _: TaskList().added("Forgotten", None, start).started(TaskNumber(1), start)
        )
    assert "has been running for 15 h" in shell.says("list")
    for words in (["stop"], ["done"], ["done", "1"]):
        assert "say when you stopped, like plurale task stop --at" in shell.refuses(*words)
    last = (start + timedelta(hours=1)).astimezone(TOKYO)
    assert "Task 1 stopped" in shell.says("stop", "--at", f"{last:%H:%M}")
    (task,) = shell.listed()
    assert timedelta(seconds=task["spent_seconds"]) == timedelta(hours=1) - timedelta(
        seconds=start.second
    )


def test_an_import_tells_the_two_programs_apart_and_may_be_repeated(
    shell: Shell, tmp_path: Path
) -> None:
    tasks, times = tmp_path / "tasks.json", json.dumps(TIMES).encode()
    tasks.write_text(json.dumps([TASK]), encoding="utf-8")
    assert shell.says("import", str(tasks)).startswith("Tasks: 1 new, 0 changed, 0 deleted.")
    assert shell.says("import", str(tasks)).startswith("Tasks: 0 new, 0 changed, 0 deleted.")
    said = shell.says("import", "-", piped=times)
    assert said.startswith("Stretches of work: 1 new, 0 taken away.\nOne that is still going on")
    before = shell.listed()
    assert shell.says("import", "-", piped=times).startswith("Stretches of work: 0 new, 0 taken")
    assert shell.listed() == before
    assert (before[0]["spent_seconds"], before[0]["imported"]) == (3600, True)
    assert "finish it there" in shell.refuses("done", "1")
    assert "comes back with the next import" in shell.says("remove", "1")


def test_of_an_export_with_one_bad_entry_nothing_is_taken_over(shell: Shell) -> None:
    export = json.dumps([TASK, {**TASK, "uuid": "none"}]).encode()
    assert "standard input, entry 2: its uuid is none" in shell.refuses("import", "-", piped=export)
    assert shell.listed() == []
