"""Four weeks of a department's devices and both servers, and what each party has of them.

Everything is real but the clock, which goes from event to event: servers, devices, connections.
Every upload is followed by its aggregation job at once, which is the worst case for order; whatever
else the servers' workers do comes every twelve hours. What a party stores is copied an hour before
each week's batches close, when it has most, and once more when all is decided.
"""

import dataclasses
import heapq
import logging
import secrets
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Final

from aggregator import roster
from aggregator.store.sql import Store
from aggregator.worker import LeaderWorker
from client import device_key_file, enrol, mailboxes_file, pausing
from client.device import Device
from client.happened import Happened
from client.mailboxes import MaildirBox
from client.sources.base import MailFact, MessageKey, StrandKey
from client.surroundings import Surroundings
from privacy.agreement.model import Agreement, Party
from privacy.batch import BatchId
from privacy.groups import Group, GroupId, Level
from privacy.metrics import TaskId
from privacy.noise import DiscreteGaussian
from privacy.report import ReportId
from privacy.window import Window
from tests.adversarial.department import (
    TEAM_SIZE,
    TEAMS,
    UPLOAD_DAYS,
    WINDOWS,
    ZONE,
    Person,
    people,
)
from tests.agreements import headline, scalar
from tests.pair import Pair

FIRST_NUMBER: Final = 730_001
"""On the roster, so that a member's number stands for nothing else."""

_TICK: Final = timedelta(hours=12)
_HOUR: Final = timedelta(hours=1)
_DEPARTMENT: Final = GroupId("sales")


@dataclass(frozen=True, slots=True)
class Sent:
    """What is true of one report, and known to nobody but the test."""

    person: Person
    batch: BatchId
    report_id: ReportId
    asked_at: datetime
    sent_at: datetime

    @property
    def paused(self) -> bool:
        """Whether a pause touches its week."""
        return self.person.pauses_in(self.batch.window)


Files = Mapping[str, bytes]
"""Every file of a party's directory, by its name."""


@dataclass
class Weeks:
    """What happened, and what each party has.

    `copies`: by week. `pending`: what the employer's server stores of a report until it is counted.
    `log`: every line of both servers from INFO on. `device_keys`, `codes`: by person.
    """

    sent: list[Sent] = field(default_factory=list)
    copies: dict[Window, dict[Party, Files]] = field(default_factory=dict)
    last: dict[Party, Files] = field(default_factory=dict)
    pending: dict[ReportId, dict[str, bytes]] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    device_keys: dict[int, bytes] = field(default_factory=dict)
    codes: dict[int, str] = field(default_factory=dict)
    trouble: list[str] = field(default_factory=list)


@cache
def weeks() -> Weeks:
    """The four weeks, lived once for the whole process."""
    with tempfile.TemporaryDirectory(dir=_in_memory()) as folder, ExitStack() as stack:
        seen = Weeks()
        stack.enter_context(_logged(seen.log))
        life = _Life(Path(folder), seen, stack)
        life.enrol()
        life.live()
    return seen


def _in_memory() -> Path | None:
    # Thousands of flushes to a disk take minutes and change nothing of what is written.
    memory = Path("/dev/shm")  # noqa: S108 - a private directory is made in it
    return memory if memory.is_dir() else None


@contextmanager
def _logged(lines: list[str]) -> Iterator[None]:
    class Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    root, handler = logging.getLogger(), Lines(logging.INFO)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


def _terms(agreement: Agreement) -> Agreement:
    """One measure in each team and another in the department."""
    other = scalar("client_mails_answered", target=Fraction(40), clip=Fraction(20))
    return dataclasses.replace(
        agreement,
        first_window=WINDOWS[0],
        last_window=WINDOWS[-1],
        upload_days=UPLOAD_DAYS,
        groups=(
            # One place is free in each: a batch that is full is decided at once, and forgotten.
            Group(_DEPARTMENT, Level.DEPARTMENT, (TEAM_SIZE + 1) * len(TEAMS)),
            *(Group(team, Level.TEAM, TEAM_SIZE + 1, _DEPARTMENT) for team in TEAMS),
        ),
        tasks=(
            headline(),
            headline(id=TaskId("breadth"), level=Level.DEPARTMENT, metrics=(other,)),
        ),
    )


