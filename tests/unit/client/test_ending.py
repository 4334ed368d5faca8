"""A receipt as it is kept: nothing is lost on the way to JSON and back."""

import json
from typing import Any

import pytest

from client.ending import Ending, Fate, from_json, to_json
from privacy.errors import BadEntry, InvalidValue
from privacy.ledger.proven import Inclusion
from privacy.report import ReportId
from tests.ledgers import started

ENTRY = started().proven(2)
COUNTED = Ending(Fate.COUNTED, "note\n", ENTRY, Inclusion(1, 4, (b"\x02" * 32,)))
MISSING = Ending(Fate.MISSING, "note\n", ENTRY, report_ids=(ReportId(bytes(16)),))


@pytest.mark.parametrize("ending", [COUNTED, MISSING, Ending(Fate.STOPPED, "note\n", ENTRY)])
def test_a_receipt_comes_back_from_json_as_it_was(ending: Ending) -> None:
    assert from_json(json.loads(json.dumps(to_json(ending)))) == ending


@pytest.mark.parametrize(
    "change",
    [
        {"fate": "eaten"},
        {"entry": None},
        {"entry": {"index": 3, "data": "e30=", "proof": []}},
        {"report_ids": ["x"]},
        {"inclusion": {"index": 1}},
    ],
)
def test_anything_else_is_no_receipt(change: dict[str, Any]) -> None:
    with pytest.raises(BadEntry):
        from_json(to_json(COUNTED) | change)


def test_only_a_report_in_a_release_has_an_inclusion() -> None:
    with pytest.raises(InvalidValue):
        Ending(Fate.COUNTED, "note\n", ENTRY)
    with pytest.raises(InvalidValue):
        Ending(Fate.MISSING, "note\n", ENTRY, Inclusion(0, 1, ()))
