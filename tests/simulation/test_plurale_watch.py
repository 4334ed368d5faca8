"""``plurale watch`` as a process of its own, on a real X server."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from client import leaving, watch_rules
from client.activity import Activity
from client.intervals import Interval
from client.journal import Journal
from client.watch_rules import WatchRule, WatchRules
from tests.screens import Screen, screen

pytestmark = [
    pytest.mark.needs_debian("xvfb", "Xvfb"),
    pytest.mark.needs_debian("xdotool", "xdotool"),
]

DAY = timedelta(days=1)
HEAVY = {"grpc", "cryptography", "opendp", "sqlmodel", "sqlalchemy", "protos", "google"}
TOO_LARGE = {"rich", "keyring", "httpx", "imapclient", "holidays", "asyncio"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An enrolled device, as far as the watcher looks."""
    now = datetime.now(UTC)
    rule = WatchRule(now - DAY, now + DAY, "Europe/Berlin", timedelta(minutes=5))
    watch_rules.keep(tmp_path, WatchRules((rule,)))
    (tmp_path / "enrolment.json").write_text("{}")
    return tmp_path


@pytest.fixture(scope="module")
def x_server() -> Iterator[Screen]:
    with screen() as running:
        yield running


def command(folder: Path, *options: str) -> list[str | Path]:
    return [sys.executable, "-m", "client", "--data", folder, "watch", *options]


@contextmanager
def watching(folder: Path, x_server: Screen) -> "Iterator[subprocess.Popen[str]]":
    process = subprocess.Popen(
        command(folder), env=x_server.environ, stdout=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def said_until(process: "subprocess.Popen[str]", sentence: str) -> list[str]:
    """What it said until it said this."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line.strip())
        if sentence in line:
            return lines
    raise AssertionError(f"it ended, having said {lines}")


def recorded(folder: Path, since: datetime) -> Activity:
    with Journal(folder / "journal.db") as journal:
        return journal.activity(Interval(since, datetime.now(UTC) + DAY))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_what_was_in_use_is_in_the_journal_when_it_is_ended(
    folder: Path, x_server: Screen, number: signal.Signals
) -> None:
    begun = datetime.now(UTC)
    with watching(folder, x_server) as process:
        lines = said_until(process, "recording")
        assert any("asking x11" in line for line in lines)
        for _ in range(4):
            x_server.play("mousemove_relative", "1", "1")
            time.sleep(2)
        process.send_signal(number)
        assert said_until(process, "ended")
        assert process.wait(30) == 0
    found = recorded(folder, begun)
    assert len(found.active) == 1
    assert found.recorded == found.active
    assert begun <= found.active[0].start < found.active[0].end <= datetime.now(UTC)
    assert (folder / "journal.db").stat().st_mode & 0o777 == 0o600


def test_it_ends_when_the_person_leaves_and_makes_no_file_again(
    folder: Path, x_server: Screen
) -> None:
    with watching(folder, x_server) as process:
        said_until(process, "recording")
        leaving.erase(folder)
        assert said_until(process, "not enrolled any more")
        assert process.wait(30) == 0
    assert not folder.exists() or list(folder.iterdir()) == []


def test_a_screen_that_is_not_there_is_a_sentence_and_it_goes_on(
    folder: Path, x_server: Screen
) -> None:
    """Somebody may start it before the desktop is there."""
    nowhere = {**x_server.environ, "DISPLAY": ":4711"}
    process = subprocess.Popen(command(folder), env=nowhere, stdout=subprocess.PIPE, text=True)
    try:
        lines = said_until(process, "nothing here says when this device is in use")
        assert "plurale doctor" in lines[-1]
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--source", "camera"), "there is no source 'camera'"),
        (("--activitywatch", "http://localhost:5600"), "add --source activitywatch"),
        (("--source", "activitywatch", "--api-key-command", "'"), "the command for the API key"),
    ],
)
def test_a_wrong_option_is_one_sentence(
    folder: Path, options: tuple[str, ...], sentence: str
) -> None:
    done = subprocess.run(
        command(folder, *options), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_nothing_is_recorded_before_somebody_agreed(tmp_path: Path) -> None:
    done = subprocess.run(
        command(tmp_path), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert "nothing is recorded before you agreed to it" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "sources",
    [
        ("x11_idle", "screen_lock"),
        ("dbus_idle", "screen_lock"),
        ("pynput_input", "screen_lock"),
        ("activitywatch",),
        ("windows_idle",),
        ("macos_idle",),
    ],
    ids=lambda sources: sources[0],
)
def test_what_it_imports_stays_small(sources: tuple[str, ...]) -> None:
    """All that the process ever imports, with each source: the parser, the command, the source."""
    modules = ["client.cli", "client.commands.watching"]
    modules += [f"client.sources.{source}" for source in sources]
    program = f"import {', '.join(modules)}, sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    found = {name.partition(".")[0] for name in done.stdout.split()}
    assert found & (HEAVY | TOO_LARGE) == set()
