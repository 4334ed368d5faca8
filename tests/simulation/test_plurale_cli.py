"""``plurale`` as a person types it: what it prints, and what it says when something is wrong."""

import dataclasses
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from client import enrolment
from client.cli import main
from privacy.agreement import envelope
from privacy.agreement.model import Agreement, Party
from privacy.window import Window
from tests.pair import Pair


def in_force_today(agreement: Agreement) -> Agreement:
    """The commands have no clock option, so the agreement has to cover the real day."""
    year = datetime.now(UTC).year
    return dataclasses.replace(
        agreement, first_window=Window(year, 1), last_window=Window(year + 1, 52)
    )


@dataclasses.dataclass
class Person:
    """Somebody with a folder for Plurale, a mailbox and a signed agreement, at a terminal."""

    folder: Path
    mailbox: Path
    agreement: Path
    pair: Pair

    def types(self, *arguments: str, answer: str = "") -> "subprocess.CompletedProcess[str]":
        """Run ``plurale`` as a process of its own."""
        return subprocess.run(
            [sys.executable, "-m", "client", "--data", str(self.folder), *arguments],
            input=answer,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            env={**os.environ, "COLUMNS": "100"},
        )

    def enrols(self) -> "subprocess.CompletedProcess[str]":
        return self.types(
            "enrol",
            str(self.agreement),
            "--group",
            "north",
            "--maildir",
            str(self.mailbox),
            answer="yes\n",
        )


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Person]:
    pair = Pair.make(tmp_path / "servers", in_force_today)
    mailbox = tmp_path / "mail"
    for box in (mailbox, mailbox / ".Sent"):
        for part in ("cur", "new", "tmp"):
            (box / part).mkdir(parents=True)
    yield Person(
        tmp_path / "plurale", mailbox, tmp_path / "servers" / "agreement.signed.json", pair
    )
    if pair.running:
        pair.stop()


def test_enrolling_shows_the_agreement_asks_and_says_what_comes_next(person: Person) -> None:
    done = person.enrols()
    assert done.returncode == 0, done.stderr
    agreement = person.pair.signed.agreement
    shown = " ".join(done.stdout.split())
    assert agreement.purpose in shown
    assert "cannot be withdrawn" in shown or "cannot be taken back" in shown
    for party in Party:
        key = envelope.key_id(agreement.party(party).signing_key)
        assert key[:16] in done.stdout.replace(" ", "")
    assert "Type yes to take part" in shown
    assert "plurale preview" in shown
    record = enrolment.load(person.folder)
    assert record.group == "north"
    assert record.signed.digest == person.pair.signed.digest


def test_the_group_is_asked_for_if_it_is_not_given(person: Person) -> None:
    done = person.types("enrol", str(person.agreement), answer="south\nyes\n")
    assert done.returncode == 0, done.stderr
    assert "north, south, west" in done.stdout
    assert enrolment.load(person.folder).group == "south"


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


def test_sending_a_report_that_is_due_needs_the_server_and_keeps_the_report(
    person: Person,
) -> None:
    person.enrols()
    # As if consent had been given three weeks ago.
    record = enrolment.load(person.folder)
    zone = ZoneInfo("Europe/Berlin")
    earlier = datetime.now(zone) - timedelta(weeks=3)
    enrolment.save(person.folder, dataclasses.replace(record, consented_at=earlier))
    first = person.types("send")
    assert "Made the report for headline / north" in first.stdout
    due = person.types("preview", "--window", str(Window.of(datetime.now(zone).date()).plus(-1)))
    assert "numbers with noise, before splitting" in due.stdout
    assert "waits until" in due.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["enrol", "nowhere.json"], "nowhere.json cannot be read (No such file or directory)"),
        (["enrol", "garbage.json"], "get it again"),
        (["enrol", "one-signature.json"], "lacks the signature of the council"),
        (["enrol", "expired.json"], "ask the works council for the version in force"),
        (
            ["enrol", "good.json", "--group", "east"],
            "no group 'east' to join: choose from north, south, west",
        ),
        (["preview"], "not enrolled yet: plurale enrol FILE"),
        (["send"], "not enrolled yet: plurale enrol FILE"),
    ],
)
def test_errors_before_enrolment(
    person: Person, tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    pair = person.pair
    (tmp_path / "garbage.json").write_bytes(b"\x00not an agreement")
    once = envelope.add_signature(
        envelope.start(pair.signed.agreement),
        pair.homes[Party.EMPLOYER].signing_key(),
        Party.EMPLOYER,
    )
    (tmp_path / "one-signature.json").write_bytes(once)
    (tmp_path / "good.json").write_bytes(pair.signed.envelope)
    old = dataclasses.replace(
        pair.signed.agreement, first_window=Window(2024, 1), last_window=Window(2024, 13)
    )
    signed = envelope.start(old)
    for party, home in pair.homes.items():
        signed = envelope.add_signature(signed, home.signing_key(), party)
    (tmp_path / "expired.json").write_bytes(signed)

    words = [str(tmp_path / each) if each.endswith(".json") else each for each in arguments]
    done = person.types(*words)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert done.stderr.startswith("plurale: ")
    assert "Traceback" not in done.stderr + done.stdout
    assert not person.folder.exists()


def test_nobody_to_answer_is_no_consent(person: Person) -> None:
    done = person.types("enrol", str(person.agreement), "--group", "north")
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
    [("journal.db", "move the file away"), ("outbox.db", "the outbox"), ("mail", "mail")],
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
    person.enrols()
    record = enrolment.load(person.folder)
    weeks_ago = datetime.now(UTC) - timedelta(weeks=3)
    enrolment.save(person.folder, dataclasses.replace(record, consented_at=weeks_ago))
    assert main(["--data", str(person.folder), "send"]) == 0

    with sqlite3.connect(person.folder / "outbox.db") as outbox:
        outbox.execute("UPDATE report SET due = made_at")
    outbox.close()
    capsys.readouterr()
    assert main(["--data", str(person.folder), "send"]) == 1
    said = capsys.readouterr().err
    endpoint = person.pair.signed.agreement.employer.endpoint
    assert f"the employer's server {endpoint} cannot be reached" in said
    assert "kept and sent again later" in said
