"""One entry in plain words, for a council member: what happened, what it cost, what it means."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from privacy.agreement.document import task_digest
from privacy.agreement.model import TaskDigest
from privacy.agreement.quantities import day
from privacy.audit import explain_batch
from privacy.audit.told import Told
from privacy.audit.verify import Audit
from privacy.audit.wording import some
from privacy.errors import BadEntry, BadInclusion, InvalidValue
from privacy.ledger.entries import (
    AgreementActivated,
    AgreementRetired,
    BatchKeyPublished,
    Entry,
    VerifyKeysCommitted,
    WindowKeysPublished,
)
from privacy.ledger.proven import ProvenEntry
from privacy.merkle import inclusion_proof


@dataclass(frozen=True, slots=True)
class Explanation:
    """`paragraphs` about an entry. `proof`: that it is in the signed tree, or why not.

    `warning`: comes first where the export does not hold, so that nothing here vouches for it.
    """

    warning: str | None
    title: str
    paragraphs: tuple[str, ...]
    proof: str
    proven: bool


def explain(audit: Audit, index: int) -> Explanation:
    """Explain the entry at a place, and check its inclusion proof against the signed checkpoint.

    Raises `InvalidValue` where there is no such entry, or none that can be read.
    """
    told = audit.told
    if not 0 <= index < len(told.at_place):
        last = len(told.at_place) - 1
        there = "no entry" if last < 0 else "entry 0 alone" if not last else f"entries 0 to {last}"
        raise InvalidValue(f"there is no entry {index}: the export has {there}")
    entry = told.at_place[index]
    if entry is None:
        raise InvalidValue(f"entry {index} cannot be read: `plurale-audit verify` says why")
    proof, proven = _proof(audit, index)
    title = f"Entry {index}: {entry.body.kind}, {moment(entry.at)}"
    paragraphs = [*_paragraphs(audit, entry)]
    paragraphs += [f"{each.sentence}." for each in audit.remarks if each.index == entry.index]
    return Explanation(_warning(audit, index), title, tuple(paragraphs), proof, proven)


def _warning(audit: Audit, index: int) -> str | None:
    """One sentence that names a fault, of this entry if it has one; and what that means here."""
    if audit.held:
        return None
    about = [finding for finding in audit.findings if finding.index == index]
    fault = f"{(*about, *audit.findings)[0]}".rstrip(".")
    return (
        f"This export does not hold: {fault}. What follows is what the entry says, not what is "
        "proven; `plurale-audit verify` shows everything that is wrong."
    )


def moment(at: datetime) -> str:
    """5 January 2026, 02:00 UTC."""
    utc = at.astimezone(UTC)
    return f"{day(utc.date())}, {utc:%H:%M} UTC"


def _proof(audit: Audit, index: int) -> tuple[str, bool]:
    signed, entries = audit.seal.signed, audit.lines.entries
    if signed is None:
        return "Not proven: the checkpoint is not one that the council signed.", False
    proof = inclusion_proof(entries, index)
    try:
        ProvenEntry(index, entries[index], proof).verify(signed)
    except (BadInclusion, BadEntry) as error:
        return f"Not proven: {error}. `plurale-audit verify` says what is wrong.", False
    hashes = some(len(proof), "hash leads", "hashes lead")
    return (
        f"Proven: {hashes} from this entry to the root of {_all(signed.size)} that the council "
        "signed.",
        True,
    )


def _all(entries: int) -> str:
    return "the one entry" if entries == 1 else f"the {entries} entries"


def _paragraphs(audit: Audit, entry: Entry) -> Iterator[str]:
    told = audit.told
    match entry.body:
        case AgreementActivated() as body:
            yield from _activated(told, entry, body)
        case AgreementRetired() as body:
            yield (
                f"A party ended {_version(told, body.agreement)}. Its last window is "
                f"{body.last_window}. A week that had begun stays collected; no later one is, "
                "unless a newer version covers it."
            )
        case VerifyKeysCommitted() as body:
            yield (
                f"Both servers fixed their half of a secret for {_task(told, body.task)}. With it "
                "they check, without reading it, that a report is in its range. Each put the hash "
                "of its half here before it saw the other's, so neither could choose to suit it."
            )
        case WindowKeysPublished() as body:
            yield (
                f"The keys that reports of {body.window} are sealed to, one of each party. "
                "Devices use no others, so nobody can be given a key of their own. Each party "
                "erases its private part when the window is decided; then nothing that was "
                "recorded on the way can be opened any more."
            )
        case BatchKeyPublished() as body:
            yield from explain_batch.key(body)
        case body:
            yield from explain_batch.paragraphs(told, audit.lines.openings, entry, body)


def _activated(told: Told, entry: Entry, body: AgreementActivated) -> Iterator[str]:
    signed = told.activated.get(entry.index)
    if signed is None:
        yield f"It claims to put version {body.version} in force, without two valid signatures."
        return
    terms = signed.agreement
    yield (
        f"Version {terms.version} of the agreement of {terms.organisation} came into force, with "
        "the signatures of both parties. It covers the windows "
        f"{terms.first_window} to {terms.last_window}, unless a newer version does."
    )
    groups = ", ".join(f"{group.id} ({group.roster})" for group in terms.groups)
    tasks = ", ".join(task.id for task in terms.tasks)
    yield f"Tasks: {tasks}. Groups and their members: {groups}."
    yield explain_batch.budget_words(terms.privacy.rho_quarter)


def _version(told: Told, digest: bytes) -> str:
    found = [each.agreement.version for each in told.activated.values() if each.digest == digest]
    return f"version {found[0]} of the agreement" if found else "an agreement that is not here"


def _task(told: Told, digest: TaskDigest) -> str:
    for signed in told.activated.values():
        for task in signed.agreement.tasks:
            if task_digest(signed.digest, task.id) == digest:
                return f"the task “{task.id}” of version {signed.agreement.version}"
    return "a task that is not here"
