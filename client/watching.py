"""From readings of "how long ago was the last input" to spans (protocol §3, activity rules).

1. Between two inputs that are closer than the idle limit the device was in use. Between two that
   are further apart it was idle, from the first on.
2. So what lies after the last input is not decided until the next one comes or the limit has
   passed. Only what is decided is said.
3. The time between two looks is known only if both clocks agree that it was short. A sleep, a
   stopped program and a clock that was set break it: what was not decided, and the break itself,
   stay missing. So they do when the screen is locked and when the reader cannot say.

Nothing here knows of days, time zones or summer time: all of it is in UTC.
"""

from datetime import datetime, timedelta
from typing import Final

from client.activity import Span
from client.errors import SourceUnavailable
from client.sources.activity import IdleReader, Moment, Seen

LONGEST_STEP: Final = timedelta(seconds=30)
"""Looks further apart than this do not see what is between them."""

_CLOCKS_AGREE: Final = timedelta(seconds=2)
"""A clock that is kept right runs a little faster or slower; one that is set jumps."""

_SAME_INPUT: Final = timedelta(seconds=1)
"""Readers round, and are asked a moment after the clock was read."""


class FromReadings:
    """An `ActivitySource` over an `IdleReader`; `limit` is the agreed idle limit."""

    def __init__(self, reader: IdleReader, limit: timedelta) -> None:
        """Nothing is known before the first look."""
        self._reader = reader
        self._limit = limit
        self._last: Moment | None = None
        self._decided: datetime | None = None
        self._input: datetime | None = None

    def look(self, now: Moment) -> Seen:
        """What is decided now and was not before; see `ActivitySource.look`."""
        try:
            reading = self._reader.read()
        except SourceUnavailable:
            self._break()
            raise
        if reading.locked or self._is_broken(now):
            self._break()
        if reading.locked:
            return Seen()
        self._last = now
        return self._decide(now.utc, now.utc - reading.idle)

    def close(self) -> None:
        """Close the reader."""
        self._reader.close()

    def _decide(self, now: datetime, last_input: datetime) -> Seen:
        if self._decided is None or self._input is None:
            self._decided, self._input = now, last_input
            return Seen()
        before = self._input
        if last_input - before > _SAME_INPUT:
            self._input = last_input
            return self._until(last_input, active=last_input - before < self._limit)  # 1
        if now - before >= self._limit:
            return self._until(now, active=False)  # 2
        return Seen()

    def _until(self, moment: datetime, *, active: bool) -> Seen:
        start, self._decided = self._decided, moment
        # The input may have come before the first look, or in what was idle already.
        if start is None or moment <= start:
            self._decided = start
            return Seen()
        return Seen((Span(start, moment, active),))

    def _is_broken(self, now: Moment) -> bool:
        if self._last is None:
            return False
        ran, passed = now.running - self._last.running, now.utc - self._last.utc
        return ran > LONGEST_STEP or abs(passed - ran) > _CLOCKS_AGREE

    def _break(self) -> None:  # 3
        self._last = self._decided = self._input = None
