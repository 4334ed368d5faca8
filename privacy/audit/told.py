"""What the entries of an export say, each taken for itself and none of it checked.

The rules go through a ledger in its order and stop at the first entry that breaks one. What comes
after can still be read here, so that the rest of an audit has something to say about it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from privacy.agreement import envelope
from privacy.agreement.envelope import SignedAgreement
from privacy.agreement.model import AgreementDigest
from privacy.batch import BatchId, Collection
from privacy.book import AgreementBook
from privacy.errors import AgreementError, BadEntry, ReportRejected
from privacy.ledger.entries import (
    AgreementActivated,
    AgreementRetired,
    BatchReleased,
    End,
    Entry,
    decode,
)


@dataclass(frozen=True)
class Told:
    """`at_place`: what can be read at each place of the file, None where nothing can."""

    at_place: tuple[Entry | None, ...]

    @classmethod
    def by(cls, entries: Sequence[bytes]) -> "Told":
        """Read every entry that can be read."""
        return cls(tuple(map(_read, entries)))

    @cached_property
    def entries(self) -> Mapping[int, Entry]:
        """Entries by the index that each says it has; of doubles the first."""
        found: dict[int, Entry] = {}
        for entry in self.at_place:
            if entry is not None:
                found.setdefault(entry.index, entry)
        return dict(sorted(found.items()))

    @property
    def last_at(self) -> datetime | None:
        """The latest time that any entry names: what the audit takes for now."""
        return max((entry.at for entry in self.entries.values()), default=None)

    @cached_property
    def book(self) -> AgreementBook:
        """The agreements that both of the parties they name have signed, in their order."""
        retired: dict[AgreementDigest, AgreementRetired] = {}
        for entry in self.entries.values():
            if isinstance(entry.body, AgreementRetired):
                retired.setdefault(entry.body.agreement, entry.body)
        windows = {digest: body.last_window for digest, body in retired.items()}
        return AgreementBook(list(self.activated.values()), windows)

    @cached_property
    def activated(self) -> Mapping[int, SignedAgreement]:
        """The agreements by the index of the entry that activated them."""
        found = {}
        for entry in self.entries.values():
            if isinstance(entry.body, AgreementActivated):
                signed = signed_by_its_parties(entry.body.envelope.encode())
                if signed is not None and signed.digest == entry.body.agreement:
                    found[entry.index] = signed
        return found

    @cached_property
    def released(self) -> Mapping[BatchId, tuple[Entry, BatchReleased]]:
        """The first release of every batch."""
        found: dict[BatchId, tuple[Entry, BatchReleased]] = {}
        for entry in self.entries.values():
            if isinstance(entry.body, BatchReleased):
                found.setdefault(entry.body.batch, (entry, entry.body))
        return found

    @cached_property
    def ended(self) -> Mapping[BatchId, tuple[Entry, End]]:
        """The first end of every batch."""
        found: dict[BatchId, tuple[Entry, End]] = {}
        for entry in self.entries.values():
            if isinstance(entry.body, End):
                found.setdefault(entry.body.batch, (entry, entry.body))
        return found

    def signed(self, batch: BatchId) -> SignedAgreement | None:
        """The agreement that a batch names."""
        return next(
            (each for each in self.activated.values() if each.digest == batch.agreement), None
        )

    def collection(self, batch: BatchId) -> Collection | None:
        """The parameters of a batch, None where there is no such batch."""
        try:
            return self.book.collection(batch)
        except ReportRejected:
            return None


def signed_by_its_parties(written: bytes) -> SignedAgreement | None:
    """The agreement in an envelope, if the two keys that it names itself have signed it."""
    try:
        terms = envelope.read_unverified(written)
        return envelope.verify(
            written,
            employer_key=terms.employer.signing_key,
            council_key=terms.council.signing_key,
        )
    except AgreementError:
        return None


def _read(data: bytes) -> Entry | None:
    try:
        return decode(data)
    except BadEntry:
        return None
