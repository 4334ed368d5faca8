"""Personal hours: what a person types, and what is kept of it."""

from datetime import UTC, date, time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.errors import JournalUnusable, SettingsUnusable
from client.journal import Journal
from client.personal_hours import Hours, PersonalHours, PersonalWeek, monday_of, parse
from privacy.errors import InvalidValue

MONDAY = date(2026, 2, 2)
HALF = PersonalWeek(
    {
        0: Hours(time(9), time(13)),
        1: Hours(time(9), time(13)),
        2: Hours(time(9), time(13)),
        3: Hours(time(9), time(12)),
    }
)


def test_days_and_hours_are_read_in_any_case_and_order() -> None:
    assert parse(["mon-wed=9:00-13:00", "thu=9:00-12:00"]) == HALF
    assert parse(["THU=09:00-12:00", "Mon-Wed=9:00-13:00"]) == HALF


def test_agreed_goes_back() -> None:
    assert parse(["agreed"]) is None
    assert parse(["Agreed"]) is None


def test_what_is_shown_can_be_typed() -> None:
    assert str(HALF) == "mon-wed=09:00-13:00 thu=09:00-12:00"


stretches = st.tuples(
    st.times().map(lambda each: each.replace(second=0, microsecond=0)),
    st.times().map(lambda each: each.replace(second=0, microsecond=0)),
).filter(lambda pair: pair[0] < pair[1])
some_weeks = st.dictionaries(st.integers(0, 6), stretches, min_size=1).map(
    lambda week: PersonalWeek({day: Hours(*stretch) for day, stretch in week.items()})
)


@given(some_weeks)
def test_every_week_is_shown_as_it_can_be_typed(week: PersonalWeek) -> None:
    assert parse(str(week).split()) == week


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("mon", "'mon' names no days and hours: write it like"),
        ("agreed mon=9:00-13:00", "'agreed' names no days and hours"),
        ("mon=9:00", "'mon=9:00' names no days and hours"),
        ("mon=9:00-13:00-14:00", "names no days and hours"),
        ("mon,tue=9:00-13:00", "'mon,tue' is no day of the week"),
        ("mo=9:00-13:00", "'mo' is no day of the week: mon, tue, wed, thu, fri, sat, sun are"),
        ("mon-fr=9:00-13:00", "'fr' is no day of the week"),
        ("sat-mon=9:00-13:00", "sat-mon runs over the end of the week: name sat and mon each"),
        ("mon=13:00-9:00", "mon=13:00-9:00: these hours end before they begin"),
        ("mon=9:00-9:00", "these hours end before they begin, or have no length"),
        ("mon=9-13", "'9' is no time of day: write it like 9:00"),
        ("mon=9:00-24:00", "'24:00' is no time of day: write it like 9:00, up to 23:59"),
        ("mon=9:60-13:00", "'9:60' is no time of day"),
        ("mon-wed=9:00-13:00 tue=9:00-12:00", "tue is named twice"),
    ],
)
def test_what_is_no_week_is_one_sentence(typed: str, said: str) -> None:
    with pytest.raises(SettingsUnusable, match=said.replace("(", r"\(")) as error:
        parse(typed.split())
    assert "\n" not in str(error.value)


def test_wrong_values_cannot_be_built() -> None:
    with pytest.raises(InvalidValue, match="do not rise"):
        Hours(time(9), time(9))
    with pytest.raises(InvalidValue, match="local times"):
        Hours(time(9, tzinfo=UTC), time(10, tzinfo=UTC))
    with pytest.raises(InvalidValue, match="at least one"):
        PersonalWeek({})
    with pytest.raises(InvalidValue, match="from 0"):
        PersonalWeek({7: Hours(time(9), time(10))})
    with pytest.raises(InvalidValue, match="from a Monday"):
        PersonalHours(((date(2026, 2, 3), None),))
    with pytest.raises(InvalidValue, match="in order"):
        PersonalHours(((MONDAY, None), (MONDAY, HALF)))


def test_a_week_belongs_to_its_monday() -> None:
    days = [date(2026, 2, day) for day in (1, 2, 5, 8, 9)]
    assert [monday_of(day).day for day in days] == [26, 2, 2, 2, 9]


def test_hours_are_there_after_reopening(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with Journal(path) as journal:
        assert journal.hours.all() == PersonalHours()
        journal.hours.keep(MONDAY, HALF)
        journal.hours.keep(date(2026, 2, 16), None)
    with Journal(path) as journal:
        assert journal.hours.all() == PersonalHours(((MONDAY, HALF), (date(2026, 2, 16), None)))


def test_hours_set_again_in_the_same_week_replace_those_of_it_and_keep_earlier_ones(
    tmp_path: Path,
) -> None:
    short = PersonalWeek({4: Hours(time(9), time(10))})
    with Journal(tmp_path / "journal.db") as journal:
        journal.hours.keep(MONDAY, HALF)
        journal.hours.keep(date(2026, 2, 9), HALF)
        journal.hours.keep(date(2026, 2, 9), short)
        assert journal.hours.all().since == ((MONDAY, HALF), (date(2026, 2, 9), short))
        journal.hours.keep(MONDAY, None)
        assert journal.hours.all().since == ((MONDAY, None),)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE hours SET since = '2026-02-03'",
        "UPDATE hours SET since = 'Monday'",
        "UPDATE hours SET start = end",
        "UPDATE hours SET start = X'00'",
        "UPDATE hours SET weekday = 7 WHERE weekday = 0",
    ],
)
def test_damaged_hours_are_one_sentence(damage: str, tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.db") as journal:
        journal.hours.keep(MONDAY, HALF)
        journal._connection.execute(damage)
        with pytest.raises(JournalUnusable, match="something in it cannot be read"):
            journal.hours.all()
