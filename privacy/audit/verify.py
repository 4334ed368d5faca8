"""Verify an export: recompute everything that it says, offline (protocol §8).

1. The file: every line is in the one form it can have.
2. The order: no entry is missing, doubled, out of place or changed.
3. The rules: `privacy.ledger.rules` accepts every entry after those before it. That covers both
   signatures on agreements, keys, thresholds, the budget, the agreement in force, one key for
   tokens, one release and one outcome for a batch.
4. Outcomes: every batch that is due at the time of the last entry has one. One that came late is
   no fault; a remark names it.
5. The checkpoint: origin, size and root are those of the entries; the council's server signed it
   and the employer's witnessed it.
6. The results: each opening is what its entry is the hash of; none is held back.
7. The agreement on paper, 8. the employer's figures, 9. another reader's copy: where given.

What is not there is not checked: a file without entries, or without a checkpoint, holds nowhere.

All checks are made, whatever the ones before found. The rules alone stop at the first entry that
breaks one, since nothing is known of the state behind it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final

from privacy.agreement.model import Party
from privacy.agreement.quantities import day
from privacy.agreement.words import fingerprint
from privacy.audit import chain
from privacy.audit.figures import check_figures
from privacy.audit.finding import Check, Finding
from privacy.audit.openings import check_openings
from privacy.audit.other import check_other
from privacy.audit.seal import NO_SEAL, Keys, Seal, check_agreement, check_note, check_tree
from privacy.audit.told import Told
from privacy.audit.wording import entries as counted_entries
from privacy.audit.wording import some
from privacy.errors import BrokenLedger
from privacy.ledger.entries import Entry, Outcome
from privacy.ledger.export import Lines, read_lines
from privacy.ledger.rules import Ledger
from privacy.ledger.state import named


@dataclass(frozen=True, slots=True)
class Given:
    """What the auditor has beside the export; None where there is nothing.

    `agreement`: a signed agreement. `results`: the parsed JSON of the employer's results. `other`:
    another export, a checkpoint note, or what a device keeps (``plurale receipts --json``).
    """

    agreement: bytes | None = None
    results: object = None
    other: bytes | None = None


@dataclass(frozen=True, slots=True)
class Audit:
    """What was checked and found. `told` and `lines`: the export, for whoever goes on with it."""

    lines: Lines
    told: Told
    seal: Seal
    origin: str | None
    checks: tuple[Check, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Everything that does not hold, in the order of the checks."""
        return tuple(finding for check in self.checks for finding in check.findings)

    @property
    def held(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    @property
    def remarks(self) -> tuple[Finding, ...]:
        """What breaks nothing and is worth asking about."""
        return tuple(remark for check in self.checks for remark in check.remarks)

    @property
    def span(self) -> tuple[datetime, datetime] | None:
        """The times of the first and the last entry."""
        times = [entry.at for entry in self.told.entries.values()]
        return (min(times), max(times)) if times else None

    @property
    def fingerprints(self) -> dict[Party, tuple[str, str]]:
        """Of both signing keys in the newest agreement, to compare with paper."""
        newest = list(self.told.activated.values())[-1:]
        return {
            party: fingerprint(signed.agreement.party(party).signing_key)
            for signed in newest
            for party in Party
        }


def verify(data: bytes, given: Given | None = None) -> Audit:
    """Make every check of this module on an export.

    Raises `InvalidValue` if what was given as the employer's results is no such thing.
    """
    given = given or Given()
    lines = read_lines(data)
    told = Told.by(lines.entries)
    keys = Keys.of(told)
    seal = check_note(lines.checkpoint, keys) if lines.checkpoint else NO_SEAL
    misplaced = tuple(chain.out_of_place(told.at_place))
    changed = tuple(chain.changed(told.entries, _root(told, seal)))
    explained = bool(misplaced or changed or None in told.at_place)
    damaged = {fault.index for fault in lines.faults if fault.index is not None}
    checks = (
        _check_file(lines),  # 1
        _check_order(told, (*misplaced, *changed)),  # 2
        *_check_rules(lines.entries, told, _unknown_from(told, misplaced, changed)),  # 3, 4
        check_tree(lines.entries, seal, explained=explained),  # 5
        check_openings(told, lines.openings, damaged),  # 6
        check_agreement(told, given.agreement),  # 7
        check_figures(told, lines.openings, given.results),  # 8
        check_other(lines.entries, seal, keys, given.other),  # 9
    )
    return Audit(lines, told, seal, None if keys is None else keys.origin, checks)


def _root(told: Told, seal: Seal) -> bytes | None:
    """The root that the council signed for as many entries as there are."""
    signed = seal.signed
    return signed.root if signed is not None and signed.size == len(told.at_place) else None


def _unknown_from(told: Told, misplaced: Sequence[Finding], changed: Sequence[Finding]) -> int:
    """The first place whose entry cannot keep the rules, because of what was found already.

    One that was changed in itself may still keep them, or break one that is worth naming.
    """
    places = [place for place, entry in enumerate(told.at_place) if entry is None]
    places += [finding.index for finding in misplaced if finding.index is not None]
    places += [finding.index + 1 for finding in changed if finding.index is not None]
    return min(places, default=len(told.at_place))


def _check_file(lines: Lines) -> Check:
    found = tuple(Finding(fault.index, fault.sentence) for fault in lines.faults)
    counts = f"{counted_entries(len(lines.entries))}, {some(len(lines.openings), 'opening')}"
    form = "and the checkpoint are each in the one form that they can have."
    return Check("The file", f"{counts} {form}", found)


def _check_order(told: Told, found: tuple[Finding, ...]) -> Check:
    if not told.at_place:
        return Check("The order", _NO_ENTRY, done=False)
    order = "Each entry names the one before it; none is missing, doubled or moved."
    return Check("The order", order, found)


def _check_rules(entries: Sequence[bytes], told: Told, unknown_from: int) -> tuple[Check, Check]:
    """Apply the rules up to the first entry that breaks one; then the outcomes."""
    if not entries:
        return (
            Check("The rules", _NO_ENTRY, done=False),
            Check("The outcomes", _NO_ENTRY, done=False),
        )
    ledger = Ledger()
    for place, data in enumerate(entries):
        try:
            ledger.apply(data)
        except BrokenLedger as error:
            fault = str(error).removeprefix(f"entry {error.index}: ")
            outcomes = Check("The outcomes", _STOPPED, done=False)
            if place < unknown_from:
                return Check("The rules", _RULES, (Finding(place, fault),)), outcomes
            kept = f"Kept up to entry {place - 1}" if place else "Not checked"
            return Check("The rules", f"{kept}. {_STOPPED}", done=False), outcomes
    kept = f"{counted_entries(len(entries))}, each of which was allowed after those before it"
    return Check("The rules", f"{kept}: {_RULES}"), _check_outcomes(ledger, told)


_RULES: Final = (
    "both signatures on agreements, keys, thresholds, the budget, the agreement in force, one key "
    "for tokens, one release and one outcome for each batch."
)
_STOPPED: Final = "Nothing can be said behind the first entry that is not as it should be."
_NO_ENTRY: Final = "Not checked: the file has no entry."
_MOST_OVERDUE: Final = 100


def _check_outcomes(ledger: Ledger, told: Told) -> Check:
    last = told.last_at
    overdue = [] if last is None else list(islice(ledger.overdue(last), _MOST_OVERDUE + 1))
    found = [
        Finding(None, f"{batch} is overdue at the time of the last entry and has no outcome")
        for batch in overdue[:_MOST_OVERDUE]
    ]
    if len(overdue) > _MOST_OVERDUE:
        found.append(Finding(None, f"more than these {_MOST_OVERDUE} batches are overdue"))
    ended = some(len(ledger.ended), "batch has", "batches have")
    told_words = f"No batch that was due by then lacks one; {ended} ended."
    late = tuple(_late(ledger, entry) for entry in ledger.late())
    return Check("The outcomes", told_words, tuple(found), remarks=late)


def _late(ledger: Ledger, entry: Entry) -> Finding:
    """A decision that came late, as something to ask about."""
    body = entry.body
    if not isinstance(body, Outcome):
        raise TypeError(f"entry {entry.index} decides no batch")
    due = ledger.due(body.batch)
    return Finding(
        entry.index,
        f"{named(body.batch)} should have ended by {day(due.date())}, and this came "
        f"{some((entry.at - due).days, 'day')} later. A server may have been down: ask both "
        "parties why",
    )
