"""Where a plan cannot answer: each doubt with its rule, one sentence and the next step."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Final

from privacy.agreement.model import Agreement
from privacy.groups import Group, GroupId
from privacy.metrics import Histogram, Scalar, TaskId
from privacy.plan.figures import Figures
from privacy.plan.participation import Turnout
from privacy.plan.words import amount, percent, rounded
from privacy.verdict import LOOKS, Verdict
from privacy.window import WINDOWS_PER_QUARTER

USUAL_PARTICIPATION: Final = Fraction(90, 100)
OFTEN: Final = Fraction(1, 3)


class Doubt(StrEnum):
    """Why a plan cannot answer. All figures suppose that everyone reports, but for the first.

    `OFTEN_WITHHELD`: more than a third of the weeks are withheld if 90 % report.
    `NO_VERDICT`: no mean that is possible gives a verdict at the quarter's end in 80 % of cases.
    `ONE_SIDED`: "met" or "not met" is out of reach in this sense, the other is not.
    `FAINT_BINS`: the standard error of a range or category after 13 weeks is more than half of an
    even share.
    `ROUNDING`: rounding can move the mean by more than half its standard error after 13 weeks.

    A scalar whose standard error after 13 weeks is above half its clip needs no rule of its own:
    it takes 2.54 standard errors to a verdict, which is more than the clip.
    """

    OFTEN_WITHHELD = "often_withheld"
    NO_VERDICT = "no_verdict"
    ONE_SIDED = "one_sided"
    FAINT_BINS = "faint_bins"
    ROUNDING = "rounding"

    @property
    def eased_by_merging(self) -> bool:
        """Whether a larger group may help. Rounding matters more, the larger the group."""
        return self is not Doubt.ROUNDING


@dataclass(frozen=True, slots=True)
class Finding:
    """A doubt about a metric of a task in a group; `metric` None: about all of the task's."""

    doubt: Doubt
    task: TaskId
    group: GroupId
    metric: str | None
    sentence: str


def about_turnout(agreement: Agreement, task: TaskId, turnout: Turnout) -> Iterator[Finding]:
    """What the threshold alone makes doubtful."""
    chance = turnout.withheld_at(USUAL_PARTICIPATION)
    if chance > OFTEN:
        group = turnout.group
        steps = _larger(agreement, group) or [f"leave {group.id} out of the task"]
        yield Finding(
            Doubt.OFTEN_WITHHELD,
            task,
            group.id,
            None,
            f"Task {task}, group {group.id}, every metric: if {percent(USUAL_PARTICIPATION)} "
            f"report, {percent(chance)} of the weeks are withheld, since {turnout.threshold} of "
            f"{group.roster} reports are needed: {steps[0]}.",
        )


def about_noise(agreement: Agreement, figures: Figures) -> Iterator[Finding]:
    """What noise and rounding make doubtful, at most one `Finding` of each kind."""
    found = [_verdicts(agreement, figures), _bins(agreement, figures), _rounding(figures)]
    for doubt, text in filter(None, found):
        task, group, metric = figures.task.id, figures.group.id, figures.metric.id
        sentence = f"Task {task}, group {group}, metric {metric}: {text}"
        yield Finding(doubt, task, group, metric, sentence)


def _verdicts(agreement: Agreement, figures: Figures) -> tuple[Doubt, str] | None:
    met, not_met = figures.reach(Verdict.MET), figures.reach(Verdict.NOT_MET)
    if met is None or not_met is None:
        return None
    needed = figures.detectable(LOOKS[-1])
    if needed > max(met, not_met):
        return Doubt.NO_VERDICT, (
            f"at the end of a quarter a verdict is likely only {amount(figures.kind, needed)} from "
            f"the target, and a mean is at most {amount(figures.kind, max(met, not_met))} from "
            f"it: {_steps(agreement, figures)}."
        )
    for verdict, reach in ((Verdict.MET, met), (Verdict.NOT_MET, not_met)):
        if needed > reach:
            return Doubt.ONE_SIDED, (
                f"“{verdict}” is likely only {amount(figures.kind, needed)} from the target, and "
                f"on that side a mean is at most {amount(figures.kind, reach)} from it: "
                f"{_steps(agreement, figures, 'set a target with more room')}."
            )
    return None


def _bins(agreement: Agreement, figures: Figures) -> tuple[Doubt, str] | None:
    if isinstance(figures.metric, Scalar):
        return None
    one, many = (
        ("range", "ranges") if isinstance(figures.metric, Histogram) else ("category", "categories")
    )
    bins = figures.metric.coordinates
    error = figures.standard_error(WINDOWS_PER_QUARTER)
    even = Fraction(figures.group.roster, bins)
    if error <= even / 2:
        return None
    return Doubt.FAINT_BINS, (
        f"after {WINDOWS_PER_QUARTER} weeks the number of people in a {one} has a standard error "
        f"of {rounded(error)}, more than half of the {rounded(even)} that an even spread over "
        f"{bins} {many} would put there: {_steps(agreement, figures, f'use fewer {many}')}."
    )


def _rounding(figures: Figures) -> tuple[Doubt, str] | None:
    error = figures.standard_error(WINDOWS_PER_QUARTER)
    if figures.rounding <= error / 2:
        return None
    moved = amount(figures.kind, figures.rounding)
    return Doubt.ROUNDING, (
        f"rounding can move the mean by {moved}, beside a standard error of "
        f"{amount(figures.kind, error)} after {WINDOWS_PER_QUARTER} weeks that does not contain "
        f"it: take differences below {moved} for none, or give part of its share to another metric."
    )


def _steps(agreement: Agreement, figures: Figures, *first: str) -> str:
    steps = list(first)
    if figures.task.share * figures.metric.share < 1:
        steps.append("raise its share of the budget")
    steps += _larger(agreement, figures.group)
    *others, last = steps or [f"leave {figures.group.id} out of the task"]
    return f"{', '.join(others)}, or {last}" if others else last


def _larger(agreement: Agreement, group: Group) -> list[str]:
    others = [
        other for other in agreement.groups if other.level is group.level and other.id != group.id
    ]
    if group.parent is not None and any(other.parent == group.parent for other in others):
        return [f"merge {group.id} with another team of {group.parent}"]
    return [f"merge {group.id} with another {group.level.value}"] if others else []
