"""The Windows reader against fakes of the system calls: not tried on real hardware."""

import ctypes
from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from client.errors import SourceUnavailable
from client.sources import windows_idle
from client.sources.windows_idle import SessionInfo, Windows, WindowsIdle

DAYS_49 = 2**32
ACTIVE, DISCONNECTED = 0, 4
LOCK, UNLOCK, UNKNOWN = 0, 1, 0xFFFFFFFF


@dataclass
class Calls:
    """What Windows answers."""

    last: int | None = 1_000
    now: int = 1_000
    state: tuple[int, int] | None = (ACTIVE, UNLOCK)
    desktop: bool = True

    def last_input(self) -> int | None:
        return self.last

    def ticks(self) -> int:
        return self.now

    def session(self) -> tuple[int, int] | None:
        return self.state

    def opens_input_desktop(self) -> bool:
        return self.desktop


@pytest.mark.parametrize(
    ("last", "now", "milliseconds"),
    [
        (1_000, 1_000, 0),
        (1_000, 301_000, 300_000),
        (DAYS_49 - 2_000, 3_000, 5_000),  # the count began again in between
        (DAYS_49 - 1, 0, 1),
        (1_005, 1_000, 0),  # played by a program, with a time of its own
        (3, DAYS_49 - 2, 0),  # the same, and the count was about to begin again
        (0, DAYS_49 - 60_000, DAYS_49 - 60_000),  # seven weeks without a hand on it
    ],
)
def test_the_time_since_the_last_input(last: int, now: int, milliseconds: int) -> None:
    reading = WindowsIdle(Calls(last, now)).read()
    assert reading.idle == timedelta(milliseconds=milliseconds)
    assert not reading.locked


@pytest.mark.parametrize(
    ("state", "desktop", "locked"),
    [
        ((ACTIVE, UNLOCK), True, False),
        ((ACTIVE, UNLOCK), False, False),  # Windows asks for consent; nobody has gone
        ((ACTIVE, LOCK), True, True),
        ((DISCONNECTED, UNLOCK), True, True),  # somebody else's session is in front
        ((ACTIVE, UNKNOWN), True, False),
        ((ACTIVE, UNKNOWN), False, True),
        (None, True, False),
        (None, False, True),
    ],
)
def test_a_locked_screen(state: tuple[int, int] | None, desktop: bool, locked: bool) -> None:
    assert WindowsIdle(Calls(state=state, desktop=desktop)).read().locked is locked


def test_a_call_that_fails_is_no_reading() -> None:
    with pytest.raises(SourceUnavailable, match="not as a service"):
        WindowsIdle(Calls(last=None)).read()


def test_elsewhere_there_is_no_reader() -> None:
    with pytest.raises(SourceUnavailable, match="not Windows"):
        windows_idle.open_reader()


class Libraries:
    """The functions of the three libraries, with the memory that Windows would hand out."""

    def __init__(self, info: SessionInfo, length: int | None = None) -> None:
        self.info = info
        self.length = ctypes.sizeof(info) if length is None else length
        self.freed = self.desktops = 0
        self.answers = True

    def load(self, name: str) -> Any:
        def last_input(info: Any) -> int:
            assert info._obj.size == 8
            info._obj.time = 4_000_000_000
            return int(self.answers)

        def query(_server: Any, session: int, kind: int, found: Any, length: Any) -> int:
            assert (session, kind) == (0xFFFFFFFF, 25)
            found._obj.value, length._obj.value = ctypes.addressof(self.info), self.length
            return int(self.answers)

        def free(found: Any) -> None:
            assert found.value == ctypes.addressof(self.info)
            self.freed += 1

        def open_desktop(_flags: int, _inherit: int, _access: int) -> int | None:
            self.desktops += self.answers
            return 7 if self.answers else None

        def close_desktop(desktop: int) -> int:
            assert desktop == 7
            self.desktops -= 1
            return 1

        return {
            "user32": SimpleNamespace(
                GetLastInputInfo=last_input,
                OpenInputDesktop=open_desktop,
                CloseDesktop=close_desktop,
            ),
            "kernel32": SimpleNamespace(GetTickCount=lambda: 4_000_001_000),
            "wtsapi32": SimpleNamespace(WTSQuerySessionInformationW=query, WTSFreeMemory=free),
        }[name]


def info_of(raw: str) -> SessionInfo:
    return SessionInfo.from_buffer_copy(bytes.fromhex(raw))


def test_the_session_is_read_where_windows_writes_it() -> None:
    # WTSINFOEXW of 64-bit Windows: level 1, padding, session 2, active, unlocked.
    unlocked = info_of("01000000 00000000 02000000 00000000 01000000")
    assert ctypes.sizeof(SessionInfo) == 20
    libraries = Libraries(unlocked)
    calls = Windows(libraries.load)
    assert calls.session() == (ACTIVE, UNLOCK)
    assert (calls.last_input(), calls.ticks()) == (4_000_000_000, 4_000_001_000)
    assert calls.opens_input_desktop()
    assert WindowsIdle(calls).read().idle == timedelta(seconds=1)
    assert (libraries.freed, libraries.desktops) == (2, 0)


def test_what_windows_gave_is_freed_also_when_it_is_not_understood() -> None:
    too_short = Libraries(info_of("01000000 00000000 02000000 00000000 01000000"), length=8)
    other_level = Libraries(info_of("02000000 00000000 02000000 00000000 01000000"))
    for libraries in (too_short, other_level):
        assert Windows(libraries.load).session() is None
        assert libraries.freed == 1


def test_calls_that_fail_say_nothing() -> None:
    libraries = Libraries(info_of("01000000 00000000 02000000 00000000 01000000"))
    libraries.answers = False
    calls = Windows(libraries.load)
    assert calls.session() is None
    assert calls.last_input() is None
    assert not calls.opens_input_desktop()
    assert (libraries.freed, libraries.desktops) == (0, 0)
