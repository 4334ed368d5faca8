"""The budget as the record tells it: every release ever made, under any agreement (protocol §7)."""

from collections.abc import Iterable
from fractions import Fraction

from aggregator.model import Outcome, OutcomeKind
from aggregator.store.sql import Transaction
from privacy.agreement.document import task_digest
from privacy.agreement.model import AgreementDigest, TaskDigest
from privacy.budget import Budget
from privacy.metrics import TaskId
from privacy.window import Window


def spent(tx: Transaction) -> Budget:
    """What the helper has released so far."""
    return from_record(tx.outcomes.all(OutcomeKind.RELEASE))


def from_record(outcomes: Iterable[Outcome]) -> Budget:
    """The budget spent by `release` entries; each (task, window) at the largest ρ of any group."""
    spends: dict[tuple[TaskDigest, Window], Fraction] = {}
    for outcome in outcomes:
        agreement = AgreementDigest(bytes.fromhex(outcome.body["agreement"]))
        task = task_digest(agreement, TaskId(outcome.body["task"]))
        key = task, Window.parse(outcome.body["window"])
        spends[key] = max(Fraction(outcome.body["rho"]), spends.get(key, Fraction(0)))
    return Budget(spends)
