"""A ledger to tell at will: `Story` writes whatever it is told, `whole()` is one with everything.

A story is a council's server without a database: it has real keys, real signatures and right
hashes, but checks nothing, so that a test can also make it write what no ledger may hold::

    story = started()                                 # an agreement, its verify keys
    story.at = moment(2026, 1, 19)                    # entries are written from then on
    story.publish(Window(2026, 1))                    # its keys, and those of its batches
    story.release(story.batch("headline", "north", "2026-W01"), count=9)   # below the threshold
    story.entries, story.data, story.openings, story.note, story.export, story.proven(3)
"""

import random
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

from cryptography.hazmat.primitives.hpke import MLKEM768X25519PrivateKey

from privacy import checkpoint, fields, sealing, verify_key
from privacy.agreement import envelope
from privacy.agreement.document import task_digest
from privacy.agreement.envelope import SignedAgreement
from privacy.agreement.model import Agreement, Party, PrivacyTerms, Role
from privacy.batch import BatchId, Collection
from privacy.book import AgreementBook
from privacy.budget import Budget
from privacy.checkpoint import Checkpoint
from privacy.groups import GroupId
from privacy.ledger import entries as kinds
from privacy.ledger.entries import BEFORE_THE_FIRST, Body, Entry
from privacy.ledger.export import Export, Opened
from privacy.ledger.proven import ProvenEntry
from privacy.ledger.rules import Ledger
from privacy.membership import MODULUS_SIZE, BatchKey
from privacy.merkle import inclusion_proof, tree_hash
from privacy.metrics import TaskId
from privacy.release import BatchResult, Withheld, id_root
from privacy.report import REPORT_ID_SIZE, ReportId
from privacy.window import Window
from tests.agreements import make_agreement, party_keys, sign
from tests.batch_keys import pooled


