"""How a case is written down: messages, when they were delivered, and what their week is worth.

Working time is Monday to Friday, 9 to 17, in Berlin; a client mail has 8 business hours, so one
that comes on Tuesday at 10 is due on Wednesday at 10. The person is me@example.com, also
alias@brand.example; example.com is internal.
"""

from fractions import Fraction
from pathlib import Path
from typing import Any, TypeAlias

from client.measures.mail_response_hours import UNANSWERED
from tests.unit.client.mailbox import Mail, Values, sent, week

Number: TypeAlias = str | int | Fraction | None

Cases: TypeAlias = dict[str, tuple[list[Mail], Values]]
"""By name: the messages, and share, count and median of the week."""

ASK = Mail("Tue 10:00", "a@client.example")
ANSWER = sent("Tue 12:00", "r@example.com", "a@client.example")
A2 = "b@client.example"

ANSWERED: Values = (Fraction(1), Fraction(1), Fraction(2))
"""One request, after two hours."""

UNHEARD: Values = (Fraction(0), Fraction(0), UNANSWERED)
"""One request, without an answer."""

NO_MAIL: Values = (None, Fraction(0), None)
"""No request."""


def values(share: Number, count: Number, median: Number) -> Values:
    """Values written as exact fractions."""

    def exact(number: Number) -> Fraction | None:
        return None if number is None else Fraction(number)

    return exact(share), exact(count), exact(median)


def ask(**changes: Any) -> Mail:
    """A client mail."""
    return Mail(**({"when": "Tue 10:00", "id": "a@client.example"} | changes))


def own_reply(
    *headers: str, refs: str = "a@client.example", when: str = "Tue 12:00", **changes: Any
) -> list[Mail]:
    """A client mail and a mail of mine, with more headers."""
    return [ASK, sent(when, "r@example.com", refs, headers=headers, **changes)]


def received(when: str, text: str, folder: str = ".") -> Mail:
    """A message as its headers stand in the file, each character a byte."""
    lines = [line.removeprefix("    ") for line in text.strip("\n").splitlines() if line.strip()]
    block = "\r\n".join(lines).encode("latin-1")
    return Mail(when, None, folder=folder, raw=block + b"\r\n\r\nDear all,\r\n")


def written(when: str, text: str) -> Mail:
    """The same in the folder for sent mail."""
    return received(when, text, ".Sent")


def check(case: tuple[list[Mail], Values], folder: Path) -> None:
    """Assert what a case says."""
    mails, expected = case
    found, _ = week(folder, mails, addresses=["alias@brand.example"])
    assert found == expected
