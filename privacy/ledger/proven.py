"""What a device can check for itself: one entry of the ledger, and its own report in a release.

A device keeps no ledger. It keeps the last checkpoint it saw, and is given single entries with
proofs. To find its report it asks for the ids of the whole batch: who asks for one id says whose
report it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from privacy.checkpoint import Checkpoint
from privacy.errors import BadEntry, BadInclusion
from privacy.ledger.entries import Entry, decode
from privacy.merkle import inclusion_proof, leaf_hash, tree_hash, verify_inclusion
from privacy.report import ReportId


@dataclass(frozen=True, slots=True)
class ProvenEntry:
    """An entry's canonical bytes, its place, and the hashes that lead from it to a root."""

    index: int
    data: bytes
    proof: tuple[bytes, ...]

    def verify(self, checkpoint: Checkpoint) -> Entry:
        """The entry; raises `BadInclusion` or `BadEntry` unless it is in that ledger."""
        verify_inclusion(
            leaf_hash(self.data), self.index, checkpoint.size, self.proof, checkpoint.root
        )
        entry = decode(self.data)
        if entry.index != self.index:
            raise BadEntry(f"entry {self.index} says of itself that it is entry {entry.index}")
        return entry


@dataclass(frozen=True, slots=True)
class Inclusion:
    """That a report id is one of the `size` counted in a release: place and path (RFC 9162)."""

    index: int
    size: int
    proof: tuple[bytes, ...]

    def verify(self, report_id: ReportId, id_root: bytes) -> None:
        """Raise `BadInclusion` unless the id is under the root."""
        verify_inclusion(leaf_hash(report_id), self.index, self.size, self.proof, id_root)


def find(
    report_id: ReportId, ids: Sequence[ReportId], count: int, id_root: bytes
) -> Inclusion | None:
    """Where a report is among all ids of a batch, or None when it is not among them.

    Raises `BadInclusion` unless these are exactly the `count` ids under the root, so that nobody
    can leave one out towards one device only, and each is there once.
    """
    ordered = sorted(ids)
    if len(ordered) != count or tree_hash(ordered) != id_root:
        raise BadInclusion(
            "the report ids shown are not the ones that the release was made for: tell the works "
            "council"
        )
    if len(set(ordered)) != count:
        raise BadInclusion("the release counts a report twice: tell the works council")
    if report_id not in ordered:
        return None
    index = ordered.index(report_id)
    return Inclusion(index, count, inclusion_proof(ordered, index))
