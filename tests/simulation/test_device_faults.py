"""A device on which something is wrong sends nothing wrong: a report waits, or says nothing.

Each fault comes after the week, when mail that would count is in the mailbox and was read once. It
lasts until everything is sent, or is mended in time.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from client import mailboxes_file
from client.mailboxes import GraphBox, ImapBox
from client.sources.imap_account import ImapAccount
from client.sources.secrets import Command
from privacy.errors import PluraleError
from privacy.scales import HALF_RANGE
from tests.desk import Desk, NoNoise, after, due, monday


def mailbox_gone(folder: Path) -> None:
    shutil.move(folder / "mail", folder.parent / "elsewhere")


def mailbox_unreadable(folder: Path) -> None:
    # A file where a folder was: even root cannot list it.
    shutil.move(folder / "mail" / ".Sent" / "cur", folder.parent / "elsewhere")
    (folder / "mail" / ".Sent" / "cur").write_bytes(b"")


def wrong_password(folder: Path) -> None:
    account = ImapAccount("127.0.0.1", "ann", Command(("echo", "wrong")), port=1)
    mailboxes_file.save(folder, [*mailboxes_file.load(folder), ImapBox(account)])


def revoked_token(folder: Path) -> None:
    box = GraphBox(Command(("false",)))
    mailboxes_file.save(folder, [*mailboxes_file.load(folder), box])


def corrupt(name: str) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        for side in ("-wal", "-shm"):
            (folder / f"{name}{side}").unlink(missing_ok=True)
        (folder / name).write_bytes(b"{ not what it was" * 99)

    return spoil


FAULTS: dict[str, Callable[[Path], None]] = {
    "mailbox gone": mailbox_gone,
    "mailbox unreadable": mailbox_unreadable,
    "wrong password": wrong_password,
    "revoked token": revoked_token,
    "corrupt journal": corrupt("journal.db"),
    "corrupt pauses": corrupt("pauses.json"),
    "corrupt mailboxes": corrupt("mailboxes.json"),
}


def with_mail(desk: Desk) -> None:
    desk.noise = NoNoise()
    desk.mail("one", monday(10))
    assert desk.run(at=monday(13)).trouble == ()


def run(desk: Desk) -> list[set[int]]:
    """Runs until all is sent; the numbers of the reports that were made."""
    numbers = [set(each.measurement or ()) for each in desk.run(at=after()).made]
    for days in range(1, 6):
        happened = desk.run(at=after() + 24 * days * (monday(1) - monday(0)))
        numbers += [set(each.measurement or ()) for each in happened.made]
        assert all(str(each) and "\n" not in str(each) for each in happened.trouble)
    with desk.device() as device:
        assert device.outbox.waiting() == []
    return numbers


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_with_it_what_is_sent_is_neutral_and_on_time(
    desk: Desk, fault: Callable[[Path], None]
) -> None:
    with_mail(desk)
    fault(desk.folder)
    assert run(desk) == [{HALF_RANGE}] * 2


def test_without_a_fault_it_is_not_neutral(desk: Desk) -> None:
    with_mail(desk)
    assert sorted(run(desk), key=len) != [{HALF_RANGE}] * 2


def test_a_damaged_file_of_the_watcher_is_written_anew(desk: Desk) -> None:
    with_mail(desk)
    before = (desk.folder / "watch.json").read_bytes()
    corrupt("watch.json")(desk.folder)
    assert run(desk) != [{HALF_RANGE}] * 2
    assert (desk.folder / "watch.json").read_bytes() == before


@pytest.mark.parametrize("name", ["outbox.db", "enrolment.json"])
def test_without_what_is_needed_nothing_is_sent_and_nothing_is_lost(desk: Desk, name: str) -> None:
    with_mail(desk)
    whole = (desk.folder / name).read_bytes()
    corrupt(name)(desk.folder)
    desk.council.asked.clear()
    with pytest.raises(PluraleError, match=name.split(".", maxsplit=1)[0]):
        desk.run(at=after())
    assert desk.council.asked == []
    (desk.folder / name).write_bytes(whole)
    numbers = run(desk)
    assert len(numbers) == 2
    assert {HALF_RANGE} != numbers[0] or {HALF_RANGE} != numbers[1]


def test_a_key_that_cannot_be_read_holds_reports_up_until_it_can(desk: Desk) -> None:
    with_mail(desk)
    whole = (desk.folder / "device-key.pem").read_bytes()
    corrupt("device-key.pem")(desk.folder)
    made = desk.run(at=after()).made
    happened = desk.run(at=due(made))
    assert (happened.approved, happened.sent) == ((), ())
    assert any("the key of this device, is damaged" in str(each) for each in happened.trouble)
    (desk.folder / "device-key.pem").write_bytes(whole)
    assert len(desk.run().approved) == 2


def test_a_fault_that_is_mended_in_time_costs_nothing(desk: Desk) -> None:
    with_mail(desk)
    mailbox_gone(desk.folder)
    assert desk.run(at=after()).made == ()
    (desk.folder.parent / "elsewhere").rename(desk.folder / "mail")
    (headline,) = [each for each in desk.run().made if each.batch.task == "headline"]
    assert set(headline.measurement or ()) != {HALF_RANGE}
