"""Which folder of a mailbox holds what, by its name.

Names come as file systems have them: parts joined by dots (Maildir++) or slashes, beyond ASCII in
the modified UTF-7 of RFC 3501 §5.1.3. A mail program shows "Entwürfe" for ``Entw&APw-rfe``.
"""

import base64
import re
from collections.abc import Sequence
from enum import Enum, auto
from typing import Final

SENT_NAMES: Final = frozenset(
    {
        "sent", "sent items", "sent mail", "sent messages", "sent-mail", "sentmail",
        "gesendet", "gesendete objekte", "gesendete elemente", "gesendete nachrichten",
        "envoyés", "éléments envoyés", "messages envoyés", "enviados", "elementos enviados",
        "posta inviata", "inviata", "verzonden", "verzonden items", "wysłane",
    }
)  # fmt: skip
"""What mail programs call the folder for sent mail."""

_IGNORED_NAMES = frozenset(
    {
        "drafts", "draft", "entwürfe", "entwurf", "brouillons", "borradores", "bozze", "concepten",
        "templates", "vorlagen", "outbox", "postausgang", "unsent messages",
        "junk", "junk e-mail", "junk-e-mail", "spam", "spamverdacht", "pourriel", "unerwünscht",
    }
)  # fmt: skip
_SHIFTED = re.compile(r"&([A-Za-z0-9+,]*)-")


class Role(Enum):
    """How the messages of a folder count."""

    SENT = auto()
    ORDINARY = auto()
    IGNORED = auto()


def role(folder: str, sent_folders: frozenset[str]) -> Role:
    """The role of a folder, given as its path below the mailbox.

    `sent_folders`: more names for sent mail, in lower case. Any part of the path may decide, so
    that a folder below "Sent" holds sent mail too. Nothing unsent and no spam is ever read, save
    from a folder that the person named.
    """
    if decode_name(folder).casefold() in sent_folders:
        return Role.SENT
    return role_of_parts(re.split(r"[/.]", decode_name(folder)), sent_folders)


def role_of_parts(parts: Sequence[str], sent_folders: frozenset[str]) -> Role:
    """The same for a path that is already split, into names as people see them."""
    names = [part.casefold() for part in parts]
    if names[-1] in sent_folders or "/".join(names) in sent_folders:
        return Role.SENT
    if not _IGNORED_NAMES.isdisjoint(names):
        return Role.IGNORED
    return Role.ORDINARY if (SENT_NAMES | sent_folders).isdisjoint(names) else Role.SENT


def decode_name(name: str) -> str:
    """A folder's name as people see it; a part that is not modified UTF-7 stays as it is."""
    return _SHIFTED.sub(_decode_shifted, name)


def _decode_shifted(match: re.Match[str]) -> str:
    shifted = match[1].replace(",", "/")
    if not shifted:
        return "&"
    try:
        return base64.b64decode(shifted + "=" * (-len(shifted) % 4)).decode("utf-16-be")
    except ValueError:
        return match[0]
