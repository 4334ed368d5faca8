"""From a message's header block to a `MailFact` (protocol §3, mail rules).

The compat32 parser of the standard library reads a header in 32 µs where the modern one takes 480.
Nothing here looks at a subject, a date or a text. A header that breaks the rules of RFC 5322 gives
a `Skip` at worst.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from email.parser import BytesHeaderParser
from email.policy import compat32
from email.utils import getaddresses
from typing import Final

from client.sources import automated
from client.sources.base import Found, MailFact, MessageKey, SeenKey, Skip, StrandKey
from client.sources.domains import ascii_domain

_PARSER = BytesHeaderParser(policy=compat32)
_ID = re.compile(r"<([^<>]+)>")

NEEDED: Final = automated.HEADERS | {
    "from", "to", "cc", "bcc", "message-id", "in-reply-to", "references",
}  # fmt: skip
"""All headers that are read, in lower case. A source that can leave out the rest does."""

MAX_HEADER_BYTES: Final = 256 * 1024
"""A header block that is longer is not read."""

_MOST_NESTED: Final = 100
"""Comments and groups in one address header; real ones have a handful."""

Headers = Mapping[str, list[str]]
"""Values by lower-case name, unfolded, in order of appearance."""


def read_headers(block: bytes) -> Headers:
    """The headers that matter here. Bytes beyond ASCII are read as UTF-8, broken ones replaced."""
    found: dict[str, list[str]] = {}
    for name, value in _PARSER.parsebytes(block).raw_items():
        name = name.lower()
        if name in NEEDED:
            text = value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
            found.setdefault(name, []).append(" ".join(text.split()))
    return found


def fact(
    headers: Headers, name: SeenKey, received: datetime, own: frozenset[str], *, sent: bool
) -> Found:
    """What one message says.

    `sent`: it lies among the sent mail. `own`: the person's addresses, in lower case; a mail from
    one of them is a sent one wherever it lies, so that aliases are one identity.

    A sent mail may lack a Message-ID, because some servers add it on the way out only: it still
    answers what it refers to. `name` then stands in, which no message refers to.
    """
    senders = _addresses(headers, ("from",))
    outgoing = sent or not own.isdisjoint(senders)
    ids = _ids(headers.get("message-id", [])[:1])
    if not ids and not outgoing:
        return Skip.NO_MESSAGE_ID
    parties = _addresses(headers, ("to", "cc", "bcc")) if outgoing else senders
    domains = frozenset(ascii_domain(address.rpartition("@")[2]) for address in parties)
    if not domains and not outgoing:
        return Skip.NO_SENDER
    references = _ids(headers.get("references", []) + headers.get("in-reply-to", []))
    root = (references or ids)[:1]
    return MailFact(
        key=_key(ids[0]) if ids else MessageKey(name),
        received=received,
        outgoing=outgoing,
        automated=automated.is_automated(headers, senders, outgoing=outgoing),
        domains=domains,
        references=tuple(_key(reference) for reference in references),
        strand=None if outgoing else _strand(root[0], senders[0]),
    )


def _addresses(headers: Headers, names: Iterable[str]) -> tuple[str, ...]:
    """Addresses in lower case, in order; what has no domain is left out.

    A name with an @ in it, as in ``Kim @ Work <kim@client.example>``, is no address beside one.
    """
    values = [value for name in names for value in headers.get(name, [])]
    if any(value.count("(") + value.count(":") > _MOST_NESTED for value in values):
        # The parser calls itself for each: a mail made for it would end the whole scan.
        return ()
    pairs = (address.lower().rpartition("@") for _, address in getaddresses(values))
    clean = [(local.strip(" '"), domain.strip(" '").rstrip(".")) for local, _, domain in pairs]
    found = [(local, domain) for local, domain in clean if local and domain]
    dotted = [(local, domain) for local, domain in found if "." in domain]
    return tuple(f"{local}@{domain}" for local, domain in dotted or found)


def _ids(values: Iterable[str]) -> list[str]:
    """Message ids in order, each once. Folding may have put blanks inside one.

    Some programs leave out the angle brackets.
    """
    ids = (
        "".join(raw.split())
        for value in values
        for raw in _ID.findall(value) or [word for word in value.split() if "@" in word]
    )
    return list(dict.fromkeys(found for found in ids if found))


def _key(message_id: str) -> MessageKey:
    return MessageKey(_sha256(message_id))


def _strand(root: str, sender: str) -> StrandKey:
    # A message id holds no line break, so the two parts cannot be confused.
    return StrandKey(_sha256(f"{root}\n{sender}"))


def _sha256(text: str) -> bytes:
    # JSON can hold halves of characters, which no encoding has.
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
