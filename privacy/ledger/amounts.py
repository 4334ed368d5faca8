"""Amounts of ρ in a ledger: how large they may be, and how they are written for people.

What breaks a rule must still be read, added up, converted to ε and shown, so no amount is without
bounds. The exact form of a sum is not bounded: every version and task brings its own denominator.
"""

from fractions import Fraction
from math import ceil
from typing import Final

from privacy.errors import InvalidValue

MOST: Final = 10**80
"""Above any budget and any sum of them; what costs anything costs more than its inverse."""

_FINE: Final = 10**30


def check_costs(*amounts: Fraction) -> None:
    """Raise `InvalidValue` unless each is what one window of a task can cost."""
    for each in amounts:
        if each <= 0 or max(each.numerator, each.denominator) >= MOST:
            raise InvalidValue("a window costs more than ρ = 0, in numbers of at most 80 digits")


def check_sums(*amounts: Fraction) -> None:
    """Raise `InvalidValue` for a sum or difference of budgets that none can have.

    Less than nothing may be left: so a release beyond the budget can still be read and named.
    """
    if not all(abs(each) < MOST for each in amounts):
        raise InvalidValue("a budget, and what is left of it, is below 10^80")


def written(rho: Fraction) -> str:
    """An amount as a text that `Fraction` reads: exact, if that has at most 80 digits a side.

    Otherwise it is rounded up at the thirtieth digit after the point.
    """
    if max(abs(rho.numerator), rho.denominator) < MOST:
        return str(rho)
    return str(Fraction(ceil(rho * _FINE), _FINE))
