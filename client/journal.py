"""The journal: everything that a device remembers between its programs, in domain types.

Every write is one transaction and may be repeated: the same facts again change nothing. Facts that
come in another order leave the same journal.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeAlias

from client import journal_erasing
from client.activity import Activity, Span
from client.hours_store import HoursStore
from client.intervals import Interval, check_utc
from client.journal_file import connect, readable, transaction, translated
from client.sources.activity import Used
from client.sources.base import KEY_BYTES, Cursor, MailFact, MessageKey, SeenKey, StrandKey
from client.task_store import TaskStore

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

_MailRow: TypeAlias = tuple[bytes, int, int, int, str, bytes, bytes | None]

# The same message may lie in several folders: the earliest delivery counts. A mail that came both
# through a list and directly is what the direct copy says.
_ADD_MAIL: Final = """
INSERT INTO mail VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (key, outgoing) DO UPDATE SET
    received = min(received, excluded.received),
    domains = iif(NOT outgoing AND excluded.automated < automated, excluded.domains, domains),
    refs = iif(NOT outgoing AND excluded.automated < automated, excluded.refs, refs),
    strand = iif(NOT outgoing AND excluded.automated < automated, excluded.strand, strand),
    automated = iif(outgoing, max(automated, excluded.automated),
                    min(automated, excluded.automated))
