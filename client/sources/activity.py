"""How a device learns that it is in use, and the Protocols that every such source follows.

Most computers say how long ago the last input was, and nothing else: an `IdleReader`. Such a
reading becomes spans in `client.watching`. An `ActivitySource` gives spans: an idle reader with
`client.watching` around it does, and so does a server that has recorded some already.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from client.activity import Span
from client.intervals import Interval, check_utc
from privacy.errors import InvalidValue


@dataclass(frozen=True, slots=True)
class Moment:
    """Now, by two clocks.

    `utc` can be set and jumps; `running` is time since some start and only ever runs forward. It
    may or may not run on while the computer sleeps.
    """

    utc: datetime
    running: timedelta

    def __post_init__(self) -> None:
        """Raise `InvalidValue` for a time that is not in UTC."""
        check_utc("the moment", self.utc)


@dataclass(frozen=True, slots=True)
class Reading:
    """`idle`: how long ago the last input was. `locked`: nobody can be at work, so it is a gap."""

    idle: timedelta
    locked: bool = False

    def __post_init__(self) -> None:
        """Raise `InvalidValue` for an input in the future."""
        if self.idle < timedelta(0):
            raise InvalidValue("the last input lies in the future")


class IdleReader(Protocol):
    """Something that says how long ago the last input was, and never what it was."""

    def read(self) -> Reading:
        """Raises `SourceUnavailable` with one sentence when it cannot say."""
        ...

    def close(self) -> None:
        """Give back what it holds."""
        ...


@dataclass(frozen=True, slots=True)
class Used:
    """From `start` to `end` (UTC) something of one agreed category was in front."""

    start: datetime
    end: datetime
    category: str

    def __post_init__(self) -> None:
        """Raise `InvalidValue` for a moment not in UTC, an empty stretch or no category."""
        Interval(self.start, self.end)
        if not self.category:
            raise InvalidValue("a stretch of use has a category")

    @property
    def interval(self) -> Interval:
        """The stretch without its category."""
        return Interval(self.start, self.end)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a source has found out since it was last asked. `used` is empty for idle readers."""

    spans: Sequence[Span] = ()
    used: Sequence[Used] = ()


class ActivitySource(Protocol):
    """What `plurale watch` asks every few seconds."""

    def look(self, now: Moment) -> Seen:
        """What has become known since the last call, never about a time after `now`.

        What it cannot say about it leaves out: that stays missing. Raises `SourceUnavailable`.
        """
        ...

    def close(self) -> None:
        """Give back what it holds."""
        ...
