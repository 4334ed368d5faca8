"""The X server's screen saver extension on a real X server: times, lock, and every refusal."""

import gc
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta

import pytest
from Xlib import X, display

from client.errors import SourceUnavailable
from client.sources.activity import IdleReader
from client.sources.x11_idle import open_reader, why_not
from tests.screens import Screen, screen

pytestmark = [
    pytest.mark.needs_debian("xvfb", "Xvfb"),
    pytest.mark.needs_debian("xdotool", "xdotool"),
]

_MILLISECOND = timedelta(milliseconds=1)
_INPUTS = [
    ("key", "a"),
    ("mousemove", "40", "30"),
    ("click", "1"),
    ("click", "4"),
]


@pytest.fixture
def x_server() -> Iterator[Screen]:
    with screen() as running:
        yield running


@pytest.fixture
def reader(x_server: Screen) -> Iterator[IdleReader]:
    opened = open_reader(x_server.environ)
    yield opened
    opened.close()


def _until(reached: Callable[[], bool]) -> None:
    for _ in range(600):
        if reached():
            return
        time.sleep(0.05)
    raise AssertionError("it never came to that")


@pytest.mark.parametrize("arguments", _INPUTS, ids=lambda arguments: arguments[0])
def test_an_input_of_any_kind_was_the_last_one(
    x_server: Screen, reader: IdleReader, arguments: tuple[str, ...]
) -> None:
    _until(lambda: reader.read().idle >= 200 * _MILLISECOND)
    before = time.monotonic()
    x_server.play(*arguments)
    reading = reader.read()
    passed = timedelta(seconds=time.monotonic() - before)
    assert not reading.locked
    assert reading.idle <= passed + _MILLISECOND


def test_without_input_the_time_grows_as_fast_as_the_clock(
    x_server: Screen, reader: IdleReader
) -> None:
    x_server.play("key", "a")
    before = time.monotonic()
    first = reader.read().idle
    between = time.monotonic()
    _until(lambda: time.monotonic() - between >= 0.3)
    later = time.monotonic()
    second = reader.read().idle
    after = time.monotonic()
    assert second - first >= timedelta(seconds=later - between) - 2 * _MILLISECOND
    assert second - first <= timedelta(seconds=after - before) + 2 * _MILLISECOND


def test_while_the_screen_saver_is_on_the_screen_is_locked(
    x_server: Screen, reader: IdleReader
) -> None:
    other = display.Display(x_server.name)
    other.force_screen_saver(X.ScreenSaverActive)
    other.sync()
    assert reader.read().locked
    other.force_screen_saver(X.ScreenSaverReset)
    other.sync()
    assert not reader.read().locked
    other.close()


def test_an_x_server_that_has_ended_is_named_in_a_sentence(
    x_server: Screen, reader: IdleReader
) -> None:
    x_server.end()
    with pytest.raises(SourceUnavailable, match="X server does not answer any more"):
        reader.read()
    reader.close()


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({}, "DISPLAY is not set"),
        ({"DISPLAY": ":0", "XDG_SESSION_TYPE": "wayland"}, "Wayland session"),
        ({"DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0"}, "Wayland session"),
        ({"DISPLAY": ":4999"}, "display :4999 cannot be opened"),
        ({"DISPLAY": ":64999"}, "display :64999 cannot be opened"),
        ({"DISPLAY": "nonsense"}, "display nonsense cannot be opened"),
    ],
    ids=["none", "wayland", "wayland-display", "nobody-listens", "no-port", "no-name"],
)
def test_what_cannot_be_read_is_refused_in_one_sentence(
    environ: Mapping[str, str], sentence: str
) -> None:
    with warnings.catch_warnings():
        # python-xlib leaves the socket of an attempt that failed to the garbage collector.
        warnings.simplefilter("ignore", ResourceWarning)
        with pytest.raises(SourceUnavailable, match=sentence) as refused:
            open_reader(environ)
        gc.collect()
    assert "\n" not in str(refused.value)


def test_an_x_session_that_holds_a_wayland_display_too_is_an_x_session(x_server: Screen) -> None:
    open_reader({**x_server.environ, "WAYLAND_DISPLAY": "wayland-nested"}).close()


def test_an_x_server_without_the_extension_is_refused() -> None:
    with screen("-extension", "MIT-SCREEN-SAVER") as bare:
        with pytest.raises(SourceUnavailable, match="has no screen saver extension"):
            open_reader(bare.environ)


def test_a_server_that_is_a_guest_of_wayland_is_refused_by_its_extensions() -> None:
    assert why_not(["MIT-SCREEN-SAVER", "RECORD"]) is None
    assert "Wayland" in (why_not(["MIT-SCREEN-SAVER", "XWAYLAND"]) or "")
