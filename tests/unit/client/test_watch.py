"""The watcher, step by step, over a real journal and real files: only the source is played."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from client import pausing, watch_rules
from client.activity import Activity
from client.errors import JournalUnusable, SettingsUnusable, SourceUnavailable
from client.intervals import Interval, total
from client.journal import Journal
from client.pausing import Pause, Pauses
from client.sources.activity import ActivitySource, Moment, Reading, Seen, Used
from client.watch import STEP, Watcher
from client.watch_rules import WatchRule, WatchRules
from client.watching import FromReadings

MONDAY = datetime(2026, 3, 2, 8, tzinfo=UTC)
RULE = WatchRule(
    MONDAY - timedelta(hours=9), MONDAY + timedelta(weeks=4), "Europe/Berlin", timedelta(minutes=5)
)


class Busy:
    """Somebody who never stops typing, or whatever `reading` says."""

    def __init__(self) -> None:
        self.idle = timedelta(0)
        self.fault: str | None = None
        self.opened = self.looks = 0
        self.open = False

    def read(self) -> Reading:
        assert self.open
        self.looks += 1
        if self.fault is not None:
            raise SourceUnavailable(self.fault)
        return Reading(self.idle)

    def close(self) -> None:
        self.open = False


class Office:
    """A folder, a clock and a watcher; `at` says what happens when."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.passed = timedelta(0)
        self.jump = timedelta(0)
        self.told: list[str] = []
        self.reader = Busy()
        self.since: list[datetime] = []
        self.happens: dict[timedelta, Callable[[], object]] = {}
        self.source: ActivitySource | None = None
        (folder / "enrolment.json").write_text("{}")
        watch_rules.keep(folder, WatchRules((RULE,)))

    @property
    def now(self) -> datetime:
        return MONDAY + self.passed + self.jump

    def at(self, minutes: float, do: Callable[[], object]) -> None:
        """Do something so many minutes after eight."""
        self.happens[timedelta(minutes=minutes)] = do

    def opens(self, rule: WatchRule, since: datetime) -> ActivitySource:
        self.reader.opened += 1
        self.since.append(since)
        if self.reader.fault is not None:
            raise SourceUnavailable(self.reader.fault)
        self.reader.open = True
        return self.source or FromReadings(self.reader, rule.idle_limit)

    def watches(self, minutes: float) -> None:
        """Run one watcher for so long."""
        end = self.passed + timedelta(minutes=minutes)

        def wait(step: timedelta) -> bool:
            assert step == STEP
            self.passed += step
            for when in [each for each in self.happens if each <= self.passed]:
                self.happens.pop(when)()
            return self.passed > end

        def clock() -> Moment:
            return Moment(self.now, self.passed)

        Watcher(self.folder, self.opens, clock, self.told.append).run(wait)

    def activity(self) -> Activity:
        with Journal(self.folder / "journal.db") as journal:
            return journal.activity(
                Interval(MONDAY - timedelta(days=30), MONDAY + timedelta(days=30))
            )


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    found = Office(tmp_path)
    yield found
    assert not found.reader.open


def minutes(first: float, last: float) -> Interval:
    """Minutes after eight."""
    return Interval(MONDAY + timedelta(minutes=first), MONDAY + timedelta(minutes=last))


def test_a_busy_hour_is_an_active_hour(office: Office) -> None:
    office.watches(60)
    assert office.activity() == Activity((minutes(0, 60),), (minutes(0, 60),))
    assert office.told == ["recording"]
    assert office.reader.opened == 1


def test_what_was_not_written_yet_is_written_at_the_end(office: Office) -> None:
    office.watches(0.5)
    assert office.activity().active == (minutes(0, 0.5),)


def test_a_watcher_that_dies_leaves_a_gap_and_no_more_than_a_minute(office: Office) -> None:
    """Nothing is guessed about the time in which it was dead."""

    class Killed(BaseException):
        pass

    def dies() -> None:
        raise Killed

    office.at(10.5, dies)
    with pytest.raises(Killed):
        office.watches(60)
    office.passed = timedelta(minutes=30)
    office.watches(10)
    recorded = office.activity().recorded
    assert recorded[-1] == minutes(30, 40)
    assert recorded[0].start == MONDAY
    assert timedelta(minutes=9) <= recorded[0].length <= timedelta(minutes=10.5)


def test_nothing_is_recorded_before_the_first_week_agreed_to(office: Office) -> None:
    later = WatchRule(
        MONDAY + timedelta(minutes=30), RULE.ends, RULE.time_zone, RULE.idle_limit, ()
    )
    watch_rules.keep(office.folder, WatchRules((later,)))
    office.watches(60)
    assert office.activity().recorded == (minutes(30, 60),)
    assert office.told[0].startswith("nothing is recorded before the first week that you agreed to")
    assert office.reader.looks <= 30 * 12 + 1


def test_nothing_is_recorded_after_the_last(office: Office) -> None:
    over = WatchRule(RULE.begins, MONDAY + timedelta(minutes=20), RULE.time_zone, RULE.idle_limit)
    watch_rules.keep(office.folder, WatchRules((over,)))
    office.watches(60)
    assert office.activity().recorded[-1].end <= MONDAY + timedelta(minutes=20)
    assert office.told[-1].startswith("nothing is to be recorded now")


