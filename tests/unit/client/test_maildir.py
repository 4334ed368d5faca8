"""Reading real Maildir files: incrementally, in every layout, and when something is wrong."""

import os
import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from client.errors import MailboxUnreadable
from client.journal import Journal, MailMemory
from client.mail_scan import ScanResult, scan
from client.sources.base import MailFact, SeenKey, Sighting, Skip
from client.sources.maildir import MaildirSource, delivery_time
from tests.unit.client.mailbox import Mail, Mailbox, at, sent

UNREADABLE = "/proc/self/mem"
"""A file that opens and cannot be read from its start, for root too."""

ASK = Mail("Tue 10:00", "a@client.example")
ANSWER = sent("Tue 12:00", "r@example.com", "a@client.example")


@pytest.fixture
def mailbox(tmp_path: Path) -> Mailbox:
    return Mailbox(tmp_path / "mail")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "journal" / "journal.sqlite") as opened:
        yield opened


def read(mailbox: Mailbox, journal: Journal, now: str = "+1 Mon 00:00") -> ScanResult:
    return scan([MaildirSource(mailbox.root)], journal, lambda: at(now))


def found(source: MaildirSource) -> list[Sighting]:
    return list(source.scan(MailMemory()))


def facts(source: MaildirSource) -> list[MailFact]:
    return [one.found for one in found(source) if isinstance(one.found, MailFact)]


def test_a_fact_holds_no_address_no_name_and_no_id(mailbox: Mailbox) -> None:
    mailbox.put(Mail("Tue 10:00", "secret-id@client.example", refs="secret-ref@example.com"))
    (fact,) = facts(MaildirSource(mailbox.root))
    assert fact.domains == {"client.example"}
    assert fact.received == at("Tue 10:00")
    assert not fact.outgoing
    assert not fact.automated
    assert len(fact.references) == 1
    for word in ("secret", "kim", "Kim", "thing", "me@"):
        assert word not in repr(fact)


def test_a_second_scan_finds_only_what_is_new(mailbox: Mailbox, journal: Journal) -> None:
    mailbox.put(ASK)
    assert read(mailbox, journal) == ScanResult(1, {})
    assert read(mailbox, journal) == ScanResult(0, {})
    mailbox.put(ANSWER)
    assert read(mailbox, journal) == ScanResult(1, {})
    assert len(journal.mail(at("+1 Mon 00:00"))) == 2


def test_flags_and_the_move_to_cur_make_no_new_message(mailbox: Mailbox, journal: Journal) -> None:
    path = mailbox.put(Mail("Tue 10:00", "a@client.example", flags=""))
    assert path.parent.name == "new"
    assert read(mailbox, journal).new == 1
    moved = path.rename(mailbox.root / "cur" / f"{path.name}:2,")
    assert read(mailbox, journal).new == 0
    moved.rename(moved.with_name(f"{path.name}:2,RS"))
    assert read(mailbox, journal).new == 0


def test_a_move_to_another_folder_keeps_the_delivery(mailbox: Mailbox, journal: Journal) -> None:
    path = mailbox.put(ASK)
    read(mailbox, journal)
    before = journal.mail(at("+1 Mon 00:00"))
    mailbox.make(".Archive")
    shutil.move(path, mailbox.root / ".Archive" / "cur" / "1770300000.M1P2.host:2,S")
    assert read(mailbox, journal).new == 1
    assert journal.mail(at("+1 Mon 00:00")) == before


def test_deleted_mail_stays_known(mailbox: Mailbox, journal: Journal) -> None:
    path = mailbox.put(ASK)
    read(mailbox, journal)
    path.unlink()
    assert read(mailbox, journal).new == 0
    assert len(journal.mail(at("+1 Mon 00:00"))) == 1


