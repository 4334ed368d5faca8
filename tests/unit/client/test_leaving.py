"""Erasing what a device keeps: all that Plurale made, overwritten, and nothing else."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from client import erasing, leaving

OWN = (
    "journal.db",
    "journal.db-wal",
    "journal.db-shm",
    "outbox.db",
    "outbox.db-journal",
    "ledger.db",
    "ledger-alarm.json",
    "pauses.json",
    "pauses.json.4711.new",
    "watch.json",
    "mailboxes.json",
    "mailboxes.json.7.new",
    "enrolment.json",
    "device-key.pem",
    "device-key.pem.12.new",
)
ERASED = sorted({*OWN, "enrolment.json.leaving"} - {"enrolment.json"})
SECRET = b"what nobody is to read again" * 99


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "plurale"
    folder.mkdir()
    for name in OWN:
        (folder / name).write_bytes(SECRET)
    return folder


@pytest.fixture
def held_open(folder: Path) -> Iterator[dict[str, int]]:
    """What somebody who kept the files open still reads."""
    descriptors = {name: os.open(folder / name, os.O_RDONLY) for name in OWN}
    yield descriptors
    for each in descriptors.values():
        os.close(each)


def test_every_file_is_overwritten_and_then_gone_and_so_is_the_folder(
    folder: Path, held_open: dict[str, int]
) -> None:
    left = leaving.erase(folder)
    assert sorted(left.erased) == ERASED
    assert left.left_over == ()
    assert not folder.exists()
    for name, descriptor in held_open.items():
        assert os.read(descriptor, 2 * len(SECRET)) == bytes(len(SECRET)), name


def test_a_large_file_is_overwritten_to_its_end(folder: Path) -> None:
    large = folder / "outbox.db"
    large.write_bytes(b"x" * 5_000_001)
    with large.open("rb") as held_open:
        leaving.erase(folder)
        assert held_open.read() == bytes(5_000_001)


def test_nothing_that_plurale_did_not_make_is_touched(folder: Path) -> None:
    mail = folder / "mail" / "cur"
    mail.mkdir(parents=True)
    foreign = (
        mail / "1.letter:2,S",
        mail / "journal.db",
        folder / "journal.db.old",
        folder / "my-enrolment.json",
        folder / "enrolment.json.bak",
        folder / "notes.new",
    )
    for path in foreign:
        path.write_bytes(b"theirs")
    assert sorted(leaving.erase(folder).erased) == ERASED
    assert [path.read_bytes() for path in foreign] == [b"theirs"] * len(foreign)
    assert not set(OWN) & {path.name for path in folder.iterdir()}


def test_a_link_is_removed_and_what_it_leads_to_stays(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    target.write_bytes(b"theirs")
    (folder / "pauses.json").unlink()
    (folder / "pauses.json").symlink_to(target)
    (folder / "ledger.db").unlink()
    (folder / "ledger.db").symlink_to(tmp_path / "nowhere")
    left = leaving.erase(folder)
    assert {"pauses.json", "ledger.db"} < set(left.erased)
    assert target.read_bytes() == b"theirs"
    assert not folder.exists()


def test_a_file_that_may_only_be_read_is_erased_all_the_same(
    folder: Path, held_open: dict[str, int]
) -> None:
    (folder / "device-key.pem").chmod(0o400)
    assert leaving.erase(folder).left_over == ()
    assert os.read(held_open["device-key.pem"], len(SECRET)) == bytes(len(SECRET))


def test_one_that_cannot_be_erased_is_named_and_the_others_go(folder: Path) -> None:
    (folder / "journal.db").unlink()
    (folder / "journal.db" / "within").mkdir(parents=True)
    left = leaving.erase(folder)
    assert [str(folder / "journal.db") in each for each in left.left_over] == [True]
    assert "erase it yourself" in left.left_over[0]
    assert [path.name for path in folder.iterdir()] == ["journal.db"]


def test_what_is_needed_to_tell_the_council_goes_last(folder: Path) -> None:
    names = [path.name for path in leaving.kept(folder)]
    assert names[-2:] == ["enrolment.json", "device-key.pem"]
    (folder / "enrolment.json").rename(folder / "enrolment.json.leaving")
    names = [path.name for path in leaving.kept(folder)]
    assert names[-2:] == ["enrolment.json.leaving", "device-key.pem"]


def test_the_enrolment_is_put_away_before_anything_is_erased(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, seen = erasing.erase_file, list[bool]()

    def erase(path: Path) -> None:
        seen.append((folder / "enrolment.json").exists())
        real(path)

    monkeypatch.setattr(erasing, "erase_file", erase)
    leaving.erase(folder)
    assert seen == [False] * len(OWN)


def test_what_an_interrupted_leave_put_away_is_overwritten_too(folder: Path) -> None:
    (folder / "enrolment.json.leaving").write_bytes(SECRET)
    with (folder / "enrolment.json.leaving").open("rb") as held_open:
        assert leaving.erase(folder).left_over == ()
        assert held_open.read() == bytes(len(SECRET))
    assert not folder.exists()


def test_what_is_made_meanwhile_is_erased_in_the_end(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = erasing.erase_file

    def erase(path: Path) -> None:
        real(path)
        if path.name == "device-key.pem" and not (folder / "outbox.db").exists():
            for name in ("outbox.db", "ledger-alarm.json"):
                (folder / name).write_bytes(SECRET)
            monkeypatch.setattr(erasing, "erase_file", real)

    monkeypatch.setattr(erasing, "erase_file", erase)
    left = leaving.erase(folder)
    assert sorted(left.erased) == ERASED
    assert not folder.exists()


@pytest.mark.parametrize("gone", [1, 5, len(OWN) - 1])
def test_a_leave_that_was_interrupted_is_done_at_the_second_try(folder: Path, gone: int) -> None:
    for path in leaving.kept(folder)[:gone]:
        path.unlink()
    assert len(leaving.erase(folder).erased) == len(OWN) - gone
    assert not folder.exists()
    assert leaving.erase(folder) == leaving.Left((), ())
    assert leaving.kept(folder) == []
