"""Mail that a program wrote, or that went to many, is neither a request nor an answer.

Headers as programs in the field send them, cut to what is looked at and what could mislead.
"""

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
    received,
    written,
)
from tests.unit.client.mailbox import Mail, sent


def client(*headers: str, sender: str = "kim@client.example") -> list[Mail]:
    """A client mail with more headers, and an answer to it."""
    lines = [f"From: {sender}", "To: me@example.com", "Message-ID: <a@client.example>", *headers]
    return [received("Tue 10:00", "\n".join(lines)), ANSWER]


def mine(*headers: str) -> list[Mail]:
    """A client mail, and a mail of mine that names it, with more headers."""
    lines = [
        "From: me@example.com",
        "To: kim@client.example",
        "Message-ID: <r@example.com>",
        "In-Reply-To: <a@client.example>",
    ]
    return [ASK, written("Tue 12:00", "\n".join([*lines, *headers]))]


CASES: Cases = {
    # RFC 3834
    "auto-replied": (client("Auto-Submitted: auto-replied"), NO_MAIL),
    "auto-generated": (client("Auto-Submitted: auto-generated"), NO_MAIL),
    "auto-generated with a parameter": (client("Auto-Submitted: auto-generated; x=y"), NO_MAIL),
    "auto-notified, by a Sieve script": (
        client('Auto-Submitted: auto-notified; owner-email="me@example.com"'),
        NO_MAIL,
    ),
    "Auto-Submitted: no is a person": (client("Auto-Submitted: no"), ANSWERED),
    "no with a comment is a person": (client("Auto-Submitted: No (by hand)"), ANSWERED),
    "no address to return it to": (client("Return-Path: <>"), NO_MAIL),
    "an address to return it to": (client("Return-Path: <kim@client.example>"), ANSWERED),
    # Vacation programs
    "vacation of a Sieve script": (
        client(
            "Auto-Submitted: auto-replied (vacation)",
            "X-Sieve: Pigeonhole Sieve 0.5",
            "Precedence: bulk",
            "In-Reply-To: <m@example.com>",
        ),
        NO_MAIL,
    ),
    "vacation of a web mailer": (
        client("Precedence: bulk", "X-Autoreply: yes", "In-Reply-To: <m@example.com>"),
        NO_MAIL,
    ),
    "X-Autoreply alone": (client("X-Autoreply: yes"), NO_MAIL),
    "X-Autoreply: no is a person": (client("X-Autoreply: no"), ANSWERED),
    "an old vacation program": (client("Precedence: junk"), NO_MAIL),
    "the autoresponder of a web host": (
        client("X-Autorespond: Re: offer", "Precedence: auto_reply"),
        NO_MAIL,
    ),
    "X-Autorespond alone": (client("X-Autorespond: Re: offer"), NO_MAIL),
    "Precedence: auto_reply alone": (client("Precedence: auto_reply"), NO_MAIL),
    "automatic reply of Exchange": (
        client(
            "X-Auto-Response-Suppress: All",
            "Auto-Submitted: auto-generated",
            "X-MS-Exchange-Inbox-Rules-Loop: kim@client.example",
        ),
        NO_MAIL,
    ),
    "a reply by an inbox rule of Exchange": (client("X-Auto-Response-Suppress: All"), NO_MAIL),
    # Exchange
    "suppresses automatic answers": (
        client("X-Auto-Response-Suppress: DR, RN, NRN, OOF, AutoReply"),
        NO_MAIL,
    ),
    "came through a group of Exchange": (
        client("X-Auto-Response-Suppress: DR, OOF, AutoReply"),
        NO_MAIL,
    ),
    "suppresses OOF without blanks": (client("X-Auto-Response-Suppress: DR,OOF"), NO_MAIL),
    "suppresses receipts only": (client("X-Auto-Response-Suppress: DR, RN, NRN"), ANSWERED),
    "suppresses none": (client("X-Auto-Response-Suppress: None"), ANSWERED),
    # Lists and mass mail
    "a list": (
        client(
            "List-Id: Customers <customers.client.example>",
            "List-Post: <mailto:customers@client.example>",
            "Precedence: list",
        ),
        NO_MAIL,
    ),
    "a list by its id alone": (client("List-Id: <list.client.example>"), NO_MAIL),
    "precedence list": (client("Precedence: LIST"), NO_MAIL),
    "a newsletter": (
        client(
            "List-Unsubscribe: <https://client.example/u>",
            "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        ),
        NO_MAIL,
    ),
    "bulk": (client("precedence: Bulk"), NO_MAIL),
    "first-class is a person": (client("Precedence: first-class"), ANSWERED),
    "a mail that nobody asked to unsubscribe from, to a list of mine": (
        client("To: list@example.com", "X-Mailer: Apple Mail (2.3774)"),
        ANSWERED,
    ),
    # Reports
    "a bounce": (
        client(
            "Return-Path: <>",
            "Auto-Submitted: auto-replied",
            'Content-Type: multipart/report; report-type=delivery-status; boundary="b"',
            "In-Reply-To: <m@example.com>",
            sender="Mail Delivery System <MAILER-DAEMON@client.example>",
        ),
        NO_MAIL,
    ),
    "a bounce by its type alone, folded": (
        client('Content-Type: multipart/report;\n    \treport-type=delivery-status; boundary="b"'),
        NO_MAIL,
    ),
    "a read receipt": (
        client(
            "Content-Type: Multipart/Report; report-type=disposition-notification; boundary=b",
            "In-Reply-To: <m@example.com>",
        ),
        NO_MAIL,
    ),
    "a mail that asks for a read receipt is a person": (
        client(
            "Disposition-Notification-To: kim@client.example", "Return-Receipt-To: kim@x.example"
        ),
        ANSWERED,
    ),
    "a mail with parts is a person": (
        client('Content-Type: multipart/mixed; boundary="b"'),
        ANSWERED,
    ),
    # Senders
    **{
        f"from {sender}": ([ask(sender=sender), ANSWER], NO_MAIL)
        for sender in (
            "No-Reply <no-reply@client.example>",
            "noreply@client.example",
            "NO_REPLY@client.example",
            "no.reply@client.example",
            "orders_noreply+7@client.example",
            "do.not.reply@client.example",
            "donotreply@client.example",
            "dont-reply@client.example",
            "bitte-nicht-antworten@client.example",
            "keine_antwort@client.example",
            "ne-pas-repondre@client.example",
            "MAILER-DAEMON@client.example",
            "Mailer Daemon <mailer.daemon@client.example>",
        )
    },
    "from somebody whose name only sounds so": (
        [ask(sender='"No Reply, Inc." <kim.norep@client.example>'), ANSWER],
        ANSWERED,
    ),
    "from a domain that only sounds so": ([ask(sender="kim@noreply.example"), ANSWER], ANSWERED),
    # Dates
    "an invitation of an old Outlook": (
        client(
            "Content-Class: urn:content-classes:calendarmessage",
            'Content-Type: multipart/alternative; boundary="b"',
        ),
        NO_MAIL,
    ),
    "an acceptance that is nothing else": (
        client('Content-Type: text/calendar; method=REPLY; charset="utf-8"'),
        NO_MAIL,
    ),
    "a message that says it is one": (
        client("Content-Class: urn:content-classes:message"),
        ANSWERED,
    ),
    "an invitation whose header does not say so counts as a mail": (
        client('Content-Type: multipart/alternative; boundary="b"'),
        ANSWERED,
    ),
    "answered with an invitation": (
        mine("Content-Class: urn:content-classes:calendarmessage"),
        ANSWERED,
    ),
    # My own
    "my own auto-reply is no answer": (mine("Auto-Submitted: auto-replied"), UNHEARD),
    "my own auto-reply with a comment": (mine("Auto-Submitted: auto-replied (vacation)"), UNHEARD),
    "my own auto-reply by an old program": (mine("Precedence: junk"), UNHEARD),
    "my own auto-reply by Exchange": (mine("X-Auto-Response-Suppress: All"), UNHEARD),
    "my own read receipt is no answer": (
        mine('Content-Type: multipart/report; report-type=disposition-notification; boundary="b"'),
        UNHEARD,
    ),
    "an auto-reply, then a reply": (
        [
            *mine("Auto-Submitted: auto-replied"),
            sent("Tue 12:00", "s@example.com", "a@client.example"),
        ],
        ANSWERED,
    ),
    "my answer by a customer program with a link to unsubscribe": (
        mine("List-Unsubscribe: <https://crm.example/u>"),
        ANSWERED,
    ),
    "my answer to a list is one": (
        [
            ASK,
            written(
                "Tue 12:00",
                """
    From: me@example.com
    To: customers@list.example
    Message-ID: <r@example.com>
    References: <a@client.example>
    """,
            ),
            received(
                "Tue 12:01",
                """
    From: me@example.com
    To: customers@list.example
    Message-ID: <r@example.com>
    References: <a@client.example>
    List-Id: <customers.list.example>
    Precedence: list
    """,
            ),
        ],
        ANSWERED,
    ),
    "my answer to a list, of which only the copy from the list is here": (
        [
            ASK,
            received(
                "Tue 12:00",
                """
    From: Me <alias@brand.example>
    To: customers@list.example
    Message-ID: <r@brand.example>
    References: <a@client.example>
    List-Id: <customers.list.example>
    Precedence: bulk
    """,
            ),
        ],
        ANSWERED,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_rule(name: str, tmp_path: Path) -> None:
    check(CASES[name], tmp_path)