def test_a_pause_stops_it_and_the_end_of_the_pause_starts_it(office: Office) -> None:
    office.at(10, lambda: pausing.save(office.folder, Pauses().begun(office.now)))
    office.at(
        40, lambda: pausing.save(office.folder, pausing.load(office.folder).ended(office.now))
    )
    office.watches(60)
    first, second = office.activity().recorded
    assert first == minutes(0, 10 - 1 / 12)  # the last look before it
    assert minutes(40, 60).start <= second.start <= minutes(40.2, 60).start
    assert "you are paused: nothing is recorded" in office.told
    assert office.reader.opened == 2


def test_a_file_of_pauses_that_cannot_be_read_is_a_pause(office: Office) -> None:
    office.at(10, lambda: (office.folder / pausing.FILE_NAME).write_text("?"))
    office.watches(60)
    assert office.activity().recorded == (minutes(0, 10 - 1 / 12),)


def test_a_day_away_stops_it_within_a_minute_and_no_more_of_it_is_kept(office: Office) -> None:
    def marks() -> None:
        with Journal(office.folder / "journal.db") as journal:
            journal.mark_away([MONDAY.date()])

    office.at(30, marks)
    office.watches(60)
    assert total(office.activity().recorded) <= timedelta(minutes=31)
    assert office.told[-1] == "you are away today: nothing is recorded"


def test_when_the_person_leaves_it_ends_and_writes_nothing_any_more(office: Office) -> None:
    def leaves() -> None:
        for path in office.folder.iterdir():
            path.unlink()

    office.at(10.5, leaves)
    office.watches(60)
    assert office.passed < timedelta(minutes=11)
    assert list(office.folder.iterdir()) == []
    assert office.told[-1] == "this device is not enrolled any more: nothing is recorded"


def test_a_source_that_fails_is_tried_again_and_what_it_missed_stays_missing(
    office: Office,
) -> None:
    office.at(10, lambda: setattr(office.reader, "fault", "the screen cannot be asked"))
    office.at(20, lambda: setattr(office.reader, "fault", None))
    office.watches(60)
    first, second = office.activity().recorded
    assert first.end <= minutes(0, 10).end
    assert minutes(20, 21.2).start <= second.start <= minutes(20, 21.2).end
    assert office.told == ["recording", "the screen cannot be asked", "recording"]
    assert 10 <= office.reader.opened <= 13  # once a minute


def test_an_idle_limit_of_a_new_version_counts_from_its_first_week(office: Office) -> None:
    new = WatchRule(MONDAY + timedelta(minutes=30), RULE.ends, RULE.time_zone, timedelta(minutes=1))
    watch_rules.keep(office.folder, WatchRules((RULE, new)))
    office.watches(60)
    assert office.reader.opened == 2


def test_a_damaged_file_of_rules_stops_recording_until_it_is_mended(office: Office) -> None:
    path = office.folder / watch_rules.FILE_NAME
    good = path.read_text()
    office.at(10, lambda: path.write_text("?"))
    office.at(20, lambda: path.write_text(good))
    office.watches(30)
    first, second = office.activity().recorded
    assert first.end <= minutes(0, 10).end
    assert second.start >= minutes(20, 30).start
    assert sum("cannot be read" in each for each in office.told) == 1


def test_a_journal_in_the_way_is_told_once_and_nothing_is_lost(office: Office) -> None:
    """Moved away and damaged in mid-run, then put back: what was seen meanwhile is written then."""
    journal, aside = office.folder / "journal.db", office.folder / "aside"

    def breaks() -> None:
        journal.rename(aside)
        journal.write_bytes(b"no journal" * 200)

    def mends() -> None:
        journal.unlink()
        aside.rename(journal)

    office.at(10, breaks)
    office.at(20, mends)
    office.watches(30)
    assert office.activity().recorded == (minutes(0, 30),)
    assert sum("is damaged" in each for each in office.told) == 1


def test_a_watcher_does_not_start_on_what_it_cannot_read(office: Office) -> None:
    (office.folder / watch_rules.FILE_NAME).write_text("?")
    with pytest.raises(SettingsUnusable):
        office.watches(1)
    watch_rules.keep(office.folder, WatchRules((RULE,)))
    (office.folder / "journal.db").write_bytes(b"no journal" * 200)
    with pytest.raises(JournalUnusable):
        office.watches(1)


class Recorder:
    """A source that has recorded by itself, whether that was allowed or not."""

    def __init__(self, *seen: Seen) -> None:
        self.seen = list(seen)

    def look(self, now: Moment) -> Seen:
        return self.seen.pop(0) if self.seen else Seen()

    def close(self) -> None:
        pass


def test_what_another_program_recorded_in_a_pause_or_before_consent_is_left_out(
    office: Office,
) -> None:
    from client.activity import Span

    early = Interval(RULE.begins - timedelta(hours=5), MONDAY)
    pauses = Pauses((Pause(MONDAY - timedelta(hours=2), MONDAY - timedelta(hours=1)),))
    pausing.save(office.folder, pauses)
    office.source = Recorder(
        Seen((Span(early.start, early.end, True),), (Used(early.start, early.end, "mail"),))
    )
    office.watches(2)
    office.reader.open = False
    allowed = (
        Interval(RULE.begins, MONDAY - timedelta(hours=2)),
        Interval(MONDAY - timedelta(hours=1), MONDAY),
    )
    assert office.activity().active == allowed
    with Journal(office.folder / "journal.db") as journal:
        found = journal.used(Interval(early.start, early.end))
    assert tuple(each.interval for each in found) == allowed


def test_a_source_is_asked_from_where_the_journal_ends(office: Office) -> None:
    office.watches(10)
    office.passed = timedelta(minutes=60)
    office.watches(1)
    assert office.since == [RULE.begins, minutes(0, 10).end]
