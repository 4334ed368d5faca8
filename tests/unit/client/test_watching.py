"""From readings to spans: what is in use, what is idle, and what nobody can say."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.activity import Activity, Span
from client.errors import SourceUnavailable
from client.intervals import Interval, total
from client.sources.activity import Moment, Reading
from client.watching import LONGEST_STEP, FromReadings

MONDAY = datetime(2026, 3, 2, 8, tzinfo=UTC)
LIMIT = timedelta(minutes=5)
STEP = timedelta(seconds=5)


def at(seconds: float) -> datetime:
    """So many seconds after eight."""
    return MONDAY + timedelta(seconds=seconds)


class Desk:
    """Somebody at a computer, whose inputs are known, and a reader that sees the last of them."""

    def __init__(self, inputs: Sequence[float], limit: timedelta = LIMIT) -> None:
        self.inputs = sorted(inputs)
        self.locked = self.broken = False
        self.now = 0.0
        self.closed = False
        self.source = FromReadings(self, limit)
        self.spans: list[Span] = []

    def read(self) -> Reading:
        if self.broken:
            raise SourceUnavailable("the screen cannot be asked")
        last = max((each for each in self.inputs if each <= self.now), default=-10_000.0)
        return Reading(timedelta(seconds=self.now - last), self.locked)

    def close(self) -> None:
        self.closed = True

    def look(self, seconds: float, *, jump: float = 0, running: float | None = None) -> None:
        """One look. `jump`: how far the clock on the wall is off the one that runs."""
        self.now = seconds
        runs = timedelta(seconds=seconds if running is None else running)
        moment = Moment(at(seconds + jump), runs)
        self.spans += self.source.look(moment).spans

    def looks(self, first: float, last: float, *, jump: float = 0) -> None:
        """A look every five seconds."""
        seconds = first
        while seconds <= last:
            self.look(seconds, jump=jump)
            seconds += STEP.total_seconds()

    def activity(self) -> Activity:
        return Activity.of(self.spans, Interval(at(-86_400), at(86_400)))


def between(*pairs: tuple[float, float]) -> tuple[Interval, ...]:
    return tuple(Interval(at(first), at(last)) for first, last in pairs)


def test_inputs_closer_than_the_limit_are_use() -> None:
    desk = Desk([0, 100, 399])
    desk.looks(0, 400)
    assert desk.activity() == Activity(between((0, 399)), between((0, 399)))


def test_inputs_as_far_apart_as_the_limit_are_idleness() -> None:
    desk = Desk([0, 300])
    desk.looks(0, 300)
    assert desk.activity() == Activity(between((0, 300)), ())


def test_what_follows_the_last_input_is_open_until_the_limit_has_passed() -> None:
    desk = Desk([0])
    desk.looks(0, 295)
    assert desk.spans == []
    desk.look(300)
    assert desk.activity() == Activity(between((0, 300)), ())


def test_idleness_is_backdated_to_the_last_input_and_goes_on() -> None:
    desk = Desk([0, 60])
    desk.looks(0, 1000)
    assert desk.activity() == Activity(between((0, 1000)), between((0, 60)))


def test_the_first_look_knows_nothing_of_what_was_before() -> None:
    desk = Desk([-250, 20])
    desk.looks(0, 100)
    assert desk.activity() == Activity(between((0, 20)), between((0, 20)))


def test_somebody_who_was_long_away_when_it_began_is_idle_from_then_on() -> None:
    desk = Desk([-4000])
    desk.looks(0, 50)
    assert desk.activity() == Activity(between((0, 50)), ())


@pytest.mark.parametrize("clock_stops", [True, False])
def test_a_sleep_is_missing_whether_the_running_clock_stops_in_it_or_not(clock_stops: bool) -> None:
    """It does on Linux; on Windows it runs on."""
    if clock_stops:
        desk = Desk([*range(0, 200, 10)])
        desk.looks(0, 100)
        desk.looks(105, 190, jump=3600)
        woken = (3705, 3790)
    else:
        desk = Desk([*range(0, 101, 10), *range(3700, 3800, 10)])
        desk.looks(0, 100)
        desk.looks(3705, 3790)
        woken = (3705, 3790)
    assert desk.activity() == Activity(between((0, 100), woken), between((0, 100), woken))


def test_waking_up_is_not_an_input() -> None:
    """The last input was before the sleep; the time since then has not been idle but asleep."""
    desk = Desk([0])
    desk.looks(0, 60)
    desk.looks(65, 120, jump=7200)
    assert desk.activity() == Activity((), ())


@pytest.mark.parametrize("jump", [-3600, -5, 5, 3600, 86_400])
def test_a_clock_that_is_set_breaks_what_was_open(jump: float) -> None:
    """Before and after the jump count; nothing crosses it, and nothing lies in between."""
    desk = Desk([*range(0, 400, 10)])
    desk.looks(0, 100)
    before = list(desk.spans)
    desk.looks(105, 200, jump=jump)
    after = desk.spans[len(before) :]
    assert total(span.interval for span in before) == timedelta(seconds=100)
    assert after[0].start == at(105 + jump)
    assert total(span.interval for span in after) == timedelta(seconds=95)


def test_a_clock_that_is_kept_right_breaks_nothing() -> None:
    desk = Desk([*range(0, 400, 10)])
    for seconds in range(0, 400, 5):
        desk.look(seconds, jump=seconds * 0.0005)
    assert total(desk.activity().active) > timedelta(seconds=390)


def test_a_locked_screen_is_missing_and_its_password_no_use() -> None:
    desk = Desk([*range(0, 101, 10), *range(605, 700, 10)])
    desk.looks(0, 100)
    desk.locked = True
    desk.looks(105, 600)  # typing the password is an input
    desk.locked = False
    desk.looks(605, 690)
    assert desk.activity() == Activity(between((0, 100), (605, 685)), between((0, 100), (605, 685)))


def test_a_reader_that_fails_makes_a_gap_and_says_so() -> None:
    desk = Desk([*range(0, 101, 10), *range(600, 700, 10)])
    desk.looks(0, 100)
    desk.broken = True
    with pytest.raises(SourceUnavailable):
        desk.look(105)
    desk.broken = False
    desk.looks(110, 200)
    assert desk.activity() == Activity(between((0, 100)), between((0, 100)))


def test_a_watcher_that_was_held_up_has_a_gap() -> None:
    desk = Desk([*range(0, 400, 10)])
    desk.looks(0, 100)
    late = 100 + LONGEST_STEP.total_seconds() + 1
    desk.looks(late, 300)
    assert desk.activity().recorded[0] == between((0, 100))[0]
    assert desk.activity().recorded[1].start == at(late)


def test_rounding_of_a_reader_is_no_input() -> None:
    """Readers count in milliseconds or seconds: the last input seems to move a little."""
    desk = Desk([0])
    noise = random.Random(5)
    for seconds in range(0, 900, 5):
        desk.inputs = [noise.uniform(-0.4, 0.4)]
        desk.look(seconds)
    found = desk.activity()
    assert found.active == ()
    assert found.recorded[-1].end == at(895)


def test_summer_time_changes_nothing() -> None:
    """In the night in which clocks are put back an hour of local time comes twice."""
    berlin = ZoneInfo("Europe/Berlin")
    night = datetime(2026, 10, 25, 2, 30, tzinfo=berlin).astimezone(UTC)
    offset = (night - MONDAY).total_seconds()
    desk = Desk([offset + n for n in range(0, 7200, 60)])
    desk.looks(offset, offset + 7200)
    assert total(span.interval for span in desk.spans) == timedelta(seconds=7140)
    assert {span.start.utcoffset() for span in desk.spans} == {timedelta(0)}


def test_closing_closes_the_reader() -> None:
    desk = Desk([])
    desk.source.close()
    assert desk.closed


@given(
    st.lists(st.integers(0, 4000), min_size=1, max_size=60),
    st.lists(st.sampled_from([5, 5, 5, 5, 10, 25, 45]), min_size=5, max_size=300),
)
def test_it_says_what_the_inputs_say(inputs: list[int], steps: list[int]) -> None:
    """Against the definition: use between two inputs closer than the limit, else idleness."""
    desk = Desk([float(each * 5) for each in inputs], timedelta(seconds=60))
    now, broken = 0.0, set()
    desk.look(0)
    for step in steps:
        if step > LONGEST_STEP.total_seconds():
            broken.add((now, now + step))
        now += step
        desk.look(now)
    found = desk.activity()
    known = sorted({float(each * 5) for each in inputs})
    for second in range(0, int(now), 5):
        middle = at(second + 2.5)
        before = max((each for each in known if each <= second), default=-10_000.0)
        after = min((each for each in known if each > second), default=float("inf"))
        if any(first <= second < last for first, last in broken):
            assert not any(middle in span for span in found.recorded)
        elif any(middle in span for span in found.active):
            assert after - before < 60 or _unseen(before, after, broken)
        elif any(middle in span for span in found.recorded):
            assert after - before >= 60
        else:  # not decided when a gap or the end came
            assert _unseen(before, after, broken) or after > now - 60


def _unseen(before: float, after: float, broken: set[tuple[float, float]]) -> bool:
    return any(first < after and last > before for first, last in broken)
