"""What an audit finds in a ledger that is whole, signed by both, and wrong."""

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest

from privacy import checkpoint
from privacy.agreement.model import AgreementDigest, Party
from privacy.audit.explain import explain
from privacy.audit.told import Told
from privacy.audit.verify import Audit, Given, verify
from privacy.checkpoint import Checkpoint
from privacy.ledger import entries as kinds
from privacy.ledger.export import Export, Opened, encode
from privacy.release import BatchResult
from privacy.window import Window
from tests import ledgers
from tests.agreements import make_agreement, new_keys, party_keys, party_terms, sign
from tests.ledgers import Story, moment
from tests.unit.audit.exports import (
    a_year_late,
    audit,
    export_of,
    file,
    named,
    released,
    said,
    signed_by_council_alone,
    whole,
)


def test_a_whole_ledger_holds() -> None:
    found = audit(whole())
    assert said(found) == ""
    assert found.held
    assert [check.title for check in found.checks if not check.done] == [
        "The agreement you hold",
        "The employer's figures",
        "The other copy",
    ]


# --- rules ------------------------------------------------------------------------------------


def test_a_release_below_the_threshold_is_named_although_both_signed() -> None:
    story = released(count=9)
    assert named(audit(story)) == {story.first(kinds.BatchReleased).index}


def test_a_budget_that_does_not_add_up_is_named() -> None:
    story = ledgers.started()
    story.publish(Window(2026, 1))
    story.at = moment(2026, 1, 19, 1)
    release = story.release(story.batch("headline", "north", "2026-W01"), rho_left=Fraction(1))
    assert named(audit(story)) == {release.index}


def test_a_second_release_of_one_batch_is_named() -> None:
    story = released()
    again = story.release(story.batch("headline", "north", "2026-W01"))
    assert named(audit(story)) == {again.index}


def test_a_second_key_of_one_batch_is_named() -> None:
    story = released()
    story.publish_batch_key(story.batch("headline", "north", "2026-W05"))
    second = story.publish_batch_key(story.batch("headline", "north", "2026-W05"))
    found = audit(story)
    assert named(found) == {second.index}
    assert f"is published twice: entry {second.index - 1} has one already" in said(found)


def test_a_batch_key_that_came_when_reports_could_be_sent_is_named() -> None:
    story = released()
    late = story.publish_batch_key(story.batch("headline", "north", "2026-W03"))
    found = audit(story)
    assert named(found) == {late.index}
    assert "2026-W03 is published at 2026-01-19 01:00:02 UTC, too late" in said(found)


def test_a_release_without_a_batch_key_is_named() -> None:
    story = ledgers.started()
    story.publish_window_keys(Window(2026, 1))
    story.at = moment(2026, 1, 19, 1)
    release = story.release(story.batch("headline", "north", "2026-W01"))
    found = audit(story)
    assert named(found) == {release.index}
    assert "the key of its membership tokens was never published" in said(found)


def test_behind_a_broken_entry_results_are_still_checked() -> None:
    story = released(count=9)
    export = export_of(story)
    (opened,) = export.openings
    wrong = replace(opened, totals=(opened.totals[0] + 1,))
    places = {entry.index for entry in story.entries[-2:]}
    assert named(verify(encode(replace(export, openings=(wrong,))))) == places


def test_a_batch_without_an_outcome_is_found_once_it_is_overdue() -> None:
    story = released()
    assert audit(story).held
    story.at = moment(2026, 1, 19, 1) + timedelta(days=8)
    story.publish(Window(2026, 5))
    found = said(audit(story))
    for batch in ("south", "west", "sales"):
        assert f"{batch} / 2026-W01 is overdue" in found
    assert "north" not in found


def test_an_honest_late_activation_holds() -> None:
    """Windows that had closed before are nobody's to end."""
    story = Story(at=moment(2026, 2, 20))
    story.activate(make_agreement())
    story.commit(story.signed[0])
    found = audit(story)
    assert said(found) == ""
    assert found.remarks == ()


def test_what_was_decided_a_year_late_is_named_and_holds() -> None:
    story = a_year_late()
    found = audit(story)
    assert found.held
    assert [remark.index for remark in found.remarks] == [each.index for each in story.entries[-2:]]
    assert "365 days later" not in str(found.remarks[0])
    assert "364 days later" in str(found.remarks[0])


