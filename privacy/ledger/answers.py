"""What the council tells about the ledger, before whoever asked has checked any of it."""

from dataclasses import dataclass

from privacy.agreement.model import AgreementDigest
from privacy.ledger.proven import ProvenEntry
from privacy.report import ReportId


@dataclass(frozen=True, slots=True)
class CheckpointAnswer:
    """The newest witnessed checkpoint, a signed note, and the RFC 9162 consistency proof to it."""

    note: str
    consistency: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class WindowAnswer:
    """What holds for a window: the version in force, if any, and the keys, once published.

    Which version is in force is only a hint: a wrong one makes a device send nothing.
    """

    agreement: AgreementDigest | None
    version: int
    keys: ProvenEntry | None


@dataclass(frozen=True, slots=True)
class OutcomeAnswer:
    """Every entry about a batch, in order; and every report id counted, once it is released."""

    entries: tuple[ProvenEntry, ...]
    report_ids: tuple[ReportId, ...]


@dataclass(frozen=True, slots=True)
class FollowAnswer:
    """To the employer: canonical entries from a place on, as many as fit, and a signed checkpoint.

    The checkpoint may be of a longer ledger than the entries reach; it is not witnessed yet.
    `witnessed`: the newest one that is, a signed note; empty before the first.
    """

    note: str
    entries: tuple[bytes, ...]
    witnessed: str
