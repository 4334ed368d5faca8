"""A fault that lasts is told once: a log that repeats itself at every step hides what is new."""

import logging
from dataclasses import dataclass, field


@dataclass
class Novelty:
    """Logs a sentence unless the step before logged it too. A fault that returns is told again."""

    log: logging.Logger
    _before: set[str] = field(default_factory=set)
    _now: set[str] = field(default_factory=set)

    def next_step(self) -> None:
        """A new step begins."""
        self._before, self._now = self._now, set()

    def tell(self, level: int, sentence: str) -> None:
        """Log a sentence at a level, if it is news."""
        if sentence not in self._before and sentence not in self._now:
            self.log.log(level, "%s", sentence)
        self._now.add(sentence)
