"""No byte string ends in a traceback, whoever wrote and signed it."""

import json
from contextlib import suppress
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from privacy.audit.evidence import as_json, evidence
from privacy.audit.evidence_page import as_markdown
from privacy.audit.explain import explain
from privacy.audit.layout import audit_page, explanation_page
from privacy.audit.verify import Given, verify
from privacy.errors import BrokenLedger, PluraleError
from privacy.ledger.entries import BatchReleased
from privacy.ledger.export import encode, read_lines
from privacy.ledger.rules import Ledger
from tests.ledgers import Story, moment, started
from tests.unit.audit.exports import export_of, file, shown, whole
from tests.unit.audit.hostile import ABSURD, WILD, exports, stories


def look_at(data: bytes, beside: Given | None = None) -> bool:
    """All that ``plurale-audit`` does with a file; whether it holds."""
    audit = verify(data, beside)
    assert audit_page(audit)
    for place in range(len(audit.told.at_place)):
        with suppress(PluraleError):
            explained = explain(audit, place)
            assert (explained.warning is None) == audit.held
            assert explanation_page(explained)
    with suppress(PluraleError):
        found = evidence(audit)
        assert "NaN" not in as_json(found)
        assert "Infinity" not in as_json(found)
        assert as_markdown(found)
    return audit.held


@pytest.mark.parametrize("number", range(1 + len(ABSURD)))
def test_an_absurd_agreement_is_audited_like_any_other(number: int) -> None:
    assert look_at(encode(export_of(stories()[number])))


@settings(max_examples=150)
@given(exports())
def test_whatever_both_parties_sign_is_audited(data: bytes) -> None:
    look_at(data)


@settings(max_examples=100)
@given(exports())
def test_nothing_but_a_broken_ledger_leaves_the_rules(data: bytes) -> None:
    ledger = Ledger()
    with suppress(BrokenLedger):
        for entry in read_lines(data).entries:
            ledger.apply(entry)


CELLS = st.one_of(WILD, st.floats(), st.lists(st.floats(), max_size=3))


@settings(max_examples=60)
@given(st.integers(0, 40), st.sampled_from(sorted(shown(whole())[0])), CELLS, st.binary(max_size=9))
@example(0, "group", "\ud800", b"{")
def test_whatever_lies_beside_an_export_is_compared(
    number: int, column: str, cell: Any, other: bytes
) -> None:
    rows = json.loads(json.dumps(shown(whole())))
    rows[number][column] = cell
    with suppress(PluraleError):
        assert audit_page(verify(file(), Given(agreement=other, results=rows, other=other)))
    device = json.dumps({"checkpoint": cell}, indent=1).encode()
    assert not verify(file(), Given(other=device)).held


def test_amounts_that_add_up_to_thousands_of_digits_have_evidence() -> None:
    story = started()
    story.at = moment(2026, 1, 19, 1)
    for week in range(1, 14):
        for group, task in (("north", "headline"), ("sales", "breadth")):
            _release_for(story, task, group, week)
    for version in range(5):
        _release_for(story, f"made up {version}", "north", version + 1)
    assert not look_at(encode(export_of(story)))
    found = evidence(verify(encode(export_of(story))))
    assert all(len(each["rho"]) < 170 for each in found["spend"]["by_task"])
    assert Fraction(found["spend"]["by_quarter"][0]["rho"]) > 0


def _release_for(story: Story, task: str, group: str, week: int) -> None:
    """For a ρ whose denominator is like no other's."""
    real = story.release(story.batch("headline", "north", "2026-W01")).body
    assert isinstance(real, BatchReleased)
    story.entries.pop()
    batch = story.batch(task, group, f"2026-W{week:02}")
    rho = Fraction(1, 10**79 + 2 * len(story.entries) + 1)
    story.write(BatchReleased(batch, 10, rho, rho, real.id_root, real.commitment, bytes(32)))
