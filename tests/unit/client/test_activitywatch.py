"""ActivityWatch as a source, over HTTP on loopback.

What answers is `tests.activitywatch_server`, which was compared with aw-server 0.12 by hand: the
same heartbeats and some hundreds of questions gave the same answers and the same spans.
"""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from client.activity import Span
from client.errors import SourceUnavailable
from client.journal import Journal
from client.sources.activity import Moment, Seen, Used
from client.sources.activitywatch import ASK_EVERY, ActivityWatch
from client.sources.activitywatch_server import Server
from client.sources.categories import OTHER, Category
from tests.activitywatch_server import ActivityWatchServer, Bucket, running

NINE = datetime(2026, 3, 2, 8, tzinfo=UTC)
LIMIT = timedelta(minutes=5)
CATEGORIES = (Category("code", ("code",), ()), Category("mail", (), ("inbox",)))
MARKER = "Zeugnis-Entwurf-Marker"


@pytest.fixture
def server() -> Iterator[ActivityWatchServer]:
    with running(ActivityWatchServer()) as started:
        yield started


def at(minutes: float) -> datetime:
    return NINE + timedelta(minutes=minutes)


def moment(minutes: float) -> Moment:
    return Moment(at(minutes), timedelta(minutes=minutes))


def inputs(server: ActivityWatchServer, host: str = "desk") -> Bucket:
    return server.bucket(f"aw-watcher-afk_{host}", "afkstatus", host)


def windows(server: ActivityWatchServer, host: str = "desk") -> Bucket:
    return server.bucket(f"aw-watcher-window_{host}", "currentwindow", host)


def record(bucket: Bucket, start: float, end: float, status: str = "not-afk") -> None:
    bucket.insert(at(start), at(end), {"status": status})


def show(bucket: Bucket, start: float, end: float, app: str, title: str = "") -> None:
    bucket.insert(at(start), at(end), {"app": app, "title": title})


def source(
    server: ActivityWatchServer,
    since: float = 0,
    host: str = "desk",
    categories: tuple[Category, ...] = CATEGORIES,
    limit: timedelta = LIMIT,
) -> ActivityWatch:
    return ActivityWatch(Server(server.address, server.key), host, limit, categories, at(since))


def active(start: float, end: float) -> Span:
    return Span(at(start), at(end), active=True)


def idle(start: float, end: float) -> Span:
    return Span(at(start), at(end), active=False)


def test_what_was_recorded_before_is_told_at_once(server: ActivityWatchServer) -> None:
    afk = inputs(server)
    record(afk, -30, 10)
    record(afk, 10, 30, "afk")
    record(afk, 30, 45)
    assert source(server).look(moment(60)).spans == (active(0, 10), idle(10, 30), active(30, 45))


def test_an_event_that_grows_is_told_piece_by_piece(server: ActivityWatchServer) -> None:
    afk = inputs(server)
    aw = source(server)
    afk.heartbeat(at(0), {"status": "not-afk"}, 185)
    told: list[Span] = []
    for minute in range(1, 11):
        afk.heartbeat(at(minute), {"status": "not-afk"}, 185)
        told += aw.look(moment(minute + 1)).spans
    assert told == [active(minute, minute + 1) for minute in range(10)]


def test_a_break_is_told_when_it_is_decided(server: ActivityWatchServer) -> None:
    afk = inputs(server)
    record(afk, 0, 10)
    aw = source(server)
    assert aw.look(moment(11)).spans == (active(0, 10),)
    record(afk, 10, 14, "afk")
    assert aw.look(moment(14.5)).spans == ()
    afk.insert(at(10), at(16), {"status": "afk"})
    assert aw.look(moment(17)).spans == (idle(10, 16),)
    record(afk, 16, 20)
    assert aw.look(moment(21)).spans == (active(16, 20),)


def test_a_short_break_is_use_though_the_program_began_again_in_it(
    server: ActivityWatchServer,
) -> None:
    afk = inputs(server)
    record(afk, 0, 10)
    record(afk, 10, 14, "afk")
    record(afk, 14, 20)
    assert source(server, since=12).look(moment(21)).spans == (active(12, 14), active(14, 20))


def test_a_long_break_is_idle_though_the_program_began_again_in_it(
    server: ActivityWatchServer,
) -> None:
    afk = inputs(server)
    record(afk, 0, 10)
    record(afk, 10, 30, "afk")
    record(afk, 30, 40)
    assert source(server, since=28).look(moment(41)).spans == (idle(28, 30), active(30, 40))


