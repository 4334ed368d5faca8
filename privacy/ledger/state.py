"""What a ledger says so far: its entries, folded into what later entries are judged by."""

from dataclasses import dataclass, field

from privacy.agreement.envelope import SignedAgreement
from privacy.agreement.model import AgreementDigest, TaskDigest
from privacy.batch import BatchId
from privacy.book import AgreementBook
from privacy.budget import Budget
from privacy.ledger.entries import (
    AgreementActivated,
    AgreementRetired,
    BatchKeyPublished,
    BatchReleased,
    End,
    Entry,
    VerifyKeysCommitted,
    WindowKeysPublished,
)
from privacy.merkle import Frontier, LeafHash
from privacy.window import Window


def named(batch: BatchId) -> str:
    """The batch as people say it: north's headline for 2026-W05."""
    return f"{batch.group}'s {batch.task} for {batch.window}"


@dataclass
class LedgerState:
    """Entries that were checked, and what they add up to.

    `signed`: the versions, oldest first; `activated`: the entry that put each in force. `ended`:
    the one entry that ends a batch. A batch that was released and not opened yet is in `released`
    alone. `moduli`: the entries of `batch_keys`, by their key.
    """

    entries: list[Entry] = field(default_factory=list)
    leaves: list[LeafHash] = field(default_factory=list)
    tree: Frontier = field(default_factory=Frontier)
    signed: list[SignedAgreement] = field(default_factory=list)
    activated: dict[AgreementDigest, Entry] = field(default_factory=dict)
    retired: dict[AgreementDigest, Window] = field(default_factory=dict)
    window_keys: dict[Window, Entry] = field(default_factory=dict)
    batch_keys: dict[BatchId, Entry] = field(default_factory=dict)
    moduli: dict[bytes, Entry] = field(default_factory=dict)
    committed: dict[TaskDigest, Entry] = field(default_factory=dict)
    released: dict[BatchId, Entry] = field(default_factory=dict)
    ended: dict[BatchId, Entry] = field(default_factory=dict)
    budget: Budget = field(default_factory=Budget)
    book: AgreementBook = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """The book reads the lists kept here, so it follows what is folded in."""
        self.book = AgreementBook(self.signed, self.retired)

    def fold(self, entry: Entry, activated: SignedAgreement | None) -> None:
        """Take in an entry that keeps every rule. `activated`: the version that it puts in force.

        Nothing here can fail: an entry is taken in whole or not at all.
        """
        match entry.body:
            case AgreementActivated() if activated is not None:
                self.signed.append(activated)
                self.activated[activated.digest] = entry
            case AgreementRetired() as body:
                self.retired[body.agreement] = body.last_window
            case VerifyKeysCommitted() as body:
                self.committed[body.task] = entry
            case WindowKeysPublished() as body:
                self.window_keys[body.window] = entry
            case BatchKeyPublished() as body:
                self.batch_keys[body.batch] = self.moduli[body.modulus] = entry
            case BatchReleased() as body:
                self.released[body.batch] = entry
                task, window = body.batch.task_digest, body.batch.window
                self.budget = self.budget.with_spend(task, window, body.rho)
            case body if isinstance(body, End):
                self.ended[body.batch] = entry
        self.entries.append(entry)
        leaf = entry.leaf
        self.leaves.append(leaf)
        self.tree = self.tree.append(leaf)
