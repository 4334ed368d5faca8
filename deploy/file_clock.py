"""A clock that several processes share through a file, so that a demonstration can turn it.

Only the demonstration builds servers with it: an installed command has no clock option.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True)
class FileClock:
    """Reads, and with `set` writes, the moment in the file."""

    path: Path

    def __call__(self) -> datetime:
        """The moment in the file, in UTC."""
        return datetime.fromisoformat(self.path.read_text()).astimezone(UTC)

    def set(self, now: datetime) -> None:
        """Turn the clock; readers see the old moment or the new one, never half of it."""
        temporary = self.path.with_suffix(".new")
        temporary.write_text(now.isoformat())
        temporary.replace(self.path)
