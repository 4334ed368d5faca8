"""Which sources of activity there are, which fit this desktop, and which of them works.

In this order, the first that works is taken: those that say when the last input was and nothing
else come before the listeners, which get every event and keep its time. ActivityWatch is another
program with a record of its own, so it is asked only if the person names it.

A source is imported when it is opened: the watcher holds one of them in memory.
"""

import os
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from client.errors import SourceUnavailable
from client.sources.activity import IdleReader
from client.sources.categories import Category
from client.sources.session import is_wayland

if TYPE_CHECKING:
    from client.sources.activitywatch import ActivityWatch

NOT_TRIED: Final = "not tried on real hardware"
"""What people are told of a source that was only ever tested against fakes of its system calls."""

_LINUX: Final = "linux"


class SourceName(StrEnum):
    """What a person types to name a source."""

    X11 = "x11"
    MUTTER = "mutter"
    KDE = "kde"
    WINDOWS = "windows"
    MACOS = "macos"
    PYNPUT = "pynput"
    ACTIVITYWATCH = "activitywatch"


@dataclass(frozen=True, slots=True)
class Desktop:
    """Where this process runs; `host`: the computer's name, `clock`: a running one, in seconds."""

    platform: str
    environ: Mapping[str, str]
    host: str
    clock: Callable[[], float]

    @property
    def has_x_server(self) -> bool:
        """Whether it is a desktop on Linux whose X server sees all input."""
        has_display = bool(self.environ.get("DISPLAY"))
        return self.platform == _LINUX and has_display and not is_wayland(self.environ)

    @property
    def is_on_linux(self) -> bool:
        """Whether it is a desktop on Linux, of either kind."""
        return self.has_x_server or (self.platform == _LINUX and is_wayland(self.environ))

    @property
    def is_untried(self) -> bool:
        """Whether no source was ever tried on such a computer."""
        return self.platform != _LINUX


def here() -> Desktop:
    """The desktop that this process is in."""
    return Desktop(sys.platform, os.environ, socket.gethostname(), time.monotonic)


def _x11(desktop: Desktop) -> IdleReader:
    from client.sources import x11_idle

    return _with_lock(x11_idle.open_reader(desktop.environ), desktop)


def _mutter(desktop: Desktop) -> IdleReader:
    from client.sources import dbus_idle

    return _with_lock(dbus_idle.open_mutter(desktop.environ), desktop)


def _kde(desktop: Desktop) -> IdleReader:
    from client.sources import dbus_idle

    return _with_lock(dbus_idle.open_kde(desktop.environ), desktop)


def _windows(desktop: Desktop) -> IdleReader:
    from client.sources import windows_idle

    return windows_idle.open_reader()


def _macos(desktop: Desktop) -> IdleReader:
    from client.sources import macos_idle

    return macos_idle.open_reader()


def _pynput(desktop: Desktop) -> IdleReader:
    from client.sources import pynput_input

    return _with_lock(pynput_input.open_reader(desktop.environ, desktop.clock), desktop)


def _with_lock(reader: IdleReader, desktop: Desktop) -> IdleReader:
    if desktop.platform != _LINUX:
        return reader
    from client.sources.screen_lock import with_lock

    return with_lock(reader, desktop.environ)


@dataclass(frozen=True, slots=True)
class Choice:
    """A source that reads how long ago the last input was.

    `title`: what people are told it is. `untried`: see `NOT_TRIED`.
    """

    name: SourceName
    title: str
    applies: Callable[[Desktop], bool]
    opens: Callable[[Desktop], IdleReader]
    untried: bool = False


