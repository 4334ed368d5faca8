r"""Which folders of an account on an IMAP server are read, and what they hold.

1. Only the person's own: what lies in a namespace of other users, or of all (RFC 2342), is left
   out, and so is what cannot be opened (``\Noselect``).
2. What the server says itself (SPECIAL-USE, RFC 6154) goes before any name: ``\Sent`` is sent mail
   whatever it is called, ``\Drafts`` and ``\Junk`` are never read, and neither are ``\Flagged``
   and ``\Important`` (RFC 8457), which show mails that lie elsewhere. It holds for the folders
   below as well.
3. Else the name decides (`client.sources.folders`). A folder by the name of "Sent" is read as sent
   mail even where the server names another: mail programs do not agree, and fill both.
4. ``\All`` is read like any folder. The same mail twice is one fact.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from imapclient import IMAPClient

from client.errors import MailboxUnreadable
from client.sources.folders import Role, decode_name, role_of_parts
from client.sources.imap_account import ImapAccount

_CLOSED = frozenset({rb"\noselect", rb"\nonexistent"})
_ROLES = {
    rb"\sent": Role.SENT,
    rb"\drafts": Role.IGNORED,
    rb"\junk": Role.IGNORED,
    rb"\flagged": Role.IGNORED,
    rb"\important": Role.IGNORED,
}


@dataclass(frozen=True, slots=True)
class Listed:
    """A folder as a server lists it. `name` is in modified UTF-7, `flags` are in lower case."""

    name: str
    delimiter: str
    flags: frozenset[bytes] = frozenset()

    @property
    def parts(self) -> tuple[str, ...]:
        """The names of the folders on the way to it, as people see them."""
        split = self.name.split(self.delimiter) if self.delimiter else [self.name]
        return tuple(decode_name(part) for part in split)


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder to read."""

    name: str
    sent: bool

    @property
    def title(self) -> str:
        """Its name as people see it."""
        return decode_name(self.name)


def folders_of(
    client: IMAPClient, account: ImapAccount, sent_folders: frozenset[str]
) -> tuple[Folder, ...]:
    """The folders to read; raise `MailboxUnreadable` without one for sent mail."""
    chosen = choose(_list(client), _foreign(client), sent_folders)
    if not any(folder.sent for folder in chosen):
        raise MailboxUnreadable(
            f"the mailbox of {account.title} has no folder for sent mail that the server or its "
            "name tells: name it with --sent-folder"
        )
    return chosen


def choose(
    listed: Sequence[Listed], foreign: Mapping[str, bool], sent_folders: frozenset[str]
) -> tuple[Folder, ...]:
    """The pure part. `foreign` has each namespace's prefix, and whether it is somebody else's."""
    special = {
        folder.name: _ROLES[flag] for folder in listed for flag in folder.flags if flag in _ROLES
    }
    chosen = []
    for folder in listed:
        if folder.flags & _CLOSED or _is_foreign(folder, foreign):
            continue
        role = _role(folder, special, sent_folders)
        if role is not Role.IGNORED:
            chosen.append(Folder(folder.name, sent=role is Role.SENT))
    return tuple(sorted(chosen, key=lambda folder: folder.name))


def _role(folder: Listed, special: Mapping[str, Role], sent_folders: frozenset[str]) -> Role:
    for above in _way(folder):
        if above in special:
            return special[above]
    return role_of_parts(folder.parts, sent_folders)


def _way(folder: Listed) -> Iterable[str]:
    """The folder itself, then those that it lies in, upwards."""
    name = folder.name
    yield name
    while folder.delimiter and folder.delimiter in name:
        name = name.rpartition(folder.delimiter)[0]
        yield name


def _is_foreign(folder: Listed, foreign: Mapping[str, bool]) -> bool:
    """The longest prefix decides. INBOX is always the person's own."""
    if folder.name.upper() == "INBOX":
        return False
    prefixes = [
        prefix
        for prefix in foreign
        if folder.name.startswith(prefix) or folder.name == prefix.removesuffix(folder.delimiter)
    ]
    return bool(prefixes) and foreign[max(prefixes, key=len)]


def _foreign(client: IMAPClient) -> dict[str, bool]:
    if not client.has_capability("NAMESPACE"):
        return {}
    namespaces = client.namespace()
    # Own ones come last: a prefix that is both is the person's.
    kinds = ((namespaces.other, True), (namespaces.shared, True), (namespaces.personal, False))
    return {_text(prefix): other for kind, other in kinds for prefix, _ in kind or ()}


def _list(client: IMAPClient) -> list[Listed]:
    """All folders. Some servers give SPECIAL-USE only to whom asks for it (RFC 6154 §3)."""
    if client.has_capability("SPECIAL-USE") and client.has_capability("LIST-EXTENDED"):
        # IMAPClient has no call for it.
        data = client._raw_command_untagged(
            b"LIST", [b'""', b'"*"', b"RETURN", b"(SPECIAL-USE)"], uid=False
        )
        raw = client._proc_folder_list(data)
    else:
        raw = client.list_folders()
    return [
        Listed(_text(name), _text(delimiter), frozenset(flag.lower() for flag in flags))
        for flags, delimiter, name in raw
    ]


def _text(name: bytes | str | None) -> str:
    if name is None:
        return ""
    return name if isinstance(name, str) else name.decode("utf-8", "surrogateescape")