def test_of_very_many_overdue_batches_a_hundred_are_named() -> None:
    story = ledgers.started(make_agreement(last_window=Window(9998, 52)))
    story.at = moment(9998, 12, 1)
    story.publish(Window(9998, 52))
    (check,) = [each for each in audit(story).checks if each.title == "The outcomes"]
    assert len(check.findings) == 101
    assert "more than these 100" in str(check.findings[-1])


# --- nothing to check ---------------------------------------------------------------------------


def test_without_a_checkpoint_the_tree_is_not_checked() -> None:
    found = verify(b"".join(file().splitlines(keepends=True)[:-1]))
    (tree,) = [check for check in found.checks if check.title == "The checkpoint"]
    assert not tree.done
    assert not found.held


def test_without_an_entry_nothing_is_checked() -> None:
    note = encode(Export((), (), whole().note))
    for data in (b"", note):
        done = {check.title for check in verify(data).checks if check.held}
        assert done <= {"The file"}


def test_nothing_compared_is_not_held() -> None:
    (figures,) = [
        check
        for check in audit(ledgers.started(), Given(results=[])).checks
        if check.title == "The employer's figures"
    ]
    assert not figures.done
    assert figures.findings == ()


# --- results ------------------------------------------------------------------------------------


def test_an_opening_may_be_gone_only_after_its_retention() -> None:
    story = released()
    export = replace(export_of(story), openings=())
    assert named(verify(encode(export))) == {story.first(kinds.ResultOpened).index}
    late = ledgers.started(make_agreement(retention_weeks=13, last_window=Window(2026, 1)))
    late.publish(Window(2026, 1))
    late.at = moment(2026, 1, 7, 9)
    for task, group in [*(("headline", name) for name in ledgers.TEAMS), ("breadth", "sales")]:
        batch = late.batch(task, group, "2026-W01")
        late.release(batch, late.collection(batch).group.roster)
        late.open(batch)
    late.at += timedelta(weeks=13)
    late.activate(make_agreement(version=2, first_window=Window(2026, 20)))
    assert said(verify(encode(replace(export_of(late), openings=())))) == ""


def test_an_opening_of_the_right_length_with_another_salt_is_named() -> None:
    export = export_of(whole())
    first, *others = export.openings
    wrong = replace(first, salt=bytes(32))
    assert named(verify(encode(replace(export, openings=(wrong, *others))))) == {first.index}


def test_an_opening_of_another_length_is_named() -> None:
    export = export_of(whole())
    first, *others = export.openings
    wrong = replace(first, totals=(*first.totals, 0))
    found = verify(encode(replace(export, openings=(wrong, *others))))
    assert f"has {len(first.totals) + 1} numbers" in said(found)


def test_a_result_with_too_many_numbers_is_found_even_if_its_hash_fits() -> None:
    story = ledgers.started()
    story.publish(Window(2026, 1))
    story.at = moment(2026, 1, 19, 1)
    batch = story.batch("headline", "north", "2026-W01")
    entry = story.release(batch)
    assert isinstance(entry.body, kinds.BatchReleased)
    totals, salt = (1, 2), bytes(32)
    result = BatchResult(batch, entry.body.count, totals)
    opened = story.write(kinds.ResultOpened(batch, result.hash(salt)))
    export = replace(export_of(story), openings=(Opened(opened.index, salt, totals),))
    assert "has 2 numbers" in said(verify(encode(export)))


@pytest.mark.parametrize("totals", [(), (1, 2, 3, 4, 5)])
def test_an_opening_of_another_length_is_no_opening_even_if_its_hash_fits(
    totals: tuple[int, ...],
) -> None:
    """The department's task has eleven coordinates, a histogram's among them."""
    story = ledgers.started()
    story.publish(Window(2026, 1))
    story.at = moment(2026, 1, 19, 1)
    batch = story.batch("breadth", "sales", "2026-W01")
    story.release(batch)
    result = BatchResult(batch, len(story.report_ids[batch]), totals)
    opened = story.write(kinds.ResultOpened(batch, result.hash(bytes(32))))
    story.openings.append(Opened(opened.index, bytes(32), totals))
    story.results[batch] = result
    found = audit(story, Given(results=[]))
    assert f"has {len(totals)} numbers" in said(found)
    assert "the record gives" not in said(found)
    explained = explain(found, opened.index)
    assert "do not trust them" in " ".join(explained.paragraphs)


