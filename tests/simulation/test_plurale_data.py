"""``plurale status``, ``history``, ``doctor``, ``export`` and ``forget`` as a person types them."""

import json
import sqlite3
import stat
import subprocess
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from client import pausing
from client.activity import Span
from client.journal import Journal
from privacy.agreement.model import Party
from tests.person import Person, this_week

TITLE = "marked title"
DOMAIN = b"marked-client.example"


def used(person: Person) -> None:
    """Three weeks of reports, mail that was read, activity and a task that runs."""
    person.enrols(weeks_ago=3)
    mail = person.mailbox / "cur" / f"{int(datetime.now(UTC).timestamp()) - 900}.a:2,S"
    mail.write_text(
        f"From: kim@{DOMAIN.decode()}\nTo: me@example.com\nMessage-ID: <marked@x>\n\nHello.\n"
    )
    person.types("send")
    person.types("task", "add", TITLE)
    person.types("task", "start", "1")
    now = datetime.now(UTC)
    with Journal(person.folder / "journal.db") as journal:
        journal.record([Span(now - timedelta(minutes=40), now, active=True)])


def sends(person: Person) -> None:
    """A run that gets the tokens, and one that sends the reports."""
    for _ in range(2):
        person.waits_no_longer()
        person.types("send")


def raw(person: Person) -> bytes:
    return b"".join(path.read_bytes() for path in person.folder.iterdir())


def fine(done: "subprocess.CompletedProcess[str]") -> str:
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


# --- status, history ------------------------------------------------------------------------------


def test_status_says_how_things_stand(person: Person) -> None:
    used(person)
    person.servers.stop(Party.COUNCIL)
    person.servers.stop(Party.EMPLOYER)
    said = fine(person.types("status"))
    assert "You take part in north, version 1 of the agreement of Example GmbH." in said
    assert f"The week that runs, {this_week()}, will be reported" in said
    assert "plurale watch seems to run" in said
    assert "Your mailboxes were all last read" in said
    assert str(person.mailbox) in said
    assert "Task 1 runs since" in said
    assert "to ask for its token" in said
    assert "KiB on this device" in said


def test_status_of_a_pause_and_without_an_enrolment(person: Person) -> None:
    assert "You do not take part here" in fine(person.types("status"))
    assert not person.folder.exists()
    person.enrols(weeks_ago=1)
    person.types("pause")
    said = fine(person.types("status"))
    assert "You have paused since" in said
    assert f"{this_week()}, is reported neutral" in said
    assert "Nothing that was recorded of your activity is kept; now you are paused" in said
    assert "Your mailboxes were not all read yet" in said


def test_status_goes_on_with_a_damaged_journal(person: Person) -> None:
    used(person)
    (person.folder / "journal.db").write_bytes(b"not a database" * 99)
    done = person.types("status")
    assert done.returncode == 1
    assert "You take part in north" in done.stdout
    assert len(done.stderr.splitlines()) == 1
    assert "is damaged" in done.stderr


def test_history_lists_every_report_with_its_times_and_size(person: Person) -> None:
    assert "not enrolled yet" in person.types("history").stderr
    used(person)
    lines = json.loads(fine(person.types("history", "--json")))
    assert {line["task"] for line in lines} == {"headline", "breadth"}
    assert [line["window"] for line in lines] == sorted(line["window"] for line in lines)
    assert all(datetime.fromisoformat(line["made"]).tzinfo is not None for line in lines)
    assert all(line["bytes"] > 2000 and line["sent"] is None for line in lines)
    table = fine(person.types("history"))
    for word in ("Week", "Task", "Made", "Token", "Sent", "Bytes", "Outcome", lines[0]["window"]):
        assert word in table
    sends(person)
    sent = json.loads(fine(person.types("history", "--json")))
    assert all(line["sent"] is not None and line["has_token"] for line in sent)


# --- doctor, export -------------------------------------------------------------------------------


def test_doctor_asks_no_server(person: Person) -> None:
    used(person)
    before = list(person.servers.council.asked)
    found = {each["what"]: each for each in json.loads(person.types("doctor", "--json").stdout)}
    assert person.servers.council.asked == before
    for what in ("data folder", "journal.db", "outbox.db", "ledger.db", "enrolment", "clock"):
        assert found[what]["condition"] == "works", found[what]
    assert found[f"mailbox {person.mailbox}"]["condition"] == "works"
    assert found["servers"]["condition"] == "not used here"
    said = person.types("doctor").stdout
    assert len(said.splitlines()) == len(found)
    assert "+ data folder: works" in said