"""


@dataclass(frozen=True, slots=True)
class MailMemory:
    """See `client.sources.base.Memory`."""

    names: frozenset[SeenKey] = frozenset()
    cursors: Mapping[SeenKey, str] = field(default_factory=dict)

    def __contains__(self, name: object, /) -> bool:
        """Whether a copy of a message was read before."""
        return name in self.names

    def cursor(self, place: SeenKey) -> str | None:
        """Where the last scan of a folder ended."""
        return self.cursors.get(place)


class Journal:
    """One open journal. Use it as a context manager, in the thread that opened it.

    Every method raises `JournalUnusable` when the file is damaged, locked or cannot be written.
    """

    def __init__(self, path: Path) -> None:
        """Open the journal at `path`, or start one (0600, in a folder of 0700)."""
        self.path = path
        self._connection = connect(path)
        self.tasks = TaskStore(self._connection, path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    # Activity

    def record(self, spans: Iterable[Span]) -> None:
        """Add spans. Those that overlap or touch one of the same kind become one."""
        with transaction(self._connection, self.path):
            for span in spans:
                if (kept := self._not_erased(span.interval)) is not None:
                    self._merge(Span(kept.start, kept.end, span.active))

    def _merge(self, span: Span) -> None:
        """Stored spans of one kind never touch: all that touch the new one become one with it."""
        start, end = _to_int(span.start), _to_int(span.end)
        touched = self._connection.execute(
            "DELETE FROM span WHERE active = ? AND start <= ? AND end >= ? RETURNING start, end",
            (span.active, end, start),
        ).fetchall()
        start = min([start, *(low for low, _ in touched)])
        end = max([end, *(high for _, high in touched)])
        self._connection.execute("INSERT INTO span VALUES (?, ?, ?)", (span.active, start, end))

    def activity(self, period: Interval) -> Activity:
        """What was recorded and what was active in `period`; the rest of it is a gap."""
        between = _to_int(period.end), _to_int(period.start)
        with readable(self.path):
            rows = self._connection.execute(
                "SELECT start, end, active FROM span WHERE start < ? AND end > ?", between
            )
            spans = [
                Span(_from_int(start), _from_int(end), bool(active)) for start, end, active in rows
            ]
        return Activity.of(spans, period)

    def last_recorded(self) -> datetime | None:
        """Until when anything was recorded; ``None`` if nothing is."""
        with readable(self.path):
            row = self._connection.execute("SELECT max(end) FROM span").fetchone()
            return None if row[0] is None else _from_int(row[0])

    def record_used(self, stretches: Iterable[Used]) -> None:
        """Add stretches of a category. Those that overlap or touch one of it become one."""
        with transaction(self._connection, self.path):
            for used in stretches:
                if (kept := self._not_erased(used.interval)) is not None:
                    self._merge_used(Used(kept.start, kept.end, used.category))

    def _merge_used(self, used: Used) -> None:
        start, end = _to_int(used.start), _to_int(used.end)
        touched = self._connection.execute(
            "DELETE FROM used WHERE category = ? AND start <= ? AND end >= ? RETURNING start, end",
            (used.category, end, start),
        ).fetchall()
        start = min([start, *(low for low, _ in touched)])
        end = max([end, *(high for _, high in touched)])
        self._connection.execute("INSERT INTO used VALUES (?, ?, ?)", (used.category, start, end))

    def used(self, period: Interval) -> tuple[Used, ...]:
        """What was in front in `period`, cut to it, in order. Stretches may overlap."""
        between = _to_int(period.end), _to_int(period.start)
        with readable(self.path):
            rows = self._connection.execute(
                "SELECT start, end, category FROM used WHERE start < ? AND end > ?"
                " ORDER BY start, category",
                between,
            )
            return tuple(
                Used(
                    max(_from_int(start), period.start),
                    min(_from_int(end), period.end),
                    str.strip(category),
                )
                for start, end, category in rows
            )

    def _not_erased(self, interval: Interval) -> Interval | None:
        """A watcher may still hold what was erased meanwhile, and other programs keep it."""
        until = journal_erasing.erased_until(self._connection)
        start = interval.start if until is None else max(interval.start, _from_int(until))
        return Interval(start, interval.end) if start < interval.end else None

    # Mail

    def add_mail(
        self,
        facts: Iterable[MailFact],
        seen: Iterable[SeenKey],
        cursors: Iterable[Cursor] = (),
    ) -> None:
        """Add facts together with the names under which they need not be read again.

        `cursors`: where the folders that they are from are read on. What was erased or forgotten
        is not taken in again.
        """
        names = ((name,) for name in seen)
        places = ((cursor.place, cursor.value) for cursor in cursors)
        with transaction(self._connection, self.path) as connection:
            connection.executemany(_ADD_MAIL, map(_to_row, filter(self._is_new, facts)))
            connection.executemany("INSERT OR IGNORE INTO seen VALUES (?)", names)
            connection.executemany("INSERT OR REPLACE INTO cursor VALUES (?, ?)", places)

    def _is_new(self, fact: MailFact) -> bool:
        until = journal_erasing.forgotten_until(self._connection)
        if until is not None and _to_int(fact.received) < until:
            return False
        return not journal_erasing.is_gone(self._connection, fact.key, outgoing=fact.outgoing)

    def mail_memory(self) -> "MailMemory":
        """What was read before, and how far each folder was."""
        with translated(self.path):
            names = self._connection.execute("SELECT name FROM seen").fetchall()
            cursors = self._connection.execute("SELECT place, value FROM cursor").fetchall()
            return MailMemory(frozenset(name for (name,) in names), dict(cursors))

    def mail(self, before: datetime) -> tuple[MailFact, ...]:
        """All mail delivered before a moment, in order of delivery."""
        until = _to_int(before)
        with readable(self.path):
            # A time that is no number is greater than any: it must not go unseen.
            rows: Iterable[_MailRow] = self._connection.execute(
                "SELECT key, outgoing, received, automated, domains, refs, strand FROM mail"
                " WHERE received < ? OR typeof(received) <> 'integer'"
                " ORDER BY received, outgoing, key",
                (until,),
            )
            return tuple(map(_from_row, rows))

    def mail_was_read(self, until: datetime) -> None:
        """Say that every mailbox could be read, at the moment `until`."""
        with transaction(self._connection, self.path) as connection:
            connection.execute("INSERT OR REPLACE INTO mail_read VALUES (1, ?)", (_to_int(until),))

    def mail_read_until(self) -> datetime | None:
        """When every mailbox was last read without an error; ``None`` if never."""
        with readable(self.path):
            row = self._connection.execute("SELECT until FROM mail_read").fetchone()
            return None if row is None else _from_int(row[0])

    # Days away

    def mark_away(self, days: Iterable[date]) -> None:
        """Add days of leave or sickness."""
        with transaction(self._connection, self.path) as connection:
            connection.executemany(
                "INSERT OR IGNORE INTO away VALUES (?)", [(day.isoformat(),) for day in days]
            )

    def unmark_away(self, days: Iterable[date]) -> None:
        """Take days of leave or sickness back."""
        with transaction(self._connection, self.path) as connection:
            connection.executemany(
                "DELETE FROM away WHERE day = ?", [(day.isoformat(),) for day in days]
            )

    def away(self) -> frozenset[date]:
        """All days of leave or sickness."""
        with readable(self.path):
            rows = self._connection.execute("SELECT day FROM away")
            return frozenset(date.fromisoformat(day) for (day,) in rows)

    @property
    def hours(self) -> HoursStore:
        """When the person works, where that is not when all do."""
        return HoursStore(self._connection, self.path)

    # Erasing

    def erase(
        self, before: datetime, mail: Iterable[MailFact], away_before: date, now: datetime
    ) -> None:
        """Erase activity, use and finished tasks from before a moment, some mail and days away.

        Afterwards nothing of it is in the journal's files; raises `JournalInUse` while another
        program keeps it there, and the next call does the rest. What is needed of mail and days
        away, `client.retention` says.
        """
        moments = _to_int(before), away_before.isoformat(), _to_int(now)
        with transaction(self._connection, self.path) as connection:
            journal_erasing.erase_before(connection, *moments)
            journal_erasing.erase_mail(connection, ((fact.key, fact.outgoing) for fact in mail))
        journal_erasing.sweep(self._connection, self.path)

    def erased_until(self) -> datetime | None:
        """From before when something is erased: nothing of a window before is whole any more."""
        with readable(self.path):
            until = journal_erasing.erased_until(self._connection)
            return None if until is None else _from_int(until)

    def forget(self, now: datetime, today: date) -> None:
        """Erase all that was recorded, and days away before `today`; see `erase`.

        What is from before `now` is not taken in again either, whoever still holds it.
        """
        with transaction(self._connection, self.path) as connection:
            journal_erasing.forget(connection, _to_int(now), today.isoformat())
        journal_erasing.sweep(self._connection, self.path)


def _to_int(moment: datetime) -> int:
    """Microseconds since 1970, exact."""
    check_utc("the time", moment)
    return (moment - _EPOCH) // _MICROSECOND


def _from_int(microseconds: int) -> datetime:
    return _EPOCH + microseconds * _MICROSECOND


def _to_row(fact: MailFact) -> _MailRow:
    domains = " ".join(sorted(fact.domains))
    references = b"".join(fact.references)
    received = _to_int(fact.received)
    return (
        fact.key, fact.outgoing, received, fact.automated, domains, references, fact.strand
    )  # fmt: skip


def _from_row(row: _MailRow) -> MailFact:
    key, outgoing, received, automated, domains, references, strand = row
    return MailFact(
        key=MessageKey(key),
        received=_from_int(received),
        outgoing=bool(outgoing),
        automated=bool(automated),
        domains=frozenset(str.split(domains)),  # bytes would split too
        references=tuple(
            MessageKey(references[start : start + KEY_BYTES])
            for start in range(0, len(references), KEY_BYTES)
        ),
        strand=None if strand is None else StrandKey(strand),
    )
