"""The watcher: asks a source every few seconds and writes what is decided into the journal.

1. While nothing may be recorded (not agreed to yet, over, a pause, a day away) the source is closed
   and not asked.
2. What is recorded is first cut to the time in which it may be.
3. It is kept in memory for a minute and then written. What a stopped watcher had not written is
   missing; so is what a source that does not work would have said. It is tried again.
4. When the person leaves, the watcher ends.

It imports neither grpc nor cryptography, opendp or SQLModel.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Protocol

from client.activity import Span
from client.errors import JournalUnusable, SettingsUnusable, SourceUnavailable
from client.journal import Journal
from client.permission import Permission
from client.sources.activity import ActivitySource, Moment, Used
from client.watch_rules import WatchRule

STEP: Final = timedelta(seconds=5)
_WRITE_EVERY: Final = timedelta(minutes=1)
_RETRY_AFTER: Final = timedelta(minutes=1)
_ENROLMENT: Final = "enrolment.json"
_BACK: Final = timedelta(days=14)
"""As far back as a source is asked that has recorded by itself."""


class Opener(Protocol):
    """Opens the source that works best here; raises `SourceUnavailable`."""

    def __call__(self, rule: WatchRule, since: datetime) -> ActivitySource:
        """`since`: what was before is known already."""
        ...


class Watcher:
    """One watching process."""

    def __init__(
        self,
        folder: Path,
        open_source: Opener,
        clock: Callable[[], Moment],
        tell: Callable[[str], None],
    ) -> None:
        """`tell` gets a sentence when something changes.

        Raises `SettingsUnusable` or `JournalUnusable`; later both are told, and tried again.
        """
        self._folder = folder
        self._open_source = open_source
        self._clock = clock
        self._tell = tell
        self._told: dict[str, str] = {}
        self._source: ActivitySource | None = None
        self._rule: WatchRule | None = None
        self._retry_at = self._write_at = timedelta(0)
        self._spans: list[Span] = []
        self._used: list[Used] = []
        with self._journal() as journal:
            self._permission = Permission(folder, journal.away())
        self._permission.look()

    def run(self, wait: Callable[[timedelta], bool]) -> None:
        """Watch until `wait`, which sleeps so long, says that it is to end, or the person left."""
        try:
            while not self._has_left():
                self._step(self._clock())
                if wait(STEP):
                    return
            self._say("watching", "this device is not enrolled any more: nothing is recorded")  # 4
        finally:
            self._close_source()
            self._write()

    def _step(self, now: Moment) -> None:
        try:
            self._permission.look()
            rule = self._permission.rule(now.utc)
            if rule != self._rule:
                self._close_source()
                self._rule = rule
            if rule is None:
                self._say("watching", self._permission.why_not(now.utc))  # 1
            else:
                self._look(rule, now)
        except (SettingsUnusable, SourceUnavailable) as error:
            self._close_source()
            self._retry_at = now.running + _RETRY_AFTER
            self._say("watching", str(error))
        if now.running >= self._write_at:
            self._write_at = now.running + _WRITE_EVERY
            self._write()

    def _look(self, rule: WatchRule, now: Moment) -> None:
        if self._source is None:
            if now.running < self._retry_at:
                return
            self._source = self._open_source(rule, max(rule.begins, self._known_until(now.utc)))
        seen = self._source.look(now)
        self._say("watching", "recording")
        for span in seen.spans:  # 2
            for part in self._permission.allowed(span.interval):
                self._spans.append(Span(part.start, part.end, span.active))
        for used in seen.used:
            for part in self._permission.allowed(used.interval):
                self._used.append(Used(part.start, part.end, used.category))

    def _known_until(self, now: datetime) -> datetime:
        """When something was last recorded, but not longer ago than two weeks."""
        try:
            with self._journal() as journal:
                last = journal.last_recorded()
        except JournalUnusable:
            return now
        longest = now - _BACK
        return longest if last is None else min(now, max(longest, last))

    def _write(self) -> None:
        """Step 3. What cannot be written now is kept for the next time."""
        if self._has_left():
            return
        try:
            with self._journal() as journal:
                if not self._has_left():
                    journal.record(_joined(self._spans))
                    self._spans = []
                    journal.record_used(self._used)
                    self._used = []
                    self._permission.away = journal.away()
            self._told.pop("journal", None)
        except JournalUnusable as error:
            self._say("journal", str(error))
        if self._has_left():  # just now, and opening the journal may have made it anew, empty
            with suppress(OSError):
                (self._folder / "journal.db").unlink()

    def _journal(self) -> Journal:
        return Journal(self._folder / "journal.db")

    def _has_left(self) -> bool:
        return not (self._folder / _ENROLMENT).exists()

    def _close_source(self) -> None:
        source, self._source = self._source, None
        if source is not None:
            source.close()

    def _say(self, topic: str, sentence: str) -> None:
        """Once, until something else is to be said about it."""
        if self._told.get(topic) != sentence:
            self._told[topic] = sentence
            self._tell(sentence)


def _joined(spans: Sequence[Span]) -> list[Span]:
    """A minute of looks makes a handful of spans: each that follows on the last of its kind."""
    joined: list[Span] = []
    for span in spans:
        last = joined[-1] if joined else None
        if last is not None and last.active is span.active and last.end == span.start:
            joined[-1] = Span(last.start, span.end, span.active)
        else:
            joined.append(span)
    return joined


def moment(running: float) -> Moment:
    """Now, by the computer's clocks. `running`: of ``time.monotonic``."""
    return Moment(datetime.now(UTC), timedelta(seconds=running))
