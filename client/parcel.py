"""One stored report: on its way, then gone, with what is kept of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from fractions import Fraction

from client.concern import Concern, Fault
from client.ending import Ending, Fate
from client.schedule import Times
from privacy.batch import BatchId
from privacy.fields import sha256
from privacy.membership import Blinding, Token
from privacy.receipt import Receipt
from privacy.report import Report, ReportId, Submission


class State(StrEnum):
    """How far a report has come."""

    WAITING = "waiting"
    SENT = "sent"
    REFUSED = "refused"
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class Parts:
    """Hashes (32 bytes each) that show, with the batch and the id, what the digest is of."""

    public_share: bytes
    leader_share: bytes
    helper_share: bytes

    @classmethod
    def of(cls, report: Report) -> "Parts":
        """The hashes of a report's parts."""
        return cls(
            sha256(report.public_share), sha256(report.leader_share), sha256(report.helper_share)
        )


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A report's digest, blinded under the batch key with this modulus. Kept until it is signed."""

    modulus: bytes
    blinding: Blinding


@dataclass(frozen=True, slots=True)
class Parcel:
    """A stored report. `report` and `measurement` are None once it is sent.

    `times`: when to ask for its token, and when to send it. `measurement`: the noised numbers
    inside, as they were split. `size`: bytes of the report. `token`: that a member made it, once
    the council has signed. `hindrance`: why the token did not come when it was last asked for, or,
    once it is there, the receipt. `receipt`: the employer's signature that it has the report.
    `ending`: how its batch ended, once it did; `fault`: what was wrong with the token, with
    sending, or when the end was last asked for. `seen`: the alarm that the person has seen to.
    """

    batch: BatchId
    rho: Fraction
    state: State
    made_at: datetime
    times: Times
    finished_at: datetime | None
    report_id: ReportId
    digest: bytes
    parts: Parts
    size: int
    report: Report | None = field(repr=False)
    measurement: tuple[int, ...] | None = field(repr=False)
    token: Token | None = None
    hindrance: str | None = None
    receipt: Receipt | None = None
    reason: str | None = None
    ending: Ending | None = None
    fault: Fault | None = None
    seen: Concern | None = None

    @property
    def due(self) -> datetime:
        """When it is to be sent."""
        return self.times.due

    @property
    def submission(self) -> Submission | None:
        """What is uploaded; None without a token, or once it is sent."""
        if self.report is None or self.token is None:
            return None
        return Submission(self.report, self.token)

    @property
    def concern(self) -> Concern | None:
        """Why somebody has to look at it, or None."""
        if self.ending is not None:
            return Concern.MISSING if self.ending.fate is Fate.MISSING else None
        return None if self.fault is None else self.fault.concern

    @property
    def seen_to(self) -> bool:
        """Whether there is an alarm, and the person has seen that very one."""
        return self.concern is not None and self.seen is self.concern

    @classmethod
    def waiting(
        cls,
        report: Report,
        rho: Fraction,
        measurement: Sequence[int],
        *,
        made_at: datetime,
        times: Times,
    ) -> "Parcel":
        """A report that was just made."""
        return cls(
            batch=report.batch,
            rho=rho,
            state=State.WAITING,
            made_at=made_at,
            times=times,
            finished_at=None,
            report_id=report.id,
            digest=report.digest,
            parts=Parts.of(report),
            size=len(report.public_share) + len(report.leader_share) + len(report.helper_share),
            report=report,
            measurement=tuple(measurement),
        )
