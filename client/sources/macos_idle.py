"""How long ago the last input was, on macOS. Not tried on real hardware.

`CGEventSourceSecondsSinceLastEventType` tells the seconds since the last input of this login
session, and nothing of what it was. It needs no permission.

1. The session's own state is asked for, not the hardware's: with fast user switching the hardware
   is somebody else's, and a shared screen has none.
2. The screen is locked if the session's dictionary says so. A session that is not on the console is
   behind somebody else's, or its screens sleep: nobody can be at work in it.
3. Without a dictionary this process belongs to no session with a screen, and what it is told of
   input means nothing.

Source: Apple, *Core Graphics*, `CGEventSource.h` and `CGSession.h`. Neither names the key
`CGSSessionScreenIsLocked`; where it is missing, the screen is not locked.
"""

import ctypes
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Protocol

from client.errors import SourceUnavailable
from client.sources.activity import IdleReader, Reading

_COMBINED_SESSION_STATE: Final = 0
_ANY_INPUT: Final = 0xFFFFFFFF
_UTF_8: Final = 0x08000100
_CF_NUMBER_INT: Final = 9
_FRAMEWORKS: Final = "/System/Library/Frameworks/{0}.framework/{0}"
_LONGEST: Final = timedelta(days=3660).total_seconds()
"""No Mac runs for longer without a restart: a longer time is none."""


@dataclass(frozen=True, slots=True)
class Session:
    """What the session's dictionary says."""

    on_console: bool
    screen_is_locked: bool


class SystemCalls(Protocol):
    """What is asked of macOS."""

    def seconds_since_input(self) -> float:
        """As macOS gives it."""
        ...

    def session(self) -> Session | None:
        """``None`` where there is no session with a screen."""
        ...


class MacIdle:
    """An `IdleReader`."""

    def __init__(self, calls: SystemCalls) -> None:
        """Nothing is asked yet."""
        self._calls = calls

    def read(self) -> Reading:
        """The reading now; raises `SourceUnavailable`."""
        session = self._calls.session()
        if session is None:  # 3
            raise SourceUnavailable(
                "this program runs in no session with a screen, so macOS does not say when the "
                "last input was: start Plurale from the desktop in which you work"
            )
        seconds = self._calls.seconds_since_input()
        if not math.isfinite(seconds) or seconds > _LONGEST:
            raise SourceUnavailable("macOS does not say when the last input was")
        # The two clocks that are compared may be a moment apart.
        idle = timedelta(seconds=max(seconds, 0.0))
        return Reading(idle, locked=session.screen_is_locked or not session.on_console)  # 2

    def close(self) -> None:
        """Nothing is held."""


_CORE_FOUNDATION: Final[tuple[tuple[Any, ...], ...]] = (
    ("CFRelease", None, ctypes.c_void_p),
    (
        "CFStringCreateWithCString",
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_char_p,
        ctypes.c_uint32,
    ),
    ("CFDictionaryGetValue", ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p),
    ("CFGetTypeID", ctypes.c_ulong, ctypes.c_void_p),
    ("CFBooleanGetTypeID", ctypes.c_ulong),
    ("CFBooleanGetValue", ctypes.c_ubyte, ctypes.c_void_p),
    ("CFNumberGetTypeID", ctypes.c_ulong),
    ("CFNumberGetValue", ctypes.c_ubyte, ctypes.c_void_p, ctypes.c_long, ctypes.c_void_p),
)
"""Name, result and arguments of each function of Core Foundation that is called."""


class MacOS:
    """The system calls themselves."""

    def __init__(self, load: Callable[[str], Any]) -> None:
        """`load` gives a library by its path: `ctypes.CDLL`."""
        graphics = load(_FRAMEWORKS.format("ApplicationServices"))
        core = load(_FRAMEWORKS.format("CoreFoundation"))
        seconds = graphics.CGEventSourceSecondsSinceLastEventType
        seconds.restype = ctypes.c_double
        seconds.argtypes = (ctypes.c_int32, ctypes.c_uint32)
        graphics.CGSessionCopyCurrentDictionary.restype = ctypes.c_void_p
        graphics.CGSessionCopyCurrentDictionary.argtypes = ()
        for name, result, *arguments in _CORE_FOUNDATION:
            function = getattr(core, name)
            function.restype, function.argtypes = result, tuple(arguments)
        self._graphics, self._core = graphics, core

    def seconds_since_input(self) -> float:
        """See `SystemCalls`."""
        return float(
            self._graphics.CGEventSourceSecondsSinceLastEventType(  # 1
                _COMBINED_SESSION_STATE, _ANY_INPUT
            )
        )

    def session(self) -> Session | None:
        """See `SystemCalls`."""
        dictionary = self._graphics.CGSessionCopyCurrentDictionary()
        if not dictionary:
            return None
        try:
            return Session(
                on_console=self._is_true(dictionary, b"kCGSSessionOnConsoleKey"),
                screen_is_locked=self._is_true(dictionary, b"CGSSessionScreenIsLocked"),
            )
        finally:
            self._core.CFRelease(dictionary)

    def _is_true(self, dictionary: int, name: bytes) -> bool:
        """Whether a key is there and true; macOS has used both booleans and numbers."""
        key = self._core.CFStringCreateWithCString(None, name, _UTF_8)
        try:
            value = self._core.CFDictionaryGetValue(dictionary, key)
        finally:
            self._core.CFRelease(key)
        if not value:
            return False
        kind = self._core.CFGetTypeID(value)
        if kind == self._core.CFBooleanGetTypeID():
            return bool(self._core.CFBooleanGetValue(value))
        number = ctypes.c_int(0)
        if kind == self._core.CFNumberGetTypeID():
            self._core.CFNumberGetValue(value, _CF_NUMBER_INT, ctypes.byref(number))
        return number.value != 0


def open_reader() -> IdleReader:
    """The reader of this session; raises `SourceUnavailable` elsewhere than on macOS."""
    if sys.platform == "darwin":
        return MacIdle(MacOS(ctypes.CDLL))
    raise SourceUnavailable("this is not macOS")
