"""Council: who is gone is forgotten, once no report about their time can be sent any more.

A name in the roster has no use after that. It is looked at when the server starts and when a window
stops taking reports, not at every step: an erasing is a write to the disk.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from aggregator.store.sql import Store
from privacy.agreement.model import Agreement
from privacy.book import AgreementBook
from privacy.window import Clock, Window


@dataclass
class Forgetting:
    """Erases members, and past groups of members, from the roster."""

    store: Store
    book: AgreementBook
    clock: Clock
    _done: Window | None = None

    def run(self) -> None:
        """Erase what is from before the oldest window that still takes reports."""
        oldest = _oldest_open([each.agreement for each in self.book.signed], self.clock())
        if oldest != self._done:
            with self.store.write() as tx:
                tx.roster.forget(oldest)
            self._done = oldest


def _oldest_open(agreements: Sequence[Agreement], now: datetime) -> Window:
    """The oldest window that reports may still be sent for, or the one that has begun."""
    zone = max(agreements, key=lambda each: each.version).working_time.zone
    oldest = Window.of(now.astimezone(zone).date())
    while any(each.upload_closes(oldest.plus(-1)) > now for each in agreements):
        oldest = oldest.plus(-1)
    return oldest