def test_doctor_ends_with_1_if_something_that_is_used_does_not_work(person: Person) -> None:
    used(person)
    (person.folder / "pauses.json").write_text("{")
    done = person.types("doctor")
    assert done.returncode == 1
    assert "! pauses: does not work" in done.stdout


def secrets(person: Person) -> list[str]:
    """Tokens, what they are made from, and the device key, as they could be written."""
    key = (person.folder / "device-key.pem").read_text().splitlines()[1]
    with closing(sqlite3.connect(person.folder / "outbox.db")) as outbox:
        tokens = outbox.execute("SELECT token, randomizer FROM report WHERE token IS NOT NULL")
        rows = [*tokens, *outbox.execute("SELECT randomizer, inverse FROM blinding")]
    assert rows
    return [key, *(column.hex() for row in rows for column in row)]


@pytest.mark.parametrize("form", ["json", "csv"])
def test_export_writes_all_but_what_is_secret(person: Person, form: str) -> None:
    used(person)
    person.waits_no_longer()
    person.types("send")
    to = person.folder.parent / "out"
    said = fine(person.types("export", str(to), "--format", form))
    files = list(to.iterdir())
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert all(str(path) in said for path in files)
    text = b"".join(path.read_bytes() for path in files)
    assert DOMAIN in text
    assert TITLE.encode() in text
    assert [each for each in secrets(person) if each.encode() in text] == []
    again = person.types("export", str(to), "--format", form)
    assert again.returncode == 1
    assert "is there already, and nothing was written" in again.stderr


# --- forget ---------------------------------------------------------------------------------------


def test_forgetting_erases_what_was_recorded_and_nothing_else(person: Person) -> None:
    used(person)
    marks = (TITLE.encode(), DOMAIN)
    assert [mark for mark in marks if mark not in raw(person)] == []
    kept = {
        path.name: path.read_bytes()
        for path in person.folder.iterdir()
        if not path.name.startswith(("journal", "pauses"))
    }
    said = fine(person.types("forget", answer="yes\n"))
    assert f"{this_week()} and every earlier week" in said
    assert "Not erased: your consent, the device key" in said
    assert [mark for mark in marks if mark in raw(person)] == []
    assert {name: (person.folder / name).read_bytes() for name in kept} == kept
    pauses = pausing.load(person.folder)
    assert not pauses.now(datetime.now(UTC))
    assert pauses.had(datetime.now(UTC) - timedelta(days=9999))
    person.types("send")
    person.types("preview")
    assert [mark for mark in marks if mark in raw(person)] == []
    assert f"A pause touches {this_week()}" in person.types("preview").stdout


@pytest.mark.parametrize("answer", ["no\n", "\n", ""])
def test_without_a_yes_nothing_is_forgotten(person: Person, answer: str) -> None:
    used(person)
    before = {path: path.read_bytes() for path in person.folder.iterdir()}
    done = person.types("forget", answer=answer)
    assert done.returncode == 1
    assert {path: path.read_bytes() for path in person.folder.iterdir()} == before


def test_a_damaged_journal_or_enrolment_holds_up_nobody(person: Person) -> None:
    used(person)
    (person.folder / "enrolment.json").write_text("{")
    (person.folder / "journal.db").write_bytes(DOMAIN * 999)
    done = person.types("forget", answer="yes\n")
    assert done.returncode == 0
    assert "it was overwritten and removed" in done.stderr
    assert DOMAIN not in raw(person)


def test_reports_that_are_made_are_sent_after_it_all_the_same(person: Person) -> None:
    used(person)
    before = json.loads(fine(person.types("history", "--json")))
    fine(person.types("forget", answer="yes\n"))
    sends(person)
    after = json.loads(fine(person.types("history", "--json")))
    assert len(after) == len(before) > 0
    assert all(line["sent"] is not None for line in after)


def test_where_nothing_is_kept_there_is_nothing_to_forget(person: Person) -> None:
    assert "there is nothing to forget" in fine(person.types("forget"))
    assert not person.folder.exists()
