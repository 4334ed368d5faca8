"""What a mail source says about a message, and the Protocol that every mail source follows.

A `MailFact` is all that leaves a mailbox, even for this device's own journal. It has no subject,
no text, no name and no address:

- Message ids are only ever compared, and often contain an address or a computer's name. They are
  kept as SHA-256 digests.
- Of an address the domain stays, in clear, because the agreement in force decides which domains
  are internal, and that may be another one when the mail is judged than when it was read.
- To see that two mails in a row come from one person, a digest of the sender's address together
  with the thread is enough (`StrandKey`). It differs from thread to thread, so it does not tell
  which threads one person takes part in.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType, Protocol, TypeAlias

from client.intervals import check_utc
from privacy.errors import InvalidValue

MessageKey = NewType("MessageKey", bytes)
"""SHA-256 of a message id."""

StrandKey = NewType("StrandKey", bytes)
"""SHA-256 of a thread's first message id and a sender's address: one person in one thread."""

SeenKey = NewType("SeenKey", bytes)
"""SHA-256 of the name under which a mailbox keeps one copy of a message."""

KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class MailFact:
    """One message.

    `received` is when it reached this person's mailbox (UTC), for a sent mail when it was put
    there. `domains` are those of the sender for a received mail and of the recipients for a sent
    one, in lower case and ASCII (`client.sources.domains`). `references` come from In-Reply-To and
    References. `strand` is set for received mail only.
    """

    key: MessageKey
    received: datetime
    outgoing: bool
    automated: bool
    domains: frozenset[str]
    references: tuple[MessageKey, ...] = ()
    strand: StrandKey | None = None

    def __post_init__(self) -> None:
        """Raise `InvalidValue` for a key of the wrong size, a naive time or missing parts."""
        check_utc("the delivery time", self.received)
        keys: list[bytes] = [self.key, *self.references]
        if self.strand is not None:
            keys.append(self.strand)
        if any(len(key) != KEY_BYTES for key in keys):
            raise InvalidValue(f"a message key has {KEY_BYTES} bytes")
        if (self.strand is None) is not self.outgoing:
            raise InvalidValue("a received mail has a strand, and a sent one has none")
        if not self.outgoing and not self.domains:
            raise InvalidValue("a received mail has a sender's domain")
        if any(not domain or domain != domain.lower() for domain in self.domains):
            raise InvalidValue("a mail domain is written in lower case and is not empty")


class Skip(StrEnum):
    """Why a message yields no fact. Counted; never fatal to the rest."""

    NO_MESSAGE_ID = "it has no Message-ID, so no answer can name it"
    NO_SENDER = "its sender has no readable address"
    BROKEN_HEADER = "it has no end of header within the size limit"
    NO_TIME = "nothing says when it was delivered"
    PAUSED = "it came, or was sent, while the person had paused"
    UNREADABLE = "its file cannot be read; the next scan tries again"


Found: TypeAlias = MailFact | Skip


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where the next scan of one folder goes on. `value` means something to its source alone.

    It comes after everything that it stands for, and is kept together with it: a scan that is cut
    off before loses nothing.
    """

    place: SeenKey
    value: str


@dataclass(frozen=True, slots=True)
class Sighting:
    """One copy of a message that a scan came across for the first time.

    `name` goes to the journal, so that the next scan passes over the copy. It is ``None`` when
    the next scan shall look again. `mark` is kept if the fact is, and only then: what later scans
    have to know of this message besides.
    """

    name: SeenKey | None
    found: Found
    mark: Cursor | None = None


class Memory(Protocol):
    """What earlier scans of all mailboxes left behind."""

    def __contains__(self, name: object, /) -> bool:
        """Whether a copy of a message was read before."""
        ...

    def cursor(self, place: SeenKey) -> str | None:
        """Where the last scan of a folder ended, if it said so."""
        ...


class MailSource(Protocol):
    """One mailbox, read only, and incrementally."""

    def check(self) -> None:
        """Raise `MailboxUnreadable` unless it can be read and sent mail be told from received."""
        ...

    def scan(self, memory: Memory) -> Iterator[Sighting | Cursor]:
        """Yield every message whose name is not in `memory`, in any order.

        Raises `MailboxUnreadable` when a part of the mailbox cannot be read, or sent mail cannot
        be told from received mail: half a mailbox makes false numbers, not missing ones.
        """
        ...
