"""What is asked of a folder on an IMAP server (RFC 3501), and nothing besides.

``EXAMINE`` opens it read-only. ``UID SEARCH`` lists what is new, and never what was read before.
``UID FETCH`` gets the time of delivery and, with ``PEEK``, which leaves a mail unread, exactly the
headers that `client.sources.headers` looks at: no subject, no date, no text.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError

from client.sources.headers import NEEDED

MOST_LISTED: Final = 50_000
"""Messages in one answer to a search. The library takes no answer of more than a megabyte."""

_ASKED = ("INTERNALDATE", f"BODY.PEEK[HEADER.FIELDS ({' '.join(sorted(NEEDED))})]")
_HEADER_KEY = b"BODY[HEADER.FIELDS"


@dataclass(frozen=True, slots=True)
class Opened:
    """A folder that was opened: how many messages it has, and what the next one will be called."""

    validity: int
    messages: int
    next_uid: int | None


@dataclass(frozen=True, slots=True)
class Fetched:
    """One message. `received` is in UTC; ``None`` when the server gives no time that is one."""

    uid: int
    received: datetime | None
    block: bytes


def examine(client: IMAPClient, name: str) -> Opened | None:
    """Open a folder; ``None`` when the server does not, or cannot number its messages."""
    try:
        answer = client.select_folder(name, readonly=True)
    except IMAPClientAbortError:
        raise
    except IMAPClientError:
        return None
    validity, next_uid = answer.get(b"UIDVALIDITY"), answer.get(b"UIDNEXT")
    if validity is None:
        return None
    return Opened(
        int(validity), int(answer[b"EXISTS"]), None if next_uid is None else int(next_uid)
    )


def uids_above(
    client: IMAPClient, folder: Opened, last: int, most: int = MOST_LISTED
) -> Iterator[list[int]]:
    """UIDs above `last` in order, without drafts; nothing is asked when there can be none."""
    if folder.messages == 0 or (folder.next_uid is not None and folder.next_uid <= last + 1):
        return
    for window in windows(folder, last, most):
        # "n:*" always names the last message, also where it is below n (RFC 3501 §6.4.8).
        found = (int(uid) for uid in client.search(f"UID {window} UNDRAFT"))
        yield sorted(uid for uid in found if uid > last)


def windows(folder: Opened, last: int, most: int) -> Iterator[str]:
    """Ranges of UIDs, each of which holds at most `most` messages."""
    if folder.messages <= most or folder.next_uid is None:
        yield f"{last + 1}:*"
        return
    for low in range(last + 1, folder.next_uid, most):
        yield f"{low}:{low + most - 1}"


def fetch(client: IMAPClient, uids: Sequence[int]) -> list[Fetched]:
    """Those of the messages that are still there, in order.

    A server may refuse to answer when one of them has just been removed (RFC 2180 §4.1.2): then
    ask once more for those that are left.
    """
    try:
        return _fetch(client, uids)
    except IMAPClientAbortError:
        raise
    except IMAPClientError:
        client.noop()
        left = client.search(f"UID {','.join(map(str, uids))}")
        return _fetch(client, sorted(int(uid) for uid in left))


def _fetch(client: IMAPClient, uids: Sequence[int]) -> list[Fetched]:
    answers = client.fetch(list(uids), _ASKED)
    found = []
    for uid in uids:
        answer = answers.get(uid, {})
        keys = [key for key in answer if key.startswith(_HEADER_KEY)]
        # Without: removed since, and the answer was a mere change of flags.
        if keys:
            block = answer[keys[0]] or b""
            found.append(Fetched(uid, _utc(answer.get(b"INTERNALDATE")), block))
    return found


def _utc(moment: datetime | None) -> datetime | None:
    if moment is None or moment.tzinfo is None:
        return None
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return None
