"""Valid agreements of every shape, for hypothesis."""

from dataclasses import replace
from datetime import time
from fractions import Fraction

from hypothesis import strategies as st

from privacy.agreement.model import (
    Agreement,
    Category,
    ClockStart,
    Endpoint,
    MailRules,
    Party,
    PrivacyTerms,
)
from privacy.agreement.validate import INVISIBLE, looks
from privacy.groups import Group, GroupId, Level, Thresholds
from privacy.metrics import Choice, Direction, Histogram, Metric, Scalar, Task, TaskId
from privacy.window import Window
from tests.agreements import announced, make_agreement, party_terms, working_time

words = st.text(st.characters(categories=("L", "N", "P", "S")), min_size=1, max_size=20).filter(
    lambda text: INVISIBLE.search(text) is None
)
numbers = st.fractions(Fraction(1, 1000), 1000, max_denominator=10**6)


@st.composite
def categories(draw: st.DrawFn) -> tuple[Category, ...]:
    """At least one; ids, titles and words each occur once."""
    named = words.map(str.strip).filter(lambda text: text and looks(text) != "other")
    unique = st.lists(named, min_size=4, max_size=12, unique_by=lambda text: looks(text))
    texts = draw(unique)
    size = draw(st.integers(1, len(texts) // 4))
    parts = [texts[position::size] for position in range(size)]
    return tuple(
        Category(
            part[0], part[1], *draw(st.sampled_from([(tuple(part[2:]), ()), ((), tuple(part[2:]))]))
        )
        for part in parts
    )


@st.composite
def metrics(draw: st.DrawFn, share: Fraction, measure: str, options: tuple[str, ...]) -> Metric:
    if measure == "time_by_category":
        return Choice(measure, options, share)
    if measure == "mail_response_hours":
        edges = draw(st.lists(numbers, min_size=1, max_size=6, unique=True))
        return Histogram(measure, tuple(sorted(edges)), share)
    target = draw(st.fractions(-100, 100, max_denominator=1000))
    return Scalar(measure, target, draw(st.sampled_from(Direction)), draw(numbers), share)


@st.composite
def tasks(draw: st.DrawFn, level: Level, most: Fraction, options: tuple[str, ...]) -> Task:
    measures = ["active_hours", "mail_answered_in_time", "mail_response_hours", "task_time_ratio"]
    names = st.sampled_from([*measures, "time_by_category"] if options else measures)
    chosen = draw(st.lists(names, min_size=1, max_size=3, unique=True))
    share = Fraction(1, len(chosen))
    built = tuple(draw(metrics(share, name, options)) for name in chosen)
    return Task(TaskId(draw(words)), level, most / draw(st.integers(1, 7)), built)


@st.composite
def agreements(draw: st.DrawFn) -> Agreement:
    first = Window(2026, draw(st.integers(1, 52)))
    ids = draw(st.lists(words, min_size=3, max_size=3, unique_by=looks))
    department, *teams = (GroupId(name) for name in ids)
    told_apart = draw(st.just(()) | categories())
    options = tuple(category.title for category in told_apart)
    team_task, department_task = (
        draw(tasks(level, Fraction(1, 2), options)) for level in (Level.TEAM, Level.DEPARTMENT)
    )
    if looks(team_task.id) == looks(department_task.id):
        department_task = Task(TaskId("other"), Level.DEPARTMENT, Fraction(1, 2), team_task.metrics)
        team_task = Task(TaskId("one"), Level.TEAM, Fraction(1, 2), team_task.metrics)
    reports = any(isinstance(m, Choice) for m in (*team_task.metrics, *department_task.metrics))
    hour = draw(st.integers(0, 20))
    host = draw(st.sampled_from(["a.example", "192.0.2.7", "2001:db8::7", "xn--bro-hoa.example"]))
    employer, council = (
        draw(st.sampled_from([party_terms(party), announced(party)])) for party in Party
    )
    peer = Endpoint(draw(st.sampled_from(["b.example", "::1"])), draw(st.integers(1, 65535)))
    return make_agreement(
        organisation=draw(words),
        version=draw(st.integers(1, 2**53 - 1)),
        first_window=first,
        last_window=Window(2027, draw(st.integers(1, 52))),
        purpose="\n".join(draw(st.lists(words, min_size=1, max_size=3))),
        employer=replace(employer, endpoint=Endpoint(host, draw(st.integers(1, 65535)))),
        council=replace(council, peer_endpoint=peer),
        working_time=working_time(
            days=draw(st.frozensets(st.integers(0, 6), min_size=1)),
            start=time(hour, draw(st.integers(0, 59))),
            core_start=time(hour + 1),
            core_end=time(hour + 2),
            end=time(hour + 2, draw(st.integers(0, 59))),
            region=draw(st.sampled_from(["BE", None])),
        ),
        mail=MailRules(
            ("example.com",), draw(st.integers(1, 99)), draw(st.sampled_from(ClockStart))
        ),
        privacy=PrivacyTerms(
            draw(st.fractions(Fraction(1, 10), 4, max_denominator=100)),
            Thresholds(draw(st.integers(7, 12)), draw(st.integers(0, 5))),
            draw(st.fractions(Fraction(1, 4), Fraction(1, 2), max_denominator=100)),
        ),
        groups=(
            Group(department, Level.DEPARTMENT, 60),
            Group(teams[0], Level.TEAM, draw(st.integers(12, 30)), department),
            Group(teams[1], Level.TEAM, draw(st.integers(12, 30))),
        ),
        tasks=(team_task, department_task),
        categories=told_apart if reports else (),
        idle_minutes=draw(st.integers(1, 60)),
        upload_days=draw(st.integers(3, 28)),
        retention_weeks=draw(st.integers(13, 520)),
    )
