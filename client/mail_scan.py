"""Bring the journal up to date with the mailboxes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from client.journal import Journal
from client.sources.base import MailFact, MailSource, SeenKey, Skip
from privacy.window import Clock

_BATCH: Final = 2_000


@dataclass(frozen=True, slots=True)
class ScanResult:
    """How many messages were new, and how many of them were skipped, by reason."""

    new: int
    skipped: Mapping[Skip, int]


def scan(sources: Sequence[MailSource], journal: Journal, clock: Clock) -> ScanResult:
    """Read what is new in all mailboxes into the journal.

    Only when all of them could be read does the journal say that mail was read, as of the moment
    before the first was opened. Until then the mail measures are missing. A scan that is cut off
    loses nothing: the next one goes on from there. Raises `MailboxUnreadable` and
    `JournalUnusable`.
    """
    started = clock()
    seen = journal.seen()
    skipped: Counter[Skip] = Counter()
    new = 0
    for source in sources:
        facts: list[MailFact] = []
        names: list[SeenKey] = []
        for sighting in source.scan(seen):
            new += 1
            if isinstance(sighting.found, Skip):
                skipped[sighting.found] += 1
            else:
                facts.append(sighting.found)
            if sighting.name is not None:
                names.append(sighting.name)
            if len(names) >= _BATCH:
                journal.add_mail(facts, names)
                facts, names = [], []
        journal.add_mail(facts, names)
    if sources:
        journal.mail_was_read(started)
    return ScanResult(new, dict(skipped))