def test_a_break_of_days_is_found_after_it_has_ended(server: ActivityWatchServer) -> None:
    """The server finds no event that began a day before the time asked about."""
    afk = inputs(server)
    record(afk, 0, 10)
    aw = source(server)
    aw.look(moment(11))
    three_days = 3 * 24 * 60
    record(afk, 10, three_days, "afk")
    assert aw.look(moment(three_days + 1)).spans == (idle(10, three_days),)
    afk.insert(at(10), at(three_days + 5), {"status": "afk"})
    assert aw.look(moment(three_days + 6)).spans == (idle(three_days, three_days + 5),)


def test_a_gap_is_missing(server: ActivityWatchServer) -> None:
    afk = inputs(server)
    record(afk, 0, 10)
    record(afk, 90, 95)  # it slept in between
    assert source(server).look(moment(96)).spans == (active(0, 10), active(90, 95))


def test_nothing_is_told_of_after_now_nor_of_what_may_still_be_on_its_way(
    server: ActivityWatchServer,
) -> None:
    record(inputs(server), 0, 60)  # its clock was ahead
    aw = source(server)
    assert aw.look(moment(10)).spans == (active(0, 9.5),)
    assert aw.look(moment(11)).spans == (active(9.5, 10.5),)


def test_it_is_asked_once_a_minute(server: ActivityWatchServer) -> None:
    record(inputs(server), 0, 10)
    aw = source(server)
    aw.look(moment(1))
    asked = len(server.asked)
    assert aw.look(Moment(at(2), moment(1).running + ASK_EVERY / 2)) == Seen()
    assert len(server.asked) == asked
    assert aw.look(moment(2)).spans == (active(0.5, 1.5),)


def test_the_computer_of_this_person_is_read_and_no_other(server: ActivityWatchServer) -> None:
    record(inputs(server, "laptop"), 0, 50)
    record(inputs(server, "Desk.fritz.box"), 0, 10)
    show(windows(server, "laptop"), 0, 50, "code")
    seen = source(server, host="desk.local").look(moment(60))
    assert seen == Seen((active(0, 10),), ())
    assert not [path for path in server.asked if "laptop" in path]


def test_of_two_watchers_the_one_that_wrote_last_is_read(server: ActivityWatchServer) -> None:
    record(server.bucket("aw-watcher-afk_desk", "afkstatus", "desk"), 0, 10)
    record(server.bucket("a-newer-watcher_desk", "afkstatus", "desk"), 0, 20)
    assert source(server).look(moment(30)).spans == (active(0, 20),)


def test_a_window_becomes_a_category_of_the_agreement(server: ActivityWatchServer) -> None:
    record(inputs(server), 0, 30)
    front = windows(server)
    show(front, 0, 10, "Code", "plan.md")
    show(front, 10, 20, "firefox", "Inbox (3)")
    show(front, 20, 40, "firefox", "Weather")
    front.insert(at(40), at(41), {"title": 5})
    found = sorted(source(server).look(moment(45)).used, key=lambda one: one.start)
    assert found == [
        Used(at(0), at(10), "code"),
        Used(at(10), at(20), "mail"),
        Used(at(20), at(30), OTHER),
    ]


def test_what_was_in_front_of_nobody_is_not_asked_for(server: ActivityWatchServer) -> None:
    afk = inputs(server)
    record(afk, 0, 10)
    record(afk, 10, 40, "afk")
    show(windows(server), 0, 40, "code")
    assert source(server).look(moment(41)).used == (Used(at(0), at(10), "code"),)
    asked = [path for path in server.asked if "window" in path]
    assert len(asked) == 1
    assert "end=2026-03-02T08%3A10" in asked[0]


def test_without_categories_no_window_is_asked_for(server: ActivityWatchServer) -> None:
    record(inputs(server), 0, 10)
    show(windows(server), 0, 10, "code")
    assert source(server, categories=()).look(moment(11)).used == ()
    assert not [path for path in server.asked if "window" in path]


def test_a_day_of_windows_is_read_in_parts(server: ActivityWatchServer) -> None:
    record(inputs(server), 0, 120)
    front, second = windows(server), 1 / 60
    for i in range(7200):
        title = "x" * 1500  # a full page of them would be too long an answer
        show(front, i * second, (i + 1) * second, "code" if i % 60 < 30 else "top", title)
    seen = source(server).look(moment(121))
    in_code = sum((one.interval.length for one in seen.used if one.category == "code"), timedelta())
    assert abs(in_code - timedelta(hours=1)) < timedelta(seconds=1)
    assert len([path for path in server.asked if "window" in path]) > 8


