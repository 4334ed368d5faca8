"""A message as Microsoft Graph describes it, turned into the headers that every source gives.

Only `SELECTED` is ever asked for. All of it is within the delegated permission Mail.ReadBasic,
which leaves out text, preview, attachments, extensions and extended properties. The subject is
among ``internetMessageHeaders``, which come all or none: it is passed over here.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from client.sources.graph_api import strange
from client.sources.headers import Headers

SELECTED: Final = (
    "internetMessageId", "receivedDateTime", "from", "toRecipients", "ccRecipients",
    "bccRecipients", "internetMessageHeaders", "isDraft", "conversationIndex",
)  # fmt: skip

_RECIPIENTS: Final = {"to": "toRecipients", "cc": "ccRecipients", "bcc": "bccRecipients"}


@dataclass(frozen=True, slots=True)
class GraphMessage:
    """`index`: its place in the conversation (`client.sources.graph_answers`), may be empty.

    `bare`: whether the server gave no headers, as it does for most sent mail.
    """

    draft: bool
    received: datetime
    headers: Headers
    index: bytes
    bare: bool


def message(item: Mapping[str, Any]) -> GraphMessage:
    """Raises `MailboxUnreadable` where it is not as documented."""
    given = _list(item.get("internetMessageHeaders"))
    return GraphMessage(
        draft=item.get("isDraft") is True,
        received=_moment(item.get("receivedDateTime")),
        headers=_headers(item, given),
        index=_bytes(item.get("conversationIndex")),
        bare=not given,
    )


def sender(item: Mapping[str, Any]) -> str:
    """The address in ``from``, in lower case, or nothing."""
    return _address(item.get("from")).lower()


def _headers(item: Mapping[str, Any], given: Sequence[Mapping[str, Any]]) -> Headers:
    """What the server has taken out of the header counts where it says so; the rest is as sent."""
    found: dict[str, list[str]] = {}
    for pair in given:
        name, value = pair.get("name"), pair.get("value")
        if isinstance(name, str) and isinstance(value, str):
            found.setdefault(name.lower(), []).append(" ".join(value.split()))
    found.pop("subject", None)
    if address := _address(item.get("from")):
        found["from"] = [f"<{address}>"]
    for name, key in _RECIPIENTS.items():
        if addresses := [_address(each) for each in _list(item.get(key))]:
            found[name] = [f"<{address}>" for address in addresses if address]
    if isinstance(identifier := item.get("internetMessageId"), str) and identifier.strip():
        found["message-id"] = [f"<{identifier.strip().strip('<>')}>"]
    return found


def _address(recipient: Any) -> str:
    inner = recipient.get("emailAddress") if isinstance(recipient, dict) else None
    address = inner.get("address") if isinstance(inner, dict) else None
    return "".join(address.split()).strip("<>") if isinstance(address, str) else ""


def _moment(written: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(written)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        pass
    raise strange("a message has no time of arrival")


def _list(value: Any) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _bytes(written: Any) -> bytes:
    try:
        return base64.b64decode(written or "", validate=True)
    except (TypeError, binascii.Error):
        return b""
