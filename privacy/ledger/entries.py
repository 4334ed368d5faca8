"""What the ledger says: one dataclass for each kind of entry, and their one canonical form.

An entry is a leaf of the tree (RFC 9162): the RFC 8785 form of ::

    {"at": "2026-02-16T00:00:05Z", "body": {…}, "index": 17, "kind": "release", "previous": "…"}

`previous` is the leaf hash of the entry before. The tree alone proves that something was changed;
with it, what was changed can be named. Numbers that need not be whole are exact texts ("1/26"),
hashes are hex, keys Base64. No entry holds a value: a result is there as a salted hash.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from types import MappingProxyType
from typing import Any, ClassVar, Final, TypeAlias

import rfc8785

from privacy.agreement.codec import Codec, base64_bytes, integer, one_of, record, text
from privacy.agreement.model import AgreementDigest, TaskDigest
from privacy.batch import BatchId
from privacy.errors import BadEntry, InvalidAgreement, InvalidValue
from privacy.ledger.amounts import check_costs, check_sums
from privacy.ledger.spelling import AT, BATCH, HASH, HASH_BYTES, RATIO, WINDOW
from privacy.membership import check_modulus
from privacy.merkle import LeafHash, leaf_hash
from privacy.release import Withheld
from privacy.sealing import load_public
from privacy.window import Window

BEFORE_THE_FIRST: Final = LeafHash(bytes(32))
"""What the first entry names as the one before it."""

MAX_BYTES: Final = 256 * 1024
"""Of one entry. The largest holds a whole agreement."""

_YEARS: Final = range(1970, 9999)
"""Those of windows."""


def _check_hashes(*hashes: bytes) -> None:
    if any(len(each) != HASH_BYTES for each in hashes):
        raise InvalidValue(f"a hash has {HASH_BYTES} bytes")


@dataclass(frozen=True, slots=True)
class AgreementActivated:
    """A version came into force at the council's server. `envelope`: both signatures, DSSE JSON."""

    kind: ClassVar[str] = "agreement activated"
    agreement: AgreementDigest
    version: int
    envelope: str

    def __post_init__(self) -> None:
        """Raise `InvalidValue` for a digest of the wrong size."""
        _check_hashes(self.agreement)


@dataclass(frozen=True, slots=True)
class AgreementRetired:
    """A party ended a version: nothing is collected under it after `last_window`."""

    kind: ClassVar[str] = "agreement retired"
    agreement: AgreementDigest
    last_window: Window

    def __post_init__(self) -> None:
        """Raise `InvalidValue` for a digest of the wrong size."""
        _check_hashes(self.agreement)


@dataclass(frozen=True, slots=True)
class VerifyKeysCommitted:
    """Commitments to both halves of a task's verify key (32 bytes each), before either is shown."""

    kind: ClassVar[str] = "verify-key commitments"
    task: TaskDigest
    leader: bytes
    helper: bytes

    def __post_init__(self) -> None:
        """Raise `InvalidValue` for a hash of the wrong size."""
        _check_hashes(self.task, self.leader, self.helper)


@dataclass(frozen=True, slots=True)
class WindowKeysPublished:
    """The public HPKE keys (1,216 bytes each) that a window's shares are sealed to."""

    kind: ClassVar[str] = "window keys"
    window: Window
    employer: bytes
    council: bytes

    def __post_init__(self) -> None:
        """Raise `InvalidValue` for what is no key, or one key for both."""
        load_public(self.employer)
        load_public(self.council)
        if self.employer == self.council:
            raise InvalidValue("both parties have the same window key")


@dataclass(frozen=True, slots=True)
class BatchKeyPublished:
    """The one RSA key that signs the membership tokens of a batch, as its modulus (256 bytes)."""

    kind: ClassVar[str] = "batch key"
    batch: BatchId
    modulus: bytes

    def __post_init__(self) -> None:
        """Raise `InvalidValue` for what is no modulus of a 2048-bit key."""
        check_modulus(self.modulus)


