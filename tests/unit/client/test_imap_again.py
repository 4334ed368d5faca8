"""A real IMAP server that loses the connection, numbers anew, or changes while it is read."""

import shutil
from collections.abc import Iterator

import pytest
from imapclient import IMAPClient

from client.errors import MailboxUnreadable
from client.journal import Journal
from client.mail_scan import scan
from client.sources.base import Cursor
from client.sources.imap import BATCH
from tests.dovecot import COMMAND, PACKAGE, PASSWORD, Box, dovecot
from tests.unit.client.imap_mailbox import (
    SENT,
    CutLine,
    Reader,
    facts,
    fetched_uids,
    put,
    source,
)
from tests.unit.client.mailbox import Mail, at, sent

pytestmark = pytest.mark.needs_debian(PACKAGE, COMMAND)

MANY = 1_300


@pytest.fixture(scope="module")
def boxes() -> Iterator[Iterator[Box]]:
    with dovecot() as running:
        yield running


@pytest.fixture
def box(boxes: Iterator[Box]) -> Box:
    box = next(boxes)
    put(box, sent("Mon 10:00", "r@example.com", "1@client.example", folder=SENT))
    put(box, *(Mail("Mon 09:00", f"{n}@client.example") for n in range(MANY)))
    return box


@pytest.fixture
def other_program(box: Box) -> Iterator[IMAPClient]:
    """A mail program of the same person."""
    with IMAPClient("127.0.0.1", box.plain_port, ssl=False, timeout=30) as client:
        client.plain_login(box.user, PASSWORD)
        yield client


@pytest.mark.parametrize("after", [3_000, 150_000, 300_000, 450_000])
def test_a_connection_that_breaks_off_costs_a_batch_and_counts_nothing_twice(
    box: Box, after: int
) -> None:
    reader = Reader(source(box))
    with CutLine(box.tls_port, after) as line:
        reader.source = source(box, port=line.port)
        sentence = reader.scan_until_it_breaks()
    assert "broke off" in sentence
    assert "localhost" in sentence
    kept = len(reader.names)
    assert kept == 0 or kept % BATCH == 1  # one is in the folder for sent mail
    assert len(fetched_uids(box.said())) - kept <= BATCH
    box.forget_log()

    reader.source = source(box)
    rest = reader.scan()
    assert len(fetched_uids(box.said())) == len(rest) == MANY + 1 - kept
    assert reader.scan() == []
    box.forget_log()


def test_what_came_before_a_break_is_in_the_journal_but_the_mailbox_does_not_count_as_read(
    box: Box,
) -> None:
    with Journal(box.home / "journal" / "journal.sqlite") as journal:
        with CutLine(box.tls_port, 300_000) as line:
            with pytest.raises(MailboxUnreadable, match="broke off"):
                scan([source(box, port=line.port)], journal, lambda: at("Fri 18:00"))
        kept = len(journal.mail(at("Fri 18:00")))
        assert BATCH <= kept < MANY
        assert journal.mail_read_until() is None
        result = scan([source(box)], journal, lambda: at("Fri 19:00"))
        assert result.new == MANY + 1 - kept
        assert len(journal.mail(at("Fri 18:00"))) == MANY + 1


def test_numbers_given_anew_are_read_anew_and_change_no_fact(box: Box) -> None:
    reader = Reader(source(box))
    first = facts(reader.scan())
    names = set(reader.names)
    # As after the server's index was lost: the same files, numbered from 1 by another validity.
    for kept in ("dovecot-uidlist", "dovecot.index*"):
        for index in box.maildir.rglob(kept):
            index.unlink()
    again = reader.scan()
    assert facts(again) == first
    assert names.isdisjoint(sighting.name for sighting in again)
    assert reader.scan() == []


def test_a_message_that_another_program_removes_meanwhile_is_no_error(
    box: Box, other_program: IMAPClient
) -> None:
    seen = []
    for each in source(box).scan(Reader(source(box)).memory()):
        seen.append(each)
        if isinstance(each, Cursor) and each.value.endswith(f":{BATCH}"):
            # Found by the search, and asked for next.
            other_program.select_folder("INBOX")
            other_program.delete_messages([BATCH + 1, BATCH + 2, MANY])
            other_program.expunge()
    sightings = [each for each in seen if not isinstance(each, Cursor)]
    assert MANY + 1 - 3 <= len(sightings) <= MANY + 1
    assert len({sighting.name for sighting in sightings}) == len(sightings)


def test_a_folder_that_is_removed_meanwhile_is_no_error(
    box: Box, other_program: IMAPClient
) -> None:
    put(box, Mail("Mon 09:00", "k@client.example", folder=".Kunde"))
    scan = source(box).scan(Reader(source(box)).memory())
    found = [next(scan)]
    other_program.delete_folder("Kunde")
    found += scan
    assert len([each for each in found if not isinstance(each, Cursor)]) == MANY + 1


def test_the_folder_for_sent_mail_may_not_be_lost_meanwhile(
    box: Box, other_program: IMAPClient
) -> None:
    put(box, Mail("Mon 09:00", "k@client.example", folder=".Alles"))
    scan = source(box).scan(Reader(source(box)).memory())
    next(scan)
    other_program.delete_folder("Gesendete Objekte")
    with pytest.raises(MailboxUnreadable, match="no folder for sent mail"):
        list(scan)


def test_a_folder_that_is_listed_but_shut_makes_the_mailbox_unreadable(box: Box) -> None:
    put(box, Mail("Mon 09:00", "k@client.example", folder=".M&APw-ller"))
    shutil.rmtree(box.maildir / ".M&APw-ller" / "cur")
    (box.maildir / ".M&APw-ller" / "cur").write_bytes(b"")
    box.hand_over()
    with pytest.raises(MailboxUnreadable, match=r"the folder Müller of .* cannot be opened"):
        Reader(source(box)).scan()


def test_what_is_already_known_by_name_is_not_asked_for_again(box: Box) -> None:
    reader = Reader(source(box))
    reader.scan()
    reader.cursors.clear()
    box.forget_log()
    assert reader.scan() == []
    assert fetched_uids(box.said()) == []
