"""The rules of the ledger, as a state machine without I/O (protocol §8, "The ledger").

The council applies them before it signs a checkpoint, the employer before it witnesses one, the
audit to an export. What they allow is what any reader of a proven entry may rely on.

1. Every entry: it is in its canonical form and at its place, names the leaf hash of the one
   before, and is not earlier than that one.

About the agreement and its keys (`privacy.ledger.agreement_rules`):

2. Agreement activated: both signatures hold, digest and version are those of the envelope. The
   first version is signed with the keys it names, a later one follows all before it.
3. Agreement retired: a version that was activated, once; before its own last window, and a window
   that has begun stays collected.
4. Verify-key commitments: a task of an activated version, once.
5. Window keys: an agreement is in force for the window, it has none yet, it starts within 29 days,
   its reports are not sent yet, and neither key was there before.
6. Batch key: the batch exists under the agreement in force and has no key yet, its window starts
   within 29 days, its reports are not sent yet, and the key was not there before.

About a batch (`privacy.ledger.batch_rules`); it must exist under the agreement in force:

7. Release: not released nor ended before, closed, a count from the threshold to the roster, ρ as
   agreed, verify keys, window keys and batch key there, within the budget, what is left as
   recomputed.
8. Result: released, not ended, within a day of the release.
9. Withheld: not released nor ended before, closed; fewer reports than the threshold, or a release
   that the budget would not bear.
10. Not asked: not released nor ended before, at least a week after it closed.
11. Unopened: released, not ended, at least a day after the release.
12. Budget alarm: the entry just before withholds the batch for the budget; numbers as recomputed.
13. Stopped: not released nor ended before; closed, or at least its week is over if there are more
    reports than tokens.

No rule says that a batch must end, since entries cannot show what is not there: `Ledger.overdue`
and `Ledger.late` name the batches to ask about.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final, Self

from privacy.agreement.envelope import SignedAgreement
from privacy.batch import BatchId
from privacy.checkpoint import Checkpoint, origin_of
from privacy.errors import BadEntry, BrokenLedger, InvalidValue, PluraleError
from privacy.ledger import agreement_rules, batch_rules
from privacy.ledger.entries import (
    BEFORE_THE_FIRST,
    AgreementActivated,
    AgreementRetired,
    BatchKeyPublished,
    BatchNotAsked,
    BatchReleased,
    BatchStopped,
    BatchUnopened,
    BatchWithheld,
    BudgetAlarm,
    Entry,
    ResultOpened,
    VerifyKeysCommitted,
    WindowKeysPublished,
    decode,
)
from privacy.ledger.state import LedgerState
from privacy.release import TIME_TO_ASK, TIME_TO_OPEN

TIME_TO_END: Final[timedelta] = TIME_TO_ASK + TIME_TO_OPEN

_TIME_TO_SPARE: Final = timedelta(days=1)
"""For a server that was restarted or looks once a day."""


class Ledger(LedgerState):
    """Entries that keep every rule, and what they add up to."""

    def apply(self, data: bytes) -> Entry:
        """Take in the next entry; `BrokenLedger`, and nothing changes, when it breaks a rule."""
        entry = self._placed(data)  # 1
        try:
            activated = self._judged(entry)
        except BrokenLedger:
            raise
        except PluraleError as error:
            # What no rule foresees in what an entry says is a fault of that entry all the same.
            raise BrokenLedger(entry.index, f"it cannot be judged: {error}") from None
        self.fold(entry, activated)
        return entry

    @property
    def origin(self) -> str:
        """The ledger's name, of its first agreement; raises `InvalidValue` before there is one."""
        if not self.signed:
            raise InvalidValue("the ledger is empty: it gets its name with the first agreement")
        first = self.signed[0]
        return origin_of(first.agreement.organisation, first.digest)

    def checkpoint(self) -> Checkpoint:
        """Origin, size and root so far; raises `InvalidValue` while the ledger is empty."""
        return Checkpoint(self.origin, self.tree.size, self.tree.root())

    def due(self, batch: BatchId) -> datetime:
        """When a batch ends at the latest: it has a week to be asked for and a day to be opened.

        They begin when it closes, or when its version is activated, if that comes later.
        """
        return max(self._closes(batch), self.activated[batch.agreement].at) + TIME_TO_END

    def overdue(self, at: datetime) -> Iterator[BatchId]:
        """Every batch due at `at` that has no end, by version and window.

        Windows that had closed before their version was activated are left out: nobody could have
        sent a report.
        """
        for batch in self.book.past_deadline(at - TIME_TO_END):
            begun = self.activated[batch.agreement].at
            if batch not in self.ended and self._closes(batch) > begun:
                yield batch

    def late(self) -> list[Entry]:
        """Every release and every end that came more than a day after its batch was due, in order.

        That breaks no rule: a server may have been down. It may also have waited.
        """
        decided = [*self.released.items(), *self.ended.items()]
        late = [entry for batch, entry in decided if entry.at > self.due(batch) + _TIME_TO_SPARE]
        return sorted(late, key=lambda entry: entry.index)

    def _closes(self, batch: BatchId) -> datetime:
        """By the version that the batch names, which stays the one for its window."""
        signed = next(each for each in self.signed if each.digest == batch.agreement)
        return signed.agreement.upload_closes(batch.window)

    def copy(self) -> Self:
        """The same ledger, to try entries on."""
        return type(self)(
            entries=[*self.entries],
            leaves=[*self.leaves],
            tree=self.tree,
            signed=[*self.signed],
            activated={**self.activated},
            retired={**self.retired},
            window_keys={**self.window_keys},
            batch_keys={**self.batch_keys},
            moduli={**self.moduli},
            committed={**self.committed},
            released={**self.released},
            ended={**self.ended},
            budget=self.budget,
        )

    def _placed(self, data: bytes) -> Entry:
        """Rule 1."""
        index = len(self.entries)
        try:
            entry = decode(data)
        except BadEntry as error:
            raise BrokenLedger(index, str(error)) from None
        if entry.index != index:
            raise BrokenLedger(
                index,
                f"it says that it is entry {entry.index}: entries are missing, doubled or in "
                "another order",
            )
        if entry.previous != (self.leaves[-1] if self.leaves else BEFORE_THE_FIRST):
            before = f"entry {index - 1} as it stands here" if index else "the beginning"
            raise BrokenLedger(
                index, f"it was not written after {before}: one of the two was changed"
            )
        if self.entries and entry.at < self.entries[-1].at:
            raise BrokenLedger(
                index,
                f"it was written at {entry.at:%Y-%m-%d %H:%M:%S} UTC, before entry {index - 1} at "
                f"{self.entries[-1].at:%Y-%m-%d %H:%M:%S} UTC",
            )
        return entry

    def _judged(self, entry: Entry) -> SignedAgreement | None:
        """Rules 2 to 13; the agreement that the entry puts in force, if it does."""
        match entry.body:
            case AgreementActivated() as body:
                return agreement_rules.activated(self, entry, body)  # 2
            case AgreementRetired() as body:
                agreement_rules.check_retired(self, entry, body)  # 3
            case VerifyKeysCommitted() as body:
                agreement_rules.check_committed(self, entry, body)  # 4
            case WindowKeysPublished() as body:
                agreement_rules.check_window_keys(self, entry, body)  # 5
            case BatchKeyPublished() as body:
                agreement_rules.check_batch_key(self, entry, body)  # 6
            case BatchReleased() as body:
                batch_rules.check_released(self, entry, body)  # 7
            case ResultOpened() as body:
                batch_rules.check_opened(self, entry, body)  # 8
            case BatchWithheld() as body:
                batch_rules.check_withheld(self, entry, body)  # 9
            case BatchNotAsked() as body:
                batch_rules.check_not_asked(self, entry, body)  # 10
            case BatchUnopened() as body:
                batch_rules.check_unopened(self, entry, body)  # 11
            case BudgetAlarm() as body:
                batch_rules.check_alarm(self, entry, body)  # 12
            case BatchStopped() as body:
                batch_rules.check_stopped(self, entry, body)  # 13
        return None
