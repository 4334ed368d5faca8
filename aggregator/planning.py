"""``plurale-aggregator plan``: a plan for other programs."""

from collections.abc import Iterator
from typing import Any

from privacy.metrics import Scalar
from privacy.plan.figures import WEEKS, Figures
from privacy.plan.findings import Finding
from privacy.plan.guarantee import Exposure, Guarantee
from privacy.plan.merging import Merge
from privacy.plan.participation import PARTICIPATION, Turnout
from privacy.plan.whole import Plan
from privacy.verdict import LOOKS, Verdict


def as_json(plan: Plan) -> list[dict[str, Any]]:
    """One object for each task, group and metric; the keys are those of docs/planning.md."""
    return [_row(plan, figures) for figures in plan.figures]


def _row(plan: Plan, figures: Figures) -> dict[str, Any]:
    metric = figures.metric
    scalar = metric if isinstance(metric, Scalar) else None
    return {
        "task": figures.task.id,
        "group": figures.group.id,
        "metric": metric.id,
        "level": figures.group.level.value,
        "roster": figures.group.roster,
        "threshold": figures.threshold,
        "target": scalar and float(scalar.target),
        "direction": scalar and scalar.direction.value,
        "clip": float(metric.clip),
        "coordinates": metric.coordinates,
        "sensitivity": figures.scales.sensitivity,
        **_numbers(figures, plan.turnout(figures.group.id)),
        "budget": _budget(plan.exposures, figures),
        "warnings": [
            {"kind": finding.doubt.value, "sentence": finding.sentence}
            for finding in plan.findings
            if _concerns(finding, figures)
        ],
        "merge": next(_merged(plan.merges, figures), None),
    }


def _numbers(figures: Figures, turnout: Turnout) -> dict[str, Any]:
    fewest, scalar = figures.threshold, isinstance(figures.metric, Scalar)
    reach = {"met": figures.reach(Verdict.MET), "not_met": figures.reach(Verdict.NOT_MET)}
    return {
        "standard_error": {str(weeks): figures.standard_error(weeks) for weeks in WEEKS},
        "standard_error_at_threshold": {
            str(weeks): figures.standard_error(weeks, fewest) for weeks in WEEKS
        },
        "detectable": {str(look.windows): figures.detectable(look) for look in LOOKS}
        if scalar
        else None,
        "reach": {side: float(far) for side, far in reach.items() if far is not None} or None,
        "rounding": float(figures.rounding),
        "false_report": float(figures.false_report()),
        "false_report_at_threshold": float(figures.false_report(fewest)),
        "false_report_from_neutral": float(figures.false_report_from_neutral()),
        "withheld": {
            f"{float(each):.2f}": float(chance)
            for each, chance in zip(PARTICIPATION, turnout.withheld, strict=True)
        },
    }


def _budget(exposures: tuple[Exposure, ...], figures: Figures) -> dict[str, Any]:
    names = {
        (figures.task.id, 1): "task_quarter",
        (None, 1): "all_quarter",
        (None, 4): "all_year",
    }
    return {
        names[each.task, each.quarters]: {
            "outside": _guarantee(each.outside),
            "council": _guarantee(each.council),
        }
        for each in exposures
        if (each.task, each.quarters) in names
    }


def _guarantee(guarantee: Guarantee) -> dict[str, float]:
    return {
        "rho": float(guarantee.rho),
        "epsilon": guarantee.epsilon,
        "guess_present": guarantee.present,
        "guess_limits": guarantee.limits,
    }


def _concerns(finding: Finding, figures: Figures) -> bool:
    return (finding.task, finding.group) == (figures.task.id, figures.group.id) and (
        finding.metric in (None, figures.metric.id)
    )


def _merged(merges: tuple[Merge, ...], figures: Figures) -> Iterator[dict[str, Any]]:
    for merge in merges:
        if figures.group.id not in merge.teams:
            continue
        for each in merge.figures:
            if (each.task.id, each.metric.id) == (figures.task.id, figures.metric.id):
                yield {
                    "teams": list(merge.teams),
                    "roster": merge.roster,
                    "threshold": merge.turnout.threshold,
                    "suggested": merge.suggested,
                    "in_doubt": sorted({finding.doubt.value for finding in _left(merge, each)}),
                    **_numbers(each, merge.turnout),
                }


def _left(merge: Merge, figures: Figures) -> Iterator[Finding]:
    for finding in merge.findings:
        if finding.task == figures.task.id and finding.metric in (None, figures.metric.id):
            yield finding
