"""A device becomes a member's: consent, key, council, record, and a fault at each of these points.

Wherever it stops, the same command again does it, with the same key; nothing is accepted before
the council has taken the device.
"""

import dataclasses
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from client import device_key_file, enrol, enrolment_file
from client.enrolment import Enrolment
from client.errors import NotEnrolled, NotRegistered
from privacy.agreement.model import Endpoint, Party
from privacy.enrolment_code import EnrolmentCode
from privacy.errors import InvalidValue, UnknownCode
from privacy.groups import GroupId
from tests.desk import Desk, next_version
from tests.ledgers import signed_by_both
from tests.members import refusing


@pytest.fixture
def code(desk: Desk) -> EnrolmentCode:
    return desk.council.new_code("south")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Of a person who is not enrolled."""
    return tmp_path / "somebody"


def says_yes(
    desk: Desk, folder: Path, code: EnrolmentCode | None, group: str = "south"
) -> Enrolment:
    return enrol.enrol(
        folder,
        desk.signed,
        GroupId(group),
        code=code,
        answer=lambda: "yes",
        now=desk.clock.now,
    )


def public_key(folder: Path) -> bytes:
    return device_key_file.load(folder).public_key().public_bytes_raw()


def test_the_key_is_on_disk_before_the_council_is_asked_and_the_record_after(
    desk: Desk, folder: Path, code: EnrolmentCode
) -> None:
    when_asked: list[list[str]] = []

    def look(group: GroupId) -> GroupId:
        when_asked.append([path.name for path in folder.iterdir()])
        return group

    desk.council.change["register"] = look
    assert says_yes(desk, folder, code) == enrolment_file.load(folder)
    assert when_asked == [["device-key.pem"]]
    assert stat.S_IMODE((folder / "device-key.pem").stat().st_mode) == 0o600
    assert desk.council.devices[public_key(folder)] == "south"


def test_nothing_is_kept_or_asked_before_the_yes(
    desk: Desk, folder: Path, code: EnrolmentCode
) -> None:
    seen: list[tuple[bool, list[str]]] = []

    def answer() -> str:
        seen.append((folder.exists(), list(desk.council.asked)))
        return "yes"

    enrol.enrol(folder, desk.signed, GroupId("south"), code=code, answer=answer, now=desk.clock.now)
    assert seen == [(False, [])]
    assert desk.council.asked == ["register"]


def fail_to_answer(_: Any) -> Any:
    raise RuntimeError


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (refusing(UnknownCode("it was withdrawn")), "does not take this device: it was withdrawn"),
        (lambda group: "north", "says that you are in the group 'north', and your code is for sou"),
        (fail_to_answer, "type the same command again later"),
    ],
    ids=["refused", "another group", "a fault of the server"],
)
def test_what_the_council_does_not_take_is_not_accepted_here(
    desk: Desk,
    folder: Path,
    code: EnrolmentCode,
    change: Callable[[Any], Any],
    sentence: str,
) -> None:
    desk.council.change["register"] = change
    with pytest.raises(NotRegistered, match=sentence) as refused:
        says_yes(desk, folder, code)
    assert "your yes was not kept" in str(refused.value)
    assert [path.name for path in folder.iterdir()] == ["device-key.pem"]
    key = public_key(folder)
    del desk.council.change["register"]
    says_yes(desk, folder, code)
    assert desk.council.devices[public_key(folder)] == "south"
    assert public_key(folder) == key


def test_a_council_that_cannot_be_reached_is_asked_at_the_next_try(
    desk: Desk, folder: Path, code: EnrolmentCode
) -> None:
    desk.servers.stop(Party.COUNCIL)
    endpoint = desk.signed.agreement.council.endpoint
    with pytest.raises(NotRegistered, match=f"server {endpoint} cannot be reached, or is not"):
        says_yes(desk, folder, code)
    assert enrolment_file.known(folder) is None
    key = public_key(folder)
    desk.servers.start(Party.COUNCIL)
    says_yes(desk, folder, code)
    assert public_key(folder) == key
    assert desk.council.devices[key] == "south"


def in_the_way_of(folder: Path, name: str) -> Path:
    """Something that makes writing the file fail."""
    there = folder / f"{name}.{os.getpid()}.new"
    (there / "within").mkdir(parents=True)
    return there


def remove(there: Path) -> None:
    (there / "within").rmdir()
    there.rmdir()


def test_a_key_that_cannot_be_kept_is_not_registered(
    desk: Desk, folder: Path, code: EnrolmentCode
) -> None:
    there = in_the_way_of(folder, "device-key.pem")
    with pytest.raises(NotEnrolled, match="the key of this device cannot be written"):
        says_yes(desk, folder, code)
    assert desk.council.asked == []
    assert enrolment_file.known(folder) is None
    remove(there)
    says_yes(desk, folder, code)
    assert desk.council.devices[public_key(folder)] == "south"


def test_a_record_that_cannot_be_kept_costs_no_second_code(
    desk: Desk, folder: Path, code: EnrolmentCode
) -> None:
    there = in_the_way_of(folder, "enrolment.json")
    devices = len(desk.council.devices)
    with pytest.raises(NotEnrolled, match="the enrolment cannot be written"):
        says_yes(desk, folder, code)
    assert enrolment_file.known(folder) is None
    key = public_key(folder)
    assert desk.council.devices[key] == "south"
    remove(there)
    says_yes(desk, folder, code)
    assert enrolment_file.load(folder).newest.group == "south"
    assert public_key(folder) == key
    assert len(desk.council.devices) == devices + 1


def test_a_damaged_key_is_neither_overwritten_nor_registered(
    desk: Desk, folder: Path, code: EnrolmentCode
) -> None:
    folder.mkdir()
    (folder / "device-key.pem").write_text("damaged")
    with pytest.raises(NotEnrolled, match="is damaged"):
        says_yes(desk, folder, code)
    assert (folder / "device-key.pem").read_text() == "damaged"
    assert desk.council.asked == []
    assert enrolment_file.known(folder) is None


def test_a_new_device_needs_a_code(desk: Desk, folder: Path) -> None:
    with pytest.raises(NotEnrolled, match="ask your works council for it"):
        says_yes(desk, folder, None)
    assert not folder.exists()


def test_the_code_decides_the_group(desk: Desk, folder: Path, code: EnrolmentCode) -> None:
    with pytest.raises(InvalidValue, match="your code is for the group south, not north"):
        says_yes(desk, folder, code, group="north")
    for unknown in ("east", "sales"):  # one that is not there, and one that has teams
        other = desk.council.new_code(unknown)
        with pytest.raises(InvalidValue, match=f"'{unknown}', which nobody can join"):
            says_yes(desk, folder, other, group=unknown)
    assert not folder.exists()
    assert desk.council.asked == []


# --- a device that is enrolled already ------------------------------------------------------------


def test_a_later_version_needs_no_code_and_asks_the_council_nothing(desk: Desk) -> None:
    desk.enrols(signed_by_both(next_version(desk)), desk.clock.now)
    assert desk.council.asked == []


def test_a_revoked_device_registers_the_same_key_again_with_a_new_code(desk: Desk) -> None:
    key = public_key(desk.folder)
    record = enrolment_file.load(desk.folder)
    desk.council.devices.clear()
    desk.enrols(desk.signed, desk.clock.now, code=desk.council.new_code("north"))
    assert desk.council.devices == {key: GroupId("north")}
    assert enrolment_file.load(desk.folder) == record


def test_a_refused_code_changes_nothing_on_an_enrolled_device(desk: Desk) -> None:
    files = {path: path.read_bytes() for path in desk.folder.iterdir() if path.is_file()}
    desk.council.change["register"] = refusing(UnknownCode("no such code"))
    with pytest.raises(NotRegistered, match="no such code"):
        desk.enrols(
            signed_by_both(next_version(desk)),
            desk.clock.now,
            code=desk.council.new_code("north"),
        )
    assert {path: path.read_bytes() for path in desk.folder.iterdir() if path.is_file()} == files


def test_a_device_that_lost_its_key_makes_another_with_a_new_code(desk: Desk) -> None:
    lost = public_key(desk.folder)
    (desk.folder / "device-key.pem").unlink()
    with pytest.raises(NotEnrolled, match="is missing: ask the works council for a new code"):
        desk.enrols(desk.signed, desk.clock.now)
    desk.enrols(desk.signed, desk.clock.now, code=desk.council.new_code("north"))
    assert public_key(desk.folder) != lost
    assert desk.council.devices[public_key(desk.folder)] == "north"


def test_a_council_that_moves_later_is_asked_where_it_is_now(desk: Desk) -> None:
    council = desk.signed.agreement.council
    moved = dataclasses.replace(council, endpoint=Endpoint("127.0.0.3", 9443))
    later = signed_by_both(next_version(desk, council=moved))
    desk.enrols(later, desk.clock.now, code=desk.council.new_code("north"))
    assert desk.council.asked == ["register"]
