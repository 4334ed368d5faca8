"""How long ago the last input was, from an X server's screen saver extension.

It tells milliseconds since the last input and whether the screen saver is on. It has no keys.

1. In a Wayland session the X server is Xwayland, which sees the input of its own windows only.
   Whoever typed elsewhere would be idle, so it is not asked.
2. While the screen saver is on nobody can be at work. A desktop that locks in another way says so
   in `client.sources.screen_lock`.

Source: X.Org, *X Screen Saver Extension*, version 1.1, `ScreenSaverQueryInfo`; *Xwayland*, which
since version 23.1 has the extension ``XWAYLAND``.
"""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from client.errors import SourceUnavailable
from client.sources.activity import IdleReader, Reading
from client.sources.session import INSTALL_DESKTOP, is_wayland

if TYPE_CHECKING:
    from Xlib.display import Display

_EXTENSION: Final = "MIT-SCREEN-SAVER"
_ON: Final = 1


class X11Idle:
    """An `IdleReader`."""

    def __init__(self, display: "Display") -> None:
        """Takes over the connection. It has the extension."""
        self._display = display
        self._root = display.screen().root

    def read(self) -> Reading:
        """The reading now; raises `SourceUnavailable` once the X server has gone."""
        from Xlib import error

        try:
            answer = self._root.screensaver_query_info()
        except (OSError, error.ConnectionClosedError, error.XError):
            raise SourceUnavailable(
                "the X server does not answer any more: has the desktop session ended?"
            ) from None
        return Reading(timedelta(milliseconds=answer.idle), locked=answer.state == _ON)  # 2

    def close(self) -> None:
        """End the connection."""
        from Xlib import error

        try:
            self._display.close()
        except (OSError, error.ConnectionClosedError):
            return  # it is closed


def why_not(extensions: Collection[str]) -> str | None:
    """Why an X server with these extensions cannot be asked, in one sentence, if it cannot."""
    if "XWAYLAND" in extensions:
        return WAYLAND
    if _EXTENSION not in extensions:
        return f"the X server has no screen saver extension ({_EXTENSION})"
    return None


WAYLAND: Final = "in a Wayland session the X server sees the input of its own windows only"


def open_reader(environ: Mapping[str, str]) -> IdleReader:
    """The reader of the display in `environ`; raises `SourceUnavailable`."""
    name = environ.get("DISPLAY", "")
    if is_wayland(environ):  # 1
        raise SourceUnavailable(WAYLAND)
    if not name:
        raise SourceUnavailable(
            "there is no display: DISPLAY is not set, so start Plurale from the desktop"
        )
    try:
        from Xlib import display, error
    except ImportError:
        raise SourceUnavailable(f"python-xlib is not installed: {INSTALL_DESKTOP}") from None
    try:
        opened = display.Display(name)
    except (OSError, OverflowError, error.DisplayError, error.ConnectionClosedError):
        raise SourceUnavailable(f"the display {name} cannot be opened") from None
    reason = why_not(opened.list_extensions())
    reader = X11Idle(opened)
    if reason is not None:
        reader.close()
        raise SourceUnavailable(reason)
    return reader
