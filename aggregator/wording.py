"""Results as people read them: numbers in their unit, margins, verdicts with their reason."""

from privacy.catalogue import CATALOGUE, Kind
from privacy.metrics import Direction
from privacy.tidy import Number, Tidy


def amount(row: Tidy, number: Number) -> str:
    """A number in the unit of the row's metric; a histogram as whole people in each bin."""
    if number is None:
        return "–"
    if isinstance(number, list):
        return " ".join(str(round(people)) for people in number)
    if CATALOGUE[row.metric].kind.in_percent:
        return f"{100 * number:.1f} %"
    if CATALOGUE[row.metric].kind is Kind.HOURS:
        return f"{number:.1f} h"
    return f"{number:.1f}"


def target(row: Tidy) -> str:
    """The target with its good side."""
    side = "≥" if row.direction == Direction.AT_LEAST else "≤"
    return "–" if row.target is None else f"{side} {amount(row, row.target)}"


def estimate(row: Tidy) -> str:
    """The estimate with its margin; a histogram as people in each bin, with the common margin."""
    if row.low is None or row.high is None:
        return "–"
    if isinstance(row.low, list) or isinstance(row.high, list):
        lows, highs = _list(row.low), _list(row.high)
        return f"{amount(row, row.estimate)} (± {(highs[0] - lows[0]) / 2:.0f} each)"
    margin = (row.high - row.low) / 2
    if CATALOGUE[row.metric].kind.in_percent:
        margin *= 100
    return f"{amount(row, row.estimate)} ± {margin:.1f}"


def verdict(row: Tidy) -> str:
    """The verdict, with its reason where it is withheld."""
    if row.verdict is None:
        return "too early"
    return f"{row.verdict}: {row.withheld_reason}" if row.withheld_reason else row.verdict


def _list(number: Number) -> list[float]:
    return number if isinstance(number, list) else [number or 0.0]
