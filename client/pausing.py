"""Pauses: since when, and until when, this person reports nothing of their own.

A window that a pause touches is reported neutral as a whole, at the same times and in the same
size as any other (protocol §4.7): neither a server nor the network can tell it from another. Mail
that came or was sent in a pause is never read, later either.

What a file no longer says cannot be guessed, and a report cannot be withdrawn. So with a file that
cannot be read, everything counts as paused until the person resumes.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Final

from client.errors import PausesUnreadable
from client.private_file import write_private
from privacy.errors import InvalidValue
from privacy.window import Window

FILE_NAME: Final = "pauses.json"
_EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Pause:
    """`until`: None as long as it goes on."""

    begins: datetime
    until: datetime | None = None

    def __post_init__(self) -> None:
        """Raise `InvalidValue` for a moment without a time zone, or an end before the beginning."""
        moments = [self.begins] if self.until is None else [self.begins, self.until]
        if any(moment.tzinfo is None for moment in moments):
            raise InvalidValue("a pause begins and ends at moments with a time zone")
        if moments[-1] < self.begins:
            raise InvalidValue("a pause ends before it begins")


@dataclass(frozen=True, slots=True)
class Pauses:
    """All pauses of a device, oldest first. `fault`: why they cannot be read, to be said."""

    pauses: tuple[Pause, ...] = ()
    fault: PausesUnreadable | None = None

    def touches(self, window: Window, zone: tzinfo) -> bool:
        """Whether a window, which begins and ends in `zone`, is reported neutral."""
        return self.meets(window.start(zone), window.end(zone))

    def meets(self, first: datetime, last: datetime) -> bool:
        """Whether a pause has a moment from `first` on and before `last`, however short it was."""
        return any(
            pause.begins < last and (pause.until is None or pause.until > first)
            for pause in self.pauses
        )

    def had(self, moment: datetime) -> bool:
        """Whether a moment lies in a pause; unlike `now`, not before the one that goes on."""
        return any(
            pause.begins <= moment and (pause.until is None or moment < pause.until)
            for pause in self.pauses
        )

    def now(self, at: datetime) -> bool:
        """Whether this moment is paused. A pause without end is, even if the clock is set back."""
        return any(pause.until is None or pause.begins <= at < pause.until for pause in self.pauses)

    @property
    def open(self) -> Pause | None:
        """The pause that goes on, if one does."""
        return next((pause for pause in self.pauses if pause.until is None), None)

    def begun(self, at: datetime) -> "Pauses":
        """With a pause from now on, if none goes on."""
        return Pauses(self.pauses if self.open else (*self.pauses, Pause(at)))

    def ended(self, at: datetime) -> "Pauses":
        """With the pause that goes on ended now."""
        return Pauses(
            tuple(
                pause if pause.until is not None else Pause(pause.begins, max(at, pause.begins))
                for pause in self.pauses
            )
        )


NEVER: Final = Pauses()


def load(folder: Path) -> Pauses:
    """The pauses of this device. If they cannot be read: one that has always been, and why."""
    path = folder / FILE_NAME
    try:
        return Pauses(tuple(_pause(each) for each in json.loads(path.read_text(encoding="utf-8"))))
    except FileNotFoundError:
        return Pauses()
    except (OSError, ValueError, KeyError, TypeError, InvalidValue) as error:
        fault = PausesUnreadable(
            f"{path}, which says when you paused, cannot be read ({error}): until you type plurale "
            "resume, every report is made as if you had paused, with nothing in it but noise"
        )
        return Pauses((Pause(_EVER),), fault)


def save(folder: Path, pauses: Pauses) -> None:
    """Keep the pauses, in place of what was kept, as a file of the owner alone."""
    path = folder / FILE_NAME
    record = [
        {"from": pause.begins.isoformat(), "until": pause.until and pause.until.isoformat()}
        for pause in pauses.pauses
    ]
    try:
        write_private(path, json.dumps(record, indent=2) + "\n")
    except OSError as error:
        raise PausesUnreadable(
            f"{path} cannot be written ({error.strerror}), and nothing was changed: make the "
            "folder writable, then say it again"
        ) from None


def _pause(record: dict[str, str | None]) -> Pause:
    begins, until = record["from"], record["until"]
    if begins is None:
        raise InvalidValue("a pause has no beginning")
    return Pause(_moment(begins), None if until is None else _moment(until))


def _moment(written: str) -> datetime:
    moment = datetime.fromisoformat(written)
    if moment.tzinfo is None:
        raise InvalidValue(f"{written} has no time zone")
    return moment.astimezone(UTC)
