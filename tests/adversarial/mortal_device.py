"""A member's device at both real servers, which may die before anything that it does.

What a device does to the world outside its process is a write to one of its files, or a call to a
server. Just before one of them is also just after the one before it, so that a device which dies
before each of them in turn has died at every moment that makes a difference.
"""

import functools
import re
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any, Final

import grpc
import pytest

from client import council, device_key_file, enrol, mailboxes_file, membership, upload
from client.device import Device
from client.happened import Happened
from client.mailboxes import MaildirBox
from client.outbox import Outbox
from client.parcel import Parcel
from client.surroundings import Surroundings
from privacy.groups import GroupId
from protos.channel import connect
from tests.adversarial.enrolled import listed
from tests.desk import BERLIN, OWN, CountingNoise, after, due, fetch
from tests.pair import WINDOW, Pair
from tests.serve_party import RecordedNoise

_NO_EFFECT: Final = re.compile("SELECT|PRAGMA|BEGIN|ROLLBACK")
"""Statements after which the file is as it was. Every other one would be written at once, unless a
transaction holds it back."""


class Crash(BaseException):
    """The process died here: nothing catches it."""


@dataclass
class Fate:
    """When to die: just before the effect of this number; 0 is never.

    `effects`: what was done so far, over all runs.
    """

    before: int = 0
    effects: list[str] = field(default_factory=list)
    died: bool = False
    _files: list[sqlite3.Connection] = field(default_factory=list)

    def effect(self, what: str) -> None:
        """Call it just before. A process that died does nothing more."""
        self.died = self.died or len(self.effects) + 1 == self.before
        if self.died:
            raise Crash
        self.effects.append(what)

    @contextmanager
    def rules(self) -> Iterator[None]:
        """Over all that the client does in here, which ends early if it dies."""
        with pytest.MonkeyPatch.context() as patch:
            opened = functools.partial(sqlite3.connect, factory=self._file)
            patch.setattr(sqlite3, "connect", opened)
            for room in (council, membership, upload):
                patch.setattr(room, "connect", self._channel)
            try:
                yield
            except Crash:
                pass
            finally:
                while self._files:
                    self._files.pop().close()

    def _file(self, *arguments: Any, **named: Any) -> sqlite3.Connection:
        made = MortalFile(*arguments, **named)
        made.fate = self
        self._files.append(made)
        return made

    def _channel(self, *arguments: Any) -> grpc.Channel:
        return grpc.intercept_channel(connect(*arguments), MortalCalls(self))


class MortalFile(sqlite3.Connection):
    """A database whose process may die before any statement that changes it, or any commit."""

    fate: Fate

    def execute(self, statement: str, named: Any = (), /) -> sqlite3.Cursor:
        if not _NO_EFFECT.match(statement):
            self.fate.effect(" ".join(statement.split()[:3]))
        return super().execute(statement, named)

    def executemany(self, statement: str, named: Any, /) -> sqlite3.Cursor:
        self.fate.effect(" ".join(statement.split()[:3]))
        return super().executemany(statement, named)

    def executescript(self, script: str, /) -> sqlite3.Cursor:
        if super().execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,):
            self.fate.effect("the tables")
        return super().executescript(script)

    def __exit__(self, kind: Any, error: Any, trace: Any, /) -> Any:
        if kind is None:
            self.fate.effect("COMMIT")
        return super().__exit__(kind, error, trace)


@dataclass(frozen=True)
class MortalCalls(grpc.UnaryUnaryClientInterceptor):
    """Calls to a server, before any of which the process may die."""

    fate: Fate

    def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        self.fate.effect(details.method.rpartition("/")[2])
        return continuation(details, request)


@dataclass
class Laptop:
    """A member's device in its folder. `lost`: draws of noise that died with the process.

    `note` is shown what is stored before anything is sent.
    """

    pair: Pair
    folder: Path
    note: Callable[[Parcel], None]
    noise: CountingNoise = field(default_factory=CountingNoise)
    lost: int = 0

    @classmethod
    def enrolled(
        cls, pair: Pair, folder: Path, mailbox: MaildirBox, note: Callable[[Parcel], None]
    ) -> "Laptop":
        """On the roster from WINDOW on, registered, and agreed to before it began."""
        _, code = listed(pair, "north")
        mailboxes_file.save(folder, [mailbox])
        enrol.enrol(
            folder,
            pair.signed,
            GroupId("north"),
            code=code,
            answer=lambda: enrol.CONSENT_WORD,
            now=WINDOW.start(BERLIN) - timedelta(hours=1),
        )
        return cls(pair, folder, note)

    @property
    def device_key(self) -> bytes:
        """The public part."""
        return device_key_file.load(self.folder).public_key().public_bytes_raw()

    def stored(self) -> list[Parcel]:
        """The reports in the outbox."""
        with closing(Outbox(self.folder / "outbox.db")) as outbox:
            return outbox.all()

    def moments(self) -> Iterator[datetime]:
        """When it makes its reports, gets its tokens and sends: to be taken one by one."""
        yield after()
        yield fetch(self.stored())
        for parcel in self.stored():
            self.note(parcel)
        yield due(self.stored())

    def run(self, at: datetime) -> Happened:
        """One run, as a process of its own would do it."""
        self.pair.clock.now = at
        outside = Surroundings(self.pair.clock, self.noise, secrets.token_bytes)
        with Device(self.folder, outside) as device:
            return device.run()

    def run_until_done(self, fate: Fate) -> None:
        """To the receipt; once more after the process died."""
        for moment in self.moments():
            with fate.rules():
                self.run(moment)
                continue
            self.lost = self.noise.draws - len(self.stored())
            self.run(moment)


def run_alone(folder: str, moment: str, noise: str, begins: Event) -> None:
    """One run at a moment (ISO 8601), in a process of its own; draws are noted in a file."""
    begins.set()
    now = datetime.fromisoformat(moment)
    outside = Surroundings(lambda: now, RecordedNoise(Path(noise)), secrets.token_bytes)
    with Device(Path(folder), outside) as device:
        device.run()


def mailbox_with_a_mail(folder: Path) -> MaildirBox:
    """Somebody wrote, and was not answered."""
    for box in (folder, folder / ".Sent"):
        for part in ("cur", "new", "tmp"):
            (box / part).mkdir(parents=True)
    arrived = int((WINDOW.start(BERLIN) + timedelta(hours=10)).timestamp())
    text = f"From: anna@client.example\nTo: {OWN}\nMessage-ID: <one@x>\n\nHello.\n"
    (folder / "cur" / f"{arrived}.one:2,S").write_text(text)
    return MaildirBox(folder, frozenset({OWN}))
