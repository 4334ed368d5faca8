"""What ``plurale-aggregator plan`` prints: tables for people, then sentences about doubts."""

from collections.abc import Iterable
from fractions import Fraction
from itertools import groupby
from typing import Final

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from privacy.agreement.model import DELTA
from privacy.agreement.quantities import NO_BREAK, counted, decimal
from privacy.catalogue import Kind
from privacy.metrics import Direction, Scalar
from privacy.plan.figures import POWER, WEEKS, Figures
from privacy.plan.findings import USUAL_PARTICIPATION
from privacy.plan.guarantee import Exposure, Guarantee
from privacy.plan.merging import Merge
from privacy.plan.participation import PARTICIPATION, Turnout
from privacy.plan.whole import Plan
from privacy.plan.words import UNITS, amount, percent, rounded, scaled
from privacy.verdict import LOOKS
from privacy.window import WINDOWS_PER_QUARTER

WIDTH: Final = 100


_LEGEND: Final = (
    f"± {', '.join(map(str, WEEKS))} wk: one standard error of the estimate after so many released "
    "weeks, if all report; for a mean it is larger with fewer reports. In a histogram it is that "
    "of the number of people in one range or category.",
    "Detects: a true mean this far from the target gets its verdict at the end of the quarter "
    f"({WINDOWS_PER_QUARTER} weeks) in {percent(Fraction(POWER))} of cases, if all report.",
    "One lie: the most that one false report can move one week, if all report. The proof keeps a "
    "report within its range, but that range is wider than the clip, since it has room for noise.",
)
_TURNOUT_LEGEND: Final = (
    "Each member is taken to report with that probability, independently of the others. A week "
    "without enough reports is withheld for good.",
)
_EXPOSURE_LEGEND: Final = (
    f"ε is at δ = {DELTA:.6f}. “Data or neutral”: how often somebody who knows everything about "
    "everyone else guesses right, at best, whether a person's reports held data. “Limit or limit”: "
    "whether all their values were at one end or at the other. Blind guessing is right in "
    f"50{NO_BREAK}%. The council knows the noise of its own server. Whoever holds both servers' "
    "keys reads reports, and none of this protects against them.",
)
_NO_DOUBT: Final = "None: every metric can be answered in every group, if people take part."


def show(plan: Plan, out: Console) -> None:
    """Print the plan, readable from 80 columns on and at most 100 wide."""
    out.width = min(out.width, WIDTH)
    agreement = plan.agreement
    _paragraphs(out, f"What version {agreement.version} of {agreement.organisation} can answer", ())
    for _, figures in groupby(plan.figures, key=lambda each: each.task.id):
        out.print(_task_table(plan, list(figures)))
    _paragraphs(out, None, _LEGEND)
    out.print(_turnout_table(plan.turnouts))
    _paragraphs(out, None, _TURNOUT_LEGEND)
    out.print(_exposure_table(plan.exposures))
    _paragraphs(out, None, _EXPOSURE_LEGEND)
    _paragraphs(out, "Doubts", [each.sentence for each in plan.findings] or [_NO_DOUBT])
    if plan.merges:
        _paragraphs(out, "Teams to merge", map(_suggestion, plan.merges))


