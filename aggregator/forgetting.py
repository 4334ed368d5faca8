"""Council: who is gone is forgotten, once no report about their time can be sent any more.

A name in the roster has no use after that. It is looked at when the server starts and when a window
stops taking reports, not at every step: an erasing is a write to the disk.
"""

from dataclasses import dataclass

from aggregator import roster
from aggregator.store.sql import Store
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
        oldest = roster.oldest_open([each.agreement for each in self.book.signed], self.clock())
        if oldest != self._done:
            with self.store.write() as tx:
                tx.roster.forget(oldest)
            self._done = oldest
