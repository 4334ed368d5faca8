"""The whole plan of an agreement: what it can answer, what it costs, where it is in doubt."""

from dataclasses import dataclass

from privacy.agreement.model import Agreement
from privacy.plan.figures import Figures
from privacy.plan.findings import Finding, about_noise, about_turnout
from privacy.plan.guarantee import Exposure, exposures
from privacy.plan.merging import Merge, merges
from privacy.plan.participation import Turnout


@dataclass(frozen=True, slots=True)
class Plan:
    """Known before anybody signs.

    `turnouts`: one for each group in which anything is collected. `figures`: one for each task,
    group and metric, in the agreement's order. `exposures`: as `guarantee.exposures` gives them.
    """

    agreement: Agreement
    turnouts: tuple[Turnout, ...]
    figures: tuple[Figures, ...]
    exposures: tuple[Exposure, ...]
    findings: tuple[Finding, ...]
    merges: tuple[Merge, ...]

    def turnout(self, group_id: str) -> Turnout:
        """That of one group."""
        return next(each for each in self.turnouts if each.group.id == group_id)


def plan(agreement: Agreement) -> Plan:
    """Everything that follows from an agreement's numbers."""
    levels = {task.level for task in agreement.tasks}
    turnouts = tuple(
        Turnout.of(agreement, group) for group in agreement.groups if group.level in levels
    )
    figures = tuple(
        Figures.of(agreement, task, group, metric)
        for task in agreement.tasks
        for group in agreement.groups_of(task)
        for metric in task.metrics
    )
    findings = [
        finding
        for task in agreement.tasks
        for turnout in turnouts
        if turnout.group.level is task.level
        for finding in about_turnout(agreement, task.id, turnout)
    ]
    findings += [finding for each in figures for finding in about_noise(agreement, each)]
    return Plan(
        agreement, turnouts, figures, exposures(agreement), tuple(findings), merges(agreement)
    )