def moment(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    """A time in UTC."""
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


FIRST_DAY = moment(2025, 12, 15, 10)

REAL_KEYS = 40
"""How many batch keys of a story are real ones: making one takes as long as a test."""


@dataclass
class Story:
    """Entries so far, and what only the parties know. Every method that writes returns its entry.

    `at`: when the next entry is written; each one is a second later than the last. `batch_keys`:
    those of the batches that can give out tokens, which are the first `REAL_KEYS` published.
    """

    at: datetime = FIRST_DAY
    chance: random.Random = field(default_factory=lambda: random.Random(1))
    signed: list[SignedAgreement] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    openings: list[Opened] = field(default_factory=list)
    results: dict[BatchId, BatchResult] = field(default_factory=dict)
    report_ids: dict[BatchId, tuple[ReportId, ...]] = field(default_factory=dict)
    private_keys: dict[tuple[Window, Party], MLKEM768X25519PrivateKey] = field(default_factory=dict)
    batch_keys: dict[BatchId, BatchKey] = field(default_factory=dict)
    budget: Budget = field(default_factory=Budget)

    # --- what it looks like from outside ---------------------------------------------------------

    @property
    def data(self) -> list[bytes]:
        """The entries' canonical bytes."""
        return [entry.data for entry in self.entries]

    @property
    def checkpoint(self) -> Checkpoint:
        """Origin, size and root of the entries so far."""
        first = self.signed[0]
        origin = checkpoint.origin_of(first.agreement.organisation, first.digest)
        return Checkpoint(origin, len(self.entries), tree_hash(self.data))

    @property
    def note(self) -> str:
        """The checkpoint, signed by the council's server and witnessed by the employer's."""
        signed = checkpoint.sign(self.checkpoint, party_keys(Party.COUNCIL).server)
        return checkpoint.cosign(signed, party_keys(Party.EMPLOYER).server, self.at).encode()

    def proven(self, index: int) -> ProvenEntry:
        """An entry with its proof against `checkpoint`."""
        return ProvenEntry(index, self.data[index], inclusion_proof(self.data, index))

    @property
    def ledger(self) -> Ledger:
        """The entries, applied; raises `BrokenLedger` for a story that may not be told."""
        ledger = Ledger()
        for data in self.data:
            ledger.apply(data)
        return ledger

    @property
    def export(self) -> Export:
        """All of it, as the council hands it out."""
        return Export(tuple(self.data), tuple(self.openings), self.note)

    def of(self, kind: type[Body]) -> list[Entry]:
        """The entries of one kind."""
        return [entry for entry in self.entries if isinstance(entry.body, kind)]

    def first(self, kind: type[Body], group: str | None = None, window: str | None = None) -> Entry:
        """The first entry of a kind, about a batch of this group and window where one is given."""
        about = None if group is None or window is None else (group, Window.parse(window))
        for entry in self.of(kind):
            batch = getattr(entry.body, "batch", None)
            if about is None or (batch and (batch.group, batch.window) == about):
                return entry
        raise LookupError(f"the story has no {kind.kind} of {group} in {window}")

    def batch(self, task: str, group: str, window: str) -> BatchId:
        """The batch under the newest version that covers the window."""
        when = Window.parse(window)
        signed = [each for each in self.signed if each.agreement.covers(when)][-1]
        return BatchId(signed.digest, TaskId(task), GroupId(group), when)

    @property
    def book(self) -> AgreementBook:
        """Which agreement is in force when."""
        retired = [each.body for each in self.of(kinds.AgreementRetired)]
        return AgreementBook(
            self.signed,
            {
                each.agreement: each.last_window
                for each in retired
                if isinstance(each, kinds.AgreementRetired)
            },
        )

    def collection(self, batch: BatchId) -> Collection:
        """The parameters of a batch."""
        return Collection.of(self._agreement(batch), batch.task, batch.group)

    # --- one entry -------------------------------------------------------------------------------

    def write(self, body: Body) -> Entry:
        """Any body at all, at its place."""
        previous = self.entries[-1].leaf if self.entries else BEFORE_THE_FIRST
        entry = Entry(len(self.entries), self.at, previous, body)
        self.entries.append(entry)
        self.at += timedelta(seconds=1)
        return entry

    def activate(self, agreement: Agreement) -> Entry:
        """Sign a version with both parties' keys and put it in force."""
        signed = signed_by_both(agreement)
        self.signed.append(signed)
        return self.write(activation(signed))

    def retire(self, signed: SignedAgreement, last_window: str) -> Entry:
        """End a version."""
        return self.write(kinds.AgreementRetired(signed.digest, Window.parse(last_window)))

    def commit(self, signed: SignedAgreement) -> list[Entry]:
        """Commitments to the verify keys of all tasks of a version."""
        return [self.write(self.commitments(signed, task.id)) for task in signed.agreement.tasks]

    def commitments(self, signed: SignedAgreement, task: TaskId) -> kinds.VerifyKeysCommitted:
        """Commitments to two random halves."""
        digest = task_digest(signed.digest, task)
        leader, helper = (verify_key.commit(digest, role, self._bytes(32)) for role in Role)
        return kinds.VerifyKeysCommitted(digest, leader, helper)

    def publish(self, window: Window) -> Entry:
        """The window's keys, which are the entry returned, and the key of each of its batches."""
        entry = self.publish_window_keys(window)
        for batch in self.book.batches(window):
            self.publish_batch_key(batch)
        return entry

    def publish_window_keys(self, window: Window) -> Entry:
        """New window keys of both parties; `private_keys` has the private parts."""
        public = {}
        for party in Party:
            raw = self._bytes(sealing.PRIVATE_KEY_SIZE)
            self.private_keys[window, party] = sealing.private_key(raw)
            public[party] = sealing.public_bytes(raw)
        return self.write(
            kinds.WindowKeysPublished(window, public[Party.EMPLOYER], public[Party.COUNCIL])
        )

    def publish_batch_key(self, batch: BatchId) -> Entry:
        """A key for the batch's tokens that no other batch has; `batch_keys` has the newest."""
        number = len(self.of(kinds.BatchKeyPublished))
        if number >= REAL_KEYS:
            modulus = random.Random(number).randbytes(MODULUS_SIZE - 2)
            return self.write(kinds.BatchKeyPublished(batch, b"\x80" + modulus + b"\x01"))
        key = self.batch_keys[batch] = pooled(number)
        return self.write(kinds.BatchKeyPublished(batch, key.modulus))

    def release(self, batch: BatchId, count: int | None = None, **changes: Any) -> Entry:
        """Release a batch, by default of its threshold; `changes` replace fields of the entry."""
        collection = self.collection(batch)
        count = collection.threshold if count is None else count
        ids = tuple(ReportId(self._bytes(REPORT_ID_SIZE)) for _ in range(count))
        self.report_ids[batch] = tuple(sorted(ids))
        self.budget = self._charged(batch, collection.rho)
        cap = self._agreement(batch).agreement.privacy.rho_quarter
        body = kinds.BatchReleased(
            batch=batch,
            count=count,
            rho=collection.rho,
            rho_left=cap - self.budget.worst_around(batch.window),
            id_root=id_root(ids),
            commitment=fields.sha256(self._bytes(32)),
            noised_share_hash=fields.sha256(self._bytes(32)),
        )
        return self.write(replace(body, **changes))

    def open(self, batch: BatchId) -> Entry:
        """Open a released batch; `openings` and `results` have what the hash is of."""
        coordinates = self.collection(batch).task.coordinates
        totals = tuple(self.chance.randint(-900, 900) for _ in range(coordinates))
        result = BatchResult(batch, len(self.report_ids[batch]), totals)
        opening = Opened(len(self.entries), self._bytes(32), totals)
        self.results[batch] = result
        self.openings.append(opening)
        return self.write(kinds.ResultOpened(batch, result.hash(opening.salt)))

    def withhold(self, batch: BatchId, reason: Withheld, count: int | None = None) -> Entry:
        """Withhold a batch: by default one report too few, or its threshold for the budget."""
        if count is None:
            count = self.collection(batch).threshold - (reason is Withheld.BATCH_TOO_SMALL)
        return self.write(kinds.BatchWithheld(batch, count, reason))

    def alarm(self, batch: BatchId) -> Entry:
        """The alarm that follows a batch withheld for the budget."""
        rho = self.collection(batch).rho
        would_spend = self._charged(batch, rho).worst_around(batch.window)
        cap = self._agreement(batch).agreement.privacy.rho_quarter
        return self.write(kinds.BudgetAlarm(batch, rho, would_spend, cap))

    def not_asked(self, batch: BatchId, count: int = 11) -> Entry:
        """The leader did not ask."""
        return self.write(kinds.BatchNotAsked(batch, count))

    def unopened(self, batch: BatchId) -> Entry:
        """The leader did not open."""
        return self.write(kinds.BatchUnopened(batch))

    def stop(
        self,
        batch: BatchId,
        count: int = 11,
        reason: kinds.StopReason = kinds.StopReason.OTHER_COUNT,
    ) -> Entry:
        """Something is wrong: by default, the parties count another number of reports."""
        return self.write(kinds.BatchStopped(batch, count, reason))

    def _agreement(self, batch: BatchId) -> SignedAgreement:
        return next(each for each in self.signed if each.digest == batch.agreement)

    def _charged(self, batch: BatchId, rho: Fraction) -> Budget:
        key = batch.task_digest, batch.window
        spends = dict(self.budget.spends)
        return Budget(spends | {key: max(rho, spends.get(key, Fraction(0)))})

    def _bytes(self, size: int) -> bytes:
        return self.chance.randbytes(size)


def signed_by_both(agreement: Agreement) -> SignedAgreement:
    """The agreement with both signatures, checked."""
    return envelope.verify(
        sign(agreement),
        employer_key=agreement.employer.signing_key,
        council_key=agreement.council.signing_key,
    )


def activation(signed: SignedAgreement) -> kinds.AgreementActivated:
    """The entry that puts it in force."""
    version = signed.agreement.version
    return kinds.AgreementActivated(signed.digest, version, signed.envelope.decode())


def started(agreement: Agreement | None = None) -> Story:
    """An agreement (by default of tests/agreements.py, windows 2026-W01 to W39), verify keys."""
    story = Story()
    story.activate(agreement or make_agreement())
    story.commit(story.signed[0])
    return story


CAP_OF_THE_SECOND: Fraction = Fraction(6, 25)
"""What three windows of the first version and one headline of the second spend exactly."""


def second_version() -> Agreement:
    """From 2026-W04 on, with a budget that one of its headlines uses up."""
    return make_agreement(
        version=2, first_window=Window(2026, 4), privacy=PrivacyTerms(CAP_OF_THE_SECOND)
    )


TEAMS = ("north", "south", "west")


def whole() -> Story:
    """A complete ledger: five windows, two versions, every kind of entry, every batch ended.

    ========  ===================  ===================  ===================  ======================
    window    north (headline)     south (headline)     west (headline)      sales (breadth)
    ========  ===================  ===================  ===================  ======================
    2026-W01  opened, whole        opened               opened               opened
    2026-W02  too few reports      opened               not asked            unopened
    2026-W03  stopped              opened               opened               opened
    2026-W04  opened               opened               opened               budget, alarm
    2026-W05  budget, alarm        budget, alarm        budget, alarm        too few reports
    ========  ===================  ===================  ===================  ======================

    W01 to W03 are under version 1, W04 and W05 under version 2, which ends with W05.
    """
    story = started()
    story.at = moment(2025, 12, 22, 9)
    for week in (1, 2, 3):
        story.publish(Window(2026, week))
    story.at = moment(2026, 1, 7, 9)
    _released(story, "headline", "north", "2026-W01", count=12)
    _second_version_in_force(story)
    _first_version_windows(story)
    _second_version_windows(story)
    return story


def _second_version_in_force(story: Story) -> None:
    story.at = moment(2026, 1, 12, 9)
    story.activate(second_version())
    story.commit(story.signed[1])
    for week in (4, 5):
        story.publish(Window(2026, week))


def _first_version_windows(story: Story) -> None:
    story.at = moment(2026, 1, 19, 1)
    for group in ("south", "west"):
        _released(story, "headline", group, "2026-W01")
    _released(story, "breadth", "sales", "2026-W01")
    story.at = moment(2026, 1, 26, 1)
    unopened = story.batch("breadth", "sales", "2026-W02")
    story.release(unopened)
    story.withhold(story.batch("headline", "north", "2026-W02"), Withheld.BATCH_TOO_SMALL)
    _released(story, "headline", "south", "2026-W02")
    story.at = moment(2026, 1, 27, 1, 1)
    story.unopened(unopened)
    story.retire(story.signed[1], "2026-W05")
    story.at = moment(2026, 2, 2, 1)
    story.not_asked(story.batch("headline", "west", "2026-W02"))
    story.stop(story.batch("headline", "north", "2026-W03"))
    for group in ("south", "west"):
        _released(story, "headline", group, "2026-W03")
    _released(story, "breadth", "sales", "2026-W03")


def _second_version_windows(story: Story) -> None:
    story.at = moment(2026, 2, 9, 1)
    for group in TEAMS:
        _released(story, "headline", group, "2026-W04")
    _out_of_budget(story, "breadth", "sales", "2026-W04")
    story.at = moment(2026, 2, 16, 1)
    for group in TEAMS:
        _out_of_budget(story, "headline", group, "2026-W05")
    story.withhold(story.batch("breadth", "sales", "2026-W05"), Withheld.BATCH_TOO_SMALL)


def _released(story: Story, task: str, group: str, window: str, count: int | None = None) -> None:
    batch = story.batch(task, group, window)
    story.release(batch, count)
    story.open(batch)


def _out_of_budget(story: Story, task: str, group: str, window: str) -> None:
    batch = story.batch(task, group, window)
    story.withhold(batch, Withheld.BUDGET_EXHAUSTED)
    story.alarm(batch)
