"""Client mails in a row are one request with one clock."""

from fractions import Fraction
from pathlib import Path

import pytest

from client.measures.mail_response_hours import UNANSWERED
from privacy.agreement.model import ClockStart, MailRules
from tests.unit.client.mail_rules.notation import (
    A2,
    ANSWER,
    ANSWERED,
    ASK,
    Cases,
    ask,
    check,
    values,
)
from tests.unit.client.mailbox import WINDOW, Values, sent, week

CASES: Cases = {
    "two questions in a row, one answer": (
        [
            ASK,
            ask(when="Tue 11:00", id=A2, refs="a@client.example"),
            sent("Tue 12:00", "r@example.com", f"a@client.example {A2}"),
        ],
        ANSWERED,
    ),
    "two questions in a row, the answer names the first": (
        [ASK, ask(when="Tue 11:00", id=A2, refs="a@client.example"), ANSWER],
        ANSWERED,
    ),
    "two questions in a row, the answer names the second": (
        [
            ASK,
            ask(when="Tue 11:00", id=A2, refs="a@client.example"),
            sent("Tue 12:00", "r@example.com", "", reply_to=A2),
        ],
        ANSWERED,
    ),
    "two replies to one mail of mine, one answer": (
        [
            sent("Mon 10:00", "m@example.com", ""),
            ask(refs="m@example.com"),
            ask(when="Tue 11:00", id=A2, refs="m@example.com"),
            sent("Tue 12:00", "r@example.com", f"m@example.com {A2}"),
        ],
        ANSWERED,
    ),
    "two people reply to one mail of mine, one is answered": (
        [
            sent("Mon 10:00", "m@example.com", ""),
            ask(refs="m@example.com"),
            ask(id=A2, refs="m@example.com", sender="lee@client.example"),
            sent("Tue 12:00", "r@example.com", f"m@example.com {A2}"),
        ],
        values("1/2", 1, 2),
    ),
    "a colleague of the client asks again": (
        [
            ASK,
            ask(when="Tue 11:00", id=A2, refs="a@client.example", sender="lee@client.example"),
            sent("Tue 12:00", "r@example.com", f"a@client.example {A2}"),
        ],
        ANSWERED,
    ),
    "the same person in a new thread asks twice": (
        [ASK, ask(when="Tue 11:00", id=A2), ANSWER],
        values("1/2", 1, 2),
    ),
    "a question after the answer is a new one": (
        [ASK, ANSWER, ask(when="Tue 13:00", id=A2, refs="a@client.example r@example.com")],
        values("1/2", 1, 2),
    ),
    "a reminder after the deadline is a new question, one answer serves both": (
        [
            ASK,
            ask(when="Wed 12:00", id=A2, refs="a@client.example"),
            sent("Wed 13:00", "r@example.com", f"a@client.example {A2}"),
        ],
        values("1/2", 2, 1),
    ),
    "a reminder at the deadline is none": (
        [
            ASK,
            ask(when="Wed 10:00", id=A2, refs="a@client.example"),
            sent("Wed 13:00", "r@example.com", f"a@client.example {A2}"),
        ],
        values("0", 1, 11),
    ),
    "an automatic reply of the client starts no row": (
        [
            ask(headers=("Auto-Submitted: auto-replied",)),
            ask(when="Tue 11:00", id=A2, refs="a@client.example"),
            sent("Tue 12:00", "r@example.com", f"a@client.example {A2}"),
        ],
        values("1", 1, 1),
    ),
    "the lower of the two in the middle": (
        [
            ASK,
            ANSWER,
            ask(id=A2, when="Tue 13:00"),
            sent("Tue 16:00", "s@example.com", A2),
        ],
        values("1", 2, 2),
    ),
    "more than half are not answered": (
        [ASK, ANSWER, ask(id=A2), ask(id="c@client.example")],
        values("1/3", 1, UNANSWERED),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_rule(name: str, tmp_path: Path) -> None:
    check(CASES[name], tmp_path)


ROW = [ASK, ask(when="Tue 16:00", id=A2, refs="a@client.example")]
LATE = sent("Wed 12:00", "r@example.com", f"a@client.example {A2}")


@pytest.mark.parametrize(
    ("start", "expected"),
    [(ClockStart.FIRST, values("0", 1, 10)), (ClockStart.LAST, values("1", 1, 4))],
)
def test_clock_starts_at_the_first_or_last_mail_of_a_row(
    start: ClockStart, expected: Values, tmp_path: Path
) -> None:
    rules = MailRules(("example.com",), 8, start)
    assert week(tmp_path, [*ROW, LATE], rules=rules)[0] == expected


def test_with_the_last_clock_a_thread_that_goes_on_is_due_after_its_last_mail(
    tmp_path: Path,
) -> None:
    """Each reminder comes within the time of the one before; the last is due in the next week."""
    rules = MailRules(("example.com",), 8, ClockStart.LAST)
    days = ("Mon", "Tue", "Wed", "Thu", "Fri")
    ids = [f"{day}@client.example" for day in days]
    mails = [
        ask(when=f"{day} 12:00", id=ids[n], refs=" ".join(ids[:n])) for n, day in enumerate(days)
    ]
    assert week(tmp_path, mails, rules=rules)[0] == (None, Fraction(0), None)
    answer = sent("+1 Mon 12:00", "r@example.com", ids[-1])
    found, _ = week(tmp_path / "b", [*mails, answer], rules=rules, window=WINDOW.plus(1))
    assert found == values(1, 1, 8)


def test_last_mail_does_not_revive_a_request_whose_time_is_up(tmp_path: Path) -> None:
    rules = MailRules(("example.com",), 8, ClockStart.LAST)
    mails = [ASK, ask(when="Wed 10:01", id=A2, refs="a@client.example")]
    assert week(tmp_path, mails, rules=rules)[0] == (Fraction(0), Fraction(0), UNANSWERED)
    again = [*mails, sent("Wed 11:00", "r@example.com", f"a@client.example {A2}")]
    assert week(tmp_path / "again", again, rules=rules)[0][0] == Fraction(1, 2)