@pytest.mark.parametrize(
    ("name", "modified", "expected"),
    [
        ("1770000000.M1P1.host:2,S", 1770000000, 1770000000),
        # A server moved it: a new name, the old time of change.
        ("1770300000.M1P1.host:2,S", 1770000000, 1770000000),
        # A backup was restored: the old name, a new time of change.
        ("1770000000.M1P1.host", 1770300000, 1770000000),
        ("message-17:2,S", 1770000000, 1770000000),
        ("1.M1P1.host", 1770000000, 1770000000),
    ],
)
def test_delivery_is_the_earlier_of_name_and_change(
    name: str, modified: int, expected: int
) -> None:
    moment = delivery_time(name, modified * 10**9)
    assert moment == datetime.fromtimestamp(expected, UTC)
    assert moment.tzinfo is UTC


def test_the_time_of_change_is_read_from_the_file(mailbox: Mailbox) -> None:
    path = mailbox.put(ASK)
    earlier = at("Tue 10:00") - timedelta(hours=3)
    os.utime(path, (earlier.timestamp(), earlier.timestamp()))
    assert facts(MaildirSource(mailbox.root))[0].received == earlier


@pytest.mark.parametrize(
    "folder",
    [".Sent", ".Gesendete Objekte", ".Gesendet", ".INBOX.Sent Items", "Sent", "INBOX/Gesendet",
     ".[Gmail].Sent Mail", ".Sent.2025", ".&AMk-l&AOk-ments envoy&AOk-s"],
)  # fmt: skip
def test_the_folder_for_sent_mail_is_found_by_name(folder: str, tmp_path: Path) -> None:
    mailbox = Mailbox(tmp_path)
    shutil.rmtree(mailbox.root / ".Sent")
    mailbox.put(ASK)
    mailbox.put(sent("Tue 12:00", "r@example.com", "a@client.example", folder=folder))
    assert sorted(fact.outgoing for fact in facts(MaildirSource(mailbox.root))) == [False, True]


@pytest.mark.parametrize("name", ["Von mir", "von MIR", "Büro.Von mir"])
def test_the_folder_for_sent_mail_can_be_named(name: str, tmp_path: Path) -> None:
    mailbox = Mailbox(tmp_path)
    shutil.rmtree(mailbox.root / ".Sent")
    mailbox.put(sent("Tue 12:00", "r@example.com", "", folder="B&APw-ro.Von mir"))
    source = MaildirSource(mailbox.root, sent_folders=frozenset({name}))
    assert [fact.outgoing for fact in facts(source)] == [True]


@pytest.mark.parametrize(
    "folder", [".Drafts", ".Entw&APw-rfe", ".Junk", ".Spam", "Outbox", ".[Gmail].Spam"]
)
def test_spam_and_unsent_mail_are_never_read(folder: str, mailbox: Mailbox) -> None:
    mailbox.put(Mail("Tue 10:00", "a@client.example", folder=folder))
    assert found(MaildirSource(mailbox.root)) == []


def test_no_folder_for_sent_mail_is_an_error_not_a_zero(mailbox: Mailbox, journal: Journal) -> None:
    shutil.rmtree(mailbox.root / ".Sent")
    mailbox.put(ASK)
    with pytest.raises(MailboxUnreadable, match="name it with --sent-folder") as error:
        read(mailbox, journal)
    assert "\n" not in str(error.value)
    assert journal.mail_read_until() is None


def test_what_is_no_mailbox_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(MailboxUnreadable, match="is not a Maildir"):
        found(MaildirSource(tmp_path))
    with pytest.raises(MailboxUnreadable, match=r"cannot be read \(No such file"):
        found(MaildirSource(tmp_path / "absent"))
    (tmp_path / "file").write_text("")
    with pytest.raises(MailboxUnreadable, match=r"cannot be read \(Not a directory"):
        found(MaildirSource(tmp_path / "file"))


