"""When the watcher may record, and what of a stretch of time that leaves."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from client import watch_rules
from client.errors import SettingsUnusable
from client.intervals import Interval
from client.pausing import Pause, Pauses
from client.sources.categories import Category
from client.watch_rules import WatchRule, WatchRules
from privacy.errors import InvalidValue

NIGHT = datetime(2026, 3, 1, 23, tzinfo=UTC)  # Monday begins in Berlin


def rule(
    weeks: int = 4, begins: datetime = NIGHT, minutes: int = 5, zone: str = "Europe/Berlin"
) -> WatchRule:
    """From Monday 2 March on."""
    categories = (Category("mail", ("thunderbird",), ("inbox",)),)
    ends = begins + timedelta(weeks=weeks)
    return WatchRule(begins, ends, zone, timedelta(minutes=minutes), categories)


def hours(first: float, last: float) -> Interval:
    """Hours after the beginning."""
    return Interval(NIGHT + timedelta(hours=first), NIGHT + timedelta(hours=last))


def test_nothing_holds_before_the_first_week_or_after_the_last() -> None:
    rules = WatchRules((rule(),))
    tick = timedelta(microseconds=1)
    assert rules.at(NIGHT - tick) is None
    assert rules.at(NIGHT) == rule()
    assert rules.at(NIGHT + timedelta(weeks=4) - tick) == rule()
    assert rules.at(NIGHT + timedelta(weeks=4)) is None


def test_the_newest_rule_holds_and_the_next_one_is_known() -> None:
    later = rule(begins=NIGHT + timedelta(weeks=1), minutes=10)
    rules = WatchRules((rule(), later))
    assert rules.at(NIGHT + timedelta(days=6)) == rule()
    assert rules.at(NIGHT + timedelta(days=7)) == later
    assert rules.next_after(NIGHT - timedelta(days=1)) == NIGHT
    assert rules.next_after(NIGHT) == later.begins
    assert rules.next_after(later.begins) is None


def test_only_what_was_agreed_to_may_be_recorded() -> None:
    rules = WatchRules((rule(weeks=1),))
    assert rules.allowed(hours(-5, 5), Pauses(), ()) == (hours(0, 5),)
    assert rules.allowed(hours(-5, 24 * 7 + 5), Pauses(), ()) == (hours(0, 24 * 7),)
    assert rules.allowed(hours(-5, -1), Pauses(), ()) == ()
    assert WatchRules().allowed(hours(0, 5), Pauses(), ()) == ()


def test_a_pause_is_cut_out_to_the_moment() -> None:
    pauses = Pauses((Pause(hours(1, 2).start, hours(1, 2).end), Pause(hours(6, 7).start)))
    found = WatchRules((rule(),)).allowed(hours(0, 200), pauses, ())
    assert found == (hours(0, 1), hours(2, 6))


def test_a_day_away_is_cut_out_from_midnight_to_midnight_where_the_agreement_holds() -> None:
    rules = WatchRules((rule(),))
    assert rules.allowed(hours(0, 72), Pauses(), [date(2026, 3, 3)]) == (
        hours(0, 24),
        hours(48, 72),
    )


def test_the_day_in_which_clocks_change_has_23_hours() -> None:
    spring = rule().day(date(2026, 3, 29))
    assert spring.length == timedelta(hours=23)
    assert rule().day_of(spring.start) == date(2026, 3, 29)
    assert rule().day_of(spring.end) == date(2026, 3, 30)


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    rules = WatchRules((rule(), rule(begins=NIGHT + timedelta(weeks=1), minutes=10)))
    watch_rules.keep(tmp_path, rules)
    assert watch_rules.load(tmp_path) == rules
    path = tmp_path / watch_rules.FILE_NAME
    assert path.stat().st_mode & 0o777 == 0o600
    before = path.stat().st_ino
    watch_rules.keep(tmp_path, rules)
    assert path.stat().st_ino == before  # nothing to write


def test_a_device_that_is_not_enrolled_has_none(tmp_path: Path) -> None:
    assert watch_rules.load(tmp_path) == WatchRules()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[1]",
        "[{}]",
        '{"rules": []}',
        json.dumps([{"begins": "2026-03-02"}]),
        "\xff",
    ],
)
def test_a_damaged_file_is_one_sentence_and_allows_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / watch_rules.FILE_NAME).write_bytes(text.encode("latin-1"))
    with pytest.raises(SettingsUnusable, match=r"watch\.json.*plurale send"):
        watch_rules.load(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"time_zone": "Berlin/Nowhere"},
        {"idle_seconds": 0},
        {"begins": "2026-03-02T00:00:00"},
        {"categories": [{"id": "other", "applications": ["a"], "titles": []}]},
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    watch_rules.keep(tmp_path, WatchRules((rule(),)))
    path = tmp_path / watch_rules.FILE_NAME
    path.write_text(json.dumps([json.loads(path.read_text())[0] | change]))
    with pytest.raises(SettingsUnusable):
        watch_rules.load(tmp_path)


def test_a_rule_has_an_idle_limit() -> None:
    with pytest.raises(InvalidValue):
        rule(minutes=0)
