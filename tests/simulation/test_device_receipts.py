"""What became of a report: shown by the ledger, kept as a receipt, or an alarm."""

import dataclasses
from base64 import b64decode
from collections.abc import Callable
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest

from client import evidence
from client.account import Spent, spent_here, spent_in_ledger
from client.ending import Fate
from client.happened import Happened
from client.parcel import Parcel
from client.show import became
from privacy import checkpoint, fields
from privacy.agreement.model import AgreementDigest, Party
from privacy.batch import BatchId
from privacy.groups import GroupId
from privacy.ledger.answers import OutcomeAnswer
from privacy.ledger.entries import BatchKeyPublished, BatchReleased
from privacy.ledger.proven import Inclusion, ProvenEntry, find
from privacy.membership import Token, load_public, verify
from privacy.metrics import TaskId
from privacy.receipt import Receipt
from privacy.release import Withheld, id_root
from privacy.report import ReportId
from privacy.window import Window
from tests.council import release_of
from tests.desk import BERLIN, WINDOW, Desk, next_version

Change = Callable[[OutcomeAnswer], OutcomeAnswer]


def closed(desk: Desk) -> datetime:
    """An hour after WINDOW's batches close."""
    return desk.signed.agreement.upload_closes(WINDOW) + timedelta(hours=1)


def headline(desk: Desk) -> Parcel:
    """What is kept of the report to the team's task."""
    with desk.device() as device:
        parcel = device.outbox.get(desk.batch().task_digest, WINDOW)
    assert parcel is not None
    return parcel


def released(desk: Desk, **others: int) -> Parcel:
    """Both reports are sent; the headline's batch is released with it."""
    desk.reports()
    parcel = headline(desk)
    release_of(desk.story, parcel.batch, parcel.report_id, **others)
    return parcel


def asked_after_closing(desk: Desk, at: datetime | None = None) -> Happened:
    """A run after the batches closed, in which the device also makes the next week's reports."""
    return desk.run(at=at or closed(desk))


def as_json(desk: Desk) -> dict[str, Any]:
    with desk.device() as device:
        return evidence.as_json(device.enrolment, device.outbox.all(), None, None, None, None)


def the_headline(record: dict[str, Any]) -> dict[str, Any]:
    (found,) = [
        each
        for each in record["reports"]
        if each["task"] == "headline" and each["window"] == str(WINDOW)
    ]
    return dict(found)


# --- in the release -------------------------------------------------------------------------------


def test_a_report_in_the_release_gets_its_receipt_once(desk: Desk) -> None:
    released(desk, others=10)
    happened = asked_after_closing(desk)
    (decided,) = happened.decided
    assert decided.batch == desk.batch()
    assert decided.ending is not None
    assert decided.ending.fate is Fate.COUNTED
    assert happened.alarms == ()
    index = len(desk.story.entries) - 1
    assert became(decided) == (
        f"is in the release (entry {index} of the ledger), one of 11 reports"
    )
    # Only the other batch is still asked about.
    desk.council.asked.clear()
    assert desk.run().decided == ()
    assert desk.council.asked == ["checkpoint", "outcome"]


def test_a_receipt_is_checked_without_the_device_and_without_a_server(desk: Desk) -> None:
    released(desk)
    asked_after_closing(desk)
    record = as_json(desk)
    found = the_headline(record)
    desk.servers.stop(Party.COUNCIL)
    # From the JSON alone, in the order that `client.evidence` gives.
    report_id, digest = ReportId(bytes.fromhex(found["report_id"])), bytes.fromhex(found["digest"])
    keys = {party: bytes.fromhex(record["server_keys"][party]) for party in ("employer", "council")}
    batch = BatchId(
        AgreementDigest(bytes.fromhex(found["agreement"])),
        TaskId(found["task"]),
        GroupId(found["group"]),
        Window.parse(found["window"]),
    )
    parts = [bytes.fromhex(found[f"{part}_share_hash"]) for part in ("public", "leader", "helper")]
    assert digest == fields.digest("plurale-1 report", batch.context, report_id, *parts)  # 1
    token = Token(*(bytes.fromhex(found["token"][part]) for part in ("randomizer", "signature")))
    verify(load_public(key_in_the_ledger(desk, batch)), digest, token)  # 2
    Receipt(digest, bytes.fromhex(found["employer_signature"])).verify(
        keys["employer"], digest
    )  # 3
    ended = found["ending"]
    shown = checkpoint.verify(
        ended["checkpoint"], council_key=keys["council"], employer_key=keys["employer"]
    )  # 4
    body = proven(ended["entry"]).verify(shown).body  # 5
    assert isinstance(body, BatchReleased)
    assert body.batch == batch
    place = ended["inclusion"]
    path = tuple(bytes.fromhex(each) for each in place["proof"])
    Inclusion(place["index"], place["size"], path).verify(report_id, body.id_root)  # 6


