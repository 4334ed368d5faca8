"""When the clock of a request runs, and that only the time of delivery counts."""

from fractions import Fraction
from pathlib import Path

import pytest

from tests.unit.client.mail_rules.notation import (
    ANSWERED,
    ASK,
    NO_MAIL,
    UNHEARD,
    Cases,
    ask,
    check,
    own_reply,
    values,
)
from tests.unit.client.mailbox import sent

CASES: Cases = {
    "at the deadline is in time": (
        [ASK, sent("Wed 10:00", "r@example.com", "a@client.example")],
        values("1", 1, 8),
    ),
    "a second after the deadline is late": (
        [ASK, sent("Wed 10:00:01", "r@example.com", "a@client.example")],
        values("0", 1, Fraction(28801, 3600)),
    ),
    "received in the night, the clock starts in the morning": (
        [ask(when="Mon 23:30"), sent("Tue 17:00", "r@example.com", "a@client.example")],
        values("1", 1, 8),
    ),
    "due in the evening, answered in the night, is late by no business hour": (
        [ask(when="Tue 09:00"), sent("Tue 21:00", "r@example.com", "a@client.example")],
        values("0", 1, 8),
    ),
    "received at midnight": (
        [ask(when="Tue 00:00"), sent("Tue 10:00", "r@example.com", "a@client.example")],
        values("1", 1, 1),
    ),
    "received on Friday evening of the week before": (
        [ask(when="-1 Fri 18:00"), sent("Mon 10:00", "r@example.com", "a@client.example")],
        values("1", 1, 1),
    ),
    "the weekend does not count": (
        [ask(when="-1 Fri 16:00"), sent("Mon 15:00", "r@example.com", "a@client.example")],
        values("1", 1, 7),
    ),
    "received and answered on Sunday": (
        [ask(when="-1 Sun 10:00"), sent("-1 Sun 12:00", "r@example.com", "a@client.example")],
        values("1", 0, 0),
    ),
    "answered on Sunday": (
        [ask(when="-1 Fri 16:00"), sent("-1 Sun 12:00", "r@example.com", "a@client.example")],
        values("1", 0, 1),
    ),
    "due in the next week is judged there, though the week is over": (
        [ask(when="Fri 12:00")],
        NO_MAIL,
    ),
    "answered before it is due in the next week counts as answered here": (
        [ask(when="Fri 12:00"), sent("Fri 14:00", "r@example.com", "a@client.example")],
        values(None, 1, None),
    ),
    "due on Friday evening is judged here": ([ask(when="Fri 09:00")], UNHEARD),
    "answered after the week is not answered in it": (
        [ASK, sent("+1 Mon 09:00", "r@example.com", "a@client.example")],
        UNHEARD,
    ),
    "a question without Date": ([ASK, *own_reply()[1:]], ANSWERED),
    "a question with a Date in the past": (
        [ask(headers=("Date: Thu, 1 Jan 2026 10:00:00 +0100",)), *own_reply()[1:]],
        ANSWERED,
    ),
    "a question with a Date to come": (
        [ask(headers=("Date: Fri, 6 Feb 2026 10:00:00 +0100",)), *own_reply()[1:]],
        ANSWERED,
    ),
    "an answer with a Date before the question": (
        own_reply("Date: Mon, 5 Jan 2026 10:00:00 +0100"),
        ANSWERED,
    ),
    "a Date that is none": (own_reply("Date: yesterday"), ANSWERED),
}


@pytest.mark.parametrize("name", CASES)
def test_rule(name: str, tmp_path: Path) -> None:
    check(CASES[name], tmp_path)
