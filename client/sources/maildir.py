"""Mail from a Maildir: the folder itself, and its subfolders (Maildir++ or nested).

A copy of a message is known by its folder and the unique part of its file name, before ``:2,``:
that part stays when a flag changes or the file moves from ``new`` to ``cur``. Of a file only the
header block is read.

The delivery time is the earlier of two: the seconds at the start of the file's name, and the
file's time of change. Each is the delivery time of a fresh mail, and each is kept where the other
is lost: a server that moves a mail between folders gives it a new name but keeps the time of change
(IMAP INTERNALDATE is stored there), a restored backup keeps the name. Neither is ever made
earlier than the delivery. ``Date`` is never read: the sender chooses it.
"""

import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from client.errors import MailboxUnreadable
from client.sources import folders
from client.sources.base import Found, Memory, SeenKey, Sighting, Skip
from client.sources.folders import Role
from client.sources.headers import MAX_HEADER_BYTES, fact, read_headers

_CHUNK_BYTES = 8 * 1024
_END_OF_HEADER = re.compile(rb"\r?\n\r?\n")
_SECONDS = re.compile(r"([0-9]{9,10})\.")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND_NS = 1_000
_LOOKS = 3
_TOLERATED_UNREADABLE = 10  # one file in so many


@dataclass(frozen=True, slots=True)
class MaildirSource:
    """A Maildir of one person.

    `addresses`: the person's own, aliases too; mail from them counts as sent wherever it lies.
    `sent_folders`: names of folders for sent mail besides the usual ones (`folders.SENT_NAMES`).
    """

    path: Path
    addresses: frozenset[str] = frozenset()
    sent_folders: frozenset[str] = frozenset()

    def check(self) -> None:
        """Raise `MailboxUnreadable` unless its folders can be listed and sent mail be told."""
        self._folders()

    def scan(self, memory: Memory) -> Iterator[Sighting]:
        """Yield every message whose name is not in `memory`; see `MailSource.scan`."""
        own = frozenset(address.lower() for address in self.addresses)
        for folder, role in self._folders():
            yield from self._scan_folder(folder, memory, own, sent=role is Role.SENT)

    def _folders(self) -> list[tuple[str, Role]]:
        """Paths below the mailbox that are read, the mailbox itself as ``"."``."""
        sent_folders = frozenset(name.casefold() for name in self.sent_folders)
        found = [
            (folder, folders.role(folder, sent_folders)) for folder in sorted(_walk(self.path))
        ]
        if not found:
            raise MailboxUnreadable(
                f"{self.path} is not a Maildir: no folder in it has a folder named cur; "
                "give the folder that your mail program stores its mail in"
            )
        if all(role is not Role.SENT for _, role in found):
            raise MailboxUnreadable(
                f"{self.path} has no folder for sent mail that is known by its name: "
                "name it with --sent-folder"
            )
        return [(folder, role) for folder, role in found if role is not Role.IGNORED]

    def _scan_folder(
        self, folder: str, memory: Memory, own: frozenset[str], *, sent: bool
    ) -> Iterator[Sighting]:
        """A file may be renamed between listing and opening: then list again, a few times.

        A file that cannot be read is skipped. Where more than one in ten cannot, the folder is not
        readable: its answers would be missed and its client mails not counted.
        """
        done: set[SeenKey] = set()
        listed = unreadable = 0
        for look in range(_LOOKS):
            moved = False
            listed = 0
            for entry in _messages(self.path / folder):
                listed += 1
                unique = entry.name.partition(":")[0]
                name = _seen_key(folder, unique)
                if name in memory or name in done:
                    continue
                try:
                    found = _read(entry, name, own, sent=sent)
                except FileNotFoundError:
                    if look < _LOOKS - 1:
                        moved = True
                        continue
                    found = Skip.UNREADABLE
                except OSError:
                    found = Skip.UNREADABLE
                done.add(name)
                unreadable += found is Skip.UNREADABLE
                yield Sighting(None if found is Skip.UNREADABLE else name, found)
            if not moved:
                break
        if unreadable * _TOLERATED_UNREADABLE > listed:
            raise MailboxUnreadable(
                f"{unreadable} of {listed} messages in the mail folder {self.path / folder} cannot "
                "be read: make them readable for you"
            )


def delivery_time(name: str, modified_ns: int) -> datetime:
    """The earlier of a file name's seconds and its time of change (UTC)."""
    modified = _EPOCH + timedelta(microseconds=modified_ns // _MICROSECOND_NS)
    match = _SECONDS.match(name)
    if match is None:
        return modified
    return min(modified, _EPOCH + timedelta(seconds=int(match[1])))


def _walk(root: Path) -> Iterator[str]:
    """Every folder below `root`, and itself, that holds ``cur``, as a path relative to it."""

    def give_up(error: OSError) -> None:
        raise _unreadable(error.filename or root, error)

    for path, directories, _ in os.walk(root, onerror=give_up):
        if "cur" in directories:
            yield os.path.relpath(path, root)
        directories[:] = [name for name in directories if name not in ("cur", "new", "tmp")]


def _messages(folder: Path) -> Iterable[os.DirEntry[str]]:
    """The files in ``new`` and ``cur``; a message that is a draft by its flag is left out."""
    for part in ("new", "cur"):
        try:
            with os.scandir(folder / part) as entries:
                # Only files: to open a pipe or a device could wait for ever.
                listed = [
                    entry for entry in entries if not entry.name.startswith(".") and entry.is_file()
                ]
        except FileNotFoundError:
            continue
        except OSError as error:
            raise _unreadable(folder / part, error) from error
        yield from (entry for entry in listed if "D" not in entry.name.partition(":2,")[2])


def _read(entry: os.DirEntry[str], name: SeenKey, own: frozenset[str], *, sent: bool) -> Found:
    with Path(entry.path).open("rb") as file:
        received = delivery_time(entry.name, os.fstat(file.fileno()).st_mtime_ns)
        block = b""
        while chunk := file.read(_CHUNK_BYTES):
            block += chunk
            if (end := _END_OF_HEADER.search(block)) is not None:
                block = block[: end.end()]
                break
            if len(block) >= MAX_HEADER_BYTES:
                return Skip.BROKEN_HEADER
    return fact(read_headers(block), name, received, own, sent=sent)


def _seen_key(folder: str, unique: str) -> SeenKey:
    raw = f"{folder}/{unique}".encode("utf-8", "surrogateescape")
    return SeenKey(hashlib.sha256(raw).digest())


def _unreadable(path: object, error: OSError) -> MailboxUnreadable:
    return MailboxUnreadable(
        f"the mail folder {path} cannot be read ({error.strerror}): "
        "give its path, and make it readable for you"
    )