def key_in_the_ledger(desk: Desk, batch: BatchId) -> bytes:
    """The modulus of a batch's key, as an export of the ledger has it."""
    return next(
        each.body.modulus
        for each in desk.story.entries
        if isinstance(each.body, BatchKeyPublished) and each.body.batch == batch
    )


def proven(entry: dict[str, Any]) -> ProvenEntry:
    path = tuple(bytes.fromhex(each) for each in entry["proof"])
    return ProvenEntry(entry["index"], b64decode(entry["data"]), path)


def test_nobody_is_asked_before_the_batch_closes(desk: Desk) -> None:
    released(desk)
    desk.council.asked.clear()
    assert desk.run(at=closed(desk) - timedelta(hours=2)).decided == ()
    assert "outcome" not in desk.council.asked


def test_an_undecided_batch_is_asked_about_again_until_results_are_no_longer_kept(
    desk: Desk,
) -> None:
    desk.reports()
    assert asked_after_closing(desk).decided == ()
    assert became(headline(desk)) == "is sent, and its batch is not decided yet"
    weeks = desk.signed.agreement.retention_weeks
    end = desk.signed.agreement.upload_closes(WINDOW) + timedelta(weeks=weeks)
    desk.council.asked.clear()
    desk.run(at=end - timedelta(hours=1))
    assert desk.council.asked.count("outcome") == 2
    desk.council.asked.clear()
    desk.run(at=end)
    assert desk.council.asked == []


def test_a_receipt_of_an_earlier_version_is_fetched_after_the_next_began(desk: Desk) -> None:
    desk.story.activate(next_version(desk))
    desk.enrols(desk.story.signed[1], WINDOW.start(BERLIN) + timedelta(days=1))
    released(desk)
    (decided,) = asked_after_closing(desk).decided
    assert decided.batch.agreement == desk.signed.digest


# --- other ends -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("end", "fate", "words"),
    [
        (
            lambda desk: desk.story.withhold(desk.batch(), Withheld.BATCH_TOO_SMALL),
            Fate.WITHHELD,
            "is in a batch that was withheld (entry {} of the ledger): too few people reported",
        ),
        (
            lambda desk: desk.story.withhold(desk.batch(), Withheld.BUDGET_EXHAUSTED),
            Fate.WITHHELD,
            "is in a batch that was withheld (entry {} of the ledger): the privacy budget was "
            "spent",
        ),
        (
            lambda desk: desk.story.not_asked(desk.batch()),
            Fate.NOT_ASKED,
            "is in a batch that the employer's server never asked for (entry {} of the ledger)",
        ),
        (
            lambda desk: desk.story.stop(desk.batch()),
            Fate.STOPPED,
            "is in a batch that stopped, since the servers disagree (entry {} of the ledger)",
        ),
    ],
)
def test_how_a_batch_ended_without_a_release_is_told_once(
    desk: Desk, end: Callable[[Desk], Any], fate: Fate, words: str
) -> None:
    desk.reports()
    index = end(desk).index
    (decided,) = asked_after_closing(desk).decided
    assert decided.ending is not None
    assert (decided.ending.fate, became(decided)) == (fate, words.format(index))
    assert desk.run().decided == ()


@pytest.mark.parametrize("more", ["open", "unopened"])
def test_what_comes_after_the_release_does_not_change_the_receipt(desk: Desk, more: str) -> None:
    batch = released(desk).batch
    getattr(desk.story, more)(batch)
    (decided,) = asked_after_closing(desk).decided
    assert decided.ending is not None
    assert decided.ending.fate is Fate.COUNTED


def test_the_key_of_a_batch_does_not_decide_it(desk: Desk) -> None:
    released(desk)
    key = next(
        each.index
        for each in desk.story.of(BatchKeyPublished)
        if isinstance(each.body, BatchKeyPublished) and each.body.batch == desk.batch()
    )

    def with_the_key(answer: OutcomeAnswer) -> OutcomeAnswer:
        entries = (desk.story.proven(key), *answer.entries) if answer.entries else ()
        return dataclasses.replace(answer, entries=entries)

    desk.council.change["outcome"] = with_the_key
    happened = asked_after_closing(desk)
    assert [each.ending and each.ending.fate for each in happened.decided] == [Fate.COUNTED]
    assert happened.alarms == ()


# --- alarms ---------------------------------------------------------------------------------------


