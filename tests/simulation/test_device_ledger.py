"""What a device takes from the council's ledger, and what makes it stop."""

import dataclasses
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from client import alarm
from client.errors import KeysUnpublished, OtherLedger
from client.happened import Happened
from client.ledger_file import LedgerFile
from privacy import checkpoint
from privacy.agreement.model import Party
from privacy.errors import (
    BadCheckpoint,
    BadConsistency,
    BadEntry,
    BadInclusion,
    Rejection,
    ReportRejected,
)
from privacy.ledger.answers import CheckpointAnswer, WindowAnswer
from privacy.merkle import consistency_proof
from protos.errors import Unreachable
from tests.agreements import party_keys
from tests.desk import WINDOW, Desk, after, at_a_desk, due, fetch
from tests.ledgers import Story

NEXT = WINDOW.plus(1)
CANNOT_OPEN = ReportRejected(Rejection.CANNOT_OPEN)


def stored(desk: Desk) -> str | None:
    """The last checkpoint on the device."""
    file = LedgerFile(desk.folder / "ledger.db")
    try:
        return file.seen()
    finally:
        file.close()


def copy_of(story: Story) -> Story:
    """The same ledger, to go on in another way."""
    return dataclasses.replace(
        story,
        signed=[*story.signed],
        entries=[*story.entries],
        private_keys={**story.private_keys},
        batch_keys={**story.batch_keys},
    )


def signed_note(story: Story, *, witness: Ed25519PrivateKey | None) -> str:
    """The story's checkpoint, with the council's signature and perhaps a witness's."""
    signed = checkpoint.sign(story.checkpoint, party_keys(Party.COUNCIL).server)
    if witness is not None:
        signed = checkpoint.cosign(signed, witness, story.at)
    return signed.encode()


def errors(happened: Happened) -> list[type[Exception]]:
    return [type(each.error) for each in happened.trouble]


# --- asked rarely, stored before it is used -------------------------------------------------------


def test_the_council_is_asked_only_when_there_is_something_to_make_or_to_sign(desk: Desk) -> None:
    desk.run(at=WINDOW.start(desk.signed.agreement.working_time.zone) + timedelta(days=3))
    assert desk.council.asked == []
    made = desk.run(at=after()).made
    assert desk.council.asked == ["checkpoint", "window"]
    desk.council.asked.clear()
    desk.run(at=min(each.times.fetch for each in made) - timedelta(seconds=1))
    assert desk.council.asked == []
    assert len(desk.run(at=fetch(made)).approved) == 2
    assert desk.council.asked == ["checkpoint", *["batch key", "issue"] * 2]
    desk.council.asked.clear()
    assert len(desk.run(at=due(made)).sent) == 2
    assert desk.council.asked == []


def test_a_checkpoint_is_on_disk_before_the_council_is_asked_anything_else(desk: Desk) -> None:
    seen: list[str | None] = []

    def look(answer: WindowAnswer) -> WindowAnswer:
        seen.append(stored(desk))
        return answer

    desk.council.change["window"] = look
    desk.run(at=after())
    assert seen == [desk.story.note]


class Killed(BaseException):
    """As if the process had ended at this instruction."""


class Killing(LedgerFile):
    """Ends the process just before, or just after, a checkpoint is stored."""

    stored_first: bool

    def advance(self, before: str | None, note: str) -> bool:
        if self.stored_first:
            super().advance(before, note)
        raise Killed


@pytest.mark.parametrize("stored_first", [False, True])
def test_a_run_that_ends_around_the_storing_leaves_nothing_half_done(
    desk: Desk, *, stored_first: bool
) -> None:
    desk.run(at=after())
    before = stored(desk)
    desk.story.publish(WINDOW.plus(9))
    desk.clock.now = after(NEXT)
    with desk.device() as device:
        device._ledger_file.close()
        device._ledger_file = Killing(desk.folder / "ledger.db")
        device._ledger_file.stored_first = stored_first
        device._maker = dataclasses.replace(device._maker, ledger_file=device._ledger_file)
        with pytest.raises(Killed):
            device.run()
        assert {each.batch.window for each in device.outbox.all()} == {WINDOW}
    assert stored(desk) == (desk.story.note if stored_first else before)
    assert {each.batch.window for each in desk.run().made} == {NEXT}
    assert stored(desk) == desk.story.note


