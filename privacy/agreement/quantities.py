"""Numbers as people read them: percentages, points, ranges, dates."""

from datetime import date
from fractions import Fraction
from itertools import pairwise
from typing import Final

from privacy.agreement.categories import OTHER
from privacy.catalogue import CATALOGUE, Kind
from privacy.metrics import Binned, Direction, Histogram, Scalar
from privacy.window import Window

NO_BREAK: Final = "\u00a0"
"""Keeps a number and its unit on one line."""

_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def decimal(value: Fraction) -> str:
    """At most four digits after the point; "about" where that is not exact."""
    shortened = Fraction(round(value * 10_000), 10_000)
    text = f"{float(shortened):.4f}".rstrip("0").rstrip(".")
    return text if shortened == value else f"about{NO_BREAK}{text}"


def amount(value: Fraction, kind: Kind) -> str:
    """A value of a scalar metric with its unit."""
    match kind:
        case Kind.SHARE:
            return f"{decimal(100 * value)}{NO_BREAK}%"
        case Kind.RATIO:
            return f"{decimal(100 * value)}{NO_BREAK}% of the estimate"
        case Kind.HOURS:
            return f"{decimal(value)}{NO_BREAK}hours a week"
        case _:
            return f"{decimal(value)} a week"


def target(metric: Scalar) -> str:
    """Which side of which number is the good one."""
    side = "at least" if metric.direction is Direction.AT_LEAST else "at most"
    return f"{side} {amount(metric.target, CATALOGUE[metric.id].kind)}"


def clip(metric: Scalar) -> str:
    """Where values stop counting, as a sentence; ends that no value can pass are left out."""
    kind = CATALOGUE[metric.id].kind
    low, high = metric.target - metric.clip, metric.target + metric.clip
    ends = []
    if low > 0:
        ends.append(f"less than {amount(low, kind)} counts as {amount(low, kind)}")
    if kind is not Kind.SHARE or high < 1:
        ends.append(f"more than {amount(high, kind)} counts as {amount(high, kind)}")
    if not ends:
        return "Every value counts in full."
    sentence = ", and ".join(ends)
    return f"{sentence[0].upper()}{sentence[1:]}."


def bins(metric: Binned) -> tuple[str, ...]:
    """What each number of a histogram is about: a range of hours, or an agreed category."""
    if not isinstance(metric, Histogram):
        return (*metric.options, OTHER)
    edges = [decimal(edge) for edge in metric.edges]
    inner = (f"{low} to under {high}{NO_BREAK}h" for low, high in pairwise(edges))
    return (f"under {edges[0]}{NO_BREAK}h", *inner, f"{edges[-1]}{NO_BREAK}h or more")


def counted(number: int, noun: str) -> str:
    """1 day, 14 days."""
    return f"{number}{NO_BREAK}{noun}{'' if number == 1 else 's'}"


def weekdays(days: frozenset[int]) -> str:
    """Days (0 is Monday) by name; three or more in a row as a stretch."""
    first, last = min(days), max(days)
    if last - first >= 2 and len(days) == last - first + 1:
        return f"{_DAYS[first]} to {_DAYS[last]}"
    return ", ".join(_DAYS[day] for day in sorted(days))


def day(moment: date) -> str:
    """5 January 2026."""
    return f"{moment.day}{NO_BREAK}{_MONTHS[moment.month - 1]} {moment.year}"


def span(first: Window, last: Window) -> str:
    """From the first window's Monday to the last one's Sunday."""
    return f"From Monday {day(first.monday)} to Sunday {day(last.days[-1])} ({first} to {last})."


def in_100(probability: float) -> str:
    """How many of a hundred cases; never rounded up to all of them."""
    cases = round(100 * probability)
    return "more than 99" if cases > 99 else str(cases)
