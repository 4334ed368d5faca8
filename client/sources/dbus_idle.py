"""How long ago the last input was, from a desktop that says it over D-Bus. It says nothing else.

1. GNOME: Mutter's idle monitor, in milliseconds, in Wayland and X sessions alike.
2. KDE: ``GetSessionIdleTime`` of ``org.freedesktop.ScreenSaver``. The interface's description says
   seconds; KDE gives milliseconds. In a Wayland session KDE cannot say: Plasma refuses, and older
   ones answer 0 always, which would be somebody who never stops working. There it is not asked.
3. Others who answer at that name mean something else by it: seconds, or the time since the session
   became idle, and do not say which. They are not asked: only whoever also is
   ``org.kde.screensaver``.

Sources: Mutter, ``org.gnome.Mutter.IdleMonitor.xml``; KDE, kscreenlocker (``interface.cpp``) and
KIdleTime (the pollers for Wayland and XSync); MATE's and Cinnamon's screen savers.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from client.errors import SourceUnavailable
from client.sources.activity import IdleReader, Reading
from client.sources.bus import Bus, Question, session_bus
from client.sources.session import is_wayland

MUTTER: Final = "GNOME's idle monitor"
KDE: Final = "KDE's screen saver"

_LONGEST: Final = timedelta(days=3660) // timedelta(milliseconds=1)
"""No computer runs for longer without a restart: a longer time is none."""

_MUTTER: Final = Question(
    "org.gnome.Mutter.IdleMonitor",
    "/org/gnome/Mutter/IdleMonitor/Core",
    "org.gnome.Mutter.IdleMonitor",
    "GetIdletime",
)
_SCREEN_SAVER: Final = "org.freedesktop.ScreenSaver"
_KDE: Final = Question(
    _SCREEN_SAVER, "/org/freedesktop/ScreenSaver", _SCREEN_SAVER, "GetSessionIdleTime"
)
_BUS: Final = "org.freedesktop.DBus"


class MillisecondsOverBus:
    """An `IdleReader` that puts one question, whose answer is a number of milliseconds."""

    def __init__(self, bus: Bus, question: Question, name: str) -> None:
        """`name` is what people are told who is asked. Takes over the bus."""
        self._bus = bus
        self._question = question
        self._name = name

    def read(self) -> Reading:
        """The reading now; raises `SourceUnavailable`."""
        match self._bus.ask(self._question):
            case (int(idle),) if not isinstance(idle, bool) and 0 <= idle <= _LONGEST:
                return Reading(timedelta(milliseconds=idle))
            case None:
                raise SourceUnavailable(f"{self._name} does not run or does not say")
            case _:
                raise SourceUnavailable(f"{self._name} answers with something that is no time")

    def close(self) -> None:
        """End the connection."""
        self._bus.close()


def open_mutter(environ: Mapping[str, str]) -> IdleReader:
    """GNOME's (1); raises `SourceUnavailable` unless it says something now."""
    return _tried(MillisecondsOverBus(session_bus(environ), _MUTTER, MUTTER))


def open_kde(environ: Mapping[str, str]) -> IdleReader:
    """KDE's (2); raises `SourceUnavailable` unless it says something now."""
    if is_wayland(environ):
        raise SourceUnavailable(f"{KDE} cannot say it in a Wayland session")
    bus = session_bus(environ)
    owner = _owner(bus, _SCREEN_SAVER)
    if owner is None or owner != _owner(bus, "org.kde.screensaver"):  # 3
        bus.close()
        raise SourceUnavailable(f"{KDE} does not run")
    return _tried(MillisecondsOverBus(bus, _KDE, KDE))


def _owner(bus: Bus, service: str) -> str | None:
    answer = bus.ask(Question(_BUS, "/org/freedesktop/DBus", _BUS, "GetNameOwner", (service,)))
    match answer:
        case (str(owner),):
            return owner
        case _:
            return None


def _tried(reader: IdleReader) -> IdleReader:
    try:
        reader.read()
    except SourceUnavailable:
        reader.close()
        raise
    return reader