def test_a_run_that_is_answered_late_puts_no_older_checkpoint_back(desk: Desk) -> None:
    desk.run(at=after())
    desk.story.publish(WINDOW.plus(8))
    desk.clock.now = after(NEXT)
    asked, overtaken = Event(), Event()

    def hold_the_first(answer: CheckpointAnswer) -> CheckpointAnswer:
        if not asked.is_set():
            asked.set()
            assert overtaken.wait(20)
        return answer

    desk.council.change["checkpoint"] = hold_the_first
    late: list[Happened] = []
    thread = Thread(target=lambda: late.append(desk.run()))
    thread.start()
    assert asked.wait(20)
    desk.story.publish(WINDOW.plus(9))
    quick = desk.run()
    assert stored(desk) == desk.story.note
    overtaken.set()
    thread.join()
    assert stored(desk) == desk.story.note
    assert desk.council.asked.count("checkpoint") == 4  # the late one had to ask again
    assert errors(late[0]) == []
    # One report for each task: the one that was stored first counts.
    waiting = [each.report_id for each in desk.run().waiting if each.batch.window == NEXT]
    assert sorted(waiting) == sorted(each.report_id for each in quick.made)
    assert len(waiting) == 2


# --- a ledger that does not continue the one before -----------------------------------------------


def forked(story: Story) -> Story:
    other = copy_of(story)
    other.entries.pop()
    other.publish(WINDOW.plus(8))
    other.publish(WINDOW.plus(9))
    return other


def of_the_same_size(story: Story) -> Story:
    other = copy_of(story)
    other.entries.pop()
    other.publish(WINDOW.plus(8))
    return other


def shorter(story: Story) -> Story:
    other = copy_of(story)
    other.entries.pop()
    return other


def of_another_origin(story: Story) -> Story:
    other = copy_of(story)
    agreement = dataclasses.replace(story.signed[0].agreement, organisation="Another name")
    other.signed[0] = dataclasses.replace(story.signed[0], agreement=agreement)
    return other


OTHERS = [forked, of_the_same_size, shorter, of_another_origin]


@pytest.mark.parametrize("other", OTHERS)
def test_another_ledger_than_before_stops_everything_and_is_kept(
    desk: Desk, other: Callable[[Story], Story]
) -> None:
    made = desk.approved()
    seen = desk.story.note
    honest, desk.council.story = desk.story, other(desk.story)
    draws = desk.noise.draws
    # Reports are due, and the next window is over: none is sent, and none is made.
    happened = desk.run(at=max(after(NEXT), due(made)))
    assert (happened.made, happened.sent) == ((), ())
    assert desk.employer.received == {}
    assert desk.noise.draws == draws
    (said,) = happened.alarms
    assert "the council showed another ledger than before: nothing is made or sent" in said
    assert str(desk.folder / alarm.FILE_NAME) in said
    record = alarm.evidence(desk.folder)
    assert (record["seen"], record["shown"]) == (seen, desk.council.story.note)
    assert stored(desk) == seen
    # Also when the council is honest again, until a person has looked.
    desk.council.story = honest
    asked = len(desk.council.asked)
    assert desk.run().alarms == (said,)
    assert len(desk.council.asked) == asked
    (desk.folder / alarm.FILE_NAME).rename(desk.folder / "looked-at.json")
    assert desk.run().alarms == ()


def test_the_evidence_shows_a_fork_to_whoever_has_the_agreement(desk: Desk) -> None:
    desk.run(at=after())
    desk.council.story = forked(desk.story)
    desk.run(at=after(NEXT))
    record = json.loads((desk.folder / alarm.FILE_NAME).read_text())
    agreement = desk.signed.agreement
    seen, shown = (
        checkpoint.verify(
            record[name],
            council_key=agreement.council.server_key,
            employer_key=agreement.employer.server_key,
        )
        for name in ("seen", "shown")
    )
    proof = tuple(bytes.fromhex(each) for each in record["consistency"])
    with pytest.raises(BadConsistency):
        shown.verify_follows(seen, proof)
    assert shown.root != seen.root
    assert proof == consistency_proof(desk.council.story.data, seen.size)


def test_evidence_that_cannot_be_kept_still_stops_the_run(desk: Desk) -> None:
    desk.run(at=after())
    desk.council.story = forked(desk.story)
    (desk.folder / alarm.FILE_NAME).symlink_to(desk.folder / "nowhere" / "else")
    desk.clock.now = after(NEXT)
    with desk.device() as device:
        device.folder = desk.folder / "enrolment.json"  # a file: nothing can be kept in it
        happened = device.run()
    assert OtherLedger in errors(happened)
    assert (happened.made, happened.sent) == ((), ())


def test_a_ledger_that_goes_on_is_followed(desk: Desk) -> None:
    for weeks in range(4):
        desk.run(at=after(WINDOW.plus(weeks)))
        assert stored(desk) == desk.story.note
        for _ in range(weeks):
            desk.story.publish(WINDOW.plus(10 + len(desk.story.entries)))


# --- a checkpoint that does not count -------------------------------------------------------------


