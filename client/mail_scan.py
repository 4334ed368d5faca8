"""Bring the journal up to date with the mailboxes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from client.errors import MailboxUnreadable
from client.journal import Journal
from client.journal_erasing import gone
from client.pausing import NEVER, Pauses
from client.sources.base import Cursor, MailFact, MailSource, SeenKey, Sighting, Skip
from privacy.window import Clock

_BATCH: Final = 2_000


@dataclass(frozen=True, slots=True)
class ScanResult:
    """How many messages were new, and how many of them were skipped, by reason."""

    new: int
    skipped: Mapping[Skip, int]


def scan(
    sources: Sequence[MailSource], journal: Journal, clock: Clock, pauses: Pauses = NEVER
) -> ScanResult:
    """Read what is new in all mailboxes into the journal, except what is from a pause.

    1. One that cannot be read holds up no other. What was read of it is kept.
    2. Only when all of them could be read does the journal say that mail was read, as of the moment
       before the first was opened. Until then the mail measures are missing.
    3. `MailboxUnreadable` names every one that could not be read.

    A scan that is cut off loses nothing: the next one goes on from there. Raises `JournalUnusable`
    at once.
    """
    started = clock()
    memory = journal.mail_memory()
    read = _Read(journal, pauses)
    unreadable: list[str] = []
    for source in sources:
        try:
            for each in source.scan(memory):
                read.take(each)
        except MailboxUnreadable as error:
            unreadable.append(str(error))  # 1
        read.keep()
    if unreadable:
        raise MailboxUnreadable("; also, ".join(unreadable))  # 3
    if sources:
        journal.mail_was_read(started)  # 2
    return ScanResult(read.new, dict(read.skipped))


@dataclass(slots=True)
class _Read:
    """What was read and is not in the journal yet."""

    journal: Journal
    pauses: Pauses
    new: int = 0
    skipped: Counter[Skip] = field(default_factory=Counter)
    _facts: list[MailFact] = field(default_factory=list)
    _names: list[SeenKey] = field(default_factory=list)
    _cursors: list[Cursor] = field(default_factory=list)

    def take(self, each: Sighting | Cursor) -> None:
        if isinstance(each, Cursor):
            self._cursors.append(each)
            return
        self.new += 1
        found = each.found
        if not isinstance(found, Skip) and self.pauses.had(found.received):
            # A copy that is made of it after the pause is not read either.
            self._names.append(gone(found.key, outgoing=found.outgoing))
            found = Skip.PAUSED
        if isinstance(found, Skip):
            self.skipped[found] += 1
        else:
            self._facts.append(found)
            if each.mark is not None:
                self._cursors.append(each.mark)
        if each.name is not None:
            self._names.append(each.name)
        if len(self._names) >= _BATCH:
            self.keep()

    def keep(self) -> None:
        self.journal.add_mail(self._facts, self._names, self._cursors)
        self._facts, self._names, self._cursors = [], [], []
