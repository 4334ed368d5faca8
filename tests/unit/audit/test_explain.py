"""An entry in plain words."""

from dataclasses import replace
from fractions import Fraction

import pytest

from privacy.audit.explain import explain
from privacy.audit.verify import verify
from privacy.errors import InvalidValue
from privacy.ledger.entries import KINDS, BatchStopped, StopReason
from privacy.ledger.export import encode
from tests.agreements import make_agreement
from tests.ledgers import Story, started
from tests.unit.audit.exports import export_of, file, released, whole


def told(index: int, data: bytes | None = None) -> str:
    found = explain(verify(data or file()), index)
    return "\n".join([found.title, *found.paragraphs, found.proof])


def first(kind: str) -> int:
    return next(entry.index for entry in whole().entries if entry.body.kind == kind)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_entry_has_its_words_and_proof(kind: str) -> None:
    found = explain(verify(file()), first(kind))
    assert found.title.startswith(f"Entry {first(kind)}: {kind}, ")
    assert found.paragraphs
    assert found.proven
    assert "48 entries that the council signed" in found.proof


def test_a_release_tells_what_it_cost_what_is_left_and_where_it_went() -> None:
    text = told(6)
    assert "12\u00a0reports (10 were needed; the group has 12 members)" in text
    assert "ρ = 1/26" in text
    assert "ρ = 25/26" in text
    assert "enough for 25 more such weeks of this task alone" in text
    assert "56 of 100" in text
    assert "the result is entry 7" in text


def test_a_result_tells_its_values_only_if_they_are_the_ones() -> None:
    assert "Client mails answered in time: " in told(7)
    export = export_of(whole())
    gone = encode(replace(export, openings=export.openings[1:]))
    assert "does not hold its values" in told(7, gone)
    wrong = replace(export.openings[0], salt=bytes(32))
    text = told(7, encode(replace(export, openings=(wrong, *export.openings[1:]))))
    assert "do not trust them" in text
    assert "Client mails answered" not in text


def test_a_result_whose_agreement_cannot_be_read_is_not_called_false() -> None:
    text = told(7, file().replace(b'"version":1', b'"version": 1', 1))
    assert "only the agreement says" in text
    assert "do not trust" not in text


@pytest.mark.parametrize(
    ("index", "words"),
    [
        (0, "north (12)"),
        (20, "9\u00a0reports came, and 10 are needed"),
        (23, "stays spent"),
        (25, "did not ask"),
        (26, "the council's counts 11\u00a0reports, and the employer's another number"),
        (40, "The agreement allows ρ = 0.24"),
    ],
)
def test_what_happened_is_told_with_its_numbers(index: int, words: str) -> None:
    assert words in told(index)


def test_what_a_withheld_week_means_is_told() -> None:
    for index in (20, 25, 39):
        assert "Nothing was spent" in told(index)
        assert "The quarter is judged without it" in told(index)


def test_an_entry_of_a_changed_ledger_is_told_as_not_proven() -> None:
    data = file().replace(b'"count":10', b'"count":11', 1)
    found = explain(verify(data), 6)
    assert not found.proven
    assert found.proof.startswith("Not proven")


def test_an_entry_without_a_signed_checkpoint_is_told_as_not_proven() -> None:
    data = encode(replace(export_of(whole()), checkpoint="nothing"))
    assert "the checkpoint is not one that the council signed" in told(6, data)


def test_what_is_wrong_with_an_entry_comes_before_what_is_wrong_elsewhere() -> None:
    export = export_of(released(count=9))
    (opening,) = export.openings
    wrong = replace(opening, totals=(opening.totals[0] + 1,))
    broken = verify(encode(replace(export, openings=(wrong,))))
    for index, words in (
        (3, "entry 4: north's headline for 2026-W01 is released with 9 reports"),
        (4, "entry 4: north's headline for 2026-W01 is released with 9 reports"),
        (5, "entry 5: its opening is not the result"),
    ):
        warning = explain(broken, index).warning
        assert warning is not None
        assert warning.startswith(f"This export does not hold: {words}")
    assert explain(verify(file()), 4).warning is None


def test_a_release_beyond_the_budget_leaves_no_week() -> None:
    story = started()
    story.release(story.batch("headline", "north", "2026-W01"), rho_left=Fraction(-3, 26))
    text = told(3, encode(export_of(story)))
    assert "ρ = -3/26" in text
    assert "enough for 0 more such weeks" in text


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (
            StopReason.OTHER_COUNT,
            "the council's counts 11\u00a0reports, and the employer's another",
        ),
        (StopReason.OTHER_REPORTS, "both count 11\u00a0reports, and not the same ones"),
        (
            StopReason.SUM_LOST,
            "the council's lost the sum of 11\u00a0reports when its database was",
        ),
    ],
)
def test_why_a_batch_stopped_is_told(reason: StopReason, words: str) -> None:
    story = started()
    story.write(BatchStopped(story.batch("headline", "north", "2026-W01"), 11, reason))
    assert words in told(3, encode(export_of(story)))


def test_an_export_of_one_entry_is_counted_as_one() -> None:
    story = Story()
    story.activate(make_agreement())
    data = encode(export_of(story))
    assert "0 hashes lead from this entry to the root of the one entry" in told(0, data)
    with pytest.raises(InvalidValue, match="there is no entry 1: the export has entry 0 alone"):
        explain(verify(data), 1)


@pytest.mark.parametrize("index", [-1, 48, 10**9])
def test_an_entry_that_is_not_there_is_refused_with_those_that_are(index: int) -> None:
    with pytest.raises(InvalidValue, match="entries 0 to 47"):
        explain(verify(file()), index)


def test_an_entry_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(InvalidValue, match="entry 6 cannot be read"):
        explain(verify(file().replace(b'"index":6,', b'"index": 6,')), 6)
