"""``plurale enrol``, ``pause``, ``resume`` and ``leave`` as a person types them."""

import subprocess
from datetime import UTC, datetime
from typing import Any

import pytest

from client import device_key_file, enrolment_file, leaving, pausing
from privacy.agreement.model import Party
from privacy.errors import UnknownCode
from tests.members import refusing
from tests.person import Person, this_week


def test_a_device_killed_while_it_registers_is_enrolled_by_the_same_command(
    person: Person,
) -> None:
    arguments = ["enrol", str(person.agreement), person.code()]
    running: list[subprocess.Popen[str]] = []

    def kill(group: Any) -> Any:
        running[0].kill()
        running[0].wait()
        return group

    person.servers.council.change["register"] = kill
    with person.starts(*arguments) as process:
        running.append(process)
        process.communicate("yes\n", timeout=60)
    assert enrolment_file.known(person.folder) is None
    key = device_key_file.load(person.folder).public_key().public_bytes_raw()
    assert list(person.servers.council.devices) == [key]
    del person.servers.council.change["register"]
    again = person.types(*arguments, answer="yes\n")
    assert again.returncode == 0, again.stderr
    assert list(person.servers.council.devices) == [key]
    assert enrolment_file.load(person.folder).newest.group == "north"


def test_a_refused_code_is_one_sentence_after_the_yes(person: Person) -> None:
    person.servers.council.change["register"] = refusing(UnknownCode("it was used already"))
    done = person.types("enrol", str(person.agreement), person.code(), answer="yes\n")
    assert done.returncode == 1
    assert done.stderr == (
        "plurale: the works council's server does not take this device: it was used already; your "
        "yes was not kept\n"
    )
    assert "not enrolled yet" in person.types("send").stderr


# --- pause and resume -----------------------------------------------------------------------------


def test_pausing_and_resuming_say_what_becomes_of_which_week(person: Person) -> None:
    person.enrols()
    paused = person.types("pause")
    assert (paused.returncode, paused.stderr) == (0, "")
    assert f"Paused. Mail is not read, and {this_week()}" in paused.stdout
    assert "Weeks that are over are reported with what this device has read" in paused.stdout
    assert "To end the pause:  plurale resume" in paused.stdout
    assert pausing.load(person.folder).now(datetime.now(UTC))

    seen = person.types("preview")
    assert "You have paused since" in seen.stdout
    assert f"A pause touches {this_week()}: its report has nothing in it but noise" in seen.stdout

    resumed = person.types("resume")
    assert (resumed.returncode, resumed.stderr) == (0, "")
    assert f"Resumed. {this_week()} is still reported neutral" in resumed.stdout
    assert f"the first week with your own numbers is {this_week().plus(1)}" in resumed.stdout
    seen = person.types("preview")
    assert "You have paused since" not in seen.stdout
    assert f"A pause touches {this_week()}" in seen.stdout
    before = person.types("preview", "--window", str(this_week().plus(1)))
    assert "A pause touches" not in before.stdout


def test_pausing_twice_and_resuming_without_a_pause_change_nothing(person: Person) -> None:
    person.enrols()
    done = person.types("resume")
    assert (done.returncode, done.stdout) == (0, "You are not paused: nothing was changed.\n")
    person.types("pause")
    kept = (person.folder / "pauses.json").read_bytes()
    again = person.types("pause")
    assert again.returncode == 0
    assert again.stdout.startswith("You have paused since")
    assert (person.folder / "pauses.json").read_bytes() == kept


@pytest.mark.parametrize("command", ["pause", "resume"])
def test_a_damaged_file_of_pauses_is_named_and_then_mended(person: Person, command: str) -> None:
    person.enrols()
    (person.folder / "pauses.json").write_text("[{")
    for looking in ("preview", "send"):
        assert "which says when you paused, cannot be read" in person.types(looking).stderr, looking
    done = person.types(command)
    assert (done.returncode, done.stderr) == (0, "")
    assert "When you paused before cannot be read any more" in done.stdout
    pauses = pausing.load(person.folder)
    assert pauses.fault is None
    assert pauses.now(datetime.now(UTC)) is (command == "pause")


# --- leave ----------------------------------------------------------------------------------------


def used(person: Person) -> None:
    """Enrolled, with every file that Plurale ever makes, and somebody else's beside them."""
    person.enrols(weeks_ago=3)
    person.types("pause")
    person.types("send")
    (person.folder / "ledger-alarm.json").write_text("{}")
    (person.folder / "my notes").write_text("theirs")


