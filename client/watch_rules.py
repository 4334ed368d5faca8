"""What the watcher has to know of the agreement: when it may record, and how.

The watcher is always on and has to stay small, so it reads no agreement. Whatever reads one writes
this file beside it (`client.enrolment.Enrolment.watch_rules`), and the watcher reads it again when
it changes. Nothing is recorded before the first window that the person agreed to.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from client.errors import SettingsUnusable
from client.intervals import Interval, check_utc, intersection, union, without
from client.pausing import Pauses
from client.private_file import write_private
from client.sources.categories import Category
from privacy.errors import InvalidValue

FILE_NAME: Final = "watch.json"
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class WatchRule:
    """From `begins` to `ends` (UTC), the first and last window of what was agreed."""

    begins: datetime
    ends: datetime
    time_zone: str
    idle_limit: timedelta
    categories: tuple[Category, ...] = ()

    def __post_init__(self) -> None:
        """Raise `InvalidValue` for times not in UTC, an unknown zone or no idle limit."""
        check_utc("the beginning", self.begins)
        check_utc("the end", self.ends)
        if self.idle_limit <= timedelta(0):
            raise InvalidValue("the idle limit must be greater than 0")
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise InvalidValue(f"time zone {self.time_zone!r} is unknown") from None

    def holds(self, moment: datetime) -> bool:
        """Whether it is about this moment."""
        return self.begins <= moment < self.ends

    def day_of(self, moment: datetime) -> date:
        """The date at `moment` where the agreement holds."""
        return moment.astimezone(ZoneInfo(self.time_zone)).date()

    def day(self, day: date) -> Interval:
        """A whole day there, 23 to 25 hours long."""
        zone = ZoneInfo(self.time_zone)
        first, last = (
            datetime.combine(each, time(), zone).astimezone(UTC) for each in (day, day + _DAY)
        )
        return Interval(first, last)


@dataclass(frozen=True, slots=True)
class WatchRules:
    """Oldest first. Where several hold, the newest does."""

    rules: tuple[WatchRule, ...] = ()

    def at(self, moment: datetime) -> WatchRule | None:
        """What holds at a moment; None: nothing may be recorded."""
        return next((rule for rule in reversed(self.rules) if rule.holds(moment)), None)

    def next_after(self, moment: datetime) -> datetime | None:
        """When recording begins, if it has not."""
        return min((rule.begins for rule in self.rules if rule.begins > moment), default=None)

    def allowed(
        self, spell: Interval, pauses: Pauses, away: Iterable[date]
    ) -> tuple[Interval, ...]:
        """The parts of `spell` that may be recorded: agreed, not paused and not on a day away."""
        agreed = union(
            Interval(rule.begins, rule.ends) for rule in self.rules if rule.begins < rule.ends
        )
        parts = intersection((spell,), agreed)
        forbidden = [
            Interval(pause.begins, pause.until or max(spell.end, pause.begins + _DAY))
            for pause in pauses.pauses
            if pause.until is None or pause.begins < pause.until
        ]
        # Days of each rule's own zone: two versions may have two.
        forbidden += [rule.day(day) for rule in self.rules for day in away]
        return without(parts, union(forbidden))


def load(folder: Path) -> WatchRules:
    """The rules of this device, none if it is not enrolled; raises `SettingsUnusable`."""
    path = folder / FILE_NAME
    try:
        return WatchRules(tuple(map(_rule, json.loads(path.read_text(encoding="utf-8")))))
    except FileNotFoundError:
        return WatchRules()
    except (OSError, ValueError, KeyError, TypeError, OverflowError, InvalidValue) as error:
        raise SettingsUnusable(
            f"{path}, which says what may be recorded, cannot be read ({error}): type plurale "
            "send, which writes it anew"
        ) from None


def keep(folder: Path, rules: WatchRules) -> None:
    """Write them if they are not there already; raises `SettingsUnusable`."""
    path = folder / FILE_NAME
    text = json.dumps([_record(rule) for rule in rules.rules], indent=2) + "\n"
    try:
        if path.is_file() and path.read_bytes() == text.encode():
            return
        write_private(path, text)
    except OSError as error:
        raise SettingsUnusable(
            f"{path} cannot be written ({error.strerror}), so nothing new is recorded: make the "
            "folder writable, then type plurale send"
        ) from None


def _record(rule: WatchRule) -> dict[str, Any]:
    return {
        "begins": rule.begins.isoformat(),
        "ends": rule.ends.isoformat(),
        "time_zone": rule.time_zone,
        "idle_seconds": rule.idle_limit // timedelta(seconds=1),
        "categories": [
            {
                "id": each.id,
                "applications": list(each.applications),
                "titles": list(each.titles),
            }
            for each in rule.categories
        ],
    }


def _rule(record: Any) -> WatchRule:
    return WatchRule(
        begins=datetime.fromisoformat(record["begins"]),
        ends=datetime.fromisoformat(record["ends"]),
        time_zone=record["time_zone"],
        idle_limit=timedelta(seconds=record["idle_seconds"]),
        categories=tuple(
            Category(each["id"], tuple(each["applications"]), tuple(each["titles"]))
            for each in record["categories"]
        ),
    )
