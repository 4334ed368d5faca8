"""The evidence in Markdown, for people: the same data as the JSON form, in their order."""

import json
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

from privacy.agreement.quantities import decimal, in_100
from privacy.audit.wording import entries


def as_markdown(found: dict[str, Any]) -> str:
    """The page."""
    return "\n".join(_page(found)) + "\n"


def _page(found: dict[str, Any]) -> Iterator[str]:
    newest = found["agreements"][-1]
    yield f"# Evidence: {newest['organisation']}"
    yield ""
    yield from _verified(found)
    yield from _guarantees(newest)
    yield from _parameters(found["agreements"])
    yield from _spent(found["spend"], newest)
    yield from _outcomes(found["outcomes"])
    yield "## Questions of a reviewer"
    yield ""
    for each in found["review"]:
        yield f"**{each['question']}** {each['answer']}"
        yield ""
    yield "## Record for the registry of deployments"
    yield ""
    yield "A draft, for people to check and complete before they hand it in."
    yield ""
    yield "```json"
    yield json.dumps(found["registry"], indent=2, ensure_ascii=False)
    yield "```"


def _verified(found: dict[str, Any]) -> Iterator[str]:
    ledger, verification = found["ledger"], found["verification"]
    if verification["held"]:
        skipped = [each["title"] for each in verification["checks"] if not each["done"]]
        yield "`plurale-audit verify` finds nothing wrong with this export."
        if skipped:
            yield f"Not compared: {', '.join(skipped).lower()}."
        if verification["remarks"]:
            yield ""
            yield "To ask about:"
            yield ""
            yield from (f"- {remark}." for remark in verification["remarks"])
    else:
        first, *_ = verification["findings"]
        yield (
            f"**This export does not hold: {first}. What follows is what it says, not what is "
            "proven.**"
        )
        yield ""
        yield from (f"- {finding}" for finding in verification["findings"])
    yield ""
    yield (
        f"From the ledger `{ledger['origin']}`, {entries(ledger['entries'])}, {ledger['first']} to "
        f"{ledger['last']}."
    )
    yield ""


def _guarantees(newest: dict[str, Any]) -> Iterator[str]:
    yield "## What may be learnt about one person"
    yield ""
    yield (
        f"Under version {newest['version']}, the newest. The unit is a person and quarter: one "
        "person's reports for the windows that start in any 91 days, against neutral reports in "
        "their place. The last two columns say in how many of 100 cases somebody who knows "
        "everyone else would guess right at most; blind guessing is right in 50."
    )
    yield ""
    rows = []
    for each in newest["guarantees"]:
        what = each["task"] or "everything"
        time = "a quarter" if each["quarters"] == 1 else "a year"
        for who, title in (("outside", "results"), ("council", "results and own noise")):
            numbers = each[who]
            rows.append(
                (
                    what,
                    time,
                    title,
                    _rho(numbers["rho"]),
                    f"{numbers['epsilon']:.2f}",
                    in_100(numbers["guess_present"]),
                    in_100(numbers["guess_limits"]),
                )
            )
    heads = (
        *("Task", "Over", "Who knows", "ρ", "ε (δ = 0.000001)"),
        *("Data or neutral", "One limit or the other"),
    )
    yield from _table(heads, rows)


def _parameters(agreements: Sequence[dict[str, Any]]) -> Iterator[str]:
    yield "## What was agreed"
    yield ""
    for each in agreements:
        terms = each["parameters"]
        yield (
            f"**Version {each['version']}** (entry {each['entry']}), {each['windows'][0]} to "
            f"{each['windows'][1]}: ρ = {terms['rho_quarter']} a quarter, "
            f"{terms['client_share']} of the noise from the devices, at least "
            f"{terms['min_contributors']} reports, {terms['assumed_colluders']} of them possibly "
            f"without noise, results kept {terms['retention_weeks']} weeks."
        )
        yield ""
        groups = [
            (group["id"], str(group["roster"]), str(group["reports_needed"]))
            for group in each["groups"]
        ]
        yield from _table(("Group", "Members", "Reports needed"), groups)
        tasks = [
            (
                task["id"],
                task["level"],
                task["rho_week"],
                ", ".join(m["id"] for m in task["metrics"]),
            )
            for task in each["tasks"]
        ]
        yield from _table(("Task", "Level", "ρ a week", "Metrics"), tasks)
        yield from (f"- {party}: `{digits}`" for party, digits in each["fingerprints"].items())
        yield ""


def _spent(spend: dict[str, Any], newest: dict[str, Any]) -> Iterator[str]:
    yield "## What was spent"
    yield ""
    if not spend["by_task"]:
        yield "Nothing: no batch was released."
        yield ""
        return
    rows = [
        (
            each["quarter"],
            str(each["version"]),
            each["task"],
            str(each["windows"]),
            _rho(each["rho"]),
        )
        for each in spend["by_task"]
    ]
    yield from _table(("Quarter", "Version", "Task", "Windows", "ρ"), rows)
    totals = [
        (each["quarter"], _rho(each["rho"]), f"{each['epsilon']:.2f}")
        for each in spend["by_quarter"]
    ]
    yield from _table(("Quarter", "ρ, all tasks", "ε (δ = 0.000001)"), totals)
    worst = spend["worst_91_days"]
    yield (
        f"The most in any 91 days, around {worst['window']}: ρ = {_rho(worst['rho'])}. The newest "
        f"version allows {newest['parameters']['rho_quarter']}."
    )
    yield ""


def _outcomes(outcomes: dict[str, Any]) -> Iterator[str]:
    yield "## What was released and what was not"
    yield ""
    rows = [
        ("released by the council", *_listed(outcomes["released"])),
        ("opened by the employer: results", *_listed(outcomes["results"])),
    ]
    rows += [(reason, *_listed(found)) for reason, found in outcomes["without_result"].items()]
    yield from _table(("Outcome", "Batches", "Entries"), rows)


def _listed(indices: Sequence[int]) -> tuple[str, str]:
    return str(len(indices)), ", ".join(map(str, indices)) or "–"


def _rho(written: str) -> str:
    return decimal(Fraction(written))


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    for row in (heads, ["---"] * len(heads), *rows):
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"
    yield ""