@dataclass(frozen=True, slots=True)
class BatchReleased:
    """The helper gave its noised share. `rho_left`: of the 91 days around the window."""

    kind: ClassVar[str] = "release"
    batch: BatchId
    count: int
    rho: Fraction
    rho_left: Fraction
    id_root: bytes
    commitment: bytes
    noised_share_hash: bytes

    def __post_init__(self) -> None:
        """Raise `InvalidValue` for a hash of the wrong size, or an impossible budget."""
        _check_hashes(self.id_root, self.commitment, self.noised_share_hash)
        check_costs(self.rho)
        check_sums(self.rho_left)


@dataclass(frozen=True, slots=True)
class ResultOpened:
    """The leader opened its share. `hash`: SHA-256(salt ‖ result), as `BatchResult.hash`."""

    kind: ClassVar[str] = "result"
    batch: BatchId
    hash: bytes

    def __post_init__(self) -> None:
        """Raise `InvalidValue` for a hash of the wrong size."""
        _check_hashes(self.hash)


@dataclass(frozen=True, slots=True)
class BatchWithheld:
    """The helper withholds a batch for good: too few reports, or no budget left."""

    kind: ClassVar[str] = "withheld"
    batch: BatchId
    count: int
    reason: Withheld

    def __post_init__(self) -> None:
        """Raise `InvalidValue` for a reason that has a kind of its own."""
        if self.reason not in (Withheld.BATCH_TOO_SMALL, Withheld.BUDGET_EXHAUSTED):
            raise InvalidValue(f"a helper does not withhold because {self.reason.value}")


@dataclass(frozen=True, slots=True)
class BatchNotAsked:
    """The leader did not ask for the batch within a week of its closing."""

    kind: ClassVar[str] = "not asked"
    batch: BatchId
    count: int


@dataclass(frozen=True, slots=True)
class BatchUnopened:
    """The leader got the helper's share and did not open its own within a day."""

    kind: ClassVar[str] = "unopened"
    batch: BatchId


@dataclass(frozen=True, slots=True)
class BudgetAlarm:
    """A release was refused, since with its `rho` 91 days would cost `would_spend` of `cap`."""

    kind: ClassVar[str] = "budget alarm"
    batch: BatchId
    rho: Fraction
    would_spend: Fraction
    cap: Fraction

    def __post_init__(self) -> None:
        """Raise `InvalidValue` for an impossible budget."""
        check_costs(self.rho)
        check_sums(self.would_spend, self.cap)


class StopReason(StrEnum):
    """What is wrong with the batch. Not a free text: one party alone would choose it."""

    OTHER_COUNT = "other count"
    OTHER_REPORTS = "other reports"
    SUM_LOST = "sum lost"
    MORE_THAN_TOKENS = "more reports than tokens"


@dataclass(frozen=True, slots=True)
class BatchStopped:
    """Something is wrong with a batch; a person must look. `count`: the helper's."""

    kind: ClassVar[str] = "stopped"
    batch: BatchId
    count: int
    reason: StopReason


Decision: TypeAlias = BatchReleased | BatchWithheld | BatchNotAsked | BatchStopped
"""Whether there will be a sum of a batch: one of these, once."""

End: TypeAlias = ResultOpened | BatchWithheld | BatchNotAsked | BatchUnopened | BatchStopped
"""How a batch ends: one of these, once. A release is none yet: it waits to be opened."""

Outcome: TypeAlias = Decision | End | BudgetAlarm
"""Everything that says how a batch went, and all that a device is shown about it afterwards."""

