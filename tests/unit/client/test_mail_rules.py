"""The mail rules of protocol §3, one case each, from message files to values.

Working time is Monday to Friday, 9 to 17, in Berlin; a client mail has 8 business hours, so one
that comes on Tuesday at 10 is due on Wednesday at 10.
"""

from datetime import date, time
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from client.measures.mail_response_hours import UNANSWERED
from privacy.agreement.model import ClockStart, MailRules
from privacy.window import Window
from tests.unit.client.mailbox import Mail, Values, sent, week

ASK = Mail("Tue 10:00", "a@client.example")
ANSWER = sent("Tue 12:00", "r@example.com", "a@client.example")

ANSWERED: Values = (Fraction(1), Fraction(1), Fraction(2))
UNHEARD: Values = (Fraction(0), Fraction(0), UNANSWERED)
NO_MAIL: Values = (None, Fraction(0), None)


Number = str | int | Fraction | None


def values(share: Number, count: Number, median: Number) -> Values:
    """Values written as exact fractions."""

    def exact(number: Number) -> Fraction | None:
        return None if number is None else Fraction(number)

    return exact(share), exact(count), exact(median)


def ask(**changes: Any) -> Mail:
    return Mail(**({"when": "Tue 10:00", "id": "a@client.example"} | changes))


def automated(header: str) -> list[Mail]:
    """A client mail with one more header, and an answer to it."""
    return [ask(headers=(header,)), ANSWER]


def own_reply(*headers: str, refs: str = "a@client.example", **changes: Any) -> list[Mail]:
    return [ASK, sent("Tue 12:00", "r@example.com", refs, headers=headers, **changes)]


A2 = "b@client.example"

