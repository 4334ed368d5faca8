"""Which source is taken on which desktop, and what is said of those that are not."""

import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

import pytest

from client.errors import SourceUnavailable
from client.sources import choice
from client.sources.activity import IdleReader, Moment, Reading
from client.sources.choice import CHOICES, Choice, Desktop, SourceName
from tests.activitywatch_server import ActivityWatchServer, running

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
X, WAYLAND = {"DISPLAY": ":0"}, {"DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0"}


def desktop(platform: str, environ: Mapping[str, str] | None = None) -> Desktop:
    return Desktop(platform, environ or {}, "desk", lambda: 0.0)


@pytest.mark.parametrize(
    ("platform", "environ", "fitting"),
    [
        ("linux", X, ["x11", "mutter", "kde", "pynput"]),
        ("linux", {**X, "XDG_SESSION_TYPE": "x11"}, ["x11", "mutter", "kde", "pynput"]),
        ("linux", WAYLAND, ["mutter", "kde"]),
        ("linux", {**X, "XDG_SESSION_TYPE": "wayland"}, ["mutter", "kde"]),
        ("linux", {"XDG_SESSION_TYPE": "tty"}, []),
        ("win32", {}, ["windows", "pynput"]),
        ("darwin", {}, ["macos", "pynput"]),
        ("darwin", X, ["macos", "pynput"]),
        ("freebsd14", X, []),
    ],
)
def test_what_fits_and_in_which_order(
    platform: str, environ: Mapping[str, str], fitting: list[str]
) -> None:
    here = desktop(platform, environ)
    assert [each.name for each in CHOICES if each.applies(here)] == fitting


class Reader:
    """A reader that says something, or does not."""

    def __init__(self, fault: str = "") -> None:
        self.fault = fault
        self.closed = False

    def read(self) -> Reading:
        if self.fault:
            raise SourceUnavailable(self.fault)
        return Reading(timedelta(0))

    def close(self) -> None:
        self.closed = True


def _choices(**opens: Reader | str) -> tuple[Choice, ...]:
    """Other choices than the real ones: a text is why it cannot be opened."""

    def opener(result: Reader | str) -> Callable[[Desktop], IdleReader]:
        def opened(_desktop: Desktop) -> IdleReader:
            if isinstance(result, str):
                raise SourceUnavailable(result)
            return result

        return opened

    return tuple(
        Choice(SourceName(name), name, lambda _: True, opener(result))
        for name, result in opens.items()
    )


def test_the_first_that_works_is_taken() -> None:
    silent, works, later = Reader("it says nothing"), Reader(), Reader()
    choices = _choices(x11="no display", mutter=silent, kde=works, pynput=later)
    opened = choice.open_first(desktop("linux", X), choices)
    assert (opened.name, opened.reader) == (SourceName.KDE, works)
    assert opened.passed_over == ("no display", "it says nothing")
    assert (silent.closed, works.closed) == (True, False)


def test_that_none_works_is_said_with_the_reasons() -> None:
    choices = _choices(x11="no display", mutter="no bus", kde="no bus")
    with pytest.raises(SourceUnavailable, match=r"\(no display; no bus\): .*plurale doctor"):
        choice.open_first(desktop("linux", X), choices)


def test_that_none_fits_is_said() -> None:
    with pytest.raises(SourceUnavailable, match="there is no desktop"):
        choice.open_first(desktop("linux"))


def test_the_one_that_the_person_named_is_taken_or_none() -> None:
    works = Reader()
    choices = _choices(x11="no display", mutter=works)
    assert choice.open_reader(SourceName.MUTTER, desktop("linux", X), choices) is works
    with pytest.raises(SourceUnavailable, match="no display"):
        choice.open_reader(SourceName.X11, desktop("linux", X), choices)
    with pytest.raises(SourceUnavailable, match="activitywatch is no source that"):
        choice.open_reader(SourceName.ACTIVITYWATCH, desktop("linux", X), choices)


def test_every_source_is_checked_and_closed() -> None:
    works = Reader()
    choices = _choices(x11="no display", mutter=works)
    with running(ActivityWatchServer()) as server:
        checked = choice.check_all(desktop("linux", X), NOW, server.address, choices=choices)
    assert [(one.name, one.applies, one.works) for one in checked] == [
        (SourceName.X11, True, False),
        (SourceName.MUTTER, True, True),
        (SourceName.ACTIVITYWATCH, True, False),
    ]
    assert [one.sentence for one in checked[:2]] == ["no display", ""]
    assert "has no record of when this computer" in checked[2].sentence
    assert works.closed


@pytest.mark.parametrize("platform", ["linux", "win32", "darwin"])
def test_what_was_never_tried_is_marked(platform: str) -> None:
    here = desktop(platform)
    with running(ActivityWatchServer()) as server:
        untried = {one.name for one in choice.check_all(here, NOW, server.address) if one.untried}
    never = {SourceName.WINDOWS, SourceName.MACOS}
    assert untried == (never if platform == "linux" else set(SourceName))


@pytest.mark.skipif(sys.platform != "linux", reason="opens the reader of another platform")
@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (SourceName.X11, "there is no display"),
        (SourceName.MUTTER, "there is no D-Bus session"),
        (SourceName.KDE, "there is no D-Bus session"),
        (SourceName.WINDOWS, "this is not Windows"),
        (SourceName.MACOS, "this is not macOS"),
        (SourceName.PYNPUT, "there is no display"),
    ],
)
def test_every_source_can_be_named_and_says_what_is_missing(
    name: SourceName, sentence: str
) -> None:
    with pytest.raises(SourceUnavailable, match=sentence):
        choice.open_reader(name, desktop("linux"))


def test_activitywatch_is_that_of_this_computer() -> None:
    here, hour = desktop("linux"), timedelta(hours=1)
    with running(ActivityWatchServer(key="the-key")) as server:
        bucket = server.bucket("aw-watcher-afk_desk", "afkstatus", "desk")
        bucket.insert(NOW - timedelta(minutes=9), NOW, {"status": "not-afk"})
        source = choice.open_activitywatch(
            here, server.address, lambda: "the-key", hour, (), NOW - hour
        )
        seen = source.look(Moment(NOW + timedelta(minutes=1), timedelta(0)))
        assert [span.end for span in seen.spans] == [NOW]
        checked = choice.check_all(here, NOW, server.address, lambda: "the-key")
        later = choice.check_all(here, NOW + hour, server.address, lambda: "the-key")
    assert checked[-1].works
    assert "seems to have stopped" in later[-1].sentence


def test_no_source_is_imported_before_it_is_opened() -> None:
    code = "import sys, client.sources.choice; print(*sys.modules)"
    output = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    heavy = {"http.client", "ctypes", "Xlib", "jeepney", "pynput", "ssl"}
    assert heavy.isdisjoint(output)
    assert not [name for name in output if name.startswith("client.sources.activitywatch")]
