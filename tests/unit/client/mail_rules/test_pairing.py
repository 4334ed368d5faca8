"""Which sent mail answers which client mail: by the ids it names, and by nothing else."""

from pathlib import Path

import pytest

from tests.unit.client.mail_rules.notation import (
    A2,
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
    values,
    written,
)
from tests.unit.client.mailbox import Mail, sent

CASES: Cases = {
    "answered": ([ASK, ANSWER], ANSWERED),
    "not answered": ([ASK], UNHEARD),
    "nothing at all": ([], NO_MAIL),
    "by In-Reply-To alone": (
        [ASK, sent("Tue 12:00", "r@example.com", "", reply_to="a@client.example")],
        ANSWERED,
    ),
    "the same subject is no reference": ([ASK, sent("Tue 12:00", "r@example.com", "")], UNHEARD),
    "the same encoded subject is none either": (
        [
            received(
                "Tue 10:00",
                """
    From: =?ISO-8859-1?Q?Kim_M=FCller?= <kim@client.example>
    Message-ID: <a@client.example>
    Subject: =?UTF-8?Q?Angebot_f=C3=BCr_Gr=C3=B6=C3=9Fe_M?=
    """,
            ),
            written(
                "Tue 12:00",
                """
    From: me@example.com
    To: kim@client.example
    Message-ID: <r@example.com>
    Subject: =?UTF-8?Q?Re:_Angebot_f=C3=BCr_Gr=C3=B6=C3=9Fe_M?=
    """,
            ),
        ],
        UNHEARD,
    ),
    "the thread of Outlook is no reference": (
        [
            received(
                "Tue 10:00",
                """
    From: kim@client.example
    Message-ID: <a@client.example>
    Thread-Topic: offer
    Thread-Index: AdqHXo1yQp6n2Sg0R5aJm4H1Zr7m2A==
    """,
            ),
            written(
                "Tue 12:00",
                """
    From: me@example.com
    To: kim@client.example
    Message-ID: <r@example.com>
    Thread-Topic: offer
    Thread-Index: AdqHXo1yQp6n2Sg0R5aJm4H1Zr7m2AAB
    """,
            ),
        ],
        UNHEARD,
    ),
    "ids differ in case": ([ASK, sent("Tue 12:00", "r@example.com", "A@client.example")], UNHEARD),
    "an id folded over two lines": (
        own_reply("In-Reply-To: <a@client\n .example>", refs=""),
        ANSWERED,
    ),
    "an id on the line below its name": (
        own_reply("References:\n\t<a@client.example>", refs=""),
        ANSWERED,
    ),
    "ids without brackets": (
        [
            ask(id=None, headers=("Message-ID: a@client.example",)),
            *own_reply("In-Reply-To: a@client.example", refs="")[1:],
        ],
        ANSWERED,
    ),
    "ids with no blank between them": (
        own_reply(f"References: <x@client.example><a@client.example><{A2}>", refs=""),
        ANSWERED,
    ),
    "words around the id": (
        own_reply('In-Reply-To: "your mail" <a@client.example> of Tuesday', refs=""),
        ANSWERED,
    ),
    "an old thread, the answered mail is not the last of the chain": (
        [
            sent("-2 Mon 10:00", "one@example.com", ""),
            ask(refs="one@example.com"),
            Mail("Tue 11:00", "two@example.com", "boss@example.com", refs="a@client.example"),
            sent(
                "Tue 12:00",
                "r@example.com",
                "one@example.com a@client.example two@example.com",
                reply_to="two@example.com",
            ),
        ],
        ANSWERED,
    ),
    "a reply to a mail of weeks ago asks anew": (
        [
            ask(when="-5 Tue 10:00", id="old@client.example"),
            sent("-5 Tue 11:00", "my@example.com", "old@client.example"),
            ask(refs="old@client.example my@example.com"),
            sent(
                "Tue 12:00", "r@example.com", "old@client.example my@example.com a@client.example"
            ),
        ],
        ANSWERED,
    ),
    "references in the text do not count": (
        [ask(id="in-the-text@client.example"), sent("Tue 12:00", "r@example.com", "")],
        UNHEARD,
    ),
    "a sent mail without Message-ID answers": (
        [ASK, sent("Tue 12:00", None, "a@client.example")],
        ANSWERED,
    ),
    "one message that answers two": (
        [
            ASK,
            ask(id=A2, sender="Lee <lee@other.example>"),
            sent("Tue 12:00", "r@example.com", f"a@client.example {A2}"),
        ],
        values("1", 2, 2),
    ),
    "two answers to one mail count once": (
        [ASK, ANSWER, sent("Tue 15:00", "s@example.com", "a@client.example r@example.com")],
        ANSWERED,
    ),
    "an answer to an old mail counts, and judges nothing": (
        [ask(when="-3 Tue 10:00"), ANSWER],
        values(None, 1, None),
    ),
    "an answer that was synchronised before its question": (
        [ASK, sent("Tue 09:00", "r@example.com", "a@client.example")],
        values("1", 1, 0),
    ),
    "the answer of somebody else outside is no answer": (
        [ASK, Mail("Tue 12:00", "r@client.example", refs="a@client.example", to="kim@x.example")],
        UNHEARD,
    ),
    "the answer of a colleague, in copy to me, is no answer": (
        [
            ASK,
            Mail(
                "Tue 12:00",
                "r@example.com",
                "boss@example.com",
                "kim@client.example",
                "a@client.example",
                headers=("Cc: me@example.com",),
            ),
        ],
        UNHEARD,
    ),
    "passed on to a colleague": (own_reply(to="boss@example.com"), UNHEARD),
    "passed on to a colleague, who is asked back, then answered": (
        [
            *own_reply(to="boss@example.com"),
            Mail("Tue 13:00", "c@example.com", "boss@example.com", refs="a@client.example"),
            sent("Tue 14:00", "s@example.com", "a@client.example r@example.com c@example.com"),
        ],
        values("1", 1, 4),
    ),
    "answered with a colleague in copy": (own_reply("Cc: boss@example.com"), ANSWERED),
    "answered to the client in copy": (
        own_reply("Cc: kim@client.example", to="boss@example.com"),
        ANSWERED,
    ),
    "answered to the client in blind copy": (
        own_reply("Bcc: kim@client.example", to="undisclosed-recipients:;"),
        ANSWERED,
    ),
    "answered to another address outside": (own_reply(to="kim@home.example"), ANSWERED),
}


@pytest.mark.parametrize("name", CASES)
def test_rule(name: str, tmp_path: Path) -> None:
    check(CASES[name], tmp_path)