def test_leaving_tells_the_council_and_erases_all_that_plurale_made(person: Person) -> None:
    used(person)
    left = person.types("leave", answer="yes\n")
    assert (left.returncode, left.stderr) == (0, "")
    assert "Reports that are sent stay sent" in left.stdout
    assert "The works council's server knows that you left" in left.stdout
    assert person.servers.council.devices == {}
    assert [path.name for path in person.folder.iterdir()] == ["my notes"]
    for name in ("enrolment.json", "device-key.pem", "outbox.db", "pauses.json"):
        assert name in left.stdout
    again = person.types("leave")
    assert again.returncode == 0
    assert "there is nothing to leave" in again.stdout
    assert "not enrolled yet" in person.types("send").stderr


def test_leaving_right_after_enrolling_removes_the_folder_and_leaves_the_mailbox(
    person: Person,
) -> None:
    person.enrols()
    mail = person.mailbox / "cur" / "1700000000.a:2,S"
    mail.write_text("Subject: hello\n\nHello.\n")
    assert person.types("leave", answer="yes\n").returncode == 0
    assert not person.folder.exists()
    assert mail.exists()


def test_no_run_starts_while_the_council_is_told(person: Person) -> None:
    used(person)
    sent = []

    def meanwhile(answer: None) -> None:
        sent.append(person.types("send"))

    person.servers.council.change["leave"] = meanwhile
    left = person.types("leave", answer="yes\n")
    assert (left.returncode, left.stderr) == (0, "")
    assert ["not enrolled yet" in each.stderr for each in sent] == [True]
    assert [path.name for path in person.folder.iterdir()] == ["my notes"]


@pytest.mark.parametrize("answer", ["no\n", "\n", ""])
def test_without_a_yes_nobody_leaves(person: Person, answer: str) -> None:
    used(person)
    before = {path: path.read_bytes() for path in person.folder.iterdir()}
    asked = list(person.servers.council.asked)
    stayed = person.types("leave", answer=answer)
    assert stayed.returncode == 1
    assert {path: path.read_bytes() for path in person.folder.iterdir()} == before
    assert person.servers.council.asked == asked
    if answer:
        assert "takes part as before" in stayed.stderr


def test_a_council_that_cannot_be_reached_holds_nobody(person: Person) -> None:
    person.enrols()
    person.servers.stop(Party.COUNCIL)
    left = person.types("leave", answer="yes\n")
    assert left.returncode == 1
    assert "the works council's server was not told that you left (it cannot be" in left.stderr
    assert "plurale-aggregator roster revoke" in left.stderr
    assert not person.folder.exists()


@pytest.mark.parametrize(
    ("lost", "sentence"),
    [
        ("enrolment.json", "the enrolment, which says where that server is, is not here any more"),
        ("device-key.pem", "the key of this device, is missing"),
    ],
)
def test_what_is_left_of_a_leave_that_was_interrupted_is_erased(
    person: Person, lost: str, sentence: str
) -> None:
    used(person)
    (person.folder / lost).unlink()
    left = person.types("leave", answer="yes\n")
    assert left.returncode == 1
    assert sentence in left.stderr
    assert [path.name for path in person.folder.iterdir()] == ["my notes"]


def test_a_damaged_enrolment_holds_nobody(person: Person) -> None:
    used(person)
    (person.folder / "enrolment.json").write_text("{")
    left = person.types("leave", answer="yes\n")
    assert left.returncode == 1
    assert "was not told" in left.stderr
    assert [path.name for path in person.folder.iterdir()] == ["my notes"]


def test_who_left_comes_back_with_a_new_code_and_a_new_key(person: Person) -> None:
    person.enrols()
    key = device_key_file.load(person.folder).public_key().public_bytes_raw()
    person.types("leave", answer="yes\n")
    done = person.enrols()
    assert done.returncode == 0, done.stderr
    assert device_key_file.load(person.folder).public_key().public_bytes_raw() != key


def test_everything_a_used_device_has_in_its_folder_is_a_file_that_leaving_knows(
    person: Person,
) -> None:
    used(person)
    person.types("receipts")
    found = {path.name for path in person.folder.iterdir()} - {"my notes"}
    assert found == {path.name for path in leaving.kept(person.folder)}
    assert {"journal.db", "outbox.db", "ledger.db"} < found
