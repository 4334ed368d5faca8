"""What the employer shows, against what the openings say: row by row, verdicts too."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any, Final, TypeAlias

from privacy.audit.finding import Check, Finding
from privacy.audit.openings import is_opening, result_of
from privacy.audit.told import Told
from privacy.audit.wording import some
from privacy.batch import BatchId
from privacy.errors import InvalidValue
from privacy.ledger.entries import (
    BatchNotAsked,
    BatchStopped,
    BatchUnopened,
    BatchWithheld,
    End,
    ResultOpened,
)
from privacy.ledger.export import Opened
from privacy.release import BatchResult, Withheld
from privacy.results import BatchOutcome, Results
from privacy.tidy import Tidy, quarter_row, window_row

_TITLE: Final = "The employer's figures"
_COLUMNS: Final = tuple(field.name for field in fields(Tidy))

Row: TypeAlias = Mapping[str, Any]
Key: TypeAlias = tuple[str, str, str, str]
"""Task, group, metric, and window or quarter: what a row is about."""


def check_figures(told: Told, openings: Sequence[Opened], shown: object) -> Check:
    """Compare the rows of ``plurale-aggregator results --json`` with those made here.

    Rows that rest on a result whose opening is not in the export are left out. `shown` is the
    parsed file, None if there is none. Raises `InvalidValue` for anything but such rows.
    """
    if shown is None:
        return Check(
            _TITLE,
            "Not compared. Give what `plurale-aggregator results DIRECTORY --json` printed with "
            "--results FILE.",
            done=False,
        )
    theirs = _by_key(_rows(shown))
    opened = {
        result.batch: result
        for each in openings
        if is_opening(told, each) and (result := result_of(told, each)) is not None
    }
    ours, unknown = _expected(told, opened)
    found: list[Finding] = []
    for key in sorted({*ours, *theirs} - unknown):
        found += _differences(told, key, ours.get(key, []), theirs.get(key, []))
    compared = sum(len(rows) for key, rows in ours.items() if key not in unknown)
    left_out = (
        f" {some(len(unknown), 'rests', 'rest')} on results without an opening." if unknown else ""
    )
    same = some(compared, "row, of a window or quarter, is", "rows, windows and quarters, are")
    words = f"{same} what the openings give." if compared else "Nothing can be compared yet."
    return Check(_TITLE, words + left_out, tuple(found), done=bool(compared or found))


def _rows(shown: object) -> list[Row]:
    if not isinstance(shown, list) or not all(
        isinstance(row, dict) and set(row) == set(_COLUMNS) and all(map(_is_cell, row.values()))
        for row in shown
    ):
        raise InvalidValue(
            "the results are not what `plurale-aggregator results DIRECTORY --json` prints: "
            "a list of rows with " + ", ".join(_COLUMNS)
        )
    return shown


def _is_cell(value: object) -> bool:
    """A text, a number, nothing, or a list of numbers."""
    parts = value if isinstance(value, list) else [value]
    return all(part is None or isinstance(part, str | int | float) for part in parts)


def _key(row: Row) -> Key:
    return (
        str(row["task"]),
        str(row["group"]),
        str(row["metric"]),
        str(row["window"] or row["period"]),
    )


def _by_key(rows: Sequence[Row]) -> dict[Key, list[Row]]:
    found: dict[Key, list[Row]] = defaultdict(list)
    for row in rows:
        found[_key(row)].append(row)
    return dict(found)


def _expected(
    told: Told, opened: Mapping[BatchId, BatchResult]
) -> tuple[dict[Key, list[Row]], set[Key]]:
    """The rows that the openings give, and the keys that need an opening the export lacks."""
    outcomes: dict[BatchId, BatchOutcome] = {}
    unknown: set[Key] = set()
    for batch, (_, outcome) in told.ended.items():
        collection = told.collection(batch)
        if collection is None:
            continue
        if isinstance(outcome, ResultOpened) and batch not in opened:
            for metric in collection.task.metrics:
                for when in (str(batch.window), str(batch.window.quarter)):
                    unknown.add((batch.task, batch.group, metric.id, when))
        elif isinstance(outcome, ResultOpened):
            outcomes[batch] = opened[batch].metrics(collection)
        else:
            outcomes[batch] = _reason(outcome)
    results = Results(list(told.activated.values()), outcomes)
    rows = [window_row(each) for each in results.windows()]
    rows += [quarter_row(each) for each in results.quarters()]
    return _by_key([asdict(row) for row in rows]), unknown


def _reason(outcome: End) -> Withheld:
    match outcome:
        case BatchWithheld():
            return outcome.reason
        case BatchNotAsked():
            return Withheld.NOT_ASKED
        case BatchUnopened():
            return Withheld.UNOPENED
        case BatchStopped():
            return Withheld.STOPPED
        case ResultOpened():
            raise InvalidValue(f"{outcome.batch} was opened")


def _differences(
    told: Told, key: Key, ours: Sequence[Row], theirs: Sequence[Row]
) -> Iterator[Finding]:
    """What differs in the rows about one thing: one of each, or one for each version."""
    indices = _entries(told, key)
    where = indices[-1] if indices else None
    name = " / ".join(key)
    since = _and(indices) if len(indices) > 1 else ""
    if len(ours) != len(theirs):
        counts = f"the employer shows {len(theirs)} rows for {name}, and the record gives"
        yield Finding(where, f"{counts} {len(ours)}{since}")
        return
    for our, their in zip(ours, theirs, strict=True):
        for column in _COLUMNS:
            # Compared as they are written: 1 and true are equal in Python, not on paper.
            if json.dumps(our[column]) != json.dumps(their[column]):
                what = f"the employer shows {column} {_say(their[column])} for {name}"
                yield Finding(where, f"{what}, the record gives {_say(our[column])}{since}")


def _entries(told: Told, key: Key) -> list[int]:
    """The entries that a row rests on."""
    task, group, _, when = key
    return sorted(
        entry.index
        for batch, (entry, _) in told.ended.items()
        if (batch.task, batch.group) == (task, group)
        and when in (str(batch.window), str(batch.window.quarter))
    )


def _and(indices: Sequence[int]) -> str:
    return f" (from entries {', '.join(map(str, indices[:-1]))} and {indices[-1]})"


def _say(value: object) -> str:
    return "nothing" if value is None else str(value)