class _Life:
    """Turns the clock from one event to the next."""

    def __init__(self, folder: Path, seen: Weeks, stack: ExitStack) -> None:
        self.folder, self.seen, self.stack = folder, seen, stack
        (folder / "servers").mkdir()
        self.pair = Pair.make(folder / "servers", _terms)
        self.pair.start()
        stack.callback(self.pair.stop)
        self.pair.step()
        self.devices: dict[Person, Device] = {}
        self.asked: dict[ReportId, datetime] = {}

    # Before the first week

    def enrol(self) -> None:
        """Everybody gets a code, enrols before the first week begins, and has mail."""
        begins = WINDOWS[0].start(ZONE)
        outside = Surroundings(self.pair.clock, DiscreteGaussian(), secrets.token_bytes)
        with closing(sqlite3.connect(self.pair.homes[Party.COUNCIL].database)) as database:
            database.execute("INSERT INTO sqlite_sequence VALUES ('member', ?)", [FIRST_NUMBER - 1])
            database.commit()
        for person in people():
            folder = self.folder / str(person.number)
            with closing(Store(self.pair.homes[Party.COUNCIL].database)) as store:
                with store.write() as tx:
                    name = f"name of {person.number}"
                    _, code = roster.add(tx, person.team, WINDOWS[0], secrets.token_bytes, name)
            if person.has_mailbox:
                mailboxes_file.save(folder, [_mailbox(folder / "mail")])
            enrol.enrol(
                folder,
                self.pair.signed,
                code.group,
                code=code,
                answer=lambda: enrol.CONSENT_WORD,
                now=begins - _HOUR,
            )
            if person.mailbox_breaks:
                (folder / "mail").rename(folder / "gone")
            pausing.save(folder, person.pauses())
            key = device_key_file.load(folder).public_key().public_bytes_raw()
            self.seen.device_keys[person.number], self.seen.codes[person.number] = key, str(code)
            self.devices[person] = self.stack.enter_context(Device(folder, outside))
            self._mail(person)

    def _mail(self, person: Person) -> None:
        facts = []
        for window in WINDOWS:
            draws = person.draws(window, "mail")
            for n in range(0 if person.pauses_in(window) else draws.randint(1, 4)):
                asked = window.start(ZONE) + timedelta(days=n, hours=10)
                keys = [MessageKey(draws.randbytes(32)) for _ in range(2)]
                strand, client = StrandKey(draws.randbytes(32)), frozenset({"client.example"})
                facts.append(MailFact(keys[0], asked, False, False, client, (), strand))
                if draws.random() < 0.7:
                    answered = asked + timedelta(hours=draws.randint(1, 30))
                    facts.append(MailFact(keys[1], answered, True, False, client, (keys[0],)))
        self.devices[person].journal.add_mail(facts, [])

    # The four weeks

    def live(self) -> None:
        """Every device runs whenever it has something to do and is on."""
        start = WINDOWS[0].end(ZONE)
        self.pair.clock.now = start
        self.next_tick = start + _TICK
        copies = {window: _closes(window) - _HOUR for window in WINDOWS}
        events: list[tuple[datetime, int, Person | Window]] = [
            (person.runs(start), person.number, person) for person in self.devices
        ] + [(at, -1, window) for window, at in copies.items()]
        heapq.heapify(events)
        while events:
            at, _, what = heapq.heappop(events)
            self._turn(at)
            if isinstance(what, Window):
                self.seen.copies[what] = self._copies()
            else:
                self._run(what)
                following = self._next(what)
                if following is not None:
                    heapq.heappush(events, (following, what.number, what))
        self._turn(_closes(WINDOWS[-1]) + timedelta(days=9))
        self.seen.last = self._copies()

    def _turn(self, at: datetime) -> None:
        while self.next_tick <= at:
            self.pair.clock.now = self.next_tick
            self.pair.step()
            self.next_tick += _TICK
        self.pair.clock.now = at

    def _run(self, person: Person) -> None:
        now = self.pair.clock.now
        happened: Happened = self.devices[person].run()
        self.asked |= {parcel.report_id: now for parcel in happened.approved}
        self.seen.sent += [
            Sent(person, parcel.batch, parcel.report_id, self.asked[parcel.report_id], now)
            for parcel in happened.sent
        ]
        if not person.mailbox_breaks:
            self.seen.trouble += map(str, happened.trouble)
        self.seen.trouble += happened.alarms
        if happened.sent:
            self._note_pending()
            self._aggregate([parcel.batch for parcel in happened.sent])

    def _aggregate(self, sent_to: Iterable[BatchId]) -> None:
        leader = self.pair.running[Party.EMPLOYER]
        assert isinstance(leader.worker, LeaderWorker)
        with leader.store.read() as tx:
            batches = [tx.batches.get(batch) for batch in sent_to]
        for batch in batches:
            assert batch is not None
            leader.worker.aggregation.run(batch)
        for each in self.pair.running.values():
            assert each.store.scrub()

    def _note_pending(self) -> None:
        query = (
            "SELECT report_id, public_share, leader_share, helper_share, randomizer, signature"
            " FROM report WHERE state = 'pending'"
        )
        database = self.pair.homes[Party.EMPLOYER].database
        with closing(sqlite3.connect(database)) as connection:
            connection.row_factory = sqlite3.Row
            for row in connection.execute(query):
                self.seen.pending[ReportId(row["report_id"])] = dict(row)

    def _next(self, person: Person) -> datetime | None:
        now, device = self.pair.clock.now, self.devices[person]
        moments = [window.end(ZONE) for window in WINDOWS]
        for window in (each for each in WINDOWS if each.end(ZONE) <= now < _closes(each)):
            for batch in device.enrolment.newest.batches(window):
                times = device.outbox.times(batch)
                if times is not None and device.outbox.get(batch.task_digest, window) is None:
                    moments.append(times.fetch)
        moments += [
            parcel.times.fetch if parcel.token is None else parcel.due
            for parcel in device.outbox.waiting()
        ]
        ahead = [moment for moment in moments if moment > now]
        following = person.runs(min(ahead)) if ahead else _closes(WINDOWS[-1])
        return following if following < _closes(WINDOWS[-1]) else None

    def _copies(self) -> dict[Party, Files]:
        self.pair.step()
        return {
            party: {
                str(path.relative_to(home.path)): path.read_bytes()
                for path in home.path.rglob("*")
                if path.is_file()
            }
            for party, home in self.pair.homes.items()
        }


def _closes(window: Window) -> datetime:
    return window.end(ZONE) + timedelta(days=UPLOAD_DAYS)


def _mailbox(path: Path) -> MaildirBox:
    for part in ("cur", "new", "tmp"):
        (path / part).mkdir(parents=True)
        (path / ".Sent" / part).mkdir(parents=True)
    return MaildirBox(path, frozenset({"me@example.com"}))