def _task_table(plan: Plan, figures: list[Figures]) -> Table:
    task = figures[0].task
    rho = _exact(task.share * plan.agreement.privacy.rho_quarter)
    table = _table(f"Task {task.id}, by {task.level.value}: ρ = {rho} a quarter")
    table.add_column("Group", overflow="fold", max_width=14)
    table.add_column("Metric", overflow="fold")
    table.add_column("Target", no_wrap=True)
    for heading in (*(f"± {weeks} wk" for weeks in WEEKS), "Detects", "One lie"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("Unit", no_wrap=True)
    shown = None
    for each in figures:
        group = each.group.id if each.group.id != shown else ""
        shown = each.group.id
        table.add_row(
            Text(group),
            each.metric.id,
            _target(each),
            *(_number(each, each.standard_error(weeks)) for weeks in WEEKS),
            _number(each, each.detectable(LOOKS[-1])) if isinstance(each.metric, Scalar) else "–",
            _number(each, each.false_report()),
            UNITS[each.kind],
        )
    return table


def _target(figures: Figures) -> str:
    metric = figures.metric
    if not isinstance(metric, Scalar):
        return "–"
    side = "≥" if metric.direction is Direction.AT_LEAST else "≤"
    unit = f"{NO_BREAK}%" if figures.kind.in_percent else ""
    if figures.kind is Kind.HOURS:
        unit = f"{NO_BREAK}h"
    number = scaled(figures.kind, metric.target)
    return f"{side}{NO_BREAK}{number:.4g}{unit}"


def _number(figures: Figures, value: float | Fraction) -> str:
    return rounded(scaled(figures.kind, value))


def _turnout_table(turnouts: Iterable[Turnout]) -> Table:
    table = _table("How often a week is withheld because too few report")
    table.add_column("Group", overflow="fold", max_width=40)
    for heading in ("People", "Needed", *(f"If {percent(each)}" for each in PARTICIPATION)):
        table.add_column(heading, justify="right", no_wrap=True)
    for each in turnouts:
        chances = map(percent, each.withheld)
        table.add_row(Text(each.group.id), str(each.group.roster), str(each.threshold), *chances)
    return table


def _exposure_table(exposures: Iterable[Exposure]) -> Table:
    table = _table("What the results of one person's reports give away at most")
    table.add_column("Reports of", overflow="fold", max_width=30)
    table.add_column("To", no_wrap=True)
    for heading in ("ρ", "ε", "Data or neutral", "Limit or limit"):
        table.add_column(heading, justify="right", no_wrap=True)
    for each in exposures:
        span = "a quarter" if each.quarters == 1 else "a year"
        what = "everything" if each.task is None else f"task {each.task}"
        table.add_row(Text(f"{what}, {span}"), "readers", *_guarantee(each.outside))
        table.add_row("", "the council", *_guarantee(each.council))
    return table


def _guarantee(guarantee: Guarantee) -> tuple[str, ...]:
    guesses = (guarantee.present, guarantee.limits)
    return (
        _exact(guarantee.rho),
        f"{guarantee.epsilon:.1f}",
        *(percent(Fraction(each)) for each in guesses),
    )


def _exact(rho: Fraction) -> str:
    return decimal(rho) if decimal(rho)[0].isdigit() or rho.denominator > 100 else str(rho)


def _suggestion(merge: Merge) -> str:
    *others, last = merge.teams
    members = counted(merge.roster, "member")
    left = ", ".join(dict.fromkeys(each.metric or "every metric" for each in merge.findings))
    if not merge.suggested:
        return (
            f"No merge of teams of {merge.parent} is enough for {left}: all of them together "
            f"({members}) would still leave a doubt."
        )
    said = "; ".join(map(_merged, merge.figures))
    lost = percent(merge.turnout.withheld_at(USUAL_PARTICIPATION))
    return (
        f"Merge {', '.join(others)} and {last} ({members}). After {WINDOWS_PER_QUARTER} weeks: "
        f"{said}. If {percent(USUAL_PARTICIPATION)} report, {lost} of the weeks are withheld."
        + (f" Still in doubt: {left}." if left else "")
    )


def _merged(figures: Figures) -> str:
    error = amount(figures.kind, figures.standard_error(WINDOWS_PER_QUARTER))
    if not isinstance(figures.metric, Scalar):
        return f"{figures.metric.id} ±{NO_BREAK}{error}"
    distance = amount(figures.kind, figures.detectable(LOOKS[-1]))
    return f"{figures.metric.id} ±{NO_BREAK}{error}, detects {distance}"


def _table(title: str) -> Table:
    return Table(
        title=f"\n{title}",
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        show_edge=False,
    )


def _paragraphs(out: Console, heading: str | None, texts: Iterable[str]) -> None:
    out.print("" if heading is None else Text(f"\n{heading}", style="bold"))
    for text in texts:
        bullet = Table.grid(padding=(0, 1, 0, 0))
        bullet.add_row("•", Text(text))
        out.print(Padding(bullet, (0, 0, 0, 1)))
