"""An agreement as commented TOML: what ``agreement new`` writes, and what people go on editing."""

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Any, Final

from privacy.agreement.document import to_document
from privacy.agreement.model import Agreement

_HEADER: Final = """\
# A works agreement. Every key is explained in docs/agreement.md.
# Numbers that need not be whole are exact: write 0.8 or "4/5", and "1/3" where no decimal fits.

"""

_PARTY: Final = MappingProxyType(
    {
        "name": "Who the party is.",
        "administrator": "Who runs its server. Nobody may run both.",
        "endpoint": "Where its server is reached.",
        "peer_endpoint": "Where the employer's server reaches it.",
        "signing_key": "The key with which the party signs agreements.",
        "successor_key": "Another key with which it may sign the next version.",
        "server_key": "The key with which its server signs.",
        "ca_certificate": "The certificate under which its server is trusted.",
    }
)

COMMENTS: Final = MappingProxyType(
    {
        "organisation": "Shown to everybody.",
        "version": "Any change is a new version, with a higher number and two new signatures.",
        "first_window": "The first week that is collected.",
        "last_window": "The last one.",
        "purpose": "Why this is measured, for the people measured.",
        "contact": "Whom to ask.",
        "idle_minutes": "Minutes without input after which time no longer counts as active.",
        "upload_days": "Days after a week in which its reports may be sent.",
        "retention_weeks": "Weeks for which released results are kept.",
        **{f"employer.{key}": each for key, each in _PARTY.items() if key != "peer_endpoint"},
        **{f"council.{key}": comment for key, comment in _PARTY.items()},
        "working_time.time_zone": "All times below are local times there.",
        "working_time.days": "Working days.",
        "working_time.start": "The working day begins.",
        "working_time.end": "The working day ends.",
        "working_time.core_start": "The core hours begin.",
        "working_time.core_end": "The core hours end.",
        "working_time.country": "Its public holidays are free.",
        "working_time.region": "Those of this region too.",
        "mail.internal_domains": "Mail from these domains is not client mail.",
        "mail.answer_hours": "Business hours within which an answer is in time.",
        "mail.clock_start": 'Which of several client mails in a row counts: "first" or "last".',
        "privacy.rho_quarter": "One person's privacy budget in a quarter, for all tasks (zCDP).",
        "privacy.client_share": "The devices' share of the noise; the council adds the rest.",
        "privacy.min_contributors": "Reports without which nothing is released.",
        "privacy.assumed_colluders": "Reports that may lack their noise without harm to anybody.",
        "groups.id": "The group's name.",
        "groups.level": '"team" or "department".',
        "groups.roster": "How many members it has.",
        "groups.parent": "The department of a team.",
        "tasks.id": "A task is one report for each person and week.",
        "tasks.level": "Results are about whole groups of this level.",
        "tasks.share": "Its part of rho_quarter; all tasks together at most 1.",
        "tasks.metrics.id": "A measure of docs/measures.md.",
        "tasks.metrics.target": "The number to reach.",
        "tasks.metrics.direction": '"at_least" or "at_most".',
        "tasks.metrics.clip": "How far from the target a value counts.",
        "tasks.metrics.edges": "Where one range ends and the next begins, in hours.",
        "categories.id": "One kind of work, told apart by what is in front on the screen.",
        "categories.title": "What people are shown.",
        "categories.applications": "It counts as this if the application's name has one of these,",
        "categories.titles": "or if the window's title has one of these. Case makes no difference.",
        "tasks.metrics.share": "Its part of the task's budget; all metrics of a task sum to 1.",
    }
)
"""What is written above each key, by its path in the document."""

_EXACT: Final = frozenset({"rho_quarter", "client_share", "share", "target", "clip", "edges"})


def draft(agreement: Agreement) -> str:
    """TOML with a comment above each key. Read again, it gives the same agreement."""
    return _HEADER + "\n".join(_table(to_document(agreement), "", set())) + "\n"


def _table(table: Mapping[str, Any], path: str, told: set[str]) -> Iterator[str]:
    """A table's own keys, then the tables in it; a comment once for each path."""
    below = {key: entry for key, entry in table.items() if _holds_tables(entry)}
    for key, entry in table.items():
        # An empty list written out would forbid to add tables of that name below.
        if key in below or entry == []:
            continue
        place = f"{path}.{key}" if path else key
        if place not in told:
            told.add(place)
            yield f"# {COMMENTS[place]}"
        yield f"{key} = {_value(key, entry)}"
    for key, entry in below.items():
        place = f"{path}.{key}" if path else key
        for each in entry if isinstance(entry, list) else [entry]:
            yield f"\n[[{place}]]" if isinstance(entry, list) else f"\n[{place}]"
            yield from _table(each, place, told)


def _holds_tables(entry: Any) -> bool:
    return isinstance(entry, dict) or (
        isinstance(entry, list) and any(isinstance(each, dict) for each in entry)
    )


def _value(key: str, entry: Any) -> str:
    if isinstance(entry, list):
        return f"[{', '.join(_value(key, each) for each in entry)}]"
    if isinstance(entry, int):
        return str(entry)
    if key in _EXACT:
        return _number(entry)
    return written(entry)


def _number(exact: str) -> str:
    value = Fraction(exact)
    decimal = f"{Decimal(value.numerator) / value.denominator:f}"
    if Fraction(decimal) == value and len(decimal) <= 12:
        return decimal
    return f'"{exact}"'


def written(text: str) -> str:
    """A text as TOML writes it."""
    # A JSON string is a TOML basic string; in three quotes, lines may stay lines.
    lines = [json.dumps(line, ensure_ascii=False)[1:-1] for line in text.split("\n")]
    if len(lines) == 1:
        return f'"{lines[0]}"'
    return '"""\n' + "\n".join(lines) + '"""'
