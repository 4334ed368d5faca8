"""Leaving beside a run: whatever runs meanwhile, nothing of the person is left."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from client import erasing, leaving
from client.errors import NotEnrolled
from client.ledger_file import LedgerFile
from privacy.errors import PluraleError
from tests.desk import Desk, after, due, monday


def left_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name != "mail"]


@pytest.fixture
def used(desk: Desk) -> Desk:
    """Reports that wait to be sent, and mail to read."""
    desk.mail("one", monday(10))
    desk.approved()
    desk.mail("two", monday(11))
    return desk


def test_no_run_can_start_once_leaving_began(used: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    real, tries = erasing.erase_file, list[str]()

    def erase(path: Path) -> None:
        for when in ("before", "after"):
            with pytest.raises(NotEnrolled):
                used.run()
            tries.append(f"{when} {path.name}")
            if when == "before":
                real(path)

    monkeypatch.setattr(erasing, "erase_file", erase)
    left = leaving.erase(used.folder)
    assert len(tries) == 2 * len(left.erased)
    assert left.left_over == ()
    assert left_in(used.folder) == []


@pytest.mark.parametrize("erased", ["outbox.db", "ledger.db", "journal.db", "device-key.pem"])
def test_what_a_run_under_way_makes_meanwhile_is_erased_too(
    used: Desk, monkeypatch: pytest.MonkeyPatch, erased: str
) -> None:
    real, used.clock.now = erasing.erase_file, after()
    with used.device() as device:
        run = list[str]()

        def erase(path: Path) -> None:
            real(path)
            if path.name == erased and not run:
                run.append("")
                try:
                    device.run()
                except PluraleError as error:
                    run[0] = str(error)
                (used.folder / "outbox.db-journal").write_bytes(b"what it had open")

        monkeypatch.setattr(erasing, "erase_file", erase)
        left = leaving.erase(used.folder)
    assert len(run) == 1
    assert left.left_over == ()
    assert left_in(used.folder) == []


def test_a_run_that_began_before_sends_nothing_once_its_files_are_gone(used: Desk) -> None:
    with used.device() as device:
        waiting = device.outbox.waiting()
        leaving.erase(used.folder)
        used.clock.now = used.servers_clock.now = due(waiting)
        with pytest.raises(PluraleError):
            device.run()
    assert used.employer.uploads == []
    assert left_in(used.folder) == []


def test_a_run_that_is_just_opening_its_files_does_not_go_on(
    used: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(path: Path) -> LedgerFile:
        leaving.erase(used.folder)
        return LedgerFile(path)

    monkeypatch.setattr("client.device.LedgerFile", late)
    with pytest.raises(NotEnrolled, match="not enrolled any more"):
        used.device()
    (empty,) = left_in(used.folder)  # opened after the last look; there is nothing in it
    with closing(sqlite3.connect(used.folder / empty)) as file:
        assert file.execute("SELECT count(*) FROM seen").fetchone() == (0,)


def test_a_leave_that_was_interrupted_still_tells_the_council(
    used: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(path: Path) -> None:
        raise KeyboardInterrupt

    assert len(used.council.devices) == 1
    with monkeypatch.context() as patch:
        patch.setattr(erasing, "erase_file", killed)
        with pytest.raises(KeyboardInterrupt):
            leaving.erase(used.folder)
    with pytest.raises(NotEnrolled):
        used.run()
    assert "enrolment.json" not in left_in(used.folder)
    leaving.tell_council(used.folder, used.clock.now)
    assert used.council.devices == {}
    leaving.erase(used.folder)
    assert left_in(used.folder) == []
