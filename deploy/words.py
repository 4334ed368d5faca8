"""Numbers of the demonstration as people read them."""

from collections.abc import Sequence

from deploy.outcome import Number, Row
from privacy.catalogue import CATALOGUE, Kind
from privacy.metrics import Direction


def amount(row: Row, number: Number, *, side: bool = False) -> str:
    """A number in the unit of the row's metric; `side` puts at least or at most before it."""
    if number is None:
        return "–"
    if isinstance(number, list):
        return bins(row, number)
    if CATALOGUE[row.metric].kind is Kind.SHARE:
        text = f"{100 * number:.1f} %"
    elif CATALOGUE[row.metric].kind is Kind.HOURS:
        text = f"{number:.1f} h"
    else:
        text = f"{number:.1f}"
    if not side:
        return text
    return f"{'≥' if row.direction == Direction.AT_LEAST else '≤'} {text}"


def bins(row: Row, number: Number) -> str:
    """Like `amount`; a histogram as whole people in each range."""
    if isinstance(number, list):
        return " ".join(f"{people:.0f}" for people in number)
    return amount(row, number)


def estimate(row: Row) -> str:
    """The estimate with its margin; a histogram as people in each range, with the common margin."""
    if row.low is None or row.high is None or row.estimate is None:
        return "–"
    if isinstance(row.low, list) and isinstance(row.high, list):
        return f"{bins(row, row.estimate)} (± {(row.high[0] - row.low[0]) / 2:.0f} each)"
    if isinstance(row.low, list) or isinstance(row.high, list):
        return bins(row, row.estimate)
    margin = (row.high - row.low) / 2
    if CATALOGUE[row.metric].kind is Kind.SHARE:
        margin *= 100
    return f"{amount(row, row.estimate)} ± {margin:.1f}"


def verdict(row: Row) -> str:
    """The verdict, with its reason where it is withheld."""
    if row.verdict is None:
        return "too early"
    return f"{row.verdict}: {row.withheld_reason}" if row.withheld_reason else row.verdict


def spent(rows: Sequence[Row]) -> str:
    """The budget spent at the end."""
    last = max(rows, key=lambda row: row.cumulative_rho)
    return f"ρ = {last.cumulative_rho:.2f} (ε = {last.cumulative_epsilon:.1f} at δ = 10⁻⁶)"
