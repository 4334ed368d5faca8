"""Mail from mbox files: one file, or a folder of them as Thunderbird has it. Read-only, no locks.

Each file has a `Cursor`: where its last message begins, and a digest of what is before it. A file
that has grown is read on from there; one that was written anew, as when it is compacted, is read
from the start. A message is known by its folder and the headers that are read, so that one that
moves within its file is no new one. A program that compacts a file replaces it, and what is being
read stays; one that shrinks it in place makes us start again.
"""

import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Final

from client.errors import MailboxUnreadable
from client.sources.base import Cursor, Found, Memory, SeenKey, Sighting, Skip
from client.sources.folders import Role
from client.sources.headers import Headers, fact, read_headers
from client.sources.mbox_file import Letter, letters
from client.sources.mbox_folders import MailFile, mail_files
from client.sources.mbox_time import delivery_time

_LOOKS: Final = 3
_MESSAGES_PER_CURSOR: Final = 1_000
_DIGESTED: Final = 1_024
_MARKS = re.compile(rb"^X-Mozilla-(?:Status2?|Keys):[^\n]*", re.MULTILINE)
"""Thunderbird writes over these in place when a message is read or tagged."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class MboxSource:
    """The mbox files of one person: a file, or a folder in which they lie.

    `addresses`: the person's own, aliases too; mail from them counts as sent wherever it lies. A
    file by itself that is not called as sent mail is has to hold received and sent mail, and needs
    them. `sent_folders`: names of files for sent mail besides the usual ones.
    """

    path: Path
    addresses: frozenset[str] = frozenset()
    sent_folders: frozenset[str] = frozenset()

    def check(self) -> None:
        """Raise `MailboxUnreadable` unless there are such files and sent mail can be told."""
        self._files()

    def scan(self, memory: Memory) -> Iterator[Sighting | Cursor]:
        """Yield every message that is new; see `MailSource.scan`."""
        for file in self._files():
            try:
                yield from self._scan_file(file, memory)
            except FileNotFoundError:
                continue  # removed since it was listed
            except OSError as error:
                raise MailboxUnreadable(
                    f"the mail file {file.path} cannot be read ({error.strerror}): "
                    "make it readable for you"
                ) from error

    def _files(self) -> list[MailFile]:
        found = mail_files(self.path, frozenset(name.casefold() for name in self.sent_folders))
        told = any(file.role is Role.SENT for file in found)
        if not told and self.path.is_dir():
            raise MailboxUnreadable(
                f"{self.path} has no mail file for sent mail that is known by its name: "
                "name it with --sent-folder"
            )
        if not told and not self.addresses:
            raise MailboxUnreadable(
                f"in {self.path} sent mail cannot be told from received mail: "
                "name your own addresses with --address"
            )
        return [file for file in found if file.role is not Role.IGNORED]

    def _scan_file(self, mail: MailFile, memory: Memory) -> Iterator[Sighting | Cursor]:
        place = _digest(str(self.path), mail.name)
        kept = memory.cursor(place)
        done: set[SeenKey] = set()
        for _ in range(_LOOKS):
            with mail.path.open("rb") as file:
                start = _start(file, kept)
                before = _mark(file, start)
                last = start
                for number, letter in enumerate(letters(file, start), start=1):
                    headers = read_headers(letter.block or b"")
                    name = self._name(mail, letter, headers)
                    if name not in memory and name not in done:
                        done.add(name)
                        found = self._found(mail, letter, headers, name, _changed(file))
                        yield Sighting(name, found)
                    last = letter.start
                    if number % _MESSAGES_PER_CURSOR == 0:
                        yield Cursor(place, _mark(file, last))
                after = _mark(file, last)
                if os.fstat(file.fileno()).st_size >= file.tell() and _mark(file, start) == before:
                    if after != kept:
                        yield Cursor(place, after)
                    return
        raise MailboxUnreadable(
            f"the mail file {mail.path} changes while it is read: the next scan tries again"
        )

    def _name(self, mail: MailFile, letter: Letter, headers: Headers) -> SeenKey:
        said = letter.envelope.decode("latin-1") if letter.block is None else ""
        return _digest(str(self.path), mail.name, said, repr(sorted(headers.items())))

    def _found(
        self, mail: MailFile, letter: Letter, headers: Headers, name: SeenKey, changed: datetime
    ) -> Found:
        if letter.block is None:
            return Skip.BROKEN_HEADER
        received = delivery_time(letter.envelope, letter.block, changed)
        if received is None:
            return Skip.NO_TIME
        own = frozenset(address.lower() for address in self.addresses)
        return fact(headers, name, received, own, sent=mail.role is Role.SENT)


def _changed(file: BinaryIO) -> datetime:
    """When the file was written to last (UTC)."""
    microseconds = os.fstat(file.fileno()).st_mtime_ns // 1_000
    return _EPOCH + timedelta(microseconds=microseconds)


def _start(file: BinaryIO, kept: str | None) -> int:
    """Where to read on; the start of a file that is not the one that was read, only longer."""
    if kept is None:
        return 0
    offset = int(kept.partition(":")[0])
    return offset if _mark(file, offset) == kept else 0


def _mark(file: BinaryIO, offset: int) -> str:
    """A cursor for `offset`. The place in the file stays."""
    place = file.tell()
    file.seek(max(0, offset - _DIGESTED))
    before = file.read(min(offset, _DIGESTED))
    begins = file.read(len(b"From ")) in (b"From ", b"")
    file.seek(place)
    digest = hashlib.sha256(_MARKS.sub(b"", before)).hexdigest()
    return f"{offset}:{digest}" if begins else f"{offset}:"


def _digest(*parts: str) -> SeenKey:
    raw = "\n".join(("mbox", *parts)).encode("utf-8", "surrogateescape")
    return SeenKey(hashlib.sha256(raw).digest())
