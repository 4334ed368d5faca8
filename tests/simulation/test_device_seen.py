"""An alarm about a report ends by a person's word; the record of it does not."""

import dataclasses
from datetime import timedelta
from typing import Any

import pytest

from client import cli
from client.concern import Concern, Fault
from client.errors import OutboxUnusable
from client.show import became
from privacy.errors import InvalidValue
from privacy.release import Withheld
from tests.council import release_of
from tests.desk import WINDOW, Desk, after
from tests.simulation.test_device_silence import SLACK, had_to, no_entries, no_server, sent


def listed(desk: Desk) -> str:
    """What the list says of the team's report."""
    with desk.device() as device:
        parcel = device.outbox.get(desk.batch().task_digest, WINDOW)
    assert parcel is not None
    return became(parcel)


def see_to(desk: Desk) -> int:
    with desk.device() as device:
        return device.see_to_alarms()


def test_a_missing_report_that_was_seen_to_stays_in_the_list_and_is_not_said_again(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.reports()
    entry = release_of(desk.story, desk.batch(), others=11)
    desk.story.withhold(desk.batch("breadth"), Withheld.BATCH_TOO_SMALL)
    assert len(desk.run(at=had_to(desk)).alarms) == 1
    record = f"was signed for, and is MISSING from the release (entry {entry.index} of the ledger)"
    arguments = ["--data", str(desk.folder), "receipts"]
    assert cli.main(arguments) == 1
    assert cli.main([*arguments, "--seen"]) == 0
    told = capsys.readouterr()
    assert told.err.count("ALARM") == 2  # what is marked is said
    assert f"{record}.\n" in told.out
    assert "it stays in this list, and is not said again" in told.out
    assert desk.run().alarms == ()
    assert cli.main(arguments) == 0
    assert f"{record}, as you have seen.\n" in capsys.readouterr().out
    assert cli.main([*arguments, "--seen"]) == 0
    assert "No report has an alarm" in capsys.readouterr().out


def test_what_was_not_shown_is_not_said_again_and_turns_out_missing_as_a_new_alarm(
    desk: Desk,
) -> None:
    sent(desk)
    release_of(desk.story, desk.batch(), others=11)
    no_entries(desk)
    desk.run(at=had_to(desk) + SLACK)
    assert see_to(desk) == 1
    # The days go on being counted; that is not another alarm.
    assert not about_the_window(desk.run(at=had_to(desk) + timedelta(days=30)).alarms)
    assert listed(desk).endswith("has not shown how its batch ended, as you have seen")
    desk.council.change.clear()
    (said,) = about_the_window(desk.run().alarms)
    assert "is not in the release" in said


def about_the_window(alarms: tuple[str, ...]) -> list[str]:
    return [each for each in alarms if "2026-W05" in each]


def test_a_wrong_answer_that_was_seen_to_does_not_cover_silence(desk: Desk) -> None:
    own = sent(desk)
    release_of(desk.story, desk.batch(), own)
    desk.council.change["outcome"] = lambda answer: dataclasses.replace(answer, report_ids=())
    assert len(desk.run().alarms) == 1
    see_to(desk)
    assert desk.run().alarms == ()
    no_entries(desk)
    (said,) = desk.run(at=had_to(desk) + SLACK).alarms
    assert "has not shown how" in said


def test_a_server_that_is_gone_is_not_told_for_ever_about_what_was_seen_to(desk: Desk) -> None:
    sent(desk)
    no_server(desk)
    first = desk.run(at=had_to(desk) + SLACK)
    assert any("cannot be reached" in str(each) for each in first.trouble)
    see_to(desk)
    last = desk.signed.agreement.last_window
    desk.run(at=after(last.plus(2)))  # after the last report: only this batch is asked about
    happened = desk.run()
    assert about_the_window(happened.alarms) == []
    assert [str(each) for each in happened.trouble] == []


def test_another_ledger_stays_an_alarm_whatever_was_seen_to(desk: Desk) -> None:
    desk.reports()
    shorter = dataclasses.replace(desk.story, entries=desk.story.entries[:-1])
    honest, desk.council.story = desk.story, shorter
    desk.run(at=had_to(desk))
    assert cli.main(["--data", str(desk.folder), "receipts", "--seen"]) == 1
    assert len(desk.run().alarms) == 1
    # It comes back as long as the council contradicts what the device has seen, and no longer.
    evidence = desk.folder / "ledger-alarm.json"
    evidence.rename(desk.folder / "first.json")
    assert len(desk.run().alarms) == 1
    evidence.rename(desk.folder / "second.json")
    desk.council.story = honest
    assert desk.run().alarms == ()
    # Or until both files are moved away: then the device takes the ledger that it is shown.
    desk.council.story = shorter
    assert len(desk.run().alarms) == 1
    evidence.rename(desk.folder / "third.json")
    (desk.folder / "ledger.db").rename(desk.folder / "ledger.old.db")
    assert desk.run().alarms == ()
    with desk.device() as device:
        assert device.checkpoint_seen() == shorter.note


def test_a_missing_report_is_no_fault() -> None:
    with pytest.raises(InvalidValue):
        Fault(Concern.MISSING, "it is missing")


# --- damaged files --------------------------------------------------------------------------------


@pytest.mark.parametrize("content", ["", "{", "\x00"])
def test_damaged_evidence_of_another_ledger_is_said_in_one_sentence(
    desk: Desk, content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (desk.folder / "ledger-alarm.json").write_text(content)
    arguments = ["--data", str(desk.folder), "receipts"]
    assert cli.main(arguments) == 1
    assert "the council showed another ledger than before" in capsys.readouterr().err
    assert cli.main([*arguments, "--json"]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    (said,) = told.err.splitlines()
    assert "ledger-alarm.json, the evidence that the council showed another ledger, cannot" in said


@pytest.mark.parametrize("written", ["", "{", "[]", '{"fate": "missing"}', "5"])
def test_a_damaged_receipt_is_said_in_one_sentence(
    desk: Desk, written: str, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.reports()
    with desk.device() as device:
        device.outbox._file._connection.execute(
            "UPDATE report SET ending = ? WHERE task = 'headline'", (written,)
        )
        with pytest.raises(OutboxUnusable, match="the report to headline for 2026-W05"):
            device.outbox.all()
    damaged: Any = ["--data", str(desk.folder)]
    for command in (["receipts"], ["receipts", "--json"]):
        assert cli.main([*damaged, *command]) == 1
        (said,) = capsys.readouterr().err.splitlines()[-1:]
        assert "outbox.db has of the report to headline for 2026-W05 cannot be read" in said


def test_a_fault_of_a_file_is_not_one_of_the_output(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    too_long = str(desk.folder / ("x" * 300))
    assert cli.main(["--data", too_long, "enrol", "agreement.signed.json"]) == 1
    (said,) = capsys.readouterr().err.splitlines()
    assert "cannot be used (File name too long)" in said
    assert too_long in said
