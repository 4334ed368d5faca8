"""How long ago the last input was, on Windows. Not tried on real hardware.

`GetLastInputInfo` tells the time of the last input in this session, and nothing of what it was.

1. The time is in milliseconds since the computer was started, modulo 2^32: it begins again every
   49.7 days. Only the difference to now means anything, and it is modulo 2^32 too.
2. A program that plays input may give it a time of its own, and two threads of Windows may be a
   moment apart. So an input may lie a little in the future: it was just now.
3. The session's own record says whether it is locked, or somebody else's session is in front. Where
   it cannot say, the screen is locked if the desktop with the input cannot be opened; that also
   fails while Windows asks for consent to something, which is then a gap of a few seconds.

Source: Microsoft, *Win32 API*, `GetLastInputInfo`, `GetTickCount`, `WTSINFOEX_LEVEL1_W` (its
remark that the flags are reversed is about Windows 7, which runs no Python that runs this).
"""

import ctypes
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final, Protocol

from client.errors import SourceUnavailable
from client.sources.activity import IdleReader, Reading

_WRAP: Final = 1 << 32
_MOMENT: Final = 60_000
"""Milliseconds by which an input may lie in the future."""

_ACTIVE: Final = 0
_LOCKED: Final = 0
_UNLOCKED: Final = 1

_CURRENT_SESSION: Final = 0xFFFFFFFF
_SESSION_INFO_EX: Final = 25
_DESKTOP_SWITCHDESKTOP: Final = 0x0100


class SystemCalls(Protocol):
    """What is asked of Windows; each answer as Windows gives it."""

    def last_input(self) -> int | None:
        """`dwTime` of `GetLastInputInfo`; ``None`` if that fails."""
        ...

    def ticks(self) -> int:
        """`GetTickCount`."""
        ...

    def session(self) -> tuple[int, int] | None:
        """`SessionState` and `SessionFlags` of this session; ``None`` if that fails."""
        ...

    def opens_input_desktop(self) -> bool:
        """Whether `OpenInputDesktop` gives a handle."""
        ...


class WindowsIdle:
    """An `IdleReader`."""

    def __init__(self, calls: SystemCalls) -> None:
        """Nothing is asked yet."""
        self._calls = calls

    def read(self) -> Reading:
        """The reading now; raises `SourceUnavailable`."""
        last = self._calls.last_input()  # before the ticks, so that it is not later than they are
        if last is None:
            raise SourceUnavailable(
                "Windows does not say when the last input was: start Plurale in the session in "
                "which you work, not as a service"
            )
        idle = (self._calls.ticks() - last) % _WRAP  # 1
        if idle > _WRAP - _MOMENT:  # 2
            idle = 0
        return Reading(timedelta(milliseconds=idle), self._is_locked())

    def close(self) -> None:
        """Nothing is held."""

    def _is_locked(self) -> bool:  # 3
        session = self._calls.session()
        if session is not None:
            state, flags = session
            if state != _ACTIVE or flags == _LOCKED:
                return True
            if flags == _UNLOCKED:
                return False
        return not self._calls.opens_input_desktop()


class LastInputInfo(ctypes.Structure):
    """`LASTINPUTINFO`."""

    _fields_ = (("size", ctypes.c_uint32), ("time", ctypes.c_uint32))


class SessionInfo(ctypes.Structure):
    """The first 20 bytes of `WTSINFOEXW`. It holds 64-bit numbers further on, hence the padding."""

    _fields_ = (
        ("level", ctypes.c_uint32),
        ("padding", ctypes.c_uint32),
        ("session_id", ctypes.c_uint32),
        ("state", ctypes.c_uint32),
        ("flags", ctypes.c_uint32),
    )


class Windows:
    """The system calls themselves."""

    def __init__(self, load: Callable[[str], Any]) -> None:
        """`load` gives a library by its name: `ctypes.WinDLL`."""
        self._user, self._kernel, self._sessions = map(load, ("user32", "kernel32", "wtsapi32"))
        self._kernel.GetTickCount.restype = ctypes.c_uint32
        self._user.OpenInputDesktop.restype = ctypes.c_void_p
        self._user.OpenInputDesktop.argtypes = (ctypes.c_uint32, ctypes.c_int, ctypes.c_uint32)
        self._user.CloseDesktop.argtypes = (ctypes.c_void_p,)
        self._sessions.WTSFreeMemory.argtypes = (ctypes.c_void_p,)
        self._sessions.WTSQuerySessionInformationW.argtypes = (
            ctypes.c_void_p,
            ctypes.c_uint32,
            ctypes.c_int,
            ctypes.POINTER(ctypes.c_void_p),
            ctypes.POINTER(ctypes.c_uint32),
        )

    def last_input(self) -> int | None:
        """See `SystemCalls`."""
        info = LastInputInfo(size=ctypes.sizeof(LastInputInfo))
        return int(info.time) if self._user.GetLastInputInfo(ctypes.byref(info)) else None

    def ticks(self) -> int:
        """See `SystemCalls`."""
        return int(self._kernel.GetTickCount())

    def session(self) -> tuple[int, int] | None:
        """See `SystemCalls`."""
        found, length = ctypes.c_void_p(), ctypes.c_uint32()
        if not self._sessions.WTSQuerySessionInformationW(
            None, _CURRENT_SESSION, _SESSION_INFO_EX, ctypes.byref(found), ctypes.byref(length)
        ):
            return None
        try:
            if not found.value or length.value < ctypes.sizeof(SessionInfo):
                return None
            info = SessionInfo.from_address(found.value)
            return (int(info.state), int(info.flags)) if info.level == 1 else None
        finally:
            self._sessions.WTSFreeMemory(found)

    def opens_input_desktop(self) -> bool:
        """See `SystemCalls`."""
        desktop = self._user.OpenInputDesktop(0, 0, _DESKTOP_SWITCHDESKTOP)
        if not desktop:
            return False
        self._user.CloseDesktop(desktop)
        return True


def open_reader() -> IdleReader:
    """The reader of this session; raises `SourceUnavailable` elsewhere than on Windows."""
    if sys.platform == "win32":
        return WindowsIdle(Windows(ctypes.WinDLL))
    raise SourceUnavailable("this is not Windows")
