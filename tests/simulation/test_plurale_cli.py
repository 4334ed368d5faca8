"""``plurale`` as a person types it: what it prints, and what it says when something is wrong."""

import dataclasses
import json
import secrets
from datetime import timedelta
from pathlib import Path

import pytest

from client import enrolment_file, mailboxes_file
from client.cli import main
from client.device import Device
from client.surroundings import Surroundings
from privacy.agreement import envelope
from privacy.agreement.model import Party
from privacy.batch import BatchId
from privacy.noise import DiscreteGaussian
from privacy.window import Window
from tests.agreements import party_keys, sign
from tests.council import release_of
from tests.person import Person, this_week


def test_enrolling_shows_the_agreement_asks_and_says_what_comes_next(person: Person) -> None:
    done = person.enrols()
    assert done.returncode == 0, done.stderr
    agreement = person.signed.agreement
    shown = " ".join(done.stdout.split())
    assert agreement.purpose in shown
    assert "cannot be withdrawn" in shown or "cannot be taken back" in shown
    for party in Party:
        key = envelope.key_id(agreement.party(party).signing_key)
        assert key[:16] in done.stdout.replace(" ", "")
    assert "Type yes to take part" in shown
    assert "plurale preview" in shown
    assert "plurale mail add maildir FOLDER" in shown
    record = enrolment_file.load(person.folder)
    assert record.newest.group == "north"
    assert record.newest.signed.digest == person.signed.digest


def test_the_group_is_the_one_of_the_code(person: Person) -> None:
    written = f"  {person.code('south').lower().replace('0', 'o')} "
    done = person.types("enrol", str(person.agreement), written, answer="yes\n")
    assert done.returncode == 0, done.stderr
    assert "• south, as a whole" in done.stdout
    assert enrolment_file.load(person.folder).newest.group == "south"


def test_preview_and_send_right_after_enrolling(person: Person) -> None:
    person.enrols()
    seen = person.types("preview", "--json")
    assert seen.returncode == 0, seen.stderr
    tasks = json.loads(seen.stdout)
    assert {task["task"] for task in tasks} == {"headline", "breadth"}
    assert all(task["stored"] is None for task in tasks)
    table = person.types("preview")
    assert "mail_answered_in_time" in table.stdout
    assert "missing" in table.stdout
    sent = person.types("send")
    assert (sent.returncode, sent.stdout, sent.stderr) == (0, "Nothing is due.\n", "")


def test_making_and_sending_and_looking(person: Person) -> None:
    person.enrols(weeks_ago=3)
    first = person.types("send")
    assert first.returncode == 0, first.stderr
    assert "Made the report for headline / north" in first.stdout
    due = person.types("preview", "--window", str(this_week().plus(-1)))
    assert "numbers with noise, before splitting" in due.stdout
    assert "it asks for its token" in due.stdout
    person.waits_no_longer()
    token = person.types("send")
    assert token.returncode == 0, token.stderr
    person.waits_no_longer()
    sent = person.types("send")
    assert sent.returncode == 0, sent.stderr
    assert "receipt checked" in token.stdout + sent.stdout
    assert person.servers.employer.received
    looked = person.types("receipts")
    assert looked.returncode == 0, looked.stderr
    assert "is sent, and its batch is not decided yet" in looked.stdout
    assert "Spent by this device in the 91 days around" in looked.stdout


def test_receipts_before_anything_was_made(person: Person) -> None:
    person.enrols()
    looked = person.types("receipts")
    assert (looked.returncode, looked.stdout, looked.stderr) == (0, "No report was made yet.\n", "")
    as_json = json.loads(person.types("receipts", "--json").stdout)
    assert (as_json["reports"], as_json["checkpoint"]) == ([], None)


def reported(person: Person, window: Window) -> list[BatchId]:
    """Make and send the reports of an earlier week, as the device did in it."""
    agreement = person.signed.agreement
    made_at = agreement.upload_opens(window) + timedelta(hours=1)
    person.servers.employer.clock = lambda: made_at
    outside = Surroundings(lambda: made_at, DiscreteGaussian(), secrets.token_bytes)
    sent = []
    for _ in range(3):  # made, then with its token, then sent
        with Device(person.folder, outside) as device:
            sent += [parcel.batch for parcel in device.run().sent]
        person.waits_no_longer()
    return sent