def test_skipped_messages_are_counted_and_read_once(mailbox: Mailbox, journal: Journal) -> None:
    for number in range(20):
        mailbox.put(Mail("Tue 10:00", f"{number}@client.example"))
    mailbox.put(Mail("Tue 10:00", None))
    mailbox.put(Mail("Tue 10:00", "a@client.example", sender="nobody"))
    mailbox.put(Mail("Tue 10:00", "b@client.example", raw=b"X: y\n" * 100_000))
    first = read(mailbox, journal)
    assert first.new == 23
    assert Counter(first.skipped) == Counter(
        {Skip.NO_MESSAGE_ID: 1, Skip.NO_SENDER: 1, Skip.BROKEN_HEADER: 1}
    )
    assert read(mailbox, journal) == ScanResult(0, {})


def test_one_unreadable_file_is_skipped_and_tried_again(mailbox: Mailbox, journal: Journal) -> None:
    for number in range(20):
        mailbox.put(Mail("Tue 10:00", f"{number}@client.example"))
    (mailbox.root / "cur" / "1770000000.M99P1.host:2,S").symlink_to(UNREADABLE)
    assert read(mailbox, journal) == ScanResult(21, {Skip.UNREADABLE: 1})
    assert read(mailbox, journal) == ScanResult(1, {Skip.UNREADABLE: 1})
    assert journal.mail_read_until() == at("+1 Mon 00:00")


def test_a_folder_of_unreadable_files_is_an_unreadable_mailbox(
    mailbox: Mailbox, journal: Journal
) -> None:
    mailbox.put(ASK)
    (mailbox.root / ".Sent" / "cur" / "1770000000.M99P1.host:2,S").symlink_to(UNREADABLE)
    with pytest.raises(MailboxUnreadable, match="1 of 1 messages in the mail folder"):
        read(mailbox, journal)
    assert journal.mail_read_until() is None


@pytest.mark.parametrize("flags", ["", "R"])
def test_a_file_that_is_renamed_during_the_scan_is_found_again(
    flags: str, mailbox: Mailbox
) -> None:
    paths = [mailbox.put(Mail("Tue 10:00", f"{n}@client.example", flags=flags)) for n in range(2)]
    sightings = MaildirSource(mailbox.root).scan(MailMemory())
    found = [next(sightings)]
    for path in paths:
        path.rename(mailbox.root / "cur" / f"{path.name.partition(':')[0]}:2,S")
    found += list(sightings)
    assert len(found) == 2
    assert all(isinstance(one.found, MailFact) for one in found)
    assert len({one.name for one in found}) == 2


def test_a_broken_mailbox_among_others_leaves_mail_unread(
    mailbox: Mailbox, journal: Journal, tmp_path: Path
) -> None:
    mailbox.put(ASK)
    sources = [MaildirSource(mailbox.root), MaildirSource(tmp_path / "absent")]
    with pytest.raises(MailboxUnreadable):
        scan(sources, journal, lambda: at("+1 Mon 00:00"))
    assert journal.mail_read_until() is None
    assert len(journal.mail(at("+1 Mon 00:00"))) == 1


def test_mail_counts_as_read_from_before_the_scan(mailbox: Mailbox, journal: Journal) -> None:
    moments = iter([at("Tue 10:00"), at("Tue 11:00")])
    scan([MaildirSource(mailbox.root)], journal, lambda: next(moments))
    assert journal.mail_read_until() == at("Tue 10:00")


def test_no_mailbox_at_all_is_not_a_read_one(journal: Journal) -> None:
    scan([], journal, lambda: at("Tue 10:00"))
    assert journal.mail_read_until() is None


def test_a_seen_name_is_not_opened(mailbox: Mailbox) -> None:
    path = mailbox.put(ASK)
    (sighting,) = found(MaildirSource(mailbox.root))
    assert sighting.name is not None
    path.unlink()
    path.symlink_to("nowhere")
    seen: frozenset[SeenKey] = frozenset({sighting.name})
    assert list(MaildirSource(mailbox.root).scan(MailMemory(frozenset(seen)))) == []
