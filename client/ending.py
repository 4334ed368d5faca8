"""How a batch ended for one report: the receipt that a device keeps, and its form in JSON."""

import base64
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from privacy.errors import BadEntry, InvalidValue
from privacy.ledger.entries import Entry, decode
from privacy.ledger.proven import Inclusion, ProvenEntry
from privacy.report import ReportId


class Fate(StrEnum):
    """What became of a report that the employer's server signed for."""

    COUNTED = "in the release"
    MISSING = "missing"
    WITHHELD = "withheld"
    NOT_ASKED = "not asked"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Ending:
    """The entry that decided the batch, with all that shows it to whoever was not there.

    `note`: the signed checkpoint that `entry` is proven against. A report in a release has its
    `inclusion`; for a missing one `report_ids` has every id counted, sorted.
    """

    fate: Fate
    note: str
    entry: ProvenEntry
    inclusion: Inclusion | None = None
    report_ids: tuple[ReportId, ...] = ()

    def __post_init__(self) -> None:
        """Raise `InvalidValue` unless a report in a release has its inclusion, and no other."""
        if (self.fate is Fate.COUNTED) != (self.inclusion is not None):
            raise InvalidValue("a report has an inclusion proof exactly if it is in the release")

    @property
    def decided(self) -> Entry:
        """The entry itself; it was checked before it was kept."""
        return decode(self.entry.data)


def to_json(ending: Ending) -> dict[str, Any]:
    """As plain data: hashes and ids are hex, the entry's bytes Base64."""
    inclusion = ending.inclusion
    return {
        "fate": ending.fate.value,
        "checkpoint": ending.note,
        "entry": {
            "index": ending.entry.index,
            "data": base64.b64encode(ending.entry.data).decode(),
            "proof": [each.hex() for each in ending.entry.proof],
        },
        "inclusion": inclusion
        and {
            "index": inclusion.index,
            "size": inclusion.size,
            "proof": [each.hex() for each in inclusion.proof],
        },
        "report_ids": [each.hex() for each in ending.report_ids],
    }


def from_json(data: Any) -> Ending:
    """Undo `to_json`; raises `BadEntry` for anything else."""
    try:
        entry, inclusion = data["entry"], data["inclusion"]
        ended = Ending(
            fate=Fate(data["fate"]),
            note=data["checkpoint"],
            entry=ProvenEntry(
                entry["index"], base64.b64decode(entry["data"]), _hashes(entry["proof"])
            ),
            inclusion=None
            if inclusion is None
            else Inclusion(inclusion["index"], inclusion["size"], _hashes(inclusion["proof"])),
            report_ids=tuple(ReportId(bytes.fromhex(each)) for each in data["report_ids"]),
        )
        decode(ended.entry.data)
    except (KeyError, TypeError, ValueError, InvalidValue) as error:
        raise BadEntry(f"a kept receipt cannot be read ({error})") from None
    return ended


def _hashes(written: Any) -> tuple[bytes, ...]:
    return tuple(bytes.fromhex(each) for each in written)
