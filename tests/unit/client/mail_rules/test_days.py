"""Days on which the clock stands still, or stands still for one person, and nights it jumps in."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest

from client.pausing import Pause, Pauses
from privacy.agreement.model import MailRules
from privacy.window import Window
from tests.unit.client.mail_rules.notation import (
    ANSWER,
    ANSWERED,
    ASK,
    NO_MAIL,
    UNHEARD,
    ask,
    values,
)
from tests.unit.client.mailbox import WINDOW, Mail, Values, at, sent, week


@dataclass(frozen=True)
class Days:
    """What is special about a case's week. Weeks of messages are counted from 2026-W06."""

    window: Window = WINDOW
    away: tuple[str, ...] = ()
    personal: str = ""
    pause: tuple[str, str] | None = None
    answer_hours: int = 8
    times: dict[str, Any] = field(default_factory=dict)


def pair(asked: str, answered: str) -> list[Mail]:
    return [ask(when=asked), sent(answered, "r@example.com", "a@client.example")]


ALL_SUNDAY: dict[str, Any] = {
    "days": frozenset({6}), "start": time(0), "end": time(6),
    "core_start": time(0), "core_end": time(6),
}  # fmt: skip
EASTER = pair("+8 Thu 15:00", "+9 Tue 15:00")
"""Good Friday and Easter Monday 2026 are on 3 and 6 April, of weeks 14 and 15."""

CORPUS_CHRISTI = pair("+17 Wed 15:00", "+17 Fri 15:00")
"""4 June 2026, a holiday in Bavaria and not in Berlin."""

MORNINGS = "mon-fri=9:00-13:00"
HALF_WEEK = "mon-wed=9:00-17:00"