def test_a_missing_report_is_an_alarm_at_every_run_with_all_that_shows_it(desk: Desk) -> None:
    desk.reports()
    release_of(desk.story, desk.batch(), others=11)
    desk.story.withhold(desk.batch("breadth"), Withheld.BATCH_TOO_SMALL)
    said = asked_after_closing(desk).alarms
    assert said == (
        "your report for headline / north / 2026-W05 was signed for by the employer's server, and "
        "is not in the release: show this to the works council: plurale receipts --json",
    )
    assert desk.run().alarms == said
    assert desk.run(at=closed(desk) + timedelta(weeks=30)).alarms == said
    found = the_headline(as_json(desk))
    ids = [ReportId(bytes.fromhex(each)) for each in found["ending"]["report_ids"]]
    own = ReportId(bytes.fromhex(found["report_id"]))
    body = desk.story.of(BatchReleased)[0].body
    assert isinstance(body, BatchReleased)
    assert find(own, ids, body.count, body.id_root) is None
    assert found["employer_signature"]


def ids(change: Callable[[tuple[ReportId, ...]], tuple[ReportId, ...]]) -> Change:
    return lambda answer: dataclasses.replace(answer, report_ids=change(answer.report_ids))


WRONG_IDS = {
    "one left out": ids(lambda all_of: all_of[1:]),
    "one doubled": ids(lambda all_of: (*all_of, all_of[0])),
    "one in place of another": ids(lambda all_of: (ReportId(bytes(16)), *all_of[1:])),
    "none": ids(lambda all_of: ()),
}


@pytest.mark.parametrize("wrong", WRONG_IDS.values(), ids=list(WRONG_IDS))
def test_ids_that_are_not_those_of_the_release_are_an_alarm_until_they_are(
    desk: Desk, wrong: Change
) -> None:
    released(desk)
    desk.council.change["outcome"] = wrong
    happened = asked_after_closing(desk)
    assert happened.decided == ()
    (said,) = happened.alarms
    assert "headline / north / 2026-W05 does not hold" in said
    assert desk.run().alarms == (said,)
    assert headline(desk).ending is None
    desk.council.change.clear()
    happened = desk.run()
    assert (len(happened.decided), happened.alarms) == (1, ())


def test_a_report_counted_twice_is_an_alarm_even_if_the_root_says_so(desk: Desk) -> None:
    desk.reports()
    own = headline(desk).report_id
    twice = (own, own, *(ReportId(bytes([n]) * 16) for n in range(9)))
    desk.story.release(desk.batch(), count=11, id_root=id_root(twice))
    desk.story.report_ids[desk.batch()] = twice
    (said,) = asked_after_closing(desk).alarms
    assert "a report is counted twice" in said


def of_another_batch(desk: Desk) -> Change:
    entry = release_of(desk.story, desk.batch("breadth"), others=45)
    wrong = desk.story.proven(entry.index)
    return lambda answer: dataclasses.replace(answer, entries=(wrong,))


def about_no_batch(desk: Desk) -> Change:
    return lambda answer: dataclasses.replace(answer, entries=(desk.story.proven(0),))


def decided_twice(desk: Desk) -> Change:
    desk.story.not_asked(desk.batch())
    return lambda answer: answer


def not_in_the_ledger(desk: Desk) -> Change:
    def change(answer: OutcomeAnswer) -> OutcomeAnswer:
        (entry,) = answer.entries
        return dataclasses.replace(answer, entries=(dataclasses.replace(entry, proof=()),))

    return change


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (of_another_batch, "as one about headline / north / 2026-W05, and it is not"),
        (about_no_batch, "as one about headline / north / 2026-W05, and it is not"),
        (decided_twice, "decides headline / north / 2026-W05 in more than one entry"),
        (not_in_the_ledger, "the proof does not show entry"),
    ],
)
def test_an_answer_that_does_not_hold_is_an_alarm(
    desk: Desk, wrong: Callable[[Desk], Change], words: str
) -> None:
    released(desk)
    change = wrong(desk)

    def only_the_headline(answer: OutcomeAnswer) -> OutcomeAnswer:
        # Two reports are asked about; the other one's batch has no entries of its own.
        return change(answer) if len(answer.report_ids) < 40 and answer.entries else answer

    desk.council.change["outcome"] = only_the_headline
    happened = asked_after_closing(desk)
    assert any(words in said for said in happened.alarms), happened.alarms
    assert headline(desk).ending is None


# --- the budget -----------------------------------------------------------------------------------


def test_both_accounts_of_the_budget_stand_beside_each_other(desk: Desk) -> None:
    with desk.device() as device:
        assert spent_here(device.enrolment, device.outbox) is None
    released(desk)
    with desk.device() as device:
        here = spent_here(device.enrolment, device.outbox)
        assert spent_in_ledger(device.enrolment, device.outbox) is None
    team, department = (
        desk.story.collection(desk.batch(task)).rho for task in ("headline", "breadth")
    )
    assert here == Spent(WINDOW, team + department, Fraction(1))
    asked_after_closing(desk)
    with desk.device() as device:
        in_ledger = spent_in_ledger(device.enrolment, device.outbox)
    assert in_ledger == Spent(WINDOW, team, Fraction(1))
