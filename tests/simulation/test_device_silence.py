"""A council cannot hide a dropped report by silence: what is not shown in time is an alarm."""

import dataclasses
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from client.concern import Concern
from client.ending import Fate
from client.show import became
from privacy import checkpoint
from privacy.agreement.model import Party
from privacy.errors import BadCheckpoint
from privacy.ledger.answers import OutcomeAnswer
from privacy.release import TIME_TO_ASK, TIME_TO_OPEN, Withheld
from privacy.report import ReportId
from tests.agreements import party_keys
from tests.council import release_of
from tests.desk import WINDOW, Desk

SLACK = timedelta(days=3)
SAID = "the works council's server has not shown how headline / north / 2026-W05 ended, "


def had_to(desk: Desk) -> datetime:
    """When the ledger has to say at the latest how WINDOW's batches ended."""
    return desk.signed.agreement.upload_closes(WINDOW) + TIME_TO_ASK + TIME_TO_OPEN


def sent(desk: Desk) -> ReportId:
    """Both reports are sent, and the department's batch has ended; the id of the team's."""
    headline = next(each for each in desk.reports() if each.batch.task == "headline")
    desk.story.withhold(desk.batch("breadth"), Withheld.BATCH_TOO_SMALL)
    desk.run(at=had_to(desk) - timedelta(days=7))
    return headline.report_id


def no_entries(desk: Desk) -> None:
    desk.council.change["outcome"] = lambda answer: OutcomeAnswer((), answer.report_ids)


def ids_of_a_wrong_size(desk: Desk) -> None:
    desk.council.change["outcome"] = lambda _: OutcomeAnswer((), (ReportId(b"x"),))


def not_witnessed(desk: Desk) -> None:
    signed = checkpoint.sign(desk.story.checkpoint, party_keys(Party.COUNCIL).server)
    desk.council.change["checkpoint"] = lambda answer: dataclasses.replace(
        answer, note=signed.encode()
    )


def an_error(desk: Desk) -> None:
    def fail(_: OutcomeAnswer) -> Any:
        raise ZeroDivisionError

    desk.council.change["outcome"] = fail


def no_server(desk: Desk) -> None:
    desk.servers.stop(Party.COUNCIL)


SILENCES = [no_entries, ids_of_a_wrong_size, not_witnessed, an_error, no_server]


@pytest.mark.parametrize("silence", SILENCES)
def test_a_batch_whose_end_is_not_shown_in_time_is_an_alarm_until_it_is(
    desk: Desk, silence: Callable[[Desk], None]
) -> None:
    own = sent(desk)
    release_of(desk.story, desk.batch(), own)
    silence(desk)
    assert desk.run(at=had_to(desk) + SLACK - timedelta(seconds=1)).alarms == ()
    for days in (3, 30, 600):
        happened = desk.run(at=had_to(desk) + timedelta(days=days))
        (said,) = [each for each in happened.alarms if "2026-W05" in each]
        assert said.startswith(f"{SAID}{days} days after it had to")
        assert said.endswith("ask the works council")
        assert ("cannot be reached: if other servers can be" in said) == (silence is no_server)
    desk.council.change.clear()
    if silence is no_server:
        desk.servers.start(Party.COUNCIL)
    happened = desk.run()
    assert [each.ending and each.ending.fate for each in happened.decided] == [Fate.COUNTED]
    assert [each for each in happened.alarms if "2026-W05" in each] == []


def test_a_dropped_report_behind_a_frozen_ledger_is_an_alarm_that_names_its_day(
    desk: Desk,
) -> None:
    sent(desk)
    old, size = desk.story.note, len(desk.story.entries)
    day = (desk.story.at).date()
    release_of(desk.story, desk.batch(), others=11)
    desk.council.change["checkpoint"] = lambda answer: dataclasses.replace(
        answer, note=old, consistency=()
    )
    (said,) = desk.run(at=had_to(desk) + SLACK).alarms
    assert said == (
        f"{SAID}3 days after it had to, and the newest ledger that it shows is of {day}: ask the "
        "works council"
    )
    with desk.device() as device:
        note = device.checkpoint_seen()
    assert note is not None
    assert checkpoint.decode(note).checkpoint.size == size


def test_a_ledger_that_goes_on_without_the_batch_is_not_called_old(desk: Desk) -> None:
    sent(desk)
    desk.story.at = had_to(desk)
    desk.story.publish(WINDOW.plus(9))
    (said,) = desk.run(at=had_to(desk) + SLACK).alarms
    assert said == f"{SAID}3 days after it had to: ask the works council"


def test_silence_after_a_wrong_answer_does_not_leave_it_at_that(desk: Desk) -> None:
    own = sent(desk)
    release_of(desk.story, desk.batch(), own)
    desk.council.change["outcome"] = lambda answer: dataclasses.replace(answer, report_ids=())
    (said,) = desk.run().alarms
    assert "does not hold" in said
    no_entries(desk)
    assert desk.run().alarms == (said,)  # there is still time
    assert desk.run(at=had_to(desk) + SLACK).alarms[0].startswith(SAID)


def test_the_list_says_that_the_end_is_not_shown(desk: Desk) -> None:
    sent(desk)
    desk.run(at=had_to(desk) + SLACK)
    with desk.device() as device:
        parcel = device.outbox.get(desk.batch().task_digest, WINDOW)
    assert parcel is not None
    assert parcel.concern is Concern.UNSHOWN
    assert became(parcel) == (
        "is sent, and the works council's server has not shown how its batch ended"
    )


def test_a_fault_of_this_device_is_not_the_councils(desk: Desk) -> None:
    sent(desk)
    desk.clock.now = had_to(desk) + SLACK
    with desk.device() as device:
        device._ledger_file._connection.execute("DROP TABLE seen")
        happened = device.run()
    assert happened.alarms == ()
    assert any("ledger.db" in str(each) for each in happened.trouble)


def test_what_goes_wrong_with_one_answer_names_the_batch(desk: Desk) -> None:
    sent(desk)
    ids_of_a_wrong_size(desk)
    told = [str(each) for each in desk.run().trouble]
    assert told == ["headline / north / 2026-W05: a report id has 16 bytes"]


def test_what_goes_wrong_with_the_checkpoint_names_no_batch(desk: Desk) -> None:
    desk.reports()
    not_witnessed(desk)
    # Nothing is to be made then, and both batches are asked about.
    closed = desk.signed.agreement.upload_closes(WINDOW)
    (trouble,) = desk.run(at=closed).trouble
    assert isinstance(trouble.error, BadCheckpoint)
    assert trouble.batch is None