Body: TypeAlias = (
    AgreementActivated
    | AgreementRetired
    | VerifyKeysCommitted
    | WindowKeysPublished
    | BatchKeyPublished
    | Outcome
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry at its place. `at`: UTC, whole seconds. `previous`: leaf hash of the one before."""

    index: int
    at: datetime
    previous: LeafHash
    body: Body

    def __post_init__(self) -> None:
        """Raise `InvalidValue` for an impossible place or time."""
        if self.index < 0 or len(self.previous) != len(BEFORE_THE_FIRST):
            raise InvalidValue(f"there is no place {self.index} in a ledger")
        if self.at.utcoffset() is None or self.at.microsecond or self.at.year not in _YEARS:
            raise InvalidValue("an entry has a time in whole seconds, with its zone, from 1970 on")

    @property
    def data(self) -> bytes:
        """The canonical form: what the tree is built over."""
        return rfc8785.dumps(_ENTRY.write(self))

    @property
    def leaf(self) -> LeafHash:
        """The entry's leaf hash."""
        return leaf_hash(self.data)


def decode(data: bytes) -> Entry:
    """Read what `Entry.data` wrote; `BadEntry` for any other bytes."""
    if len(data) > MAX_BYTES:
        raise BadEntry(f"it has {len(data)} bytes, and no entry has more than {MAX_BYTES}")
    try:
        entry = _ENTRY.read(json.loads(data.decode()), "")
    except InvalidAgreement as error:
        raise BadEntry(f"it is not an entry: {error.problems[0].rstrip('.')}") from None
    except (ValueError, RecursionError):
        raise BadEntry("it is not an entry: it is not JSON in UTF-8") from None
    if entry.data != data:
        raise BadEntry("it is not in its canonical form")
    return entry


CODECS: Final[Mapping[type[Body], Codec[Any]]] = MappingProxyType(
    {
        AgreementActivated: record(
            AgreementActivated, {"agreement": HASH, "version": integer, "envelope": text}
        ),
        AgreementRetired: record(AgreementRetired, {"agreement": HASH, "last_window": WINDOW}),
        VerifyKeysCommitted: record(
            VerifyKeysCommitted, {"task": HASH, "leader": HASH, "helper": HASH}
        ),
        WindowKeysPublished: record(
            WindowKeysPublished,
            {"window": WINDOW, "employer": base64_bytes, "council": base64_bytes},
        ),
        BatchKeyPublished: record(BatchKeyPublished, {"batch": BATCH, "modulus": base64_bytes}),
        BatchReleased: record(
            BatchReleased,
            {
                "batch": BATCH,
                "count": integer,
                "rho": RATIO,
                "rho_left": RATIO,
                "id_root": HASH,
                "commitment": HASH,
                "noised_share_hash": HASH,
            },
        ),
        ResultOpened: record(ResultOpened, {"batch": BATCH, "hash": HASH}),
        BatchWithheld: record(
            BatchWithheld, {"batch": BATCH, "count": integer, "reason": one_of(Withheld)}
        ),
        BatchNotAsked: record(BatchNotAsked, {"batch": BATCH, "count": integer}),
        BatchUnopened: record(BatchUnopened, {"batch": BATCH}),
        BudgetAlarm: record(
            BudgetAlarm, {"batch": BATCH, "rho": RATIO, "would_spend": RATIO, "cap": RATIO}
        ),
        BatchStopped: record(
            BatchStopped, {"batch": BATCH, "count": integer, "reason": one_of(StopReason)}
        ),
    }
)
"""Every kind of entry, in the order of protocol §8."""

KINDS: Final[Mapping[str, type[Body]]] = MappingProxyType({kind.kind: kind for kind in CODECS})


def _write_entry(entry: Entry) -> dict[str, Any]:
    return {
        "at": AT.write(entry.at),
        "body": CODECS[type(entry.body)].write(entry.body),
        "index": entry.index,
        "kind": entry.body.kind,
        "previous": HASH.write(entry.previous),
    }


def _read_entry(data: Any, path: str) -> Entry:
    if not isinstance(data, dict) or set(data) != {"at", "body", "index", "kind", "previous"}:
        raise InvalidAgreement([f"{path}an entry has at, body, index, kind and previous"])
    kind = KINDS.get(data["kind"]) if isinstance(data["kind"], str) else None
    if kind is None:
        raise InvalidAgreement(["there is no such kind of entry"])
    try:
        return Entry(
            index=integer.read(data["index"], "index"),
            at=AT.read(data["at"], "at"),
            previous=LeafHash(HASH.read(data["previous"], "previous")),
            body=CODECS[kind].read(data["body"], "body"),
        )
    except InvalidValue as error:
        raise InvalidAgreement([str(error)]) from None


_ENTRY: Final[Codec[Entry]] = Codec(_write_entry, _read_entry)
