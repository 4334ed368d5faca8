"""The worked examples in docs/measures.md, and that every measure has its section there."""

import re
from fractions import Fraction
from pathlib import Path

from client.activity import Span
from client.intervals import HOUR
from client.journal import Journal
from client.values import compute
from privacy.catalogue import CATALOGUE
from tests.agreements import make_agreement
from tests.unit.client.mailbox import WINDOW, Mail, at, sent, week

DOCUMENT = Path(__file__).parents[3] / "docs" / "measures.md"


def activity(folder: Path, spans: list[Span]) -> dict[str, Fraction | None]:
    with Journal(folder / "journal.sqlite") as journal:
        journal.record(spans)
        return dict(compute(make_agreement(), WINDOW, journal))


def span(start: str, hours: int, *, active: bool = True) -> Span:
    return Span(at(start), at(start) + hours * HOUR, active)


def conversation(number: int, asked: str, answered: str | None) -> list[Mail]:
    question = Mail(asked, f"{number}@client.example")
    if answered is None:
        return [question]
    return [question, sent(answered, f"r{number}@example.com", f"{number}@client.example")]


def test_every_measure_has_one_section_with_every_part() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    sections = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL))
    assert sections.keys() == CATALOGUE.keys()
    for section in sections.values():
        for part in ("What", "Why", "Clip", "Missing", "Example"):
            assert section.count(f"- **{part}**") == 1


def test_mail_answered_in_time(tmp_path: Path) -> None:
    mails = [
        *conversation(1, "Tue 10:00", "Tue 12:00"),
        *conversation(2, "Wed 12:00", "Thu 15:00"),
        *conversation(3, "Fri 12:00", None),
    ]
    assert week(tmp_path, mails)[0][0] == Fraction(1, 2)


def test_client_mails_answered(tmp_path: Path) -> None:
    mails = [mail for n in range(12) for mail in conversation(n, "Mon 10:00", "Tue 10:00")]
    away = WINDOW.days[3:5]
    assert week(tmp_path, mails, away=away)[0][1] == 20


def test_mail_response_hours(tmp_path: Path) -> None:
    mails = [
        *conversation(1, "Mon 09:00", "Mon 10:00"),
        *conversation(2, "Mon 09:00", "Mon 11:00"),
        *conversation(3, "Mon 09:00", "Thu 15:00"),
        *conversation(4, "Mon 09:00", None),
    ]
    assert week(tmp_path, mails)[0][2] == 2


def test_active_hours(tmp_path: Path) -> None:
    spans = [span(f"{day} 09:30", 7) for day in ("Mon", "Tue", "Wed", "Thu")]
    assert activity(tmp_path, spans)["active_hours"] == 35


def test_after_hours_share(tmp_path: Path) -> None:
    spans = [
        span("Sun 20:00", 2),
        span("Mon 08:00", 9),
        *(span(f"{day} 09:00", 8) for day in ("Tue", "Wed", "Thu")),
        span("Fri 09:00", 1),
    ]
    assert activity(tmp_path, spans)["after_hours_share"] == Fraction(1, 12)


def test_core_hours_coverage(tmp_path: Path) -> None:
    spans = [span(f"{day} 10:00", 4) for day in ("Mon", "Tue", "Wed", "Thu")]
    spans += [span(f"{day} 14:00", 1, active=False) for day in ("Mon", "Tue", "Wed", "Thu")]
    assert activity(tmp_path, spans)["core_hours_coverage"] == Fraction(4, 5)
