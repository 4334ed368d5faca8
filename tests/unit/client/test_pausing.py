"""Pauses: which windows they touch, and what a file that cannot be read means."""

import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from client import pausing
from client.errors import PausesUnreadable
from client.pausing import Pause, Pauses
from privacy.errors import InvalidValue
from privacy.window import Window

BERLIN = ZoneInfo("Europe/Berlin")
WEEK = Window(2026, 5)
MONDAY, NEXT_MONDAY = WEEK.start(BERLIN), WEEK.end(BERLIN)
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("begins", "until", "touched"),
    [
        (MONDAY + DAY, MONDAY + DAY + HOUR, True),
        (MONDAY + DAY, MONDAY + DAY, True),
        (MONDAY - DAY, NEXT_MONDAY + DAY, True),
        (MONDAY - DAY, MONDAY + SECOND, True),
        (MONDAY - DAY, MONDAY, False),
        (MONDAY - DAY, MONDAY - SECOND, False),
        (NEXT_MONDAY - SECOND, NEXT_MONDAY + DAY, True),
        (NEXT_MONDAY, NEXT_MONDAY + DAY, False),
        (MONDAY - 30 * DAY, None, True),
        (NEXT_MONDAY - SECOND, None, True),
        (NEXT_MONDAY, None, False),
    ],
)
def test_a_window_is_touched_by_any_moment_of_a_pause(
    begins: datetime, until: datetime | None, touched: bool
) -> None:
    other = Pause(MONDAY - 99 * DAY, MONDAY - 98 * DAY)
    assert Pauses((other, Pause(begins, until))).touches(WEEK, BERLIN) is touched


def test_a_window_begins_and_ends_in_the_zone_of_the_agreement() -> None:
    pauses = Pauses((Pause(MONDAY - HOUR, MONDAY - SECOND),))
    assert not pauses.touches(WEEK, BERLIN)
    assert pauses.touches(WEEK, ZoneInfo("Asia/Tokyo"))


def test_resuming_in_the_same_window_leaves_it_neutral_and_the_next_one_not() -> None:
    pauses = Pauses().begun(MONDAY + DAY).ended(MONDAY + DAY + HOUR)
    assert [pauses.touches(WEEK.plus(n), BERLIN) for n in (-1, 0, 1)] == [False, True, False]
    assert not pauses.now(MONDAY + 2 * DAY)


def test_now_is_paused_from_the_beginning_until_resumed() -> None:
    pauses = Pauses().begun(MONDAY)
    assert pauses.now(MONDAY)
    assert pauses.now(MONDAY - DAY)  # a clock set back ends no pause
    assert pauses.ended(MONDAY + HOUR).now(MONDAY + HOUR - SECOND)
    assert not pauses.ended(MONDAY + HOUR).now(MONDAY + HOUR)


def test_a_moment_lies_in_a_pause_from_its_beginning_on_and_before_its_end() -> None:
    pauses = Pauses((Pause(MONDAY, MONDAY + HOUR), Pause(NEXT_MONDAY)))
    moments = {
        MONDAY - SECOND: False,
        MONDAY: True,
        MONDAY + HOUR - SECOND: True,
        MONDAY + HOUR: False,
        NEXT_MONDAY - SECOND: False,
        NEXT_MONDAY: True,
        NEXT_MONDAY + 99 * DAY: True,
    }
    assert {moment: pauses.had(moment) for moment in moments} == moments


def test_pausing_twice_keeps_the_first_beginning() -> None:
    assert Pauses().begun(MONDAY).begun(MONDAY + DAY) == Pauses((Pause(MONDAY),))


def test_a_second_pause_leaves_the_first_as_it_was() -> None:
    twice = Pauses().begun(MONDAY).ended(MONDAY + HOUR).begun(NEXT_MONDAY)
    assert twice.pauses == (Pause(MONDAY, MONDAY + HOUR), Pause(NEXT_MONDAY))
    assert twice.ended(NEXT_MONDAY + DAY).pauses[0] == Pause(MONDAY, MONDAY + HOUR)


def test_resuming_with_a_clock_set_back_still_ends_the_pause() -> None:
    assert Pauses().begun(MONDAY).ended(MONDAY - DAY) == Pauses((Pause(MONDAY, MONDAY),))


