"""The mailboxes that a person chose: where they are and how to get in. No secret is in them.

Each has a `name` that the person sees and types, and a `source` that reads it. `addresses` are the
person's own, aliases too. `sent_folders` are names of folders for sent mail that are not known by
themselves.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import ClassVar, TypeAlias

from client.sources.graph import GraphSource
from client.sources.imap import ImapSource
from client.sources.imap_account import ImapAccount
from client.sources.maildir import MaildirSource
from client.sources.mbox import MboxSource
from client.sources.secrets import Command
from privacy.errors import InvalidValue


class Cloud(StrEnum):
    """Where Microsoft keeps a mailbox. The cloud in China has no `messages/delta`."""

    GLOBAL = "global"
    US_GOVERNMENT = "us-government"
    US_DEFENSE = "us-defense"

    @property
    def base(self) -> str:
        """Where its Microsoft Graph v1.0 is."""
        return f"https://{_GRAPH[self]}/v1.0"


_GRAPH = {
    Cloud.GLOBAL: "graph.microsoft.com",
    Cloud.US_GOVERNMENT: "graph.microsoft.us",
    Cloud.US_DEFENSE: "dod-graph.microsoft.us",
}


@dataclass(frozen=True, slots=True)
class MaildirBox:
    """A folder of folders with one file for each message."""

    path: Path
    addresses: frozenset[str] = frozenset()
    sent_folders: frozenset[str] = frozenset()
    kind: ClassVar[str] = "Maildir"

    def __post_init__(self) -> None:
        """Raise `InvalidValue` for a relative path, or what is no address or no name."""
        _check_path(self.path)
        _check(self.addresses, self.sent_folders)

    @property
    def name(self) -> str:
        """Its path."""
        return str(self.path)

    def source(self) -> MaildirSource:
        """What reads it."""
        return MaildirSource(self.path, self.addresses, self.sent_folders)


@dataclass(frozen=True, slots=True)
class MboxBox:
    """One file for each folder of messages."""

    path: Path
    addresses: frozenset[str] = frozenset()
    sent_folders: frozenset[str] = frozenset()
    kind: ClassVar[str] = "mbox"

    def __post_init__(self) -> None:
        """Raise `InvalidValue` for a relative path, or what is no address or no name."""
        _check_path(self.path)
        _check(self.addresses, self.sent_folders)

    @property
    def name(self) -> str:
        """Its path."""
        return str(self.path)

    def source(self) -> MboxSource:
        """What reads it."""
        return MboxSource(self.path, self.addresses, self.sent_folders)


@dataclass(frozen=True, slots=True)
class ImapBox:
    """The mailbox of an account on an IMAP server."""

    account: ImapAccount
    addresses: frozenset[str] = frozenset()
    sent_folders: frozenset[str] = frozenset()
    kind: ClassVar[str] = "IMAP"

    def __post_init__(self) -> None:
        """Raise `InvalidValue` for what is no address or no name."""
        _check(self.addresses, self.sent_folders)

    @property
    def name(self) -> str:
        """The user, at the server."""
        return f"{self.account.user}@{self.account.host}"

    def source(self) -> ImapSource:
        """What reads it."""
        return ImapSource(self.account, self.addresses, self.sent_folders)


@dataclass(frozen=True, slots=True)
class GraphBox:
    """The mailbox, in Microsoft 365, of whoever the token of the command is for."""

    token: Command
    cloud: Cloud = Cloud.GLOBAL
    addresses: frozenset[str] = frozenset()
    kind: ClassVar[str] = "Microsoft 365"

    def __post_init__(self) -> None:
        """Raise `InvalidValue` for what is no address."""
        _check(self.addresses, ())

    @property
    def name(self) -> str:
        """The first of the addresses; without one there is one such mailbox."""
        return f"graph:{min(self.addresses)}" if self.addresses else "graph"

    def source(self) -> GraphSource:
        """What reads it."""
        return GraphSource(self.cloud.base, self.token.read, self.addresses)


Mailbox: TypeAlias = MaildirBox | MboxBox | ImapBox | GraphBox


def _check_path(path: Path) -> None:
    if not path.is_absolute():
        raise InvalidValue(f"the mailbox {path} needs a whole path: begin at the root")


def _check(addresses: Iterable[str], sent_folders: Iterable[str]) -> None:
    for address in addresses:
        local, _, domain = address.rpartition("@")
        if not (local and domain) or not address.isprintable() or " " in address:
            raise InvalidValue(f"{address!r} is no mail address: write it like ann@example.com")
    if any(not name.strip() or not name.isprintable() for name in sent_folders):
        raise InvalidValue("a folder for sent mail has a name without line breaks")
