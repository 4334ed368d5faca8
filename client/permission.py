"""Whether the device may record now: only what was agreed to, in no pause and on no day away."""

from datetime import date, datetime
from pathlib import Path

from client import pausing, watch_rules
from client.intervals import Interval
from client.pausing import Pauses
from client.watch_rules import WatchRule, WatchRules


class Permission:
    """When the device may record. Its files are read again when they change."""

    def __init__(self, folder: Path, away: frozenset[date]) -> None:
        """`away`: days on which nothing is recorded; whoever has the journal open tells them."""
        self._folder = folder
        self._stamps: tuple[object, ...] = ()
        self.rules = WatchRules()
        self.pauses = Pauses()
        self.away = away

    def look(self) -> None:
        """Read what changed; raises `SettingsUnusable`, after which nothing may be recorded."""
        names = watch_rules.FILE_NAME, pausing.FILE_NAME
        stamps = tuple(_stamp(self._folder / name) for name in names)
        if stamps != self._stamps:
            self.rules, self._stamps = WatchRules(), ()
            self.pauses = pausing.load(self._folder)
            self.rules = watch_rules.load(self._folder)
            self._stamps = stamps

    def rule(self, now: datetime) -> WatchRule | None:
        """What holds now; None when nothing may be recorded."""
        rule = self.rules.at(now)
        if rule is None or self.pauses.now(now) or rule.day_of(now) in self.away:
            return None
        return rule

    def why_not(self, now: datetime) -> str:
        """A sentence for when there is no `rule`."""
        if self.rules.at(now) is not None:
            paused = self.pauses.now(now)
            return f"you are {'paused' if paused else 'away today'}: nothing is recorded"
        begins = self.rules.next_after(now)
        if begins is None:
            return "nothing is to be recorded now: no week that you agreed to is running"
        return (
            "nothing is recorded before the first week that you agreed to begins, on "
            f"{begins.astimezone():%d %B at %H:%M}"
        )

    def allowed(self, spell: Interval) -> tuple[Interval, ...]:
        """The parts of a stretch of time that may be recorded."""
        return self.rules.allowed(spell, self.pauses, self.away)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
