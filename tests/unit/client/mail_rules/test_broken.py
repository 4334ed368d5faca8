"""Copies, folders, and messages that break the rules of RFC 5322."""

from pathlib import Path

import pytest

from tests.unit.client.mail_rules.notation import (
    ANSWER,
    ANSWERED,
    ASK,
    NO_MAIL,
    UNHEARD,
    Cases,
    ask,
    check,
    own_reply,
    received,
    written,
)
from tests.unit.client.mailbox import Mail, sent

CASES: Cases = {
    # Copies
    "a received copy in All Mail": (
        [ASK, ask(folder=".[Gmail].All Mail", when="Tue 10:05"), ANSWER],
        ANSWERED,
    ),
    "a sent copy in All Mail": (
        [*own_reply(), own_reply(folder=".[Gmail].All Mail", when="Tue 12:05")[1]],
        ANSWERED,
    ),
    "a sent copy in All Mail that nobody knows to be mine is no question": (
        [
            sent("Tue 10:00", "x@example.com", "", sender="me@private.example"),
            Mail("Tue 10:00", "x@example.com", "me@private.example", folder=".[Gmail].All Mail"),
        ],
        NO_MAIL,
    ),
    "a copy of sent mail that came back through a list": (
        [sent("Tue 10:00", "x@example.com", ""), ask(id="x@example.com", sender="l@list.example")],
        NO_MAIL,
    ),
    "a client mail that came both directly and through a list": (
        [
            ask(headers=("List-Id: <us.example.com>",), sender="Kim via us <us@example.com>"),
            ask(when="Tue 10:01"),
            ANSWER,
        ],
        ANSWERED,
    ),
    "spam": ([ask(folder=".Junk"), ANSWER], NO_MAIL),
    "a draft is no answer": (own_reply(folder=".Entw&APw-rfe"), UNHEARD),
    "a draft by its flag is no answer": (own_reply(flags="DS"), UNHEARD),
    # Headers
    "no Message-ID": ([ask(id=None)], NO_MAIL),
    "an empty Message-ID": ([ask(id="")], NO_MAIL),
    "two Message-IDs, the first counts": (
        [ask(headers=("Message-ID: <x@y.example>",)), ANSWER],
        ANSWERED,
    ),
    "8-bit subject and name": (
        [
            received(
                "Tue 10:00",
                """
    From: M\xfcller <kim@client.example>
    Message-ID: <a@client.example>
    Subject: Gr\xfc\xdfe
    """,
            ),
            ANSWER,
        ],
        ANSWERED,
    ),
    "8-bit domain and id": (
        [
            received(
                "Tue 10:00", "From: kim@m\xfcller.example\nMessage-ID: <gr\xfc\xdfe@x.example>"
            ),
            written(
                "Tue 12:00",
                "From: me@example.com\nTo: kim@client.example\nReferences: <gr\xfc\xdfe@x.example>",
            ),
        ],
        ANSWERED,
    ),
    "encoded subject and name": (
        [
            ask(
                sender="=?utf-8?q?M=C3=BCller=2C_Kim?= <kim@client.example>",
                headers=("Subject: =?utf-8?b?R3LDvMOfZQ==?=",),
            ),
            ANSWER,
        ],
        ANSWERED,
    ),
    "names in capitals, blanks before the colon": (
        [
            received("Tue 10:00", "FROM: kim@client.example\nMESSAGE-ID:<a@client.example>"),
            ANSWER,
        ],
        ANSWERED,
    ),
    "a line that is no header": ([ask(headers=("this is not a header",)), ANSWER], ANSWERED),
    "the first line of an mbox": (
        [
            received(
                "Tue 10:00",
                """
    From kim@client.example Tue Feb  3 10:00:00 2026
    From: kim@client.example
    Message-ID: <a@client.example>
    """,
            ),
            ANSWER,
        ],
        ANSWERED,
    ),
    "no blank line before the text": (
        [
            received(
                "Tue 10:00",
                """
    From: kim@client.example
    Message-ID: <a@client.example>
    Dear me, see below.
    Auto-Submitted: auto-generated
    """,
            ),
            ANSWER,
        ],
        ANSWERED,
    ),
    "garbage between the headers": (
        [
            received(
                "Tue 10:00",
                """
    From: kim@client.example
    X-Garbage: \x00\x01\xfe\xff\x80
    Message-ID: <a@client.example>
    """,
            ),
            ANSWER,
        ],
        ANSWERED,
    ),
    "an id of garbage is an id": (
        [
            received("Tue 10:00", "From: kim@client.example\nMessage-ID: <\xff\x80\x01@x.example>"),
            written(
                "Tue 12:00",
                "From: me@example.com\nTo: kim@x.example\nIn-Reply-To: <\xff\x80\x01@x.example>",
            ),
        ],
        ANSWERED,
    ),
    "brackets in brackets": (
        [ask(id=None, headers=("Message-ID: <<a@client.example>>",)), ANSWER],
        ANSWERED,
    ),
    "an empty file": ([ask(raw=b"")], NO_MAIL),
    "a file of zeros": ([ask(raw=b"\0" * 5000)], NO_MAIL),
    "a header without end": ([ask(raw=b"X: y\n" * 100_000)], NO_MAIL),
    "a header without text": (
        [ask(raw=b"From: kim@client.example\r\nMessage-ID: <a@client.example>\r\n"), ANSWER],
        ANSWERED,
    ),
    "lines that end in one way and the other": (
        [
            ask(raw=b"From: kim@client.example\nMessage-ID: <a@client.example>\r\n\nHello\r\n"),
            ANSWER,
        ],
        ANSWERED,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_rule(name: str, tmp_path: Path) -> None:
    check(CASES[name], tmp_path)
