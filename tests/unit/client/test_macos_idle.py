"""The macOS reader against fakes of the system calls: not tried on real hardware."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from client.errors import SourceUnavailable
from client.sources import macos_idle
from client.sources.macos_idle import MacIdle, MacOS, Session

AT_WORK = Session(on_console=True, screen_is_locked=False)


@dataclass
class Calls:
    """What macOS answers."""

    seconds: float = 12.5
    found: Session | None = AT_WORK

    def seconds_since_input(self) -> float:
        return self.seconds

    def session(self) -> Session | None:
        return self.found


@pytest.mark.parametrize(
    ("seconds", "idle"), [(12.5, 12.5), (0.0, 0.0), (-0.002, 0.0), (90 * 86_400.0, 90 * 86_400.0)]
)
def test_the_time_since_the_last_input(seconds: float, idle: float) -> None:
    reading = MacIdle(Calls(seconds)).read()
    assert reading.idle == timedelta(seconds=idle)
    assert not reading.locked


@pytest.mark.parametrize("seconds", [math.nan, math.inf, 1e19])
def test_a_time_that_is_none_is_no_reading(seconds: float) -> None:
    with pytest.raises(SourceUnavailable, match="does not say"):
        MacIdle(Calls(seconds)).read()


@pytest.mark.parametrize(
    ("on_console", "is_locked", "locked"),
    [(True, False, False), (True, True, True), (False, False, True), (False, True, True)],
)
def test_a_locked_screen_and_a_session_behind_another(
    on_console: bool, is_locked: bool, locked: bool
) -> None:
    assert MacIdle(Calls(found=Session(on_console, is_locked))).read().locked is locked


def test_without_a_session_with_a_screen_there_is_no_reading() -> None:
    with pytest.raises(SourceUnavailable, match="from the desktop"):
        MacIdle(Calls(found=None)).read()


def test_elsewhere_there_is_no_reader() -> None:
    with pytest.raises(SourceUnavailable, match="not macOS"):
        macos_idle.open_reader()


BOOLEAN, NUMBER, STRING = 1, 2, 3


class Frameworks:
    """Core Graphics and Core Foundation: handles are numbers, and each must be released."""

    def __init__(self, session: Mapping[str, tuple[int, int]] | None) -> None:
        self.session = session
        self.objects: dict[int, Any] = {}
        self.held: set[int] = set()

    def load(self, path: str) -> Any:
        if path == "/System/Library/Frameworks/ApplicationServices.framework/ApplicationServices":
            return SimpleNamespace(
                CGEventSourceSecondsSinceLastEventType=_function(self.seconds),
                CGSessionCopyCurrentDictionary=_function(self.copy),
            )
        assert path == "/System/Library/Frameworks/CoreFoundation.framework/CoreFoundation"
        return SimpleNamespace(
            CFRelease=_function(self.held.remove),
            CFStringCreateWithCString=_function(self.string),
            CFDictionaryGetValue=_function(self.value),
            CFGetTypeID=_function(lambda handle: self.objects[handle][0]),
            CFBooleanGetTypeID=_function(lambda: BOOLEAN),
            CFBooleanGetValue=_function(lambda handle: self.objects[handle][1]),
            CFNumberGetTypeID=_function(lambda: NUMBER),
            CFNumberGetValue=_function(self.number),
        )

    def seconds(self, state: int, kind: int) -> float:
        assert (state, kind) == (0, 0xFFFFFFFF)  # this login session, any input
        return 3.25

    def copy(self) -> int | None:
        return None if self.session is None else self._hold(self.session)

    def string(self, _allocator: None, text: bytes, encoding: int) -> int:
        assert encoding == 0x08000100  # UTF-8
        return self._hold(text.decode())

    def value(self, dictionary: int, key: int) -> int | None:
        assert {dictionary, key} <= self.held
        found = self.objects[dictionary].get(self.objects[key])
        return None if found is None else self._new(found)

    def number(self, handle: int, kind: int, into: Any) -> int:
        assert kind == 9  # an int of C
        into._obj.value = self.objects[handle][1]
        return 1

    def _new(self, thing: object) -> int:
        handle = len(self.objects) + 1
        self.objects[handle] = thing
        return handle

    def _hold(self, thing: object) -> int:
        handle = self._new(thing)
        self.held.add(handle)
        return handle


def _function(what: Any) -> Any:
    # Its result and its arguments are declared as attributes of it.
    return lambda *arguments: what(*arguments)


@pytest.mark.parametrize(
    ("session", "on_console", "locked"),
    [
        ({"kCGSSessionOnConsoleKey": (BOOLEAN, 1)}, True, False),
        (
            {"kCGSSessionOnConsoleKey": (NUMBER, 1), "CGSSessionScreenIsLocked": (NUMBER, 1)},
            True,
            True,
        ),
        (
            {"kCGSSessionOnConsoleKey": (BOOLEAN, 0), "CGSSessionScreenIsLocked": (BOOLEAN, 1)},
            False,
            True,
        ),
        (
            {"kCGSSessionOnConsoleKey": (BOOLEAN, 1), "CGSSessionScreenIsLocked": (NUMBER, 0)},
            True,
            False,
        ),
        (
            {"kCGSSessionOnConsoleKey": (BOOLEAN, 1), "CGSSessionScreenIsLocked": (STRING, 1)},
            True,
            False,
        ),
        ({}, False, False),
    ],
)
def test_the_session_is_read_from_its_dictionary_and_everything_is_released(
    session: Mapping[str, tuple[int, int]], on_console: bool, locked: bool
) -> None:
    frameworks = Frameworks(session)
    calls = MacOS(frameworks.load)
    assert calls.session() == Session(on_console, locked)
    assert frameworks.held == set()
    assert calls.seconds_since_input() == 3.25


def test_no_dictionary_is_no_session() -> None:
    assert MacOS(Frameworks(None).load).session() is None
