"""Amounts of a plan as people read them: three digits, with their unit."""

from fractions import Fraction
from typing import Final

from privacy.agreement.quantities import NO_BREAK
from privacy.catalogue import Kind

UNITS: Final = {
    Kind.SHARE: "points",
    Kind.RATIO: "points",
    Kind.COUNT: "a week",
    Kind.HOURS: "hours",
    Kind.BIN: "people",
    Kind.CATEGORY: "people",
}
"""Shares and ratios in percentage points; a range or category of a histogram in people."""


def scaled(kind: Kind, value: float | Fraction) -> float:
    """The number to show beside the unit."""
    return float(value) * (100 if kind.in_percent else 1)


def rounded(value: float | Fraction) -> str:
    """About three digits: 118, 11.9, 5.94, 0.059."""
    number = float(value)
    if number >= 99.95:
        return f"{number:.0f}"
    if number >= 9.995:
        return f"{number:.1f}"
    return f"{number:.2f}" if number >= 0.0995 or number == 0 else f"{number:.2g}"


def amount(kind: Kind, value: float | Fraction) -> str:
    """A distance, an error or a shift in the unit of a metric."""
    return f"{rounded(scaled(kind, value))}{NO_BREAK}{UNITS[kind]}"


def percent(probability: Fraction) -> str:
    """Whole per cent, never rounded to none or all."""
    if 0 < probability < Fraction(1, 200):
        return f"under{NO_BREAK}1{NO_BREAK}%"
    if Fraction(199, 200) < probability < 1:
        return f"over{NO_BREAK}99{NO_BREAK}%"
    return f"{round(100 * probability)}{NO_BREAK}%"
