"""Listeners for keyboard and mouse on a real X server: the time of the last event, and ends."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from client.errors import SourceUnavailable
from client.sources.pynput_input import PynputInput, open_reader, why_not
from tests.screens import Screen, screen

pytestmark = [
    pytest.mark.needs_debian("xvfb", "Xvfb"),
    pytest.mark.needs_debian("xdotool", "xdotool"),
]

_INPUTS = [
    ("key", "a"),
    ("mousemove", "40", "30"),
    ("click", "1"),
    ("click", "5"),
    ("keydown", "shift"),
]


@pytest.fixture
def x_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    with screen() as running:
        # pynput takes the display from the environment of the process.
        monkeypatch.setenv("DISPLAY", running.name)
        yield running


@pytest.fixture
def reader(x_server: Screen) -> Iterator[PynputInput]:
    opened = open_reader(x_server.environ, time.monotonic)
    assert isinstance(opened, PynputInput)
    yield opened
    opened.close()


def _until(reached: Callable[[], bool]) -> None:
    for _ in range(600):
        if reached():
            return
        time.sleep(0.05)
    raise AssertionError("it never came to that")


def _last(reader: PynputInput) -> float:
    """When the last event was, by `time.monotonic`; minus infinity before the first."""
    now = time.monotonic()
    reading = reader.read()
    return float("-inf") if reading.locked else now - reading.idle.total_seconds()


@pytest.mark.parametrize("arguments", _INPUTS, ids="-".join)
def test_the_time_of_an_input_of_any_kind_is_kept(
    x_server: Screen, reader: PynputInput, arguments: tuple[str, ...]
) -> None:
    x_server.play("key", "b")
    _until(lambda: _last(reader) > 0)
    before = time.monotonic()
    x_server.play(*arguments)
    _until(lambda: _last(reader) >= before)
    after = time.monotonic()
    assert before <= _last(reader) <= after


def test_without_input_the_time_grows(x_server: Screen, reader: PynputInput) -> None:
    x_server.play("key", "a")
    _until(lambda: not reader.read().locked)
    first = reader.read().idle
    waited = time.monotonic()
    _until(lambda: time.monotonic() - waited >= 0.2)
    assert reader.read().idle - first >= timedelta(seconds=0.2)


def test_before_the_first_event_nothing_is_known(x_server: Screen, reader: PynputInput) -> None:
    assert reader.read().locked
    x_server.play("mousemove", "7", "7")
    _until(lambda: not reader.read().locked)


def test_nothing_but_a_time_is_kept_of_an_event(x_server: Screen, reader: PynputInput) -> None:
    before = {name: type(value) for name, value in vars(reader).items()}
    x_server.play("key", "a")
    _until(lambda: not reader.read().locked)
    after = {name: type(value) for name, value in vars(reader).items()}
    changed = {name: kind for name, kind in after.items() if before.get(name) is not kind}
    assert changed == {"_last": float}


def test_a_display_that_has_gone_is_named_in_a_sentence_and_leaves_no_trace(
    x_server: Screen, reader: PynputInput, capfd: pytest.CaptureFixture[str]
) -> None:
    x_server.play("key", "a")
    _until(lambda: not reader.read().locked)
    x_server.end()
    _until(lambda: _is_refused(reader))
    with pytest.raises(SourceUnavailable, match="has ended"):
        reader.read()
    reader.close()
    assert capfd.readouterr() == ("", "")


def _is_refused(reader: PynputInput) -> bool:
    try:
        reader.read()
    except SourceUnavailable:
        return True
    return False


def test_closing_does_not_wait_for_the_next_event_which_ends_the_listeners(
    x_server: Screen,
) -> None:
    others = set(threading.enumerate())
    reader = open_reader(x_server.environ, time.monotonic)
    x_server.play("key", "a")
    _until(lambda: not reader.read().locked)
    reader.close()
    x_server.play("key", "b")
    x_server.play("mousemove", "9", "9")
    _until(lambda: set(threading.enumerate()) <= others)


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({}, "DISPLAY is not set"),
        ({"DISPLAY": ":0", "XDG_SESSION_TYPE": "wayland"}, "Wayland session"),
    ],
)
def test_where_nobody_can_listen_it_is_said_in_one_sentence(
    environ: dict[str, str], sentence: str
) -> None:
    with pytest.raises(SourceUnavailable, match=sentence):
        open_reader(environ, time.monotonic)


def test_a_server_that_records_nothing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with screen("-extension", "RECORD") as bare:
        monkeypatch.setenv("DISPLAY", bare.name)
        with pytest.raises(SourceUnavailable, match="does not let this program listen"):
            open_reader(bare.environ, time.monotonic)


@pytest.mark.parametrize(
    ("platform", "alive", "trusted", "sentence"),
    [
        ("linux", True, True, None),
        ("linux", False, True, "has ended"),
        ("darwin", True, True, None),
        ("darwin", True, False, "Input Monitoring"),
        ("darwin", False, True, "Input Monitoring"),
    ],
)
def test_on_macos_the_permission_is_named(
    platform: str, alive: bool, trusted: bool, sentence: str | None
) -> None:
    reason = why_not(platform, alive=alive, trusted=trusted)
    assert (reason is None) if sentence is None else (sentence in (reason or ""))