def test_an_impossible_pause_cannot_be_built() -> None:
    with pytest.raises(InvalidValue, match="ends before it begins"):
        Pause(MONDAY, MONDAY - SECOND)
    with pytest.raises(InvalidValue, match="time zone"):
        Pause(MONDAY.replace(tzinfo=None))
    with pytest.raises(InvalidValue, match="time zone"):
        Pause(MONDAY, NEXT_MONDAY.replace(tzinfo=None))


def test_what_is_kept_is_what_was_said(tmp_path: Path) -> None:
    assert pausing.load(tmp_path) == Pauses()
    pauses = Pauses((Pause(MONDAY, MONDAY + HOUR), Pause(NEXT_MONDAY)))
    pausing.save(tmp_path, pauses)
    assert pausing.load(tmp_path) == pauses
    file = tmp_path / "pauses.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [set(each) for each in json.loads(file.read_text())] == [{"from", "until"}] * 2


UTC_MOMENT = datetime(2026, 1, 26, tzinfo=UTC).isoformat()
DAMAGED = [
    "",
    "{",
    "5",
    "null",
    '"text"',
    "[5]",
    "[{}]",
    '[{"from": null, "until": null}]',
    '[{"from": 5, "until": null}]',
    '[{"from": "2026-01-26T00:00:00", "until": null}]',
    f'[{{"from": "{UTC_MOMENT}"}}]',
    f'[{{"from": "{UTC_MOMENT}", "until": "2025-01-01T00:00:00+00:00"}}]',
    '{"from": "x"}',
]


@pytest.mark.parametrize("content", DAMAGED)
def test_a_damaged_file_pauses_everything_and_says_so(tmp_path: Path, content: str) -> None:
    (tmp_path / "pauses.json").write_text(content)
    pauses = pausing.load(tmp_path)
    assert isinstance(pauses.fault, PausesUnreadable)
    assert "pauses.json, which says when you paused, cannot be read" in str(pauses.fault)
    assert "plurale resume" in str(pauses.fault)
    assert pauses.now(MONDAY)
    assert all(pauses.touches(WEEK.plus(n), BERLIN) for n in (-99, 0, 99))


def test_one_that_is_no_text_pauses_everything_too(tmp_path: Path) -> None:
    (tmp_path / "pauses.json").write_bytes(b"\xff\xfe\x00")
    assert pausing.load(tmp_path).now(MONDAY)


def test_one_that_cannot_be_opened_pauses_everything_too(tmp_path: Path) -> None:
    (tmp_path / "pauses.json").mkdir()
    assert pausing.load(tmp_path).now(MONDAY)
    with pytest.raises(PausesUnreadable, match="cannot be written"):
        pausing.save(tmp_path, Pauses())


def test_resuming_mends_a_damaged_file_and_leaves_what_was_before_neutral(tmp_path: Path) -> None:
    (tmp_path / "pauses.json").write_text("{")
    pausing.save(tmp_path, pausing.load(tmp_path).ended(MONDAY + DAY))
    pauses = pausing.load(tmp_path)
    assert pauses.fault is None
    assert [pauses.touches(WEEK.plus(n), BERLIN) for n in (-9, 0, 1)] == [True, True, False]


def test_pausing_mends_a_damaged_file_and_stays_paused(tmp_path: Path) -> None:
    (tmp_path / "pauses.json").write_text("{")
    pausing.save(tmp_path, pausing.load(tmp_path).begun(MONDAY))
    pauses = pausing.load(tmp_path)
    assert pauses.fault is None
    assert pauses.now(NEXT_MONDAY)
    assert pauses.touches(WEEK.plus(-9), BERLIN)


def test_a_file_that_somebody_wrote_with_another_offset_is_read_in_utc(tmp_path: Path) -> None:
    """The watcher compares moments in UTC alone."""
    record = [{"from": "2026-03-02T09:00:00+01:00", "until": "2026-03-02T12:00:00+02:00"}]
    (tmp_path / pausing.FILE_NAME).write_text(json.dumps(record))
    (pause,) = pausing.load(tmp_path).pauses
    assert (pause.begins.isoformat(), pause.until and pause.until.isoformat()) == (
        "2026-03-02T08:00:00+00:00",
        "2026-03-02T10:00:00+00:00",
    )