CASES: dict[str, tuple[list[Mail], Values]] = {
    "answered": ([ASK, ANSWER], ANSWERED),
    "not answered": ([ASK], UNHEARD),
    "nothing at all": ([], NO_MAIL),
    # Pairing
    "by In-Reply-To alone": (
        [ASK, sent("Tue 12:00", "r@example.com", "", reply_to="a@client.example")],
        ANSWERED,
    ),
    "the same subject is no reference": ([ASK, sent("Tue 12:00", "r@example.com", "")], UNHEARD),
    "ids differ in case": ([ASK, sent("Tue 12:00", "r@example.com", "A@client.example")], UNHEARD),
    "an id folded over two lines": (
        own_reply("In-Reply-To: <a@client\n .example>", refs=""),
        ANSWERED,
    ),
    "words around the id": (
        own_reply('In-Reply-To: "your mail" <a@client.example> of Tuesday', refs=""),
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
    "the answer of somebody else is no answer": (
        [ASK, Mail("Tue 12:00", "r@client.example", refs="a@client.example", to="kim@x.example")],
        UNHEARD,
    ),
    # Bursts
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
    "two new threads are two questions": (
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
    # Time
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
    "answered on Sunday": (
        [ask(when="-1 Fri 16:00"), sent("-1 Sun 12:00", "r@example.com", "a@client.example")],
        values("1", 0, 1),
    ),
    "due in the next week is judged there": ([ask(when="Fri 12:00")], NO_MAIL),
    "due on Friday evening is judged here": ([ask(when="Fri 09:00")], UNHEARD),
    "answered after the week is not answered in it": (
        [ASK, sent("+1 Mon 09:00", "r@example.com", "a@client.example")],
        UNHEARD,
    ),
    "Date is not read": (own_reply("Date: Mon, 5 Jan 2026 10:00:00 +0100"), ANSWERED),
    # Who
    "a mail from inside": ([ask(sender="boss@example.com"), ANSWER], NO_MAIL),
    "a mail from a domain below": ([ask(sender="boss@mail.example.com"), ANSWER], NO_MAIL),
    "a domain that only ends alike": ([ask(sender="kim@notexample.com"), ANSWER], ANSWERED),
    "the domain in capitals": ([ask(sender="Boss@EXAMPLE.com"), ANSWER], NO_MAIL),
    "passed on to a colleague": (own_reply(to="boss@example.com"), UNHEARD),
    "answered with a colleague in copy": (own_reply("Cc: boss@example.com"), ANSWERED),
    "answered to the client in copy": (
        own_reply("Cc: kim@client.example", to="boss@example.com"),
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
    "my own mail from an alias, to myself": (
        [
            Mail("Tue 10:00", "x@brand.example", sender="alias@brand.example"),
            sent("Tue 10:00", "x@brand.example", "", sender="alias@brand.example"),
        ],
        NO_MAIL,
    ),
    "a copy of sent mail that came back through a list": (
        [sent("Tue 10:00", "x@example.com", ""), ask(id="x@example.com", sender="l@list.example")],
        NO_MAIL,
    ),
    # Automated
    "auto-replied": (automated("Auto-Submitted: auto-replied"), NO_MAIL),
    "auto-generated with a parameter": (automated("Auto-Submitted: auto-generated; x=y"), NO_MAIL),
    "Auto-Submitted: no is a person": (automated("Auto-Submitted: No (by hand)"), ANSWERED),
    "a list": (automated("List-Id: <list.client.example>"), NO_MAIL),
    "a newsletter": (automated("List-Unsubscribe: <https://client.example/u>"), NO_MAIL),
    "bulk": (automated("Precedence: bulk"), NO_MAIL),
    "precedence list": (automated("Precedence: LIST"), NO_MAIL),
    "junk": (automated("precedence: junk"), NO_MAIL),
    "first-class is a person": (automated("Precedence: first-class"), ANSWERED),
    "suppresses automatic answers": (automated("X-Auto-Response-Suppress: All"), NO_MAIL),
    "suppresses none": (automated("X-Auto-Response-Suppress: None"), ANSWERED),
    "a bounce": (
        automated('Content-Type: multipart/report;\n report-type=delivery-status; boundary="b"'),
        NO_MAIL,
    ),
    "a mail with parts is a person": (automated("Content-Type: multipart/mixed"), ANSWERED),
    "no-reply": ([ask(sender="No-Reply <no-reply@client.example>"), ANSWER], NO_MAIL),
    "orders_noreply": ([ask(sender="orders_noreply+7@client.example"), ANSWER], NO_MAIL),
    "do.not.reply": ([ask(sender="do.not.reply@client.example"), ANSWER], NO_MAIL),
    "mailer-daemon": ([ask(sender="MAILER-DAEMON@client.example"), ANSWER], NO_MAIL),
    "my own auto-reply is no answer": (own_reply("Auto-Submitted: auto-replied"), UNHEARD),
    # Copies and broken mail
    "a copy in another folder": (
        [ASK, ask(folder=".[Gmail].All Mail", when="Tue 10:05"), ANSWER],
        ANSWERED,
    ),
    "spam": ([ask(folder=".Junk"), ANSWER], NO_MAIL),
    "a draft is no answer": (own_reply(folder=".Entw&APw-rfe"), UNHEARD),
    "a draft by its flag is no answer": (own_reply(flags="DS"), UNHEARD),
    "no Message-ID": ([ask(id=None)], NO_MAIL),
    "no sender": ([ask(sender="")], NO_MAIL),
    "a sender without a domain": ([ask(sender="undisclosed")], NO_MAIL),
    "8-bit subject and name": (
        [
            ask(sender="M\udcfcller <kim@client.example>", headers=("Subject: Gr\udcfc\udcdfe",)),
            ANSWER,
        ],
        ANSWERED,
    ),
    "8-bit domain and id": (
        [
            ask(id="gr\udcfc\udcdfe@client.example", sender="kim@m\udcfcller.example"),
            sent("Tue 12:00", "r@example.com", "gr\udcfc\udcdfe@client.example"),
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
    "a line that is no header": ([ask(headers=("this is not a header",)), ANSWER], ANSWERED),
    "an empty file": ([ask(raw=b"")], NO_MAIL),
    "a file of zeros": ([ask(raw=b"\0" * 5000)], NO_MAIL),
    "a header without end": ([ask(raw=b"X: y\n" * 100_000)], NO_MAIL),
    "a header without text": (
        [ask(raw=b"From: kim@client.example\r\nMessage-ID: <a@client.example>\r\n"), ANSWER],
        ANSWERED,
    ),
    # Median
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
    mails, expected = CASES[name]
    found, _ = week(tmp_path, mails, addresses=["alias@brand.example"])
    assert found == expected


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


def test_last_mail_does_not_revive_a_request_whose_time_is_up(tmp_path: Path) -> None:
    rules = MailRules(("example.com",), 8, ClockStart.LAST)
    mails = [ASK, ask(when="Wed 10:01", id=A2, refs="a@client.example")]
    assert week(tmp_path, mails, rules=rules)[0] == (Fraction(0), Fraction(0), UNANSWERED)
    again = [*mails, sent("Wed 11:00", "r@example.com", f"a@client.example {A2}")]
    assert week(tmp_path / "again", again, rules=rules)[0][0] == Fraction(1, 2)


def test_public_holiday_stops_the_clock_and_scales_the_count(tmp_path: Path) -> None:
    """Good Friday and Easter Monday 2026 are on 3 and 6 April."""
    before, after = Window(2026, 14), Window(2026, 15)
    mails = [
        ask(when="+8 Thu 15:00"),
        sent("+9 Tue 15:00", "r@example.com", "a@client.example"),
    ]
    assert week(tmp_path, mails, window=before, now="+12 Mon 00:00")[0] == NO_MAIL
    found, _ = week(tmp_path / "b", mails, window=after, now="+12 Mon 00:00")
    assert found == (Fraction(1), Fraction(5, 4), Fraction(8))


def test_leave_stops_the_clock_and_scales_the_count(tmp_path: Path) -> None:
    mails = [ask(when="Tue 16:00"), sent("Fri 12:00", "r@example.com", "a@client.example")]
    away = [date(2026, 2, 4), date(2026, 2, 5)]
    assert week(tmp_path, mails, away=away)[0] == (Fraction(1), Fraction(5, 3), Fraction(4))


def test_an_answer_on_a_day_of_leave_is_not_counted(tmp_path: Path) -> None:
    found, _ = week(tmp_path, [ASK, ANSWER], away=[date(2026, 2, 3)])
    assert found[1] == 0


def test_count_is_missing_below_half_of_the_working_days(tmp_path: Path) -> None:
    away = [date(2026, 2, day) for day in (4, 5, 6)]
    assert week(tmp_path, [ASK, ANSWER], away=away)[0][1] is None
    half = week(tmp_path / "b", [ASK, ANSWER], away=away[:2], days=frozenset({0, 1, 2, 3}))
    assert half[0][1] == 2


def test_a_night_in_which_the_clocks_change_has_its_real_length(tmp_path: Path) -> None:
    """Sunday 29 March 2026 has no hour from 2 to 3, Sunday 25 October has it twice."""
    times: dict[str, Any] = {"days": frozenset({6}), "start": time(0), "end": time(6)}
    times |= {"core_start": time(0), "core_end": time(6)}
    rules = MailRules(("example.com",), 4)
    spring = [ask(when="+7 Sun 00:30"), sent("+7 Sun 05:30", "r@example.com", "a@client.example")]
    found, _ = week(
        tmp_path, spring, rules=rules, window=Window(2026, 13), now="+9 Mon 00:00", **times
    )
    assert found == values(1, 1, 4)
    autumn = [ask(when="+37 Sun 00:30"), sent("+37 Sun 04:00", "r@example.com", "a@client.example")]
    found, _ = week(
        tmp_path / "b", autumn, rules=rules, window=Window(2026, 43), now="+39 Mon 00:00", **times
    )
    assert found == values(0, 1, "9/2")


def test_mail_is_missing_until_the_mailbox_was_read(tmp_path: Path) -> None:
    for number, now in enumerate(("-1 Sun 23:59", "Mon 00:00")):
        root = tmp_path / str(number)
        assert week(root, [ASK, ANSWER], now=now)[0] == (None, None, None)


def test_in_the_middle_of_the_week_only_what_is_known_is_judged(tmp_path: Path) -> None:
    assert week(tmp_path, [ASK, ANSWER], now="Wed 10:00")[0] == (None, None, None)
    assert week(tmp_path / "b", [ASK, ANSWER], now="Wed 10:00:01")[0] == values(1, None, 2)
    assert week(tmp_path / "c", [ASK, ANSWER], now="Thu 00:00")[0] == values(1, "5/3", 2)


def test_values_do_not_depend_on_when_they_are_computed(tmp_path: Path) -> None:
    mails = [mail for case, _ in CASES.values() for mail in case if mail.raw is None]
    unique = list({(mail.id, mail.folder): mail for mail in mails}.values())
    at_once, _ = week(tmp_path, unique, now="+1 Mon 00:00")
    assert at_once == week(tmp_path / "b", unique, now="+8 Mon 00:00")[0]


def test_every_client_mail_is_judged_in_exactly_one_window(tmp_path: Path) -> None:
    mails = [
        ask(when=f"{day} {hour}:00", id=f"{day}{hour}@client.example")
        for day in ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
        for hour in ("07", "12", "16", "23")
    ]
    judged = 0
    for offset in (-1, 0, 1, 2):
        shares = []
        for number, mail in enumerate(mails):
            root = tmp_path / f"{offset}-{number}"
            shares.append(week(root, [mail], window=Window(2026, 6 + offset))[0][0])
        judged += sum(share is not None for share in shares)
    assert judged == len(mails)
