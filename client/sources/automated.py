"""Which mail a program wrote, or went to many at once (protocol §3, mail rules).

1. It says so itself: ``Auto-Submitted`` (RFC 3834, RFC 5436), which vacation programs set (RFC
   5230), the headers of older ones, or a report that a mail server or a reader's program makes
   (``multipart/report``: a bounce, a read receipt).
2. It has no address to return it to: ``Return-Path: <>``, as RFC 3834 asks of automatic answers.
3. Its sender is a no-reply or mailer-daemon address.
4. It came through a list: ``List-Id``, ``List-Unsubscribe``.
5. It wants no automatic answer: ``Precedence``, and Exchange's ``X-Auto-Response-Suppress``
   ([MS-OXCMAIL] §2.1.3.2.20). Of the latter's values, those about receipts alone (DR, NDR, RN, NRN)
   say nothing: people send them. Exchange adds the others to mail for a distribution group.
6. It is about a date: an invitation, an acceptance (RFC 6047). It is answered by a click, which
   often leaves no mail. Only what the header of the whole message says of it can be seen.

Of a mail that the person sent, 4 and 6 say nothing: a list adds its headers to the copy that comes
back, and a date is a way to answer. Nor does 5, if the copy came through a list.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

HEADERS: Final = frozenset(
    {
        "auto-submitted", "x-autoreply", "x-autorespond", "content-type", "content-class",
        "return-path", "list-id", "list-unsubscribe", "precedence", "x-auto-response-suppress",
    }
)  # fmt: skip
"""All headers that are looked at."""

_COMMENT = re.compile(r"\([^()]*\)")
_SEPARATORS = re.compile(r"[-_.]")

_OLD_REPLIES: Final = ("x-autoreply", "x-autorespond")
_LISTS: Final = ("list-id", "list-unsubscribe")
_MASS_PRECEDENCE: Final = frozenset({"bulk", "list", "junk", "auto_reply"})
_SUPPRESSED: Final = frozenset({"all", "oof", "autoreply"})
_ROBOTS: Final = (
    "noreply", "donotreply", "dontreply", "nichtantworten", "keineantwort", "nepasrepondre",
    "noresponder", "mailerdaemon",
)  # fmt: skip


def is_automated(
    headers: Mapping[str, list[str]], senders: Iterable[str], *, outgoing: bool
) -> bool:
    """Whether steps 1 to 6 hold; `headers` by lower-case name, `senders` in lower case."""
    listed = any(name in headers for name in _LISTS)
    if _says_so(headers) or any(map(_is_robot, senders)):  # 1 to 3
        return True
    if outgoing:
        return not listed and _wants_no_reply(headers)  # 5
    return listed or _wants_no_reply(headers) or _is_about_a_date(headers)  # 4 to 6


def _says_so(headers: Mapping[str, list[str]]) -> bool:
    return (
        _word(headers, "auto-submitted") not in ("", "no")
        or any(_word(headers, name) not in ("", "no") for name in _OLD_REPLIES)
        or _word(headers, "content-type") == "multipart/report"
        or _word(headers, "return-path") == "<>"
    )


def _is_robot(address: str) -> bool:
    local = _SEPARATORS.sub("", address.rpartition("@")[0])
    return any(robot in local for robot in _ROBOTS)


def _wants_no_reply(headers: Mapping[str, list[str]]) -> bool:
    suppressed = _word(headers, "x-auto-response-suppress").split(",")
    return _word(headers, "precedence") in _MASS_PRECEDENCE or not _SUPPRESSED.isdisjoint(
        word.strip() for word in suppressed
    )


def _is_about_a_date(headers: Mapping[str, list[str]]) -> bool:
    return (
        _word(headers, "content-type") == "text/calendar"
        or _word(headers, "content-class") == "urn:content-classes:calendarmessage"
    )


def _word(headers: Mapping[str, list[str]], name: str) -> str:
    """The first value of a header in lower case, without parameters and comments."""
    value = headers.get(name, [""])[0].partition(";")[0]
    return _COMMENT.sub("", value).strip().lower()
