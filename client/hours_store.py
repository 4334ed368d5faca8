"""Personal working hours in the journal: table ``hours``, one row for each day of a week.

A row with weekday -1 says that the agreed hours hold from that Monday on.
"""

import sqlite3
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path
from typing import Final

from client.journal_file import readable, transaction
from client.personal_hours import Hours, PersonalHours, PersonalWeek

_AGREED: Final = -1


@dataclass(frozen=True, slots=True)
class HoursStore:
    """A part of an open journal. Raises `JournalUnusable` as the journal does."""

    connection: sqlite3.Connection
    path: Path

    def keep(self, monday: date, week: PersonalWeek | None) -> None:
        """Hours from a Monday on, in place of what was kept from there on; ``None``: the agreed."""
        days = {_AGREED: ("", "")} if week is None else {
            day: (hours.start.isoformat(), hours.end.isoformat())
            for day, hours in week.days.items()
        }  # fmt: skip
        with transaction(self.connection, self.path) as connection:
            # Later ones can only be from a clock that was ahead.
            connection.execute("DELETE FROM hours WHERE since >= ?", (monday.isoformat(),))
            connection.executemany(
                "INSERT INTO hours VALUES (?, ?, ?, ?)",
                [(monday.isoformat(), day, *hours) for day, hours in days.items()],
            )

    def all(self) -> PersonalHours:
        """All hours that are kept."""
        weeks: dict[date, dict[int, Hours]] = {}
        with readable(self.path):
            rows = self.connection.execute(
                "SELECT since, weekday, start, end FROM hours ORDER BY since, weekday"
            )
            for since, weekday, start, end in rows:
                days = weeks.setdefault(date.fromisoformat(since), {})
                if weekday != _AGREED:
                    days[weekday] = Hours(time.fromisoformat(start), time.fromisoformat(end))
            return PersonalHours(
                tuple(
                    (since, PersonalWeek(days) if days else None) for since, days in weeks.items()
                )
            )
