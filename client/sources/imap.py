"""Mail from an IMAP server: headers only, read-only, and from where the last scan ended.

Each folder has a `Cursor` of its UIDVALIDITY and the last UID that was read. When the first has
changed, the server has numbered anew and all is read again, which changes no fact. A cursor comes
after each batch: a connection that breaks off costs one batch at most. The scan fails all the same,
because half a mailbox makes false numbers. The delivery time is INTERNALDATE.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from imapclient import IMAPClient

from client.errors import MailboxUnreadable
from client.sources.base import Cursor, Found, Memory, SeenKey, Sighting, Skip
from client.sources.headers import MAX_HEADER_BYTES, fact, read_headers
from client.sources.imap_account import ImapAccount
from client.sources.imap_connection import PATIENCE, connected
from client.sources.imap_fetch import Fetched, Opened, examine, fetch, uids_above
from client.sources.imap_folders import Folder, folders_of

BATCH: Final = 500
"""Messages in one answer: some 5 KB of numbers to the server, some 500 KB of headers back."""


@dataclass(frozen=True, slots=True)
class ImapSource:
    """The mailbox of one account.

    `addresses`: the person's own, aliases too; mail from them counts as sent wherever it lies, and
    so does mail from the account's user where that is an address. `sent_folders`: names of folders
    for sent mail besides what the server says and the usual ones. `patience`: seconds that the
    server may be silent.
    """

    account: ImapAccount
    addresses: frozenset[str] = frozenset()
    sent_folders: frozenset[str] = frozenset()
    patience: float = PATIENCE

    def check(self) -> None:
        """Raise `MailboxUnreadable` unless one can sign in and sent mail be told from received."""
        with connected(self.account, self.patience) as client:
            self._folders(client)

    def scan(self, memory: Memory) -> Iterator[Sighting | Cursor]:
        """Yield every message above the cursors in `memory`; see `MailSource.scan`."""
        with connected(self.account, self.patience) as client:
            for folder in self._folders(client):
                yield from self._scan_folder(client, folder, memory)

    def _folders(self, client: IMAPClient) -> tuple[Folder, ...]:
        names = frozenset(name.casefold() for name in self.sent_folders)
        return folders_of(client, self.account, names)

    def _scan_folder(
        self, client: IMAPClient, folder: Folder, memory: Memory
    ) -> Iterator[Sighting | Cursor]:
        opened = examine(client, folder.name)
        if opened is None:
            self._see_that_it_is_gone(client, folder)
            return
        place = self._digest(folder.name)
        last = _last_uid(memory.cursor(place), opened)
        for listed in uids_above(client, opened, last):
            for start in range(0, len(listed), BATCH):
                batch = listed[start : start + BATCH]
                yield from self._read(client, folder, opened, batch, memory)
                yield Cursor(place, f"{opened.validity}:{batch[-1]}")

    def _read(
        self,
        client: IMAPClient,
        folder: Folder,
        opened: Opened,
        uids: Sequence[int],
        memory: Memory,
    ) -> Iterator[Sighting]:
        names = {uid: self._digest(folder.name, str(opened.validity), str(uid)) for uid in uids}
        wanted = [uid for uid in uids if names[uid] not in memory]
        own = frozenset(address.lower() for address in {*self.addresses, self.account.user})
        for message in fetch(client, wanted):
            name = names[message.uid]
            yield Sighting(name, _found(message, name, own, sent=folder.sent))

    def _see_that_it_is_gone(self, client: IMAPClient, folder: Folder) -> None:
        """A folder that was removed after it was listed is no error; one that stays shut is."""
        if folder in self._folders(client):
            raise MailboxUnreadable(
                f"the folder {folder.title} of {self.account.title} is listed but cannot be "
                "opened: see that your mail program opens it"
            )

    def _digest(self, *parts: str) -> SeenKey:
        """A name for the journal: of a folder, or of a message in it."""
        account = (self.account.host.lower(), self.account.user)
        raw = "\n".join(("imap", *account, *parts)).encode("utf-8", "surrogateescape")
        return SeenKey(hashlib.sha256(raw).digest())


def _last_uid(cursor: str | None, opened: Opened) -> int:
    """The last UID that was read; 0 for none, or when they have been given anew."""
    if cursor is None:
        return 0
    validity, _, uid = cursor.partition(":")
    return int(uid) if validity == str(opened.validity) else 0


def _found(message: Fetched, name: SeenKey, own: frozenset[str], *, sent: bool) -> Found:
    if message.received is None:
        return Skip.NO_TIME
    if len(message.block) > MAX_HEADER_BYTES:
        return Skip.BROKEN_HEADER
    return fact(read_headers(message.block), name, message.received, own, sent=sent)