CASES: dict[str, tuple[list[Mail], Days, Values]] = {
    # Public holidays
    "not due in the week before two holidays": (EASTER, Days(Window(2026, 14)), NO_MAIL),
    "two holidays do not count, and scale the count": (
        EASTER,
        Days(Window(2026, 15)),
        values(1, "5/4", 8),
    ),
    "a holiday of the region": (
        CORPUS_CHRISTI,
        Days(Window(2026, 23), times={"region": "BY"}),
        values(1, "5/4", 8),
    ),
    "no holiday in another region": (CORPUS_CHRISTI, Days(Window(2026, 23)), values(0, 1, 16)),
    "an answer on a holiday counts, and takes no time": (
        pair("+8 Thu 15:00", "+8 Fri 11:00"),
        Days(Window(2026, 14)),
        values(None, "5/4", None),
    ),
    # Leave
    "leave in the middle of the week": (
        pair("Tue 16:00", "Fri 12:00"),
        Days(away=("2026-02-04", "2026-02-05")),
        values(1, "5/3", 4),
    ),
    "due on the first day of leave moves beyond it": (
        pair("Tue 10:00", "Thu 10:00"),
        Days(away=("2026-02-04",)),
        values(1, "5/4", 8),
    ),
    "leave until the end of the week moves it into the next": (
        [ASK],
        Days(away=("2026-02-04", "2026-02-05", "2026-02-06")),
        values(None, None, None),
    ),
    "an answer on a day of leave is in time, and not counted": (
        [ASK, ANSWER],
        Days(away=("2026-02-03",)),
        values(1, 0, 0),
    ),
    "the count is missing below half of the week": (
        [ASK, ANSWER],
        Days(away=("2026-02-04", "2026-02-05", "2026-02-06")),
        values(None, None, None),
    ),
    "half of the week is enough": (
        [ASK, ANSWER],
        Days(away=("2026-02-04",), times={"days": frozenset({1, 2})}),
        values(None, 2, None),
    ),
    "leave on a weekend changes nothing": (
        [ASK, ANSWER],
        Days(away=("2026-02-07", "2026-02-08")),
        ANSWERED,
    ),
    # Part-time
    "mornings only: eight hours are two days": (
        pair("Tue 10:00", "Thu 10:00"),
        Days(personal=MORNINGS),
        values(1, 2, 8),
    ),
    "mornings only: a second later is late": (
        pair("Tue 10:00", "Thu 10:00:01"),
        Days(personal=MORNINGS),
        values(0, 2, "28801/3600"),
    ),
    "mornings only: the afternoon takes no time": (
        pair("Tue 12:00", "Tue 16:00"),
        Days(personal=MORNINGS, answer_hours=4),
        values(1, 2, 1),
    ),
    "three days: the others are like a weekend": (
        pair("Wed 16:00", "+1 Mon 12:00"),
        Days(Window(2026, 7), personal=HALF_WEEK),
        values(1, "5/3", 4),
    ),
    "three days: one of leave leaves two thirds": (
        [ASK, ANSWER],
        Days(personal=HALF_WEEK, away=("2026-02-02",)),
        values(1, "5/2", 2),
    ),
    "three days: two of leave leave too little": (
        [ASK, ANSWER],
        Days(personal=HALF_WEEK, away=("2026-02-02", "2026-02-04")),
        values(None, None, None),
    ),
    "unequal days: it is hours that are scaled": (
        [ASK, ANSWER],
        Days(personal="mon=9:00-11:00 tue=9:00-17:00", away=("2026-02-02",)),
        values(None, 5, None),
    ),
    "unequal days: the short one alone is too little": (
        pair("Mon 09:00", "Mon 10:00"),
        Days(personal="mon=9:00-11:00 tue=9:00-17:00", away=("2026-02-03",), answer_hours=2),
        values(1, None, 1),
    ),
    "a Saturday of one's own": (
        pair("Fri 12:00", "Sat 12:00"),
        Days(personal="tue-sat=9:00-17:00"),
        values(1, 1, 8),
    ),
    "a Saturday of one's own, too late": (
        pair("Fri 12:00", "Sat 13:00"),
        Days(personal="tue-sat=9:00-17:00"),
        values(0, 1, 9),
    ),
    "longer hours than agreed": (
        pair("Tue 18:00", "Tue 19:00"),
        Days(personal="mon-fri=9:00-21:00", answer_hours=2),
        values(1, "2/3", 1),
    ),
    "the agreed hours, set by hand, change nothing": (
        [ASK, ANSWER],
        Days(personal="mon-fri=9:00-17:00"),
        ANSWERED,
    ),
    "a holiday on a day off scales nothing": (
        pair("+9 Tue 09:00", "+9 Tue 10:00"),
        Days(Window(2026, 15), personal="tue-thu=9:00-17:00"),
        values(1, "5/3", 1),
    ),
    # Nights in which the clocks change: Sunday 29 March has no hour from 2 to 3, Sunday 25
    # October has it twice.
    "a working night in spring": (
        pair("+7 Sun 00:30", "+7 Sun 05:30"),
        Days(Window(2026, 13), answer_hours=4, times=ALL_SUNDAY),
        values(1, 1, 4),
    ),
    "a working night in autumn": (
        pair("+37 Sun 00:30", "+37 Sun 04:00"),
        Days(Window(2026, 43), answer_hours=4, times=ALL_SUNDAY),
        values(0, 1, "9/2"),
    ),
    "a deadline across the night in spring": (
        pair("+7 Fri 12:00", "+8 Mon 12:00"),
        Days(Window(2026, 14)),
        values(1, "5/4", 8),
    ),
    "a second after the deadline across the night in spring": (
        pair("+7 Fri 12:00", "+8 Mon 12:00:01"),
        Days(Window(2026, 14)),
        values(0, "5/4", "28801/3600"),
    ),
    "a deadline across the night in autumn": (
        pair("+37 Fri 12:00", "+38 Mon 12:00"),
        Days(Window(2026, 44)),
        values(1, 1, 8),
    ),
    # Pauses
    "a pause while it waits: it is not judged": (
        pair("Tue 10:00", "Wed 09:00"),
        Days(pause=("Tue 13:00", "Tue 14:00")),
        values(None, 1, None),
    ),
    "a pause after its deadline changes nothing": (
        [ASK],
        Days(pause=("Wed 10:00", "Thu 10:00")),
        UNHEARD,
    ),
    "asked in a pause": (
        [ask(when="Tue 10:00")],
        Days(pause=("Tue 09:00", "Tue 11:00")),
        NO_MAIL,
    ),
    "answered in a pause, due after it": (
        pair("Tue 10:00", "Tue 12:00"),
        Days(pause=("Tue 11:00", "Tue 13:00")),
        NO_MAIL,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_rule(name: str, tmp_path: Path) -> None:
    mails, days, expected = CASES[name]
    found, _ = week(
        tmp_path,
        mails,
        window=days.window,
        away=_dates(days.away),
        personal=days.personal,
        pauses=_pauses(days.pause),
        rules=MailRules(("example.com",), days.answer_hours),
        now="+40 Mon 00:00",
        **days.times,
    )
    assert found == expected


def _dates(written: Iterable[str]) -> list[date]:
    return [date.fromisoformat(day) for day in written]


def _pauses(written: tuple[str, str] | None) -> Pauses:
    return Pauses() if written is None else Pauses((Pause(at(written[0]), at(written[1])),))


def test_an_unanswered_mail_is_judged_though_the_person_went_on_leave_after_it_was_due(
    tmp_path: Path,
) -> None:
    away = _dates(["2026-02-05", "2026-02-06"])
    assert week(tmp_path, [ASK], away=away)[0] == UNHEARD