@pytest.mark.parametrize(
    "note",
    [
        lambda story: signed_note(story, witness=None),
        lambda story: signed_note(story, witness=Ed25519PrivateKey.generate()),
        lambda story: signed_note(story, witness=party_keys(Party.COUNCIL).server),
        lambda story: checkpoint.cosign(
            checkpoint.sign(story.checkpoint, Ed25519PrivateKey.generate()),
            party_keys(Party.EMPLOYER).server,
            story.at,
        ).encode(),
        lambda story: "nothing of the kind\n",
    ],
    ids=["not witnessed", "another witness", "its own witness", "not the council's", "no note"],
)
def test_a_checkpoint_that_is_not_signed_by_both_is_not_used(
    desk: Desk, note: Callable[[Story], str]
) -> None:
    desk.council.change["checkpoint"] = lambda answer: dataclasses.replace(
        answer, note=note(desk.story)
    )
    happened = desk.run(at=after())
    assert (happened.made, errors(happened), happened.alarms) == ((), [BadCheckpoint], ())
    assert stored(desk) is None
    assert desk.council.asked == ["checkpoint"]  # it is not asked anything that depends on it
    desk.council.change.clear()
    assert len(desk.run().made) == 2


def test_a_council_that_cannot_be_reached_is_told_once_and_nothing_is_lost(tmp_path: Path) -> None:
    with at_a_desk(tmp_path, lambda agreed: dataclasses.replace(agreed, upload_days=14)) as desk:
        desk.servers.stop(Party.COUNCIL)
        # Two windows are open, and neither can be reported.
        happened = desk.run(at=after(NEXT))
        assert errors(happened) == [Unreachable]
        assert "the council's server 127.0.0.2" in str(happened.trouble[0])
        assert happened.made == ()
        desk.servers.start(Party.COUNCIL)
        assert len(desk.run().made) == 4


def test_a_checkpoint_that_failed_is_not_asked_for_again_in_the_same_run(tmp_path: Path) -> None:
    with at_a_desk(tmp_path, lambda agreed: dataclasses.replace(agreed, upload_days=14)) as desk:
        desk.council.change["checkpoint"] = lambda answer: dataclasses.replace(answer, note="")
        assert errors(desk.run(at=after(NEXT))) == [BadCheckpoint]
        assert desk.council.asked == ["checkpoint"]


# --- keys -----------------------------------------------------------------------------------------


def test_keys_that_are_not_published_yet_put_the_report_off(desk: Desk) -> None:
    window = WINDOW.plus(5)
    happened = desk.run(at=after(window))
    assert (happened.made, errors(happened)) == ((), [KeysUnpublished])
    assert errors(desk.run()) == [KeysUnpublished]
    desk.story.publish(window)
    assert {each.batch.window for each in desk.run().made} == {window}


def entry(desk: Desk, index: int) -> Callable[[WindowAnswer], WindowAnswer]:
    return lambda answer: dataclasses.replace(answer, keys=desk.story.proven(index))


def of_another_window(desk: Desk) -> Callable[[WindowAnswer], WindowAnswer]:
    return entry(desk, desk.story.publish(WINDOW.plus(9)).index)


def of_another_kind(desk: Desk) -> Callable[[WindowAnswer], WindowAnswer]:
    return entry(desk, 0)


def not_in_this_ledger(desk: Desk) -> Callable[[WindowAnswer], WindowAnswer]:
    other = copy_of(desk.story)
    proven = other.proven(other.publish(WINDOW).index)
    return lambda answer: dataclasses.replace(answer, keys=proven)


def of_another_place(desk: Desk) -> Callable[[WindowAnswer], WindowAnswer]:
    def change(answer: WindowAnswer) -> WindowAnswer:
        assert answer.keys is not None
        moved = dataclasses.replace(answer.keys, index=answer.keys.index + 1)
        return dataclasses.replace(answer, keys=moved)

    return change


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (of_another_window, BadEntry),
        (of_another_kind, BadEntry),
        (not_in_this_ledger, BadInclusion),
        (of_another_place, BadInclusion),
    ],
)
def test_keys_that_are_not_proven_to_be_the_windows_are_not_used(
    desk: Desk, wrong: Callable[[Desk], Any], error: type[Exception]
) -> None:
    desk.council.change["window"] = wrong(desk)
    happened = desk.run(at=after())
    assert (happened.made, errors(happened)) == ((), [error])
    assert desk.noise.draws == 0
    desk.council.change.clear()
    assert len(desk.run().made) == 2


def test_shares_are_sealed_to_the_keys_of_the_window(desk: Desk) -> None:
    # The employer's intake opens both shares with the keys of that window and no other.
    assert len(desk.reports()) == 2
    assert len(desk.reports(NEXT)) == 2
    third = WINDOW.plus(2)
    made = desk.approved(third)
    desk.story.private_keys[third, Party.EMPLOYER] = desk.story.private_keys[WINDOW, Party.EMPLOYER]
    happened = desk.run(at=due(made))
    assert (len(made), happened.sent) == (2, ())
    assert {str(each.error) for each in happened.trouble} == {str(CANNOT_OPEN)}


def test_the_file_of_what_was_seen_is_the_owners_alone(desk: Desk) -> None:
    desk.run(at=after())
    assert (desk.folder / "ledger.db").stat().st_mode & 0o777 == 0o600
