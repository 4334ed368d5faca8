"""What the events of ActivityWatch say about use, by the agreed idle limit."""

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from client.activity import Span
from client.intervals import Interval, total, union, without
from client.sources.activity import Used
from client.sources.activitywatch_events import (
    BREAK,
    IN_USE,
    Stretch,
    spans,
    status,
    stretches,
    used,
)
from tests.activitywatch_server import Bucket

NINE = datetime(2026, 3, 2, 8, tzinfo=UTC)
LIMIT = timedelta(minutes=5)


def at(minutes: float) -> datetime:
    return NINE + timedelta(minutes=minutes)


def in_use(start: float, end: float) -> Stretch:
    return Stretch(at(start), at(end), IN_USE)


def a_break(start: float, end: float) -> Stretch:
    """As its watcher writes one: a millisecond after the last input."""
    return Stretch(at(start) + timedelta(milliseconds=1), at(end), BREAK)


def told(*found: Stretch, limit: timedelta = LIMIT) -> list[tuple[float, float, str]]:
    """Minutes and a word, with neighbours of the same word joined."""
    joined: list[tuple[datetime, datetime, bool]] = []
    for span in spans(found, limit):
        if joined and joined[-1][1:] == (span.start, span.active):
            joined[-1] = (joined[-1][0], span.end, span.active)
        else:
            joined.append((span.start, span.end, span.active))
    return [
        (
            round((start - NINE) / timedelta(minutes=1), 2),
            round((end - NINE) / timedelta(minutes=1), 2),
            "use" if active else "idle",
        )
        for start, end, active in joined
    ]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param([in_use(0, 60)], [(0, 60, "use")], id="use"),
        pytest.param(
            [in_use(0, 10), a_break(10, 14), in_use(14, 20)],
            [(0, 20, "use")],
            id="a break shorter than the agreed limit is use",
        ),
        pytest.param(
            [in_use(0, 10), a_break(10, 15), in_use(15, 20)],
            [(0, 10, "use"), (10, 15, "idle"), (15, 20, "use")],
            id="a break as long as the limit is idle from its first moment on",
        ),
        pytest.param(
            [in_use(0, 10), a_break(10, 13)],
            [(0, 10, "use")],
            id="a break that may still end in time is not decided",
        ),
        pytest.param(
            [in_use(0, 10), a_break(10, 16)],
            [(0, 10, "use"), (10, 16, "idle")],
            id="a break that was long enough is decided before it ends",
        ),
        pytest.param(
            [in_use(0, 10), a_break(10, 13), in_use(60, 70)],
            [(0, 10, "use"), (60, 70, "use")],
            id="a break that was not decided when a gap came is missing, and so is the gap",
        ),
        pytest.param(
            [in_use(0, 10), in_use(60, 70)],
            [(0, 10, "use"), (60, 70, "use")],
            id="what lies between events is missing, not idle",
        ),
        pytest.param(
            [in_use(0, 10), in_use(12, 20)],
            [(0, 10, "use"), (12, 20, "use")],
            id="also where it is short",
        ),
        pytest.param(
            [a_break(0, 4), in_use(4, 10)],
            [(4, 10, "use")],
            id="a short break with nothing before it is missing",
        ),
        pytest.param(
            [a_break(0, 30), in_use(30, 31)],
            [(0, 30, "idle"), (30, 31, "use")],
            id="a long one is idle",
        ),
        pytest.param(
            [in_use(0, 10), a_break(10, 14), in_use(14, 14), a_break(14, 18), in_use(18, 20)],
            [(0, 20, "use")],
            id="a single input divides a break",
        ),
        pytest.param(
            [in_use(0, 10), a_break(9, 12), a_break(9.5, 15), in_use(14, 20)],
            [(0, 20, "use")],
            id="events that overlap: an input is an input",
        ),
        pytest.param(
            [in_use(0, 20), in_use(5, 6), a_break(20, 22), in_use(22, 30)],
            [(0, 30, "use")],
            id="one within another",
        ),
        pytest.param([], [], id="nothing"),
    ],
)
def test_use_and_idleness(found: list[Stretch], expected: list[tuple[float, float, str]]) -> None:
    assert told(*found) == expected


def test_the_agreed_limit_decides_and_not_that_of_activitywatch() -> None:
    day = in_use(0, 10), a_break(10, 14), in_use(14, 20), a_break(20, 40), in_use(40, 41)
    assert told(*day, limit=timedelta(minutes=30)) == [(0, 41, "use")]
    assert told(*day, limit=timedelta(minutes=1)) == [
        (0, 10, "use"),
        (10, 14, "idle"),
        (14, 20, "use"),
        (20, 40, "idle"),
        (40, 41, "use"),
    ]


@pytest.mark.parametrize("seed", range(20))
def test_what_is_told_is_what_the_inputs_were(seed: int) -> None:
    """The watcher of input, replayed: looks every five seconds, calls three minutes a break."""
    rng = random.Random(seed)
    inputs = _inputs(rng)
    bucket = Bucket("afkstatus", "desk")
    _watch(bucket, inputs)
    whole = Interval(inputs[0], inputs[-1])
    found = stretches(bucket.found(None, None, -1), status)
    assert found is not None
    said = spans(found, LIMIT)
    active = union(span.interval for span in said if span.active)
    idle = union(span.interval for span in said if not span.active)
    really = union(Interval(a, b) for a, b in pairwise(inputs) if b - a < LIMIT)
    quiet = without((whole,), really)

    slack = timedelta(seconds=5, milliseconds=2)  # it learns of an input at the next look
    assert total(without(active, really)) <= timedelta(milliseconds=2) * len(found)
    assert total(without(idle, quiet)) <= slack * len(idle)
    assert total(without(really, active)) <= slack * (len(idle) + 1)
    assert total(without(quiet, idle)) <= slack * (len(idle) + 1)