CHOICES: Final = (
    Choice(
        SourceName.X11,
        "the X server's screen saver extension",
        lambda here: here.has_x_server,
        _x11,
    ),
    Choice(SourceName.MUTTER, "GNOME's idle monitor", lambda here: here.is_on_linux, _mutter),
    Choice(SourceName.KDE, "KDE's screen saver", lambda here: here.is_on_linux, _kde),
    Choice(SourceName.WINDOWS, "Windows", lambda here: here.platform == "win32", _windows, True),
    Choice(SourceName.MACOS, "macOS", lambda here: here.platform == "darwin", _macos, True),
    Choice(
        SourceName.PYNPUT,
        "listening for keyboard and mouse (only the time is kept)",
        lambda here: here.has_x_server or here.platform in ("win32", "darwin"),
        _pynput,
    ),
)


@dataclass(frozen=True, slots=True)
class Opened:
    """The source that was taken, and why those before it were not: one sentence each."""

    name: SourceName
    reader: IdleReader
    passed_over: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Checked:
    """What `plurale doctor` says of one source. `sentence` is empty if it works."""

    name: SourceName
    title: str
    applies: bool
    works: bool
    sentence: str
    untried: bool


def open_reader(
    name: SourceName, desktop: Desktop, choices: Sequence[Choice] = CHOICES
) -> IdleReader:
    """The source that the person named, after one reading; raises `SourceUnavailable`."""
    for choice in choices:
        if choice.name is name:
            return _tried(choice, desktop)
    raise SourceUnavailable(f"{name} is no source that is read every few seconds")


def open_first(desktop: Desktop, choices: Sequence[Choice] = CHOICES) -> Opened:
    """The first source that works; raises `SourceUnavailable` with all reasons if none does."""
    passed_over: list[str] = []
    for choice in choices:
        if choice.applies(desktop):
            try:
                reader = _tried(choice, desktop)
            except SourceUnavailable as error:
                passed_over.append(str(error))
            else:
                return Opened(choice.name, reader, tuple(passed_over))
    reasons = "; ".join(dict.fromkeys(passed_over)) or "there is no desktop"
    raise SourceUnavailable(
        f"nothing here says when this device is in use ({reasons}): start Plurale from the "
        "desktop, or type plurale doctor"
    )


def open_activitywatch(
    desktop: Desktop,
    address: str | None,
    key: Callable[[], str] | None,
    idle_limit: timedelta,
    categories: Sequence[Category],
    since: datetime,
) -> "ActivityWatch":
    """The person's ActivityWatch; `address`: ``None`` for the usual one; `key`: gives its API key.

    Raises `SourceUnavailable`.
    """
    from client.sources.activitywatch import ActivityWatch
    from client.sources.activitywatch_server import DEFAULT_ADDRESS, Server

    server = Server(address or DEFAULT_ADDRESS, "" if key is None else key())
    return ActivityWatch(server, desktop.host, idle_limit, categories, since)


def check_all(
    desktop: Desktop,
    now: datetime,
    address: str | None = None,
    key: Callable[[], str] | None = None,
    choices: Sequence[Choice] = CHOICES,
) -> tuple[Checked, ...]:
    """Each source, in order, after one reading of those that fit; `now` in UTC."""
    checked = [_checked(choice, desktop) for choice in choices]
    fault = ""
    try:
        open_activitywatch(desktop, address, key, timedelta(minutes=5), (), now).check(now)
    except SourceUnavailable as error:
        fault = str(error)
    name, title = SourceName.ACTIVITYWATCH, "ActivityWatch (asked only if you name it)"
    return (*checked, Checked(name, title, True, not fault, fault, desktop.is_untried))


def _checked(choice: Choice, desktop: Desktop) -> Checked:
    applies = choice.applies(desktop)
    fault = "" if applies else "it is for another desktop"
    if applies:
        try:
            _tried(choice, desktop).close()
        except SourceUnavailable as error:
            fault = str(error)
    untried = choice.untried or desktop.is_untried
    return Checked(choice.name, choice.title, applies, not fault, fault, untried)


def _tried(choice: Choice, desktop: Desktop) -> IdleReader:
    reader = choice.opens(desktop)
    try:
        reader.read()
    except SourceUnavailable:
        reader.close()
        raise
    return reader
