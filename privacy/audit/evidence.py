"""Evidence: what was agreed, spent and refused, as data from which both forms are written."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

from privacy.agreement.document import to_document
from privacy.agreement.envelope import SignedAgreement, key_id
from privacy.agreement.model import DELTA, Agreement, Party
from privacy.audit import registry, review, spend
from privacy.audit.told import Told
from privacy.audit.verify import Audit
from privacy.errors import InvalidValue
from privacy.ledger.amounts import written
from privacy.ledger.entries import ResultOpened
from privacy.metrics import Task
from privacy.plan.guarantee import Guarantee, exposures

PRIVACY_UNIT = (
    "One person's reports for the windows that start in any 91 days, against neutral reports in "
    "their place. The number of reports is public."
)


def evidence(audit: Audit) -> dict[str, Any]:
    """Everything, JSON-able, in a fixed order; the same export gives the same evidence.

    Whether the export holds comes first. Budgets are exact texts, unless one has more than 80
    digits; ε and rates are rounded to four. Raises `InvalidValue` for an export without any
    agreement, of which nothing can be said.
    """
    told = audit.told
    agreements = list(told.activated.items())
    if not agreements:
        raise InvalidValue(
            "the export has no agreement that both parties signed: `plurale-audit verify` says "
            "what is wrong with it"
        )
    _, newest = agreements[-1]
    return {
        "verification": {
            "held": audit.held,
            "checks": [
                {"title": check.title, "held": check.held, "done": check.done}
                for check in audit.checks
            ],
            "findings": [str(finding) for finding in audit.findings],
            "remarks": [str(remark) for remark in audit.remarks],
        },
        "ledger": _ledger(audit),
        "privacy_unit": PRIVACY_UNIT,
        "agreements": [_agreement(index, signed) for index, signed in agreements],
        "spend": _spend(told),
        "outcomes": _outcomes(told),
        "registry": registry.record(newest.agreement, agreements[0][1].digest, _published(told)),
        "review": [
            {"question": each.question, "answer": each.answer}
            for each in review.answers(newest.agreement)
        ],
    }


def as_json(found: dict[str, Any]) -> str:
    """The evidence for other programs."""
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def _ledger(audit: Audit) -> dict[str, Any]:
    signed, span = audit.seal.signed, audit.span
    return {
        "origin": audit.origin,
        "entries": len(audit.lines.entries),
        "first": None if span is None else _time(span[0]),
        "last": None if span is None else _time(span[1]),
        "root": None if signed is None else signed.root.hex(),
        "witnessed": None if audit.seal.witnessed is None else _time(audit.seal.witnessed),
    }


def _agreement(index: int, signed: SignedAgreement) -> dict[str, Any]:
    agreement, terms = signed.agreement, signed.agreement.privacy
    return {
        "version": agreement.version,
        "entry": index,
        "digest": signed.digest.hex(),
        "organisation": agreement.organisation,
        "windows": [str(agreement.first_window), str(agreement.last_window)],
        "fingerprints": {
            party.value: key_id(agreement.party(party).signing_key) for party in Party
        },
        "parameters": {
            "rho_quarter": str(terms.rho_quarter),
            "client_share": str(terms.client_share),
            "min_contributors": terms.thresholds.min_contributors,
            "assumed_colluders": terms.thresholds.assumed_colluders,
            "upload_days": agreement.upload_days,
            "retention_weeks": agreement.retention_weeks,
        },
        "groups": [
            {
                "id": group.id,
                "level": group.level.value,
                "roster": group.roster,
                "reports_needed": terms.thresholds.release(group),
                "noise_counted_on": terms.thresholds.honest(group),
            }
            for group in agreement.groups
        ],
        "tasks": [_task(agreement, task) for task in agreement.tasks],
        "guarantees": [
            {
                "task": each.task,
                "quarters": each.quarters,
                "outside": _guarantee(each.outside),
                "council": _guarantee(each.council),
            }
            for each in exposures(agreement)
        ],
    }


def _task(agreement: Agreement, task: Task) -> dict[str, Any]:
    written: Sequence[dict[str, Any]] = to_document(agreement)["tasks"]
    (found,) = [each for each in written if each["id"] == task.id]
    return {**found, "rho_week": str(agreement.weekly_rho(task))}


def _guarantee(guarantee: Guarantee) -> dict[str, Any]:
    return {
        "rho": written(guarantee.rho),
        "epsilon": round(guarantee.epsilon, 4),
        "delta": DELTA,
        "guess_present": round(guarantee.present, 4),
        "guess_limits": round(guarantee.limits, 4),
    }


def _spend(told: Told) -> dict[str, Any]:
    found, worst = spend.spends(told), spend.worst(told)
    totals: dict[str, Fraction] = {}
    for each in found:
        totals[str(each.quarter)] = totals.get(str(each.quarter), Fraction(0)) + each.rho
    return {
        "by_task": [
            {
                "quarter": str(each.quarter),
                "version": each.version,
                "task": each.task,
                "windows": each.windows,
                "rho": written(each.rho),
            }
            for each in found
        ],
        "by_quarter": [
            {"quarter": quarter, **_guarantee(Guarantee.of(rho))} for quarter, rho in totals.items()
        ],
        "worst_91_days": None
        if worst is None
        else {"window": str(worst.window), **_guarantee(Guarantee.of(worst.rho))},
    }


def _outcomes(told: Told) -> dict[str, Any]:
    return {
        "released": [entry.index for entry, _ in told.released.values()],
        "results": [
            entry.index for entry, body in told.ended.values() if isinstance(body, ResultOpened)
        ],
        "without_result": spend.refusals(told),
    }


def _published(told: Told) -> str:
    """The day of the first result, or of the first entry while there is none."""
    results = [entry.at for entry, body in told.ended.values() if isinstance(body, ResultOpened)]
    times = results or [entry.at for entry in told.entries.values()]
    return f"{min(times).astimezone(UTC):%Y-%m-%d}"


def _time(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
