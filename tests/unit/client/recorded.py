"""A journal in which something of every kind is recorded, and marks by which to find it again."""

import hashlib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from client.activity import Span
from client.journal import Journal
from client.personal_hours import Hours, PersonalWeek
from client.sources.activity import Used
from client.sources.base import Cursor, MailFact, MessageKey, SeenKey, StrandKey
from client.tasks import TaskNumber

START = datetime(2026, 2, 2, tzinfo=UTC)
NOW = datetime(2026, 2, 12, 10, tzinfo=UTC)
EARLIER = NOW - timedelta(days=3)


def stored(moment: datetime) -> bytes:
    """A time as SQLite stores it: microseconds in eight bytes."""
    return (int(moment.timestamp()) * 1_000_000).to_bytes(8, "big")


def fact(number: int, when: datetime = START, *, outgoing: bool = False) -> MailFact:
    return MailFact(
        key=MessageKey(hashlib.sha256(b"%d" % number).digest()),
        received=when,
        outgoing=outgoing,
        automated=False,
        domains=frozenset({f"mark{number:06}x.example"}),
        strand=None if outgoing else StrandKey(b"t" * 32),
    )


def record(folder: Path) -> None:
    """Something of every kind, into the journal of a folder."""
    with Journal(folder / "journal.db") as journal:
        journal.record([Span(EARLIER, EARLIER + timedelta(hours=1), active=True)])
        journal.record_used([Used(EARLIER, EARLIER + timedelta(hours=1), "markcategory")])
        names = [SeenKey(b"marked name of a read message...")]
        cursor = Cursor(SeenKey(b"p" * 32), "markcursor")
        journal.add_mail([fact(1, EARLIER)], names, [cursor])
        journal.mail_was_read(NOW - timedelta(days=1))
        journal.tasks.change(lambda tasks: tasks.added("marktitle", None, EARLIER))
        journal.tasks.change(lambda tasks: tasks.started(TaskNumber(1), EARLIER))
        journal.mark_away([date(2026, 2, 11), date(2026, 2, 12), date(2026, 2, 13)])
        monday = PersonalWeek({0: Hours(datetime.min.time(), datetime.max.time())})
        journal.hours.keep(date(2026, 2, 9), monday)


MARKS = (
    b"markcategory",
    b"mark000001x",
    b"marked name of a read message",
    b"markcursor",
    b"marktitle",
    b"2026-02-11",
    fact(1).key,
    stored(EARLIER),
    stored(EARLIER + timedelta(hours=1)),
    stored(NOW - timedelta(days=1)),
)
