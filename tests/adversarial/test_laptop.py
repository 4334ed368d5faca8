"""What is on a laptop after its reports are sent, for whoever steals or administers it."""

import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from privacy.report import Report
from tests.desk import OWN, Desk, at_a_desk, monday

pytestmark = pytest.mark.threat("stolen-laptop", "laptop-administrator")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A week with two client mails, of which one was answered, and its reports, sent."""
    with at_a_desk(tmp_path) as there:
        there.mail("one", monday(10))
        there.mail("one.re", monday(12), answers="one")
        there.mail("two", monday(11))
        there.reports()
        yield there


def kept(desk: Desk) -> dict[str, bytes]:
    """Every file that Plurale keeps, by its name. The mailbox is the person's own."""
    return {
        str(path.relative_to(desk.folder)): path.read_bytes()
        for path in desk.folder.rglob("*")
        if path.is_file() and path.relative_to(desk.folder).parts[0] != "mail"
    }


def files_with(desk: Desk, piece: bytes) -> list[str]:
    """Names of the files that hold these bytes."""
    return [name for name, content in kept(desk).items() if piece in content]


def pieces(report: Report) -> list[bytes]:
    """From the middle of each sealed share: a database cuts long values into pages."""
    return [report.leader_share[200:264], report.helper_share[200:264]]


def test_after_sending_no_file_holds_a_report_or_its_numbers(desk: Desk) -> None:
    assert len(desk.employer.received) == 2
    for report in desk.employer.received.values():
        for piece in pieces(report):
            assert files_with(desk, piece) == []
    with desk.device() as device:
        assert {each.measurement for each in device.outbox.all()} == {None}
        assert {each.report for each in device.outbox.all()} == {None}


def test_a_report_that_was_kept_would_be_noticed(desk: Desk) -> None:
    report = next(iter(desk.employer.received.values()))
    (desk.folder / "forgotten.bin").write_bytes(b"..." + report.leader_share)
    assert files_with(desk, pieces(report)[0]) == ["forgotten.bin"]


def test_what_stays_is_the_id_of_each_report_and_when_mail_came(desk: Desk) -> None:
    """The limit. With the ids, somebody who has a server's files as well knows which is whose.

    Of mail it is when that came which nobody has answered: it may still be.
    """
    for report_id in desk.employer.received:
        assert files_with(desk, report_id) != []
    with closing(sqlite3.connect(desk.folder / "journal.db")) as journal:
        received = [at for (at,) in journal.execute("SELECT received FROM mail ORDER BY received")]
    assert received == [int(monday(11).timestamp()) * 1_000_000]


def test_no_file_holds_an_address_or_a_message_id_of_a_mail(desk: Desk) -> None:
    for piece in (b"anna@client.example", b"one@x", b"one.re@x", b"two@x", b"Hello"):
        assert files_with(desk, piece) == []
    # Which address is the person's own is kept: it says which mail is theirs.
    assert files_with(desk, OWN.encode()) != []


def test_every_file_is_readable_to_its_owner_alone(desk: Desk) -> None:
    for name in kept(desk):
        mode = stat.S_IMODE((desk.folder / name).stat().st_mode)
        assert mode & 0o077 == 0, name
