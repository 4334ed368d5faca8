"""What a budget means for the people it protects, in three ways of saying it (protocol §7)."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from privacy.agreement.model import DELTA, Agreement
from privacy.agreement.words import guess_rates
from privacy.metrics import TaskId
from privacy.noise import epsilon

QUARTERS_PER_YEAR: Final = 4


@dataclass(frozen=True, slots=True)
class Guarantee:
    """ρ (zCDP), ε at δ = 1e-6, and how often somebody who knows everyone else guesses right.

    `present`: whether a person's reports held data or were neutral. `limits`: whether all their
    values were at one limit or at the other. Blind guessing is right in half of the cases.
    """

    rho: Fraction
    epsilon: float
    present: float
    limits: float

    @classmethod
    def of(cls, rho: Fraction) -> "Guarantee":
        """Convert a budget."""
        present, limits = guess_rates(float(rho))
        return cls(rho, epsilon(rho, DELTA), present, limits)


@dataclass(frozen=True, slots=True)
class Exposure:
    """What one person's reports of `quarters` quarters give away at most.

    `task`: through the results of that task alone; None: through all that the agreement allows.
    `outside`: to whoever sees the results. `council`: to the council, which knows the noise of
    its own server, so that only the clients' share θ protects: ρ / θ.
    """

    task: TaskId | None
    quarters: int
    outside: Guarantee
    council: Guarantee


def exposures(agreement: Agreement) -> tuple[Exposure, ...]:
    """Each task in a quarter, in the agreement's order; then everything in a quarter, in a year."""
    terms = agreement.privacy
    budgets: list[tuple[TaskId | None, int, Fraction]] = [
        (task.id, 1, task.share * terms.rho_quarter) for task in agreement.tasks
    ]
    budgets.append((None, 1, terms.rho_quarter))
    budgets.append((None, QUARTERS_PER_YEAR, QUARTERS_PER_YEAR * terms.rho_quarter))
    return tuple(
        Exposure(task, quarters, Guarantee.of(rho), Guarantee.of(rho / terms.client_share))
        for task, quarters, rho in budgets
    )
