"""An account on a real server whose mail is written as files, and what scans of it remember."""

import os
import re
import socket
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from client.errors import MailboxUnreadable
from client.journal import MailMemory
from client.sources.base import Cursor, MailFact, MailSource, Sighting
from client.sources.imap import ImapSource
from client.sources.imap_account import ImapAccount
from client.sources.secrets import Command
from tests.dovecot import PASSWORD, Box
from tests.unit.client.mailbox import Mail, at

_NUMBERS = count()
SENT = ".Gesendete Objekte"


def says(text: str) -> Command:
    """A command that prints a password or a token."""
    return Command(("printf", "%s", text))


def account(box: Box, **changes: Any) -> ImapAccount:
    """The user's account over TLS, with the right password."""
    right = ImapAccount(
        "localhost", box.user, says(PASSWORD), box.tls_port, ca_file=box.certificate
    )
    return replace(right, **changes)


def source(box: Box, **changes: Any) -> ImapSource:
    return ImapSource(account(box, **changes))


def put(box: Box, *mails: Mail) -> list[Path]:
    """Write messages into the folders, and hand them over to the box."""
    paths = []
    for mail in mails:
        folder = box.maildir / mail.folder
        for part in ("cur", "new", "tmp"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        delivered = int(at(mail.when).timestamp())
        number = next(_NUMBERS)
        path = folder / ("cur" if mail.flags else "new")
        path /= f"{delivered}.M{number:06}P1.host" + (f":2,{mail.flags}" if mail.flags else "")
        path.write_bytes(mail.block() + b"\n\nThe text.\n" if mail.raw is None else mail.raw)
        os.utime(path, (delivered, delivered))
        paths.append(path)
    box.hand_over()
    return paths


@dataclass
class Reader:
    """Scans one after another, each with what the earlier ones left in a journal."""

    source: MailSource
    names: set[Any] = field(default_factory=set)
    cursors: dict[Any, str] = field(default_factory=dict)
    unsaved: list[Sighting] = field(default_factory=list)

    def memory(self) -> MailMemory:
        return MailMemory(frozenset(self.names), dict(self.cursors))

    def scan(self) -> list[Sighting]:
        """What is new. A cursor keeps what came before it; what came after the last is lost."""
        new: list[Sighting] = []
        self.unsaved = []
        for each in self.source.scan(self.memory()):
            if isinstance(each, Cursor):
                self.cursors[each.place] = each.value
                self.names |= {sighting.name for sighting in self.unsaved}
                new += self.unsaved
                self.unsaved = []
            else:
                self.unsaved.append(each)
        return new + self.unsaved

    def scan_until_it_breaks(self) -> str:
        """The sentence. What a cursor came after is kept."""
        try:
            self.scan()
        except MailboxUnreadable as error:
            return str(error)
        raise AssertionError("nothing went wrong")


def facts(sightings: Iterable[Sighting]) -> set[MailFact]:
    return {each.found for each in sightings if isinstance(each.found, MailFact)}


def fetched_uids(log: bytes) -> list[int]:
    """The UIDs that a client asked headers of, from a raw log."""
    uids: list[int] = []
    for wanted in re.findall(rb"UID FETCH ([0-9,]+) ", log):
        uids += map(int, wanted.split(b","))
    return uids


class CutLine:
    """A connection to a server that is cut once, after so many bytes from the box."""

    def __init__(self, port: int, after: int) -> None:
        self._port, self._left = port, after
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._serve)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # A blocked accept() is not woken by close().
        self._listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _serve(self) -> None:
        try:
            near, _ = self._listener.accept()
        except OSError:
            return
        with near, socket.create_connection(("127.0.0.1", self._port)) as far:
            up = threading.Thread(target=self._copy_up, args=(near, far))
            up.start()
            while self._left > 0 and (chunk := far.recv(min(self._left, 65_536))):
                near.sendall(chunk)
                self._left -= len(chunk)
            for end in (near, far):
                end.shutdown(socket.SHUT_RDWR)
            up.join()

    @staticmethod
    def _copy_up(near: socket.socket, far: socket.socket) -> None:
        try:
            while chunk := near.recv(65_536):
                far.sendall(chunk)
        except OSError:
            return
