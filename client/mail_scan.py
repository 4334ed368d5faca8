"""Bring the journal up to date with the mailboxes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from client.journal import Journal
from client.pausing import NEVER, Pauses
from client.sources.base import Cursor, MailFact, MailSource, SeenKey, Skip
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

    Only when all of them could be read does the journal say that mail was read, as of the moment
    before the first was opened. Until then the mail measures are missing. A scan that is cut off
    loses nothing: the next one goes on from there. Raises `MailboxUnreadable` and
    `JournalUnusable`.
    """
    started = clock()
    memory = journal.mail_memory()
    skipped: Counter[Skip] = Counter()
    new = 0
    for source in sources:
        facts: list[MailFact] = []
        names: list[SeenKey] = []
        cursors: list[Cursor] = []
        for sighting in source.scan(memory):
            if isinstance(sighting, Cursor):
                cursors.append(sighting)
                continue
            new += 1
            found = sighting.found
            if not isinstance(found, Skip) and pauses.had(found.received):
                found = Skip.PAUSED
            if isinstance(found, Skip):
                skipped[found] += 1
            else:
                facts.append(found)
            if sighting.name is not None:
                names.append(sighting.name)
            if len(names) >= _BATCH:
                journal.add_mail(facts, names, cursors)
                facts, names, cursors = [], [], []
        journal.add_mail(facts, names, cursors)
    if sources:
        journal.mail_was_read(started)
    return ScanResult(new, dict(skipped))
