"""When a token is asked for and a report is sent: drawn from the period, each on its own."""

import random
import secrets
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from scipy import stats

from client.schedule import SPARE, Times, after_token, draw

OPENS = datetime(2026, 2, 1, 23, tzinfo=UTC)
CLOSES = OPENS + timedelta(days=14)
END = CLOSES - SPARE
MIDDLE = OPENS + (END - OPENS) / 2
LATE = MIDDLE + timedelta(days=2)

PARTS = 4
DRAWS = 8000
FALSE_ALARM = 1e-9


def part(moment: datetime, first: datetime, last: datetime) -> int:
    """Which of `PARTS` equal parts of a period a moment lies in."""
    place = (moment - first) / (last - first)
    assert 0 <= place <= 1
    return min(int(place * PARTS), PARTS - 1)


def check_even(cells: list[tuple[int, int]]) -> None:
    """Every pair of parts is as frequent as any other.

    Each count is binomial; all 2 · 16 tails together are exceeded by chance once in 10⁹ runs.
    """
    counts, share = Counter(cells), 1 / PARTS**2
    tail = FALSE_ALARM / (2 * PARTS**2)
    low, high = stats.binom.ppf(tail, DRAWS, share), stats.binom.isf(tail, DRAWS, share)
    wrong = {
        (one, other): counts[one, other]
        for one in range(PARTS)
        for other in range(PARTS)
        if not low <= counts[one, other] <= high
    }
    assert not wrong, f"outside {low}..{high}"


def test_both_times_are_uniform_in_their_halves_and_say_nothing_of_each_other() -> None:
    drawn = [draw(OPENS, CLOSES, OPENS, secrets.token_bytes) for _ in range(DRAWS)]
    check_even([(part(each.fetch, OPENS, MIDDLE), part(each.due, MIDDLE, END)) for each in drawn])


def test_a_first_run_before_the_middle_draws_the_token_from_what_is_left_of_the_half() -> None:
    now = OPENS + (MIDDLE - OPENS) / 3
    drawn = [draw(OPENS, CLOSES, now, secrets.token_bytes) for _ in range(DRAWS)]
    check_even([(part(each.fetch, now, MIDDLE), part(each.due, MIDDLE, END)) for each in drawn])


def test_a_first_run_after_the_middle_draws_the_token_from_now_and_the_report_after_it() -> None:
    drawn = [draw(OPENS, CLOSES, LATE, secrets.token_bytes) for _ in range(DRAWS)]
    check_even([(part(each.fetch, LATE, END), part(each.due, each.fetch, END)) for each in drawn])


def test_a_token_after_the_middle_gives_the_report_another_time() -> None:
    times = Times(MIDDLE - timedelta(hours=1), MIDDLE + timedelta(hours=1))

    def again() -> Times:
        return after_token(times, OPENS, CLOSES, LATE, secrets.token_bytes)

    assert {again().fetch for _ in range(3)} == {times.fetch}
    pairs = [(again().due, again().due) for _ in range(DRAWS)]
    check_even([(part(one, LATE, END), part(other, LATE, END)) for one, other in pairs])


def test_a_token_in_time_changes_nothing() -> None:
    times = draw(OPENS, CLOSES, OPENS, secrets.token_bytes)
    for moment in (times.fetch, MIDDLE - timedelta(microseconds=1)):
        assert after_token(times, OPENS, CLOSES, moment, secrets.token_bytes) == times


@pytest.mark.parametrize("left", [SPARE, timedelta(hours=20), timedelta(seconds=1)])
def test_a_period_that_is_nearly_over_leaves_no_time_to_choose(left: timedelta) -> None:
    now = CLOSES - left
    assert draw(OPENS, CLOSES, now, secrets.token_bytes) == Times(now, now)
    assert after_token(Times(now, now), OPENS, CLOSES, now, secrets.token_bytes).due == now


@pytest.mark.parametrize("due", [MIDDLE, END - timedelta(hours=1), CLOSES - timedelta(hours=9)])
def test_a_token_that_comes_after_the_end_never_puts_the_report_off(due: datetime) -> None:
    times = Times(MIDDLE - timedelta(hours=1), due)
    for now in (END, END + timedelta(hours=5), CLOSES - timedelta(seconds=1)):
        after = after_token(times, OPENS, CLOSES, now, secrets.token_bytes)
        assert after == Times(times.fetch, min(due, now))


def test_nothing_but_the_period_the_moment_and_the_random_bytes_decides() -> None:
    once, again = (draw(OPENS, CLOSES, OPENS, random.Random(3).randbytes) for _ in range(2))
    assert once == again
