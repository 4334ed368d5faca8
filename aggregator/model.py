"""What an aggregator remembers about batches, in domain types."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from privacy.batch import BatchId


class BatchState(StrEnum):
    """How far a batch has come. Every batch ends in exactly one of the final states.

    ::

        OPEN ──► ASKED (leader only) ──► RELEASED ──► OPENED
          │         │                       └───────► UNOPENED
          └─────────┴──► WITHHELD | NOT_ASKED | STOPPED
    """

    OPEN = "open"
    ASKED = "asked"
    RELEASED = "released"
    OPENED = "opened"
    UNOPENED = "unopened"
    WITHHELD = "withheld"
    NOT_ASKED = "not asked"
    STOPPED = "stopped"

    @property
    def final(self) -> bool:
        """Whether nothing more will come of the batch without a person."""
        return self not in (BatchState.OPEN, BatchState.ASKED, BatchState.RELEASED)


class ReportState(StrEnum):
    """How far a report has come at one party."""

    PENDING = "pending"
    IN_JOB = "in job"
    COUNTED = "counted"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch at one party. `aggregate_share`: encoded sum of its counted output shares."""

    row: int
    id: BatchId
    state: BatchState
    count: int
    aggregate_share: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class ReleaseRecord:
    """What a party keeps of a release it asked for or made.

    `salt`, `own_share`: the leader's opening. `noised_share`: the helper's answer, stored before
    it is sent. `totals`, `result_salt`: the result and the salt of its hash on the record.
    """

    count: int
    id_root: bytes
    commitment: bytes
    asked_at: datetime
    salt: bytes | None = field(default=None, repr=False)
    own_share: bytes | None = field(default=None, repr=False)
    noised_share: bytes | None = field(default=None, repr=False)
    totals: tuple[int, ...] | None = field(default=None, repr=False)
    result_salt: bytes | None = field(default=None, repr=False)
    withheld: str | None = None
