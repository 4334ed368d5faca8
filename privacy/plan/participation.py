"""How often a week is withheld because too few report (protocol §9)."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from privacy.agreement.model import Agreement
from privacy.errors import InvalidValue
from privacy.groups import Group

PARTICIPATION: Final = (Fraction(80, 100), Fraction(90, 100), Fraction(95, 100))
"""Shares of members who report in a week, for which the chance is told."""


@dataclass(frozen=True, slots=True)
class Turnout:
    """A group, the reports that a release needs, and the chance that a week is withheld.

    `withheld`: one exact probability for each of `PARTICIPATION`.
    """

    group: Group
    threshold: int
    withheld: tuple[Fraction, ...]

    @classmethod
    def of(cls, agreement: Agreement, group: Group) -> "Turnout":
        """For a group under the agreement's thresholds; it need not be one of its groups."""
        threshold = agreement.privacy.thresholds.release(group)
        return cls(
            group,
            threshold,
            tuple(chance_withheld(group.roster, threshold, each) for each in PARTICIPATION),
        )

    def withheld_at(self, participation: Fraction) -> Fraction:
        """The chance at one of `PARTICIPATION`."""
        return self.withheld[PARTICIPATION.index(participation)]


def chance_withheld(roster: int, threshold: int, participation: Fraction) -> Fraction:
    """P(fewer than `threshold` of `roster` members report), each with `participation`.

    The binomial distribution, exact: members decide independently. Raises `InvalidValue` for a
    participation outside [0, 1].
    """
    if not 0 <= participation <= 1:
        raise InvalidValue(f"a participation is between 0 and 1, not {participation}")
    reports, silent = participation.numerator, participation.denominator - participation.numerator
    if silent == 0:
        return Fraction(int(roster < threshold))
    # One term after the other in whole numbers: term k is C(roster, k) · reports^k · silent^rest.
    term = silent**roster
    total = 0
    for k in range(min(threshold, roster + 1)):
        total += term
        term = term * (roster - k) * reports // ((k + 1) * silent)
    return Fraction(total, participation.denominator**roster)
