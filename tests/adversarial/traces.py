"""What a copy of a party's files says about each report and each member, as numbers.

Nothing is chosen. Of a report there is: every column of every row and index entry that has its id,
and of its job's; the size of each value; on which page of the file each of them lies, and where on
it; and where in each file the id stands. Of a member at the council likewise, with their token.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from privacy.agreement.model import Party
from privacy.batch import BatchId
from tests.adversarial.classifiers import Labels, Values
from tests.adversarial.pages import Cell, Value, cells
from tests.adversarial.weeks import FIRST_NUMBER, Files, Sent, Weeks

_BYTES: Final = 6
"""As many of a value's first bytes as a float tells apart."""

_PLACES: Final = ("page", "offset", "place", "overflow", "first", "last")

_Features = dict[str, float]


@dataclass(frozen=True, slots=True)
class Batch:
    """One row for each feature, one column for each report of `sent` and whoever sent it.

    `members`: what the council has of them; `known`: what others know without any server.
    `reports`: by party.
    """

    id: BatchId
    sent: Sequence[Sent]
    members: Values
    known: Values
    reports: Mapping[Party, Values]

    @property
    def paused(self) -> Labels:
        """Whose week a pause touches."""
        return np.array([each.paused for each in self.sent])


@dataclass(frozen=True, slots=True)
class Traces:
    """All batches just before they close. `of_members`, `of_reports`: names of the features."""

    batches: Sequence[Batch]
    of_members: Sequence[str]
    of_reports: Mapping[Party, Sequence[str]]

    def places(self, party: Party) -> Labels:
        """Which features of reports say where in a file something lies, not what is in it."""
        return np.array(
            [name.split(": ")[-1] in _PLACES for name in self.of_reports[party]], dtype=bool
        )


def traces(weeks: Weeks) -> Traces:
    """Every batch, with what either party has of it an hour before it closes."""
    sent: dict[BatchId, list[Sent]] = defaultdict(list)
    for each in weeks.sent:
        sent[each.batch].append(each)
    copies = {
        window: {party: _Copy(files) for party, files in both.items()}
        for window, both in weeks.copies.items()
    }
    members = {
        batch: [copies[batch.window][Party.COUNCIL].member(each) for each in its]
        for batch, its in sent.items()
    }
    of_members = _telling(members.values())
    reports, of_reports = {}, {}
    for party in Party:
        pending = weeks.pending if party is Party.EMPLOYER else {}
        reports[party] = {
            batch: [
                copies[batch.window][party].report(each, pending.get(each.report_id, {}))
                for each in its
            ]
            for batch, its in sent.items()
        }
        of_reports[party] = _telling(reports[party].values())
    found = [
        Batch(
            batch,
            its,
            _values(members[batch], of_members),
            np.array([[e.person.number, e.person.hour] for e in its], dtype=float).T,
            {party: _values(reports[party][batch], of_reports[party]) for party in Party},
        )
        for batch, its in sent.items()
    ]
    return Traces(found, of_members, of_reports)


def _telling(batches: Iterable[Sequence[_Features]]) -> list[str]:
    """Features that differ anywhere within a batch."""
    telling = set()
    for features in batches:
        names = set().union(*features)
        telling |= {name for name in names if len({each.get(name) for each in features}) > 1}
    return sorted(telling)


def _values(features: Sequence[_Features], names: Sequence[str]) -> Values:
    return np.array([[each.get(name, -1.0) for each in features] for name in names])


class _Copy:
    """One party's files at one moment, read."""

    def __init__(self, files: Files) -> None:
        assert files["aggregator.db-wal"] == b""
        self.files = files
        self.with_bytes: dict[bytes, list[Cell]] = defaultdict(list)
        self.of_member: dict[int, list[Cell]] = defaultdict(list)
        for cell in cells(files["aggregator.db"]):
            for column, value in cell.values.items():
                if isinstance(value, bytes):
                    self.with_bytes[value].append(cell)
                if column in ("member", "number") and isinstance(value, int):
                    self.of_member[value].append(cell)

    def report(self, sent: Sent, pending: Mapping[str, bytes]) -> _Features:
        """`pending`: what there was of it until it was counted."""
        features = _of_values("pending", pending)
        for cell in self.with_bytes[sent.report_id]:
            features |= _of_cell(cell)
            job = cell.values.get("job")
            for other in self.with_bytes[job] if isinstance(job, bytes) else ():
                if "report_id" not in other.values:
                    features |= _of_cell(other)
        for name, content in self.files.items():
            features[f"{name}: first"] = content.find(sent.report_id)
            features[f"{name}: last"] = content.rfind(sent.report_id)
        return features

    def member(self, sent: Sent) -> _Features:
        """Of who sent a report: the roster, and the token of its batch."""
        features: _Features = {}
        for cell in self.of_member[FIRST_NUMBER + sent.person.number]:
            if cell.values.get("batch", sent.batch.context) == sent.batch.context:
                features |= _of_cell(cell)
        return features


def _of_cell(cell: Cell) -> _Features:
    place = {
        "page": cell.page,
        "offset": cell.offset,
        "place": cell.page << 16 | cell.offset,
        "overflow": cell.overflow,
    }
    named = {f"{cell.tree}: {name}": float(value) for name, value in place.items()}
    return named | _of_values(cell.tree, cell.values)


def _of_values(tree: str, values: Mapping[str, Value]) -> _Features:
    features = {f"{tree}: {column}": _number(value) for column, value in values.items()}
    sizes = {
        f"{tree}: size of {column}": float(len(value))
        for column, value in values.items()
        if isinstance(value, bytes | str)
    }
    return features | sizes


def _number(value: Value) -> float:
    """A value as something to sort by."""
    if value is None:
        return -1.0
    if isinstance(value, bytes | str):
        piece = value.encode() if isinstance(value, str) else value
        return float(int.from_bytes(piece[:_BYTES].ljust(_BYTES, b"\0"), "big"))
    return float(value)
