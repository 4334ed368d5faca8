"""One journal with everything in it, and what is missing when a part of it is not there."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from client.activity import Span
from client.intervals import HOUR
from client.journal import Journal
from client.pausing import Pauses
from client.sources.activity import Used
from client.sources.base import MailFact, MessageKey, StrandKey
from client.task_list import TaskList
from client.tasks import TaskNumber
from client.values import MISSING, compute
from privacy.catalogue import CATALOGUE, Source
from tests.agreements import with_categories
from tests.unit.client.mailbox import WINDOW, at

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri")


def mail() -> list[MailFact]:
    """A client's mail of Tuesday, answered within two hours."""
    asked, answer = MessageKey(bytes(32)), MessageKey(bytes([1]) * 32)
    client = frozenset({"client.example"})
    return [
        MailFact(asked, at("Tue 10:00"), False, False, client, (), StrandKey(bytes(32))),
        MailFact(answer, at("Tue 12:00"), True, False, client, (asked,), None),
    ]


def one_task(done: datetime | None) -> TaskList:
    """A task of one hour, estimated at two; open if `done` is None."""
    number, added = TaskNumber(1), at("-1 Fri 09:00")
    kept = TaskList().added("secret", 2 * HOUR, added)
    if done is None:
        return kept
    return kept.started(number, done - HOUR).finished(number, done)


def values(
    folder: Path,
    *,
    without: Source | None = None,
    tasks: TaskList | None = None,
    away: Iterable[date] = (),
) -> Mapping[str, Fraction | None]:
    """What a full week is worth, with one source of it left out."""
    with Journal(folder / "journal.sqlite") as journal:
        journal.mark_away(away)
        if without is not Source.ACTIVITY:
            stretches = [(at(f"{day} 09:00"), at(f"{day} 17:00")) for day in WEEKDAYS]
            journal.record(Span(start, end, active=True) for start, end in stretches)
            journal.record_used(Used(start, end, "meetings") for start, end in stretches)
        if without is not Source.MAIL:
            journal.add_mail(mail(), ())
            journal.mail_was_read(at("+1 Mon 09:00"))
        if without is not Source.TASKS:
            kept = one_task(at("Wed 12:00")) if tasks is None else tasks
            journal.tasks.change(lambda _: kept)
        return compute(with_categories(), WINDOW, journal, Pauses())


def test_a_week_with_everything_has_every_value(tmp_path: Path) -> None:
    assert dict(values(tmp_path)) == {
        "mail_answered_in_time": 1,
        "client_mails_answered": 1,
        "mail_response_hours": 2,
        "active_hours": 40,
        "after_hours_share": 0,
        "core_hours_coverage": 1,
        "time_by_category": 1,
        "tasks_within_estimate": 1,
        "task_time_ratio": Fraction(1, 2),
        "tasks_finished": 1,
    }


@pytest.mark.parametrize("source", Source)
def test_a_source_that_is_not_there_takes_its_own_values_with_it_and_no_other(
    source: Source, tmp_path: Path
) -> None:
    found = values(tmp_path, without=source)
    missing = {name for name, value in found.items() if value is None}
    assert missing == {each.id for each in CATALOGUE.values() if each.source is source}


def test_nothing_at_all_is_what_is_said_of_a_pause(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.sqlite") as journal:
        assert compute(with_categories(), WINDOW, journal) == MISSING


def test_whoever_keeps_tasks_and_finished_none_has_zero(tmp_path: Path) -> None:
    found = values(tmp_path, tasks=one_task(done=None))
    assert found["tasks_finished"] == 0
    assert found["tasks_within_estimate"] is found["task_time_ratio"] is None


def test_whoever_added_the_first_task_after_the_window_kept_none_in_it(tmp_path: Path) -> None:
    later = TaskList().added("secret", None, at("+1 Mon 00:00"))
    assert values(tmp_path, tasks=later)["tasks_finished"] is None
    (tmp_path / "b").mkdir()
    just = TaskList().added("secret", None, at("+1 Mon 00:00") - timedelta(microseconds=1))
    assert values(tmp_path / "b", tasks=just)["tasks_finished"] == 0


def test_a_task_finished_on_a_day_away_is_not_looked_at(tmp_path: Path) -> None:
    found = values(tmp_path, tasks=one_task(at("Wed 12:00")), away=[WINDOW.days[2]])
    assert found["tasks_finished"] == 0
    assert found["tasks_within_estimate"] is found["task_time_ratio"] is None


@pytest.mark.parametrize(
    ("done", "counts"),
    [
        (datetime(2026, 2, 1, 22, 59, tzinfo=UTC), False),
        (datetime(2026, 2, 1, 23, 0, tzinfo=UTC), True),
        (datetime(2026, 2, 8, 22, 59, tzinfo=UTC), True),
        (datetime(2026, 2, 8, 23, 0, tzinfo=UTC), False),
    ],
)
def test_a_task_belongs_to_the_week_of_the_agreement_s_zone(
    done: datetime, counts: bool, tmp_path: Path
) -> None:
    """Midnight in Berlin is 23:00 UTC."""
    assert values(tmp_path, tasks=one_task(done))["tasks_finished"] == int(counts)
