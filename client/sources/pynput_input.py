"""How long ago the last input was, from listeners for keyboard and mouse.

For desktops that do not say it themselves. A listener gets every event with what it was. Of each
this keeps the time by a running clock, in one variable, and nothing else.

1. The callbacks take what they are given and drop it. Auto-repeat and injected events are input.
2. Before the first event nobody knows when the last input was. That is a gap, so the reading counts
   as locked.
3. A listener that ends says why in a traceback that holds the event, so it ends without one.
4. A listener that was told to stop ends with the next event, so nobody waits for it.
5. An X server sends each event in a packet of 64 bytes. python-xlib reads as many as there are into
   a large buffer, and what it gives back is not overwritten: the codes of the keys that were typed
   lay one after the other in memory that was free. Packets that are read one by one come to lie in
   the same place, each over the one before. What remains is the last event.

Source: X.Org, *X Record Extension Protocol*, ``RecordEnableContext``.
"""

import contextlib
import sys
import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from client.errors import SourceUnavailable
from client.sources.activity import IdleReader, Reading
from client.sources.session import INSTALL_DESKTOP, is_wayland

if TYPE_CHECKING:
    from pynput import keyboard, mouse

_ENDED: Final = "the desktop does not let this program listen for input, or has ended"
_NOT_ALLOWED: Final = (
    "macOS does not let this program see that there is input: allow it in the system settings, "
    "Privacy & Security, Accessibility and Input Monitoring"
)

_READY_SECONDS: Final = 3.0
_READY_LOOKS: Final = 60

_PACKET: Final = 64
"""Bytes of a reply with one event."""


class PynputInput:
    """An `IdleReader`."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Start listening. `clock`: seconds, running. Raises `SourceUnavailable`."""
        self._clock = clock
        self._last: float | None = None
        self._listeners = _listeners(self._note)
        for listener in self._listeners:
            listener.start()
        for listener in self._listeners:
            _wait_until_ready(listener)
        try:
            self._check()
            self._read_singly()
        except SourceUnavailable:
            self.close()
            raise
        except AttributeError:
            self.close()
            raise SourceUnavailable(
                "this version of pynput would leave in memory what is typed, so it is not used"
            ) from None

    def read(self) -> Reading:
        """The reading now; raises `SourceUnavailable` once a listener has ended."""
        self._check()
        last = self._last
        if last is None:
            return Reading(timedelta(0), locked=True)  # 2
        return Reading(timedelta(seconds=max(0.0, self._clock() - last)))

    def close(self) -> None:
        """Tell the listeners to stop (4)."""
        for listener in self._listeners:
            if listener.is_alive():
                # Where the display has gone, it cannot be told any more and need not be.
                with contextlib.suppress(Exception):
                    listener.stop()

    def _check(self) -> None:
        alive = all(listener.is_alive() for listener in self._listeners)
        # pynput says so on macOS only.
        trusted = all(getattr(listener, "IS_TRUSTED", True) for listener in self._listeners)
        reason = why_not(sys.platform, alive=alive, trusted=trusted)
        if reason is not None:
            raise SourceUnavailable(reason)

    def _read_singly(self) -> None:
        if sys.platform == "linux":
            for listener in self._listeners:
                connection = _recording(listener)
                connection.recv_buffer_size = min(connection.recv_buffer_size, _PACKET)  # 5

    def _note(self, *_event: object) -> None:
        self._last = self._clock()  # 1


def why_not(platform: str, *, alive: bool, trusted: bool) -> str | None:
    """Why listeners hear nothing, in one sentence, if they do not; `platform`: `sys.platform`."""
    if alive and trusted:
        return None
    return _NOT_ALLOWED if platform == "darwin" else _ENDED


def open_reader(environ: Mapping[str, str], clock: Callable[[], float]) -> IdleReader:
    """Listen on this desktop; raises `SourceUnavailable`."""
    if sys.platform == "linux":
        if is_wayland(environ):
            raise SourceUnavailable("in a Wayland session nobody can listen for input")
        if not environ.get("DISPLAY"):
            raise SourceUnavailable(
                "there is no display: DISPLAY is not set, so start Plurale from the desktop"
            )
    return PynputInput(clock)


def _listeners(note: Callable[..., None]) -> "tuple[keyboard.Listener, mouse.Listener]":
    try:
        from pynput import keyboard, mouse
    except ModuleNotFoundError:
        raise SourceUnavailable(f"pynput is not installed: {INSTALL_DESKTOP}") from None
    except ImportError:  # it looks for the desktop while it is imported
        raise SourceUnavailable(_ENDED) from None

    class Keys(keyboard.Listener):
        def run(self) -> None:
            with contextlib.suppress(Exception):  # 3
                super().run()

    class Mouse(mouse.Listener):
        def run(self) -> None:
            with contextlib.suppress(Exception):  # 3
                super().run()

    return (
        Keys(on_press=note, on_release=note),
        Mouse(on_move=note, on_click=note, on_scroll=note),
    )


def _recording(listener: Any) -> Any:
    return listener._display_record.display


def _wait_until_ready(listener: "keyboard.Listener | mouse.Listener") -> None:
    # A listener that ends before it is ready lets whoever waits for it wait for ever.
    waiting = threading.Thread(target=listener.wait, daemon=True)
    waiting.start()
    for _ in range(_READY_LOOKS):
        if not (waiting.is_alive() and listener.is_alive()):
            return
        waiting.join(_READY_SECONDS / _READY_LOOKS)
