"""Who a client is, who the person is, and who is neither."""

from pathlib import Path

import pytest

from privacy.agreement.model import MailRules
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
)
from tests.unit.client.mailbox import Mail, Values, sent, week

CASES: Cases = {
    "a mail from inside": ([ask(sender="boss@example.com"), ANSWER], NO_MAIL),
    "a mail from a domain below": ([ask(sender="boss@mail.example.com"), ANSWER], NO_MAIL),
    "a domain that only ends alike": ([ask(sender="kim@notexample.com"), ANSWER], ANSWERED),
    "a domain that only begins alike": ([ask(sender="kim@example.com.example"), ANSWER], ANSWERED),
    "the domain in capitals": ([ask(sender="Boss@EXAMPLE.com"), ANSWER], NO_MAIL),
    "the domain with a dot at its end": ([ask(sender="boss@example.com."), ANSWER], NO_MAIL),
    "a reply to a colleague's mail is no answer": (
        [
            ASK,
            Mail("Tue 11:00", "c@example.com", "boss@example.com"),
            sent("Tue 12:00", "r@example.com", "c@example.com", to="boss@example.com"),
        ],
        UNHEARD,
    ),
    "several senders, one outside": (
        [ask(sender="boss@example.com, kim@client.example"), ANSWER],
        ANSWERED,
    ),
    "several senders, all inside": (
        [ask(sender="boss@example.com, chief@example.com"), ANSWER],
        NO_MAIL,
    ),
    "a group as sender": (
        [ask(sender="Sales: kim@client.example, lee@client.example;"), ANSWER],
        ANSWERED,
    ),
    "a group as recipient": (own_reply(to="Sales: kim@client.example;"), ANSWERED),
    "an empty group as recipient": (own_reply(to="Undisclosed recipients:;"), UNHEARD),
    "a comma in a name without quotes": (
        [ask(sender="Lee, Kim <kim@client.example>"), ANSWER],
        ANSWERED,
    ),
    "an @ in the name of a colleague": ([ask(sender="Boss @ Work <boss@example.com>")], NO_MAIL),
    "quotes around an address": ([ask(sender="'boss@example.com'")], NO_MAIL),
    "a comment after the address": (
        [ask(sender="kim@client.example (Kim, Sales <x@example.com>)"), ANSWER],
        ANSWERED,
    ),
    "the address of somebody inside as the name of somebody outside": (
        [ask(sender='"boss@example.com" <kim@client.example>'), ANSWER],
        ANSWERED,
    ),
    "answered from an alias, in the folder for sent mail": (
        own_reply(sender="me@brand.example"),
        ANSWERED,
    ),
    "answered from an alias, filed in the inbox": (
        own_reply(sender="Me <Alias@brand.example>", folder="."),
        ANSWERED,
    ),
    "answered from an address that nobody knows to be mine, filed in the inbox": (
        own_reply(sender="me@private.example", folder="."),
        UNHEARD,
    ),
    "my own mail from an alias, to myself": (
        [
            Mail("Tue 10:00", "x@brand.example", sender="alias@brand.example"),
            sent("Tue 10:00", "x@brand.example", "", sender="alias@brand.example"),
        ],
        NO_MAIL,
    ),
    "no sender": ([ask(sender="")], NO_MAIL),
    "a sender without a domain": ([ask(sender="undisclosed")], NO_MAIL),
}


@pytest.mark.parametrize("name", CASES)
def test_rule(name: str, tmp_path: Path) -> None:
    check(CASES[name], tmp_path)


@pytest.mark.parametrize(
    ("internal", "sender", "expected"),
    [
        ("müller.example", "boss@xn--mller-kva.example", NO_MAIL),
        ("xn--mller-kva.example", "boss@MÜLLER.example", NO_MAIL),
        ("müller.example", "boss@mail.müller.example", NO_MAIL),
        ("straße.example", "boss@xn--strae-oqa.example", NO_MAIL),
        ("müller.example", "boss@mu\u0308ller.example", NO_MAIL),
        ("straße.example", "kim@strasse.example", ANSWERED),
        ("müller.example", "kim@muller.example", ANSWERED),
    ],
)
def test_an_internal_domain_may_be_spelt_in_both_ways(
    internal: str, sender: str, expected: Values, tmp_path: Path
) -> None:
    found, _ = week(tmp_path, [ask(sender=sender), ANSWER], rules=MailRules((internal,), 8))
    assert found == expected