def test_a_watcher_that_stopped_is_told_and_what_it_would_have_said_is_missing(
    server: ActivityWatchServer,
) -> None:
    record(inputs(server), 0, 10)
    aw = source(server)
    assert aw.look(moment(12)).spans == (active(0, 10),)
    assert aw.look(moment(20)).spans == ()
    assert aw.look(moment(30)).spans == ()  # it may have slept till now
    with pytest.raises(
        SourceUnavailable, match=r"since 02 March at .*aw-watcher-afk seems to have"
    ):
        aw.look(moment(31))
    with pytest.raises(SourceUnavailable, match="start it again"):
        source(server).check(at(31))
    source(server).check(at(20))


def test_what_it_said_before_it_stopped_is_not_lost(server: ActivityWatchServer) -> None:
    record(inputs(server), 0, 10)
    aw = source(server)
    assert aw.look(moment(600)).spans == (active(0, 10),)
    with pytest.raises(SourceUnavailable):
        aw.look(moment(601))


def test_what_comes_late_is_told_though_it_is_old(server: ActivityWatchServer) -> None:
    afk = inputs(server)
    record(afk, 0, 10)
    aw = source(server)
    aw.look(moment(11))
    aw.look(moment(30))
    record(afk, 10, 12)
    assert aw.look(moment(31)).spans == (active(10, 12),)


def test_no_watcher_and_an_empty_one_are_told(server: ActivityWatchServer) -> None:
    record(inputs(server, "laptop"), 0, 10)
    with pytest.raises(SourceUnavailable, match="this computer, desk, was in use: start its"):
        source(server)
    inputs(server)
    with pytest.raises(SourceUnavailable, match="no use of this computer yet"):
        source(server).look(moment(11))


def test_a_bucket_that_was_deleted_is_told(server: ActivityWatchServer) -> None:
    record(inputs(server), 0, 10)
    aw = source(server)
    server.buckets.clear()
    with pytest.raises(SourceUnavailable, match="answers in a way"):
        aw.look(moment(11))


def test_an_answer_without_end_is_told_and_not_read(server: ActivityWatchServer) -> None:
    record(inputs(server), 0, 10)
    server.instead["events"] = 200, b"[" + b"1," * 1_000_000 + b"1]"
    with pytest.raises(SourceUnavailable, match="too long an answer"):
        source(server).look(moment(11))


@pytest.mark.parametrize(
    "body", [b'{"a": 1}', b"[1]", b'[{"title": "%s"}]' % MARKER.encode(), b"[" * 100_000]
)
def test_an_answer_of_another_form_is_told_without_it(
    server: ActivityWatchServer, body: bytes
) -> None:
    record(inputs(server), 0, 10)
    server.instead["events"] = 200, body
    with pytest.raises(SourceUnavailable, match="version may be too new or too old") as caught:
        source(server).look(moment(11))
    assert caught.value.__context__ is None
    assert MARKER not in repr(caught.value)


def test_no_title_is_kept_anywhere(
    server: ActivityWatchServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    record(inputs(server), 0, 30)
    show(windows(server), 0, 20, "code", MARKER)
    show(windows(server), 20, 30, MARKER, MARKER)
    aw = source(server)
    seen = aw.look(moment(31))
    with Journal(tmp_path / "journal.db") as journal:
        journal.record(list(seen.spans))
        journal.record_used(list(seen.used))
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert {one.category for one in seen.used} == {"code", OTHER}
    assert b"code" in kept
    for text in (kept.decode("latin-1"), caplog.text, repr(seen), repr(vars(aw))):
        assert MARKER not in text


def test_told_step_by_step_or_at_once_is_the_same(server: ActivityWatchServer) -> None:
    afk, front = inputs(server), windows(server)
    record(afk, 0, 10)
    record(afk, 10, 13.5, "afk")
    record(afk, 13.5, 60)
    record(afk, 60, 80, "afk")
    record(afk, 200, 300)
    for minute in range(300):
        show(front, minute, minute + 0.99, ("code", "x")[minute % 2])
    aw = source(server)
    steps = [aw.look(moment(minute)) for minute in range(302)]
    once = source(server).look(moment(301))
    assert _minutes(steps) == _minutes([once])


def _minutes(seen: list[Seen]) -> dict[str, timedelta]:
    found: dict[str, timedelta] = {}
    for each in seen:
        for span in each.spans:
            word = "active" if span.active else "idle"
            found[word] = found.get(word, timedelta()) + span.interval.length
        for one in each.used:
            found[one.category] = found.get(one.category, timedelta()) + one.interval.length
    return found