def test_a_result_of_the_last_year_of_the_calendar_is_only_a_finding() -> None:
    story = released()
    last = replace(story.entries[-1], at=moment(9998, 12, 31, 23, 59))
    export = export_of(story)
    data = (*export.entries[:-1], last.data)
    assert last.index in named(verify(encode(replace(export, entries=data, openings=()))))


@pytest.mark.parametrize(
    ("kept", "words"),
    [
        (11, "11 results have an opening with the hash on the record."),
        (1, "1 result has an opening with the hash on the record, 10 others past retention."),
        (0, "0 results have an opening with the hash on the record, 11 others past retention."),
    ],
)
def test_results_are_counted_by_what_they_are(kept: int, words: str) -> None:
    story = ledgers.whole()
    story.at = moment(2028, 3, 1)
    story.activate(make_agreement(version=3, first_window=Window(2026, 20)))
    openings = export_of(story).openings[:kept]
    (check,) = [
        each
        for each in verify(encode(replace(export_of(story), openings=openings))).checks
        if each.title == "The results"
    ]
    assert check.findings == ()
    assert check.told == words


def test_an_agreement_under_another_digest_than_its_own_is_not_taken_for_one() -> None:
    story = ledgers.started()
    first = story.entries[0].body
    assert isinstance(first, kinds.AgreementActivated)
    other = story.write(replace(first, agreement=AgreementDigest(bytes(32))))
    told = Told.by(story.data)
    assert list(told.activated) == [0]
    assert named(audit(story)) == {other.index}


# --- signatures ---------------------------------------------------------------------------------


def test_a_checkpoint_that_the_employer_did_not_witness_is_found() -> None:
    export = replace(export_of(whole()), checkpoint=signed_by_council_alone(whole()))
    found = verify(encode(export))
    assert "the checkpoint: the checkpoint is not witnessed" in said(found)


def test_a_checkpoint_signed_with_another_key_is_found() -> None:
    stranger = checkpoint.sign(whole().checkpoint, new_keys().server)
    note = checkpoint.cosign(stranger, party_keys(Party.EMPLOYER).server, whole().at).encode()
    found = verify(encode(replace(export_of(whole()), checkpoint=note)))
    assert "not signed by the expected key" in said(found)


def test_a_checkpoint_of_another_ledger_is_found() -> None:
    other = Checkpoint("plurale/other/0011", len(whole().entries), whole().checkpoint.root)
    assert "of the ledger plurale/other" in said(_with(other))


def test_a_root_of_other_entries_is_found_at_the_last_entry() -> None:
    size = len(whole().entries)
    wrong = Checkpoint(whole().checkpoint.origin, size, bytes(32))
    assert named(_with(wrong)) == {None, size - 1}


def _with(said_to_be: Checkpoint) -> Audit:
    signed = checkpoint.sign(said_to_be, party_keys(Party.COUNCIL).server)
    note = checkpoint.cosign(signed, party_keys(Party.EMPLOYER).server, whole().at).encode()
    return verify(encode(replace(export_of(whole()), checkpoint=note)))


def test_entries_behind_the_checkpoint_are_named() -> None:
    story = ledgers.whole()
    note, size = story.note, len(story.entries)
    story.publish(Window(2026, 30))
    found = verify(encode(replace(export_of(story), checkpoint=note)))
    assert size in named(found)
    assert f"counts {size} entries" in said(found)


# --- the agreement on paper ----------------------------------------------------------------------


def test_the_agreement_held_on_paper_is_found_in_the_ledger() -> None:
    for signed in whole().signed:
        assert audit(whole(), Given(agreement=signed.envelope)).held


def test_another_text_than_on_paper_names_the_entry_that_activates_it() -> None:
    other = sign(make_agreement(purpose="Something else."))
    found = audit(whole(), Given(agreement=other))
    assert named(found) == {0}
    assert "another text" in said(found)


def test_another_key_than_on_paper_is_told() -> None:
    keys = new_keys()
    terms = party_terms(Party.COUNCIL, keys)
    other = sign(make_agreement(council=terms), council=keys)
    assert "another signing key of the council" in said(audit(whole(), Given(agreement=other)))


def test_a_version_that_was_never_activated_is_told() -> None:
    other = sign(make_agreement(version=7))
    assert "no entry activates the version 7" in said(audit(whole(), Given(agreement=other)))


def test_an_agreement_that_is_none_is_told() -> None:
    assert "not an agreement" in said(audit(whole(), Given(agreement=b"{}")))
