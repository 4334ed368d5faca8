"""Whether the screen is locked, from a desktop that says it over D-Bus.

1. Asked are the screen savers of GNOME, of KDE and of others that answer at the same name, of MATE
   and Cinnamon, and systemd's login manager about this session. One that says "locked" is enough.
2. Who does not answer, or answers something else, says nothing. If nobody says anything, nothing is
   known of a lock, and the screen counts as open: nobody types into a locked screen, so it is idle
   from the last input on.

Sources: gnome-screensaver, *D-Bus interface*, ``GetActive``, which the others took over; systemd,
*org.freedesktop.login1*, ``LockedHint``.
"""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from client.errors import SourceUnavailable
from client.sources.activity import IdleReader, Reading
from client.sources.bus import Bus, Question, session_bus, system_bus

_SCREEN_SAVERS: Final = tuple(
    Question(service, path, service, "GetActive")
    for service, path in (
        ("org.gnome.ScreenSaver", "/org/gnome/ScreenSaver"),
        ("org.freedesktop.ScreenSaver", "/org/freedesktop/ScreenSaver"),
        ("org.mate.ScreenSaver", "/org/mate/ScreenSaver"),
        ("org.cinnamon.ScreenSaver", "/org/cinnamon/ScreenSaver"),
    )
)
_LOGIN: Final = Question(
    "org.freedesktop.login1",
    "/org/freedesktop/login1/session/auto",
    "org.freedesktop.DBus.Properties",
    "Get",
    ("org.freedesktop.login1.Session", "LockedHint"),
)


@dataclass(frozen=True, slots=True)
class _Witness:
    """Somebody who can be asked about the lock."""

    bus: Bus
    question: Question

    def says_locked(self) -> bool:
        try:
            answer = self.bus.ask(self.question)
        except SourceUnavailable:
            return False  # 2
        # A property comes as (signature, value) inside the one value of the answer.
        return answer in ((True,), (("b", True),))


class WithLock:
    """An `IdleReader` that adds to another whether the screen is locked."""

    def __init__(self, reader: IdleReader, buses: Sequence[Bus], *witnesses: _Witness) -> None:
        """Takes over the reader and the buses."""
        self._reader = reader
        self._buses = buses
        self._witnesses = witnesses

    def read(self) -> Reading:
        """The reading now; raises `SourceUnavailable` where the other reader does."""
        reading = self._reader.read()
        if reading.locked or not any(one.says_locked() for one in self._witnesses):
            return reading
        return replace(reading, locked=True)

    def close(self) -> None:
        """Close the other reader, and the connections."""
        self._reader.close()
        for bus in self._buses:
            bus.close()


def with_lock(reader: IdleReader, environ: Mapping[str, str]) -> IdleReader:
    """A reader that also knows of the lock, as far as anybody in this session says."""
    computer = system_bus(environ)
    buses, witnesses = [computer], [_Witness(computer, _LOGIN)]
    with contextlib.suppress(SourceUnavailable):
        session = session_bus(environ)
        buses.append(session)
        witnesses += [_Witness(session, question) for question in _SCREEN_SAVERS]
    return WithLock(reader, buses, *witnesses)
