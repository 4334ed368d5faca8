"""What was spent and what was refused, added up from the entries."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Final

from privacy.agreement.model import TaskDigest
from privacy.audit.told import Told
from privacy.batch import BatchId
from privacy.budget import Budget
from privacy.ledger.entries import (
    BatchNotAsked,
    BatchStopped,
    BatchUnopened,
    BatchWithheld,
    Body,
    BudgetAlarm,
)
from privacy.release import Withheld
from privacy.window import Quarter, Window


@dataclass(frozen=True, slots=True, order=True)
class Spend:
    """What one task of one version cost each member in a quarter, over `windows` windows."""

    quarter: Quarter
    version: int
    task: str
    windows: int
    rho: Fraction


@dataclass(frozen=True, slots=True)
class Worst:
    """The 91 days that cost most; they contain the start of `window`."""

    window: Window
    rho: Fraction


def spends(told: Told) -> list[Spend]:
    """By quarter, version and task: a window costs the largest ρ of any group, once."""
    by_window: dict[tuple[int, str, Window], Fraction] = defaultdict(Fraction)
    for batch, (_, body) in told.released.items():
        key = (_version(told, batch), batch.task, batch.window)
        by_window[key] = max(by_window[key], body.rho)
    grouped: dict[tuple[Quarter, int, str], list[Fraction]] = defaultdict(list)
    for (version, task, window), rho in by_window.items():
        grouped[window.quarter, version, task].append(rho)
    return sorted(
        Spend(*key, len(amounts), sum(amounts, Fraction(0))) for key, amounts in grouped.items()
    )


def worst(told: Told) -> Worst | None:
    """The most that any 91 days cost, all tasks and versions together."""
    amounts: dict[tuple[TaskDigest, Window], Fraction] = defaultdict(Fraction)
    for batch, (_, body) in told.released.items():
        key = (batch.task_digest, batch.window)
        amounts[key] = max(amounts[key], body.rho)
    budget = Budget(MappingProxyType(dict(amounts)))
    found = [Worst(window, budget.worst_around(window)) for _, window in sorted(amounts)]
    return max(found, key=lambda each: (each.rho, each.window), default=None)


_REFUSALS: Final[Mapping[str, Callable[[Body], bool]]] = MappingProxyType(
    {
        "withheld, too few reports": lambda body: _withheld(body, Withheld.BATCH_TOO_SMALL),
        "withheld, the budget was spent": lambda body: _withheld(body, Withheld.BUDGET_EXHAUSTED),
        "not asked for by the employer": lambda body: isinstance(body, BatchNotAsked),
        "not opened by the employer": lambda body: isinstance(body, BatchUnopened),
        "stopped, something was wrong": lambda body: isinstance(body, BatchStopped),
        "budget alarms": lambda body: isinstance(body, BudgetAlarm),
    }
)


def refusals(told: Told) -> dict[str, list[int]]:
    """The entries in which there is no result, by reason."""
    return {
        reason: [index for index, entry in told.entries.items() if fits(entry.body)]
        for reason, fits in _REFUSALS.items()
    }


def _withheld(body: Body, reason: Withheld) -> bool:
    return isinstance(body, BatchWithheld) and body.reason is reason


def _version(told: Told, batch: BatchId) -> int:
    signed = told.signed(batch)
    return 0 if signed is None else signed.agreement.version
