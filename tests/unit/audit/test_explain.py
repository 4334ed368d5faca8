"""An entry in plain words."""

from dataclasses import replace
from fractions import Fraction

import pytest

from privacy.audit.explain import explain
from privacy.audit.verify import verify
from privacy.errors import InvalidValue
from privacy.ledger.entries import (
    KINDS,
    AgreementActivated,
    BatchKeyPublished,
    BatchNotAsked,
    BatchReleased,
    BatchStopped,
    BatchUnopened,
    BatchWithheld,
    Body,
    BudgetAlarm,
    ResultOpened,
    StopReason,
)
from privacy.ledger.export import encode
from tests.agreements import make_agreement
from tests.ledgers import Story, started
from tests.unit.audit.exports import export_of, file, index_of, released, whole

RELEASE, RESULT = index_of(BatchReleased), index_of(ResultOpened)
TOO_FEW = index_of(BatchWithheld, "north", "2026-W02")
OUT_OF_BUDGET = index_of(BatchWithheld, "sales", "2026-W04")


def told(index: int, data: bytes | None = None) -> str:
    found = explain(verify(data or file()), index)
    return "\n".join([found.title, *found.paragraphs, found.proof])


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_kind_of_entry_has_its_words_and_proof(kind: type[Body]) -> None:
    found = explain(verify(file()), index_of(kind))
    assert found.title.startswith(f"Entry {index_of(kind)}: {kind.kind}, ")
    assert found.paragraphs
    assert found.proven
    assert f"{len(whole().entries)} entries that the council signed" in found.proof


def test_a_batch_key_tells_what_it_is_for_and_why_there_is_one() -> None:
    text = told(index_of(BatchKeyPublished, "north", "2026-W02"))
    assert "The works council's one key for the task “headline” of north in 2026-W02." in text
    assert "gives each member one token, without seeing which report it is for" in text
    assert "written here before anybody can report" in text
    assert "with a second key somebody could be told apart" in text


def test_a_release_tells_what_it_cost_what_is_left_and_where_it_went() -> None:
    text = told(RELEASE)
    assert "12\u00a0reports (10 were needed; the group has 12 members)" in text
    assert "ρ = 1/26" in text
    assert "ρ = 25/26" in text
    assert "enough for 25 more such weeks of this task alone" in text
    assert "56 of 100" in text
    assert f"the result is entry {RESULT}" in text


def test_a_result_tells_its_values_only_if_they_are_the_ones() -> None:
    assert "Client mails answered in time: " in told(RESULT)
    export = export_of(whole())
    gone = encode(replace(export, openings=export.openings[1:]))
    assert "does not hold its values" in told(RESULT, gone)
    wrong = replace(export.openings[0], salt=bytes(32))
    text = told(RESULT, encode(replace(export, openings=(wrong, *export.openings[1:]))))
    assert "do not trust them" in text
    assert "Client mails answered" not in text


def test_a_result_whose_agreement_cannot_be_read_is_not_called_false() -> None:
    text = told(RESULT, file().replace(b'"version":1', b'"version": 1', 1))
    assert "only the agreement says" in text
    assert "do not trust" not in text


@pytest.mark.parametrize(
    ("index", "words"),
    [
        (index_of(AgreementActivated), "north (12)"),
        (TOO_FEW, "9\u00a0reports came, and 10 are needed"),
        (index_of(BatchUnopened), "stays spent"),
        (index_of(BatchNotAsked), "did not ask"),
        (
            index_of(BatchStopped),
            "the council's counts 11\u00a0reports, and the employer's another number",
        ),
        (index_of(BudgetAlarm), "The agreement allows ρ = 0.24"),
    ],
)
def test_what_happened_is_told_with_its_numbers(index: int, words: str) -> None:
    assert words in told(index)


def test_what_a_withheld_week_means_is_told() -> None:
    for index in (TOO_FEW, index_of(BatchNotAsked), OUT_OF_BUDGET):
        assert "Nothing was spent" in told(index)
        assert "The quarter is judged without it" in told(index)


def test_an_entry_of_a_changed_ledger_is_told_as_not_proven() -> None:
    data = file().replace(b'"count":10', b'"count":11', 1)
    found = explain(verify(data), RELEASE)
    assert not found.proven
    assert found.proof.startswith("Not proven")


def test_an_entry_without_a_signed_checkpoint_is_told_as_not_proven() -> None:
    data = encode(replace(export_of(whole()), checkpoint="nothing"))
    assert "the checkpoint is not one that the council signed" in told(RELEASE, data)


def test_what_is_wrong_with_an_entry_comes_before_what_is_wrong_elsewhere() -> None:
    story = released(count=9)
    release, result = story.first(BatchReleased).index, story.first(ResultOpened).index
    export = export_of(story)
    (opening,) = export.openings
    wrong = replace(opening, totals=(opening.totals[0] + 1,))
    broken = verify(encode(replace(export, openings=(wrong,))))
    for index, words in (
        (0, f"entry {release}: north's headline for 2026-W01 is released with 9 reports"),
        (release, f"entry {release}: north's headline for 2026-W01 is released with 9 reports"),
        (result, f"entry {result}: its opening is not the result"),
    ):
        warning = explain(broken, index).warning
        assert warning is not None
        assert warning.startswith(f"This export does not hold: {words}")
    assert explain(verify(file()), RELEASE).warning is None


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
            "The council's server lost the sum of 11\u00a0reports for the task “headline” of north",
        ),
        (
            StopReason.MORE_THAN_TOKENS,
            "For the task “headline” of north in 2026-W01 more reports came with a token than "
            "members were given one; 11\u00a0reports had been counted until then. Somebody",
        ),
    ],
)
def test_why_a_batch_stopped_is_told(reason: StopReason, words: str) -> None:
    story = started()
    stopped = story.stop(story.batch("headline", "north", "2026-W01"), reason=reason)
    text = told(stopped.index, encode(export_of(story)))
    assert words in text
    assert "People from both sides have to find out why" in text


def test_every_reason_to_stop_a_batch_is_told_apart() -> None:
    story = started()
    batch = story.batch("headline", "north", "2026-W01")
    indices = [story.stop(batch, reason=reason).index for reason in StopReason]
    data = encode(export_of(story))
    texts = {explain(verify(data), index).paragraphs for index in indices}
    assert len(texts) == len(StopReason)


def test_an_export_of_one_entry_is_counted_as_one() -> None:
    story = Story()
    story.activate(make_agreement())
    data = encode(export_of(story))
    assert "0 hashes lead from this entry to the root of the one entry" in told(0, data)
    with pytest.raises(InvalidValue, match="there is no entry 1: the export has entry 0 alone"):
        explain(verify(data), 1)


@pytest.mark.parametrize("index", [-1, len(whole().entries), 10**9])
def test_an_entry_that_is_not_there_is_refused_with_those_that_are(index: int) -> None:
    with pytest.raises(InvalidValue, match=f"entries 0 to {len(whole().entries) - 1}"):
        explain(verify(file()), index)


def test_an_entry_that_cannot_be_read_is_refused() -> None:
    data = file().replace(
        f'"index":{RELEASE},"kind"'.encode(), f'"index": {RELEASE},"kind"'.encode()
    )
    with pytest.raises(InvalidValue, match=f"entry {RELEASE} cannot be read"):
        explain(verify(data), RELEASE)
