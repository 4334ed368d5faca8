"""Several mailboxes in one scan: one that cannot be read holds up no other."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from client.errors import MailboxUnreadable
from client.journal import Journal
from client.mail_scan import scan
from client.sources.maildir import MaildirSource
from tests.unit.client.mailbox import Mail, Mailbox, at


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "journal.db") as opened:
        yield opened


def box(tmp_path: Path, name: str) -> Mailbox:
    made = Mailbox(tmp_path / name)
    made.put(Mail("Mon 10:00", f"{name}@x"))
    return made


def read(journal: Journal, *paths: Path) -> None:
    scan([MaildirSource(path) for path in paths], journal, lambda: at("Tue 00:00"))


def kept(journal: Journal) -> int:
    return len(journal.mail(at("+9 Mon 00:00")))


def test_one_that_cannot_be_read_holds_up_no_other_and_all_are_named(
    tmp_path: Path, journal: Journal
) -> None:
    first, last = box(tmp_path, "first"), box(tmp_path, "last")
    gone = [tmp_path / "gone", tmp_path / "away"]
    with pytest.raises(MailboxUnreadable, match=r"gone cannot be read.*; also, .*away cannot"):
        read(journal, gone[0], first.root, gone[1], last.root)
    assert kept(journal) == 2
    assert journal.mail_read_until() is None
    read(journal, first.root, last.root)
    assert kept(journal) == 2
    assert journal.mail_read_until() == at("Tue 00:00")


def test_mail_counts_as_read_as_of_the_last_time_that_all_were(
    tmp_path: Path, journal: Journal
) -> None:
    first, second = box(tmp_path, "first"), box(tmp_path, "second")
    read(journal, first.root, second.root)
    second.root.rename(tmp_path / "elsewhere")
    first.put(Mail("Mon 11:00", "more@x"))
    with pytest.raises(MailboxUnreadable, match="second cannot be read"):
        scan(
            [MaildirSource(first.root), MaildirSource(second.root)],
            journal,
            lambda: at("Wed 00:00"),
        )
    assert kept(journal) == 3
    assert journal.mail_read_until() == at("Tue 00:00")


def test_without_a_mailbox_nothing_counts_as_read(journal: Journal) -> None:
    read(journal)
    assert journal.mail_read_until() is None
