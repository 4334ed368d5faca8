"""The privacy budget: person-quarters in exact fractions (protocol §7).

A budget is what has been spent. Every (task, window) counts once, at the largest ρ of any group,
because groups of one level do not overlap. Over the windows that start in any 91 days, all tasks
and agreement versions together, the sum stays within the cap.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from types import MappingProxyType
from typing import TypeAlias

from privacy.agreement.model import TaskDigest
from privacy.errors import BudgetExhausted
from privacy.window import WINDOWS_PER_QUARTER, Window

Spends: TypeAlias = Mapping[tuple[TaskDigest, Window], Fraction]


@dataclass(frozen=True, slots=True)
class Budget:
    """zCDP spent so far, by task and window. Immutable: `charge` returns a new one."""

    spends: Spends = field(default_factory=lambda: MappingProxyType({}))

    def charge(self, task: TaskDigest, window: Window, rho: Fraction, cap: Fraction) -> "Budget":
        """Spend `rho` on one window of one task, or raise `BudgetExhausted` and spend nothing."""
        after = self.with_spend(task, window, rho)
        worst = after.worst_around(window)
        if worst > cap:
            raise BudgetExhausted(
                f"releasing {window} would spend ρ = {worst} in 91 days; the agreement allows {cap}"
            )
        return after

    def with_spend(self, task: TaskDigest, window: Window, rho: Fraction) -> "Budget":
        """What the budget would be after this spend, whatever any cap says."""
        key = (task, window)
        largest = max(rho, self.spends.get(key, Fraction(0)))
        return Budget(MappingProxyType({**self.spends, key: largest}))

    def worst_around(self, window: Window) -> Fraction:
        """The largest ρ over any 91 days that contain the start of `window`."""
        # Of days, since those before the first window of the calendar count too.
        return max(
            self._from(window.monday - timedelta(weeks=back)) for back in range(WINDOWS_PER_QUARTER)
        )

    def _from(self, start: date) -> Fraction:
        # Windows start on Mondays, so 91 days hold exactly 13 starts.
        end = start + timedelta(weeks=WINDOWS_PER_QUARTER)
        return sum(
            (rho for (_, window), rho in self.spends.items() if start <= window.monday < end),
            Fraction(0),
        )