def test_what_became_of_reports_is_fetched_and_a_missing_one_is_told_at_every_run(
    person: Person,
) -> None:
    person.enrols(weeks_ago=4)
    closed_by_now = this_week().plus(-3)
    north, sales = sorted(reported(person, closed_by_now), key=lambda each: each.group)
    received = person.servers.employer.received.values()
    own = next(each.id for each in received if each.batch == sales)
    counted = release_of(person.story, sales, own, others=44)
    lost = release_of(person.story, north, others=11)
    fetched = person.types("send")
    again = person.types("send")
    in_the_release = (
        f"The report for {sales} is in the release (entry {counted.index} of the ledger), one of "
        "45 reports."
    )
    missing = (
        f"The report for {north} was signed for, and is MISSING from the release (entry "
        f"{lost.index}"
    )
    alarm = f"plurale: ALARM: your report for {north} was signed for by the employer's"
    assert in_the_release in fetched.stdout
    assert missing in fetched.stdout
    looked = person.types("receipts")
    assert in_the_release in looked.stdout
    assert missing in looked.stdout
    assert f"Spent as the ledger says in the 91 days around {closed_by_now}: ρ = " in looked.stdout
    for done in (fetched, again, looked):
        assert alarm in done.stderr
        assert done.returncode == 1
    as_json = json.loads(person.types("receipts", "--json").stdout)
    fates = {each["task"]: each["ending"]["fate"] for each in as_json["reports"] if each["ending"]}
    assert fates == {north.task: "missing", sales.task: "in the release"}
    assert as_json["checkpoint"] == person.story.note
    assert person.types("receipts", "--seen").returncode == 0
    assert person.types("receipts").returncode == 0
    both = person.types("receipts", "--seen", "--json")
    assert both.returncode == 2


def test_a_new_version_shows_what_changes_and_keeps_team_and_mailbox(
    person: Person, tmp_path: Path
) -> None:
    person.enrols()
    new = dataclasses.replace(
        person.signed.agreement, version=2, first_window=this_week().plus(2), retention_weeks=156
    )
    file = tmp_path / "version-2.signed.json"
    file.write_bytes(sign(new))
    refused = person.types("enrol", str(file), answer="no\n")
    assert refused.returncode == 1
    assert "version 1 stays accepted here, in north" in refused.stderr
    done = person.types("enrol", str(file), answer="yes\n")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("What changes for you from version 1 to version 2")
    assert "Loosened: more may be learned about you" in done.stdout
    assert "Type yes to take part" in done.stdout
    assert f"The first window to be reported under it is {this_week().plus(2)}" in done.stdout
    assert "named no mailbox" not in " ".join(done.stdout.split())
    record = enrolment_file.load(person.folder)
    assert [each.agreement.version for each in record.acceptances] == [1, 2]
    assert record.newest.group == "north"
    assert [each.name for each in mailboxes_file.load(person.folder)] == [str(person.mailbox)]


def test_a_missed_version_that_is_over_is_shown_as_one_and_asked_about(
    person: Person, tmp_path: Path
) -> None:
    person.enrols(weeks_ago=4)
    missed = dataclasses.replace(
        person.signed.agreement,
        version=2,
        first_window=this_week().plus(-3),
        last_window=this_week().plus(-2),
    )
    file = tmp_path / "version-2.signed.json"
    file.write_bytes(sign(missed))
    refused = person.types("enrol", str(file), answer="no\n")
    assert refused.returncode == 1
    done = person.types("enrol", str(file), answer="yes\n")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Version 2 is over: its last week was")
    assert "What changes for you from version 1 to version 2" in done.stdout
    assert "Nothing is reported under it, since its last window is" in done.stdout
    assert "take the next version with plurale enrol FILE" in done.stdout


