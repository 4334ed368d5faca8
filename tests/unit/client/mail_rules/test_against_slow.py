"""Random weeks of mail, by way of headers, journal and values, against a slow second reckoning.

With personal hours, public holidays, days away and nights in which the clocks change.
"""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from client.journal import Journal
from client.measures.mail_response_hours import UNANSWERED
from client.personal_hours import Hours, PersonalWeek
from client.sources.base import MailFact, SeenKey
from client.sources.headers import fact, read_headers
from client.values import compute
from privacy.agreement.model import ClockStart, MailRules
from privacy.window import Window, local_midnight
from tests.agreements import make_agreement, working_time
from tests.unit.client.mail_rules import slow
from tests.unit.client.mail_rules.slow import Case, Letter, Week
from tests.unit.client.mailbox import MAIL_MEASURES

WINDOWS = [Window(2026, week) for week in (6, 13, 14, 15, 18, 20, 43)]
"""Among them the clock changes of March and October, Easter, May Day and Ascension Day."""

EVER = date(2020, 1, 6)
DAY_QUARTERS = 96

clocks = st.tuples(st.integers(4, 23), st.sampled_from([0, 15, 30, 45])).map(lambda t: time(*t))
stretches = st.tuples(clocks, clocks).filter(lambda pair: pair[0] < pair[1])
weeks = st.dictionaries(st.integers(0, 6), stretches, min_size=1, max_size=6).filter(
    lambda week: sum(end.hour - start.hour for start, end in week.values()) >= 8
)


@st.composite
def letters(draw: st.DrawFn) -> list[Letter]:
    """Up to 14 in two weeks, each naming any of the others, also later ones."""
    count = draw(st.integers(1, 14))
    moments = draw(
        st.lists(st.integers(0, 14 * DAY_QUARTERS - 1), min_size=count, max_size=count, unique=True)
    )
    return [
        Letter(
            number,
            moment,
            mine=draw(st.booleans()),
            person=draw(st.integers(0, 1)),
            names=tuple(draw(st.lists(st.integers(0, count), max_size=3, unique=True))),
            automatic=draw(st.integers(0, 7)) == 0,
            inside=draw(st.integers(0, 7)) == 0,
        )
        for number, moment in enumerate(moments)
    ]


@st.composite
def cases(draw: st.DrawFn) -> tuple[Case, Window]:
    window = draw(st.sampled_from(WINDOWS))
    agreed = {day: (time(9), time(17)) for day in draw(st.sets(st.integers(0, 5), min_size=3))}
    since = [(EVER, agreed)]
    changes = sorted(draw(st.sets(st.sampled_from([-1, 0, 1]), max_size=2)))
    since += [(window.monday + timedelta(weeks=offset), draw(weeks)) for offset in changes]
    away = draw(st.sets(st.integers(-7, 13), max_size=5))
    case = Case(
        start=local_midnight(window.monday - timedelta(days=7), slow.ZONE),
        monday=window.monday,
        letters=draw(letters()),
        agreed=agreed,
        weeks=since,
        away={window.monday + timedelta(days=n) for n in away},
        answer_hours=draw(st.integers(1, 9)),
        last_starts=draw(st.booleans()),
    )
    return case, window


def headers(letter: Letter) -> bytes:
    """The letter as it came."""
    outside = "boss@example.com" if letter.inside else f"person{letter.person}@client.example"
    ends = ("me@example.com", outside) if letter.mine else (outside, "me@example.com")
    lines = [f"From: {ends[0]}", f"To: {ends[1]}", f"Message-ID: <{letter.number}@x.example>"]
    if letter.names:
        lines.append("References: " + " ".join(f"<{name}@x.example>" for name in letter.names))
    if letter.automatic:
        lines.append("Auto-Submitted: auto-replied")
    return "\r\n".join(lines).encode()


def facts(case: Case) -> list[MailFact]:
    found = [
        fact(
            read_headers(headers(letter)),
            SeenKey(bytes([letter.number] * 32)),
            case.moment(letter.moment),
            frozenset(),
            sent=letter.mine,
        )
        for letter in case.letters
    ]
    return [each for each in found if isinstance(each, MailFact)]


def personal(week: Week) -> PersonalWeek:
    return PersonalWeek({day: Hours(*hours) for day, hours in week.items()})


@settings(max_examples=150)
@given(cases())
def test_values_are_those_of_the_slow_reckoning(drawn: tuple[Case, Window]) -> None:
    case, window = drawn
    start = ClockStart.LAST if case.last_starts else ClockStart.FIRST
    agreement = make_agreement(
        mail=MailRules(("example.com",), case.answer_hours, start),
        working_time=working_time(days=frozenset(case.agreed)),
    )
    with TemporaryDirectory() as folder, Journal(Path(folder) / "journal.db") as journal:
        journal.add_mail(facts(case), [])
        journal.mail_was_read(datetime(2027, 1, 1, tzinfo=UTC))
        journal.mark_away(case.away)
        for monday, week in case.weeks[1:]:
            journal.hours.keep(monday, personal(week))
        found = compute(agreement, window, journal)
    assert tuple(found[name] for name in MAIL_MEASURES) == slow.measures(case, UNANSWERED)
