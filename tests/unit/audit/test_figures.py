"""What the employer shows, held against what the openings say."""

import json

import pytest

from privacy.audit.figures import check_figures
from privacy.audit.told import Told
from privacy.audit.verify import Given
from privacy.errors import InvalidValue
from privacy.ledger.entries import ResultOpened
from tests.unit.audit.exports import audit, export_of, index_of, named, said, shown, whole


def test_honest_figures_are_what_the_openings_give() -> None:
    rows = json.loads(json.dumps(shown(whole())))
    assert said(audit(whole(), Given(results=rows))) == ""


EDITED = ("estimate", "low", "high", "target", "verdict", "withheld_reason", "direction")
"""Seven columns, so that each falls on rows of every kind."""


def test_one_edited_value_names_its_entry_whatever_the_column() -> None:
    honest = json.loads(json.dumps(shown(whole())))
    told, openings = Told.by(whole().data), export_of(whole()).openings
    ended = {
        (batch.task, batch.group, str(batch.window)): entry.index
        for batch, (entry, _) in told.ended.items()
    }
    for place, row in enumerate(honest):
        if row["window"] is None:
            continue
        column = EDITED[place % len(EDITED)]
        edited = [*honest[:place], {**row, column: "another"}, *honest[place + 1 :]]
        found = check_figures(told, openings, edited).findings
        entry = ended[row["task"], row["group"], row["window"]]
        assert [each.index for each in found] == [entry], (row, column)


def test_an_edited_verdict_names_the_entries_it_rests_on() -> None:
    rows = json.loads(json.dumps(shown(whole())))
    row = next(each for each in rows if each["period"] and each["verdict"])
    row["verdict"] = "met"
    found = audit(whole(), Given(results=rows))
    assert not found.held
    assert "from entries" in said(found)


def test_a_row_left_out_or_made_up_is_found() -> None:
    rows = shown(whole())
    assert index_of(ResultOpened) in named(audit(whole(), Given(results=rows[1:])))
    made_up = {**rows[0], "window": "2026-W20"}
    found = audit(whole(), Given(results=[*rows, made_up]))
    assert "2026-W20" in said(found)


def test_rows_that_rest_on_an_opening_that_is_not_there_are_left_out() -> None:
    rows = shown(whole())
    row = next(row for row in rows if (row["group"], row["window"]) == ("north", "2026-W01"))
    row["estimate"] = 0
    told = Told.by(whole().data)
    check = check_figures(told, export_of(whole()).openings[1:], rows)
    assert check.findings == ()
    assert check.told.startswith(f"{len(rows) - 3} rows")  # the week, and the quarter twice
    assert "2 rest on results without an opening" in check.told


def test_a_cell_that_is_no_cell_is_refused() -> None:
    """What is nested without end cannot even be shown."""
    cells: list[object] = [{"a": 1}, [[1]], [{}]]
    for cell in cells:
        rows = shown(whole())
        rows[0]["estimate"] = cell
        with pytest.raises(InvalidValue, match="--json"):
            audit(whole(), Given(results=rows))


@pytest.mark.parametrize("wrong", [{}, [1], [{"task": "headline"}], "rows", 0])
def test_what_are_no_rows_is_refused(wrong: object) -> None:
    with pytest.raises(InvalidValue, match="--json"):
        audit(whole(), Given(results=wrong))