EAST = "east-K7QF9-XPR2M-4TCBH-W6NE3"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["enrol", "nowhere.json"], "nowhere.json cannot be read (No such file or directory)"),
        (["enrol", "garbage.json"], "get it again"),
        (["enrol", "one-signature.json"], "lacks the signature of the council"),
        (["enrol", "expired.json"], "ask the works council for the version in force"),
        (
            ["enrol", "good.json"],
            "ask your works council for it, then type plurale enrol FILE CODE",
        ),
        (["enrol", "good.json", "K7QF9"], "this is not a code of the works council"),
        (["enrol", "good.json", EAST], "is for the group 'east', which nobody can join"),
        (
            ["enrol", "good.json", EAST, "--group", "north"],
            "your code is for the group east, not north: leave --group out",
        ),
        (["pause"], "not enrolled yet: plurale enrol FILE CODE"),
        (["resume"], "not enrolled yet: plurale enrol FILE CODE"),
        (["preview"], "not enrolled yet: plurale enrol FILE CODE"),
        (["send"], "not enrolled yet: plurale enrol FILE CODE"),
        (["receipts"], "not enrolled yet: plurale enrol FILE CODE"),
    ],
)
def test_errors_before_enrolment(
    person: Person, tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    (tmp_path / "garbage.json").write_bytes(b"\x00not an agreement")
    once = envelope.add_signature(
        envelope.start(person.signed.agreement),
        party_keys(Party.EMPLOYER).signing,
        Party.EMPLOYER,
    )
    (tmp_path / "one-signature.json").write_bytes(once)
    (tmp_path / "good.json").write_bytes(person.signed.envelope)
    old = dataclasses.replace(
        person.signed.agreement, first_window=Window(2024, 1), last_window=Window(2024, 13)
    )
    (tmp_path / "expired.json").write_bytes(sign(old))

    words = [str(tmp_path / each) if each.endswith(".json") else each for each in arguments]
    done = person.types(*words)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert done.stderr.startswith("plurale: ")
    assert "Traceback" not in done.stderr + done.stdout
    assert not person.folder.exists()


def test_nobody_to_answer_is_no_consent(person: Person) -> None:
    done = person.types("enrol", str(person.agreement), person.code())
    assert done.returncode == 1
    assert "run it in a terminal" in done.stderr
    assert not person.folder.exists()


def test_a_bad_week_is_named(person: Person) -> None:
    person.enrols()
    done = person.types("preview", "--window", "last week")
    assert done.returncode == 1
    assert "'last week' is not an ISO week: write it like 2026-W05" in done.stderr


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        ("journal.db", "move the file away"),
        ("outbox.db", "the outbox"),
        ("ledger.db", "the last checkpoint of the ledger"),
        ("mail", "mail"),
    ],
)
def test_a_broken_file_is_named_and_the_rest_goes_on(
    person: Person, broken: str, sentence: str
) -> None:
    person.enrols()
    person.types("send")
    if broken == "mail":
        person.mailbox.rename(person.mailbox.with_name("elsewhere"))
    else:
        (person.folder / broken).write_bytes(b"this is no database, and long enough to tell" * 200)
    for command in ("preview", "send"):
        done = person.types(command)
        assert sentence in done.stderr, command
        assert "Traceback" not in done.stderr + done.stdout
    if broken == "mail":
        assert "active_hours" in person.types("preview").stdout


def test_an_unreachable_server_is_named_and_the_report_is_kept(
    person: Person, capsys: pytest.CaptureFixture[str]
) -> None:
    person.enrols(weeks_ago=3)
    for _ in range(2):
        assert main(["--data", str(person.folder), "send"]) == 0
        person.waits_no_longer()
    person.servers.stop(Party.EMPLOYER)
    capsys.readouterr()
    assert main(["--data", str(person.folder), "send"]) == 1
    said = capsys.readouterr().err
    endpoint = person.signed.agreement.employer.endpoint
    assert f"the employer's server {endpoint} cannot be reached" in said
    assert "kept and sent again later" in said


def test_a_new_device_asks_for_the_code_and_it_need_not_be_on_the_command_line(
    person: Person,
) -> None:
    done = person.types("enrol", str(person.agreement), answer=f"{person.code()}\nyes\n")
    assert done.returncode == 0, done.stderr
    assert "Your enrolment code, from the works council: " in done.stdout


@pytest.mark.parametrize("answer", ["", "\n", "  \n"])
def test_without_a_code_a_new_device_is_told_where_to_get_one(person: Person, answer: str) -> None:
    done = person.types("enrol", str(person.agreement), answer=answer)
    assert done.returncode == 1
    assert "a new device needs your enrolment code: ask your works council for it" in done.stderr
    assert not person.folder.exists()