def _inputs(rng: random.Random) -> list[datetime]:
    """Half a day of work in bursts. No break is so near a limit that a look decides about it."""
    now, found = NINE, [NINE]
    while now < at(300):
        for _ in range(rng.randrange(3, 40)):
            now += timedelta(seconds=rng.uniform(0.2, 60))
            found.append(now)
        now += timedelta(seconds=rng.choice([100, 170, 200, 250, 290, 310, 400, 3000]))
        found += [now, now + timedelta(seconds=6)]
        now = found[-1]
    return [moment.replace(microsecond=moment.microsecond // 1000 * 1000) for moment in found]


def _watch(bucket: Bucket, inputs: list[datetime]) -> None:
    now, is_away, ms = inputs[0], False, timedelta(milliseconds=1)
    while now <= inputs[-1] + timedelta(seconds=5):
        last = max(moment for moment in inputs if moment <= now)
        idle = (now - last).total_seconds()
        if is_away and idle < 180:
            bucket.heartbeat(last, {"status": BREAK}, 185)
            bucket.heartbeat(last + ms, {"status": IN_USE}, 185)
        elif not is_away and idle >= 180:
            bucket.heartbeat(last, {"status": IN_USE}, 185)
            bucket.heartbeat(last + ms, {"status": BREAK}, 185, idle)
        elif is_away:
            bucket.heartbeat(last + ms, {"status": BREAK}, 185, idle)
        else:
            bucket.heartbeat(last, {"status": IN_USE}, 185)
        is_away = idle >= 180
        now += timedelta(seconds=5)


def test_a_night_in_which_the_clocks_change_is_as_long_as_it_is() -> None:
    # Both servers give UTC; an offset is understood all the same.
    events = [
        {"timestamp": "2026-10-25T02:30:00+02:00", "duration": 3600, "data": {"status": IN_USE}},
        {"timestamp": "2026-10-25T01:30:00.123456789Z", "duration": 60, "data": {"status": BREAK}},
    ]
    found = stretches(events, status)
    assert found == [
        Stretch(
            datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
            datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
            IN_USE,
        ),
        Stretch(
            datetime(2026, 10, 25, 1, 30, 0, 123456, tzinfo=UTC),
            datetime(2026, 10, 25, 1, 31, 0, 123456, tzinfo=UTC),
            BREAK,
        ),
    ]
    assert spans(found, LIMIT) == [Span(found[0].start, found[0].end, active=True)]


def test_a_word_that_is_not_known_is_left_out() -> None:
    event = {"timestamp": NINE.isoformat(), "duration": 60}
    words: tuple[dict[str, object], ...] = ({"status": "hibernating"}, {"status": ["afk"]}, {})
    assert stretches([{**event, "data": data} for data in words], status) == []


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"timestamp": "yesterday", "duration": 1, "data": {}},
        {"timestamp": "2026-03-02T08:00:00", "duration": 1, "data": {}},
        {"timestamp": 5, "duration": 1, "data": {}},
        {"timestamp": "2026-03-02T08:00:00Z", "duration": "long", "data": {}},
        {"timestamp": "2026-03-02T08:00:00Z", "duration": float("nan"), "data": {}},
        {"timestamp": "2026-03-02T08:00:00Z", "duration": 1e300, "data": {}},
        {"timestamp": "2026-03-02T08:00:00Z", "duration": 1e11, "data": []},
        {"timestamp": "0001-01-01T00:00:00+14:00", "duration": 1, "data": {}},
    ],
)
def test_an_event_that_is_none_is_not_understood(event: dict[str, object]) -> None:
    assert stretches([event], status) is None


def test_a_negative_duration_is_a_moment() -> None:
    event = {"timestamp": NINE.isoformat(), "duration": -3, "data": {"status": IN_USE}}
    assert stretches([event], status) == [Stretch(NINE, NINE, IN_USE)]


def _window(start: float, end: float, category: str) -> Stretch:
    return Stretch(at(start), at(end), category)


def test_a_window_is_in_front_until_the_next_one_was_seen() -> None:
    second = 1 / 60
    windows = [
        _window(0, 5, "code"),
        _window(5 + second, 8, "mail"),  # looked for once a second
        _window(9, 10, "mail"),  # a minute without any: not known
        _window(9.5, 12, "code"),  # only one is in front
    ]
    assert sorted(used(windows, (Interval(at(0), at(20)),)), key=lambda one: one.start) == [
        Used(at(0), at(5 + second), "code"),
        Used(at(5 + second), at(8), "mail"),
        Used(at(9), at(9.5), "mail"),
        Used(at(9.5), at(12), "code"),
    ]


def test_only_times_of_use_are_told() -> None:
    active = Interval(at(1), at(3)), Interval(at(4), at(6))
    assert used([_window(0, 5, "code")], active) == [
        Used(at(1), at(3), "code"),
        Used(at(4), at(5), "code"),
    ]


def test_windows_of_one_category_are_one_stretch() -> None:
    windows = [_window(0, 5, "code"), _window(5, 7, "code")]
    assert used(windows, (Interval(at(0), at(9)),)) == [Used(at(0), at(7), "code")]
