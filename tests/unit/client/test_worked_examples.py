"""The worked examples of the catalogue, as docs/measures.md tells them, and its sections there."""

import re
from collections.abc import Iterable
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest

from client.activity import Span
from client.intervals import HOUR
from client.journal import Journal
from client.sources.activity import Used
from client.task_list import TaskList
from client.tasks import TaskNumber
from client.values import compute
from privacy.catalogue import CATALOGUE
from tests.agreements import make_agreement, with_categories
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


@pytest.mark.parametrize(
    ("measure", "result"),
    [
        ("mail_answered_in_time", "The value is 1/2."),
        ("client_mails_answered", "12 × 5/3 = 20."),
        ("mail_response_hours", "the median is 2 hours."),
        ("active_hours", "28 × 5/4 = 35."),
        ("after_hours_share", "3/36 = 1/12."),
        ("core_hours_coverage", "16/20 = 4/5."),
        ("time_by_category", "The value is documents."),
        ("tasks_within_estimate", "The value is 2/3."),
        ("task_time_ratio", "the value is 1."),
        ("tasks_finished", "6 × 5/3 = 10."),
    ],
)
def test_an_example_ends_with_the_value_that_is_computed_below(measure: str, result: str) -> None:
    assert CATALOGUE[measure].example.endswith(result)


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


def test_time_by_category(tmp_path: Path) -> None:
    agreement = with_categories()
    assert [category.id for category in agreement.categories] == ["documents", "meetings"]
    used = [
        Used(at(f"{day} {start}"), at(f"{day} {end}"), category)
        for day in ("Mon", "Tue", "Wed", "Thu", "Fri")
        for start, end, category in (
            ("09:00", "13:00", "documents"),
            ("13:00", "15:00", "meetings"),
            ("15:00", "16:00", "other"),
        )
    ]
    with Journal(tmp_path / "journal.sqlite") as journal:
        journal.record(Span(each.start, each.end, active=True) for each in used)
        journal.record_used(used)
        assert compute(agreement, WINDOW, journal)["time_by_category"] == 0


def finished(
    folder: Path, tasks: list[tuple[int, int | None]], away: Iterable[date] = ()
) -> dict[str, Fraction | None]:
    """Tasks of so many hours with estimates of so many, one after another from Monday on."""
    kept, moment = TaskList(), at("Mon 09:00")
    for number, (spent, estimate) in enumerate(tasks, start=1):
        kept = kept.added("secret", None if estimate is None else estimate * HOUR, moment)
        kept = kept.started(TaskNumber(number), moment)
        moment += spent * HOUR
        kept = kept.finished(TaskNumber(number), moment)
    with Journal(folder / "journal.sqlite") as journal:
        journal.mark_away(away)
        journal.tasks.change(lambda _: kept)
        return dict(compute(make_agreement(), WINDOW, journal))


def test_tasks_within_estimate(tmp_path: Path) -> None:
    values = finished(tmp_path, [(2, 3), (1, 1), (5, 4), (3, None)])
    assert values["tasks_within_estimate"] == Fraction(2, 3)


def test_task_time_ratio(tmp_path: Path) -> None:
    assert finished(tmp_path, [(2, 3), (1, 1), (5, 4)])["task_time_ratio"] == 1


def test_tasks_finished(tmp_path: Path) -> None:
    values = finished(tmp_path, [(1, None)] * 6, away=WINDOW.days[3:5])
    assert values["tasks_finished"] == 10
