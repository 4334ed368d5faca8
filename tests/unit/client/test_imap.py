"""Reading a real IMAP server: what is asked for, which folders, and the facts that come of it."""

import re
from collections.abc import Iterator
from datetime import UTC

import pytest

from client.errors import MailboxUnreadable
from client.journal import Journal
from client.mail_scan import scan
from client.sources.base import Skip
from client.sources.headers import NEEDED
from client.sources.imap import ImapSource
from client.sources.maildir import MaildirSource
from tests.dovecot import COMMAND, GERMAN_FOLDERS, PACKAGE, Box, dovecot
from tests.unit.client.imap_mailbox import (
    SENT,
    Reader,
    account,
    facts,
    fetched_uids,
    put,
    source,
)
from tests.unit.client.mailbox import Mail, at, sent

pytestmark = pytest.mark.needs_debian(PACKAGE, COMMAND)

EIGHT_BIT = (
    b"Message-ID: <eight@client.example>\nFrom: K\xfcm <KIM@Client.Example>\nTo: me@example.com\n"
    b"Subject: gr\xfc\xdfe\nReferences: <a@example.com>\n <b@example.com>\n\ntext\n"
)
ENCODED = (
    b"Message-ID: <encoded@client.example>\r\nSubject: =?utf-8?q?gr=C3=BC=C3=9Fe?=\r\n"
    b"From: =?utf-8?q?K=C3=BCm?= <kim@client.example>\r\nTo: me@example.com\r\n\r\ntext\r\n"
)
A_BIT_OF_EVERYTHING = (
    Mail("Mon 09:00", "a@client.example"),
    Mail("Mon 10:00", "new@client.example", flags=""),
    Mail("Mon 11:00", "list@client.example", headers=("List-Id: <l.client.example>",)),
    Mail("Mon 12:00", None),
    Mail("Mon 12:30", "x@client.example", sender="no address"),
    Mail("Tue 09:00", "eight@client.example", raw=EIGHT_BIT),
    Mail("Tue 09:30", "encoded@client.example", raw=ENCODED),
    Mail("Tue 10:00", "draft@example.com", flags="DS"),
    Mail("Tue 11:00", "gone@client.example", flags="ST", folder=".Trash"),
    Mail("Wed 09:00", "deep@client.example", folder=".Kunden.M&APw-ller"),
    Mail("Wed 09:00", "d@example.com", folder=".Entw&APw-rfe"),
    Mail("Wed 09:00", "spam@client.example", folder=".Unerw&APw-nscht"),
    sent("Wed 10:00", "r@example.com", "a@client.example", folder=SENT),
    sent("Wed 11:00", None, "b@client.example", folder=SENT),
    sent("Wed 12:00", "f@example.com", "eight@client.example", folder=SENT + ".2026"),
    Mail("Thu 10:00", "alias@example.com", sender="Me <alias@example.com>"),
)


@pytest.fixture(scope="module")
def boxes() -> Iterator[Iterator[Box]]:
    with dovecot() as running:
        yield running


@pytest.fixture
def box(boxes: Iterator[Box]) -> Box:
    return next(boxes)


def test_the_facts_are_those_of_the_same_files_as_a_maildir(box: Box) -> None:
    put(box, *A_BIT_OF_EVERYTHING)
    aliases = frozenset({"alias@example.com"})
    by_imap = Reader(ImapSource(account(box), aliases)).scan()
    by_files = Reader(MaildirSource(box.maildir, aliases)).scan()
    # A sent mail without a Message-ID is known by its name, which is each source's own.
    imap_facts = {fact for fact in facts(by_imap) if fact.references or not fact.outgoing}
    assert len(imap_facts) == 10
    named = {fact for fact in imap_facts if fact.received != at("Wed 11:00")}
    assert named < facts(by_files)
    assert {fact.received for fact in facts(by_imap)} == {f.received for f in facts(by_files)}
    skipped = sorted(each.found for each in by_imap if isinstance(each.found, Skip))
    assert skipped == [Skip.NO_MESSAGE_ID, Skip.NO_SENDER]
    assert skipped == sorted(each.found for each in by_files if isinstance(each.found, Skip))
    assert len(by_imap) == len(by_files) == 13
    assert all(fact.received.tzinfo is UTC for fact in facts(by_imap))


def test_only_the_headers_that_matter_are_asked_for_and_nothing_is_changed(box: Box) -> None:
    paths = put(box, *A_BIT_OF_EVERYTHING)
    Reader(source(box)).scan()
    said, answered = box.said(), box.answered()
    fetches = re.findall(rb"UID FETCH [0-9,]+ (.*)\r", said)
    assert fetches
    for asked in fetches:
        match = re.fullmatch(
            rb"\(INTERNALDATE BODY\.PEEK\[HEADER\.FIELDS \(([A-Z -]+)\)\]\)", asked
        )
        assert match is not None, asked
        assert {name.lower() for name in match[1].decode().split()} == NEEDED
    words = set(re.findall(rb"^[0-9.]+ \w+ (\w+)", said, re.MULTILINE))
    assert words <= {b"LIST", b"NAMESPACE", b"EXAMINE", b"UID", b"LOGOUT", b"CAPABILITY"}
    assert b"kim@client.example" in answered.lower()
    for unwanted in (b"Subject", b"about the same thing", b"The text", b"gr\xfc\xdfe", b"\nDate"):
        assert unwanted not in answered
    # Moved from new to cur by the server, but still unseen.
    names = {path.name.partition(":")[0] for path in paths}
    after = list(box.maildir.rglob("*.host*"))
    assert {path.name.partition(":")[0] for path in after} == names
    flags = {path.name.partition(":")[0]: path.name.partition(":2,")[2] for path in after}
    assert all(
        flags[path.name.partition(":")[0]] == path.name.partition(":2,")[2] for path in paths
    )


def test_the_second_scan_asks_for_new_messages_only(box: Box) -> None:
    # 5,000 in one folder, and one of a kind in others.
    put(box, *(Mail("Mon 09:00", f"{n}@client.example") for n in range(5_000)))
    put(box, sent("Mon 10:00", "r@example.com", "1@client.example", folder=SENT))
    reader = Reader(source(box))
    assert len(facts(reader.scan())) == 5_001
    assert len(fetched_uids(box.said())) == 5_001
    box.forget_log()

    assert reader.scan() == []
    log = box.said()
    assert b"FETCH" not in log
    assert b"SEARCH" not in log
    box.forget_log()

    put(box, Mail("Tue 09:00", "new@client.example"))
    assert [fact.received for fact in facts(reader.scan())] == [at("Tue 09:00")]
    assert fetched_uids(box.said()) == [5_001]
    assert len(box.answered()) < 3_000


def test_new_drafts_alone_are_no_news(box: Box) -> None:
    put(box, Mail("Mon 09:00", "a@client.example"), sent("Mon 09:30", "s", "", folder=SENT))
    reader = Reader(source(box))
    assert len(reader.scan()) == 2
    put(box, Mail("Mon 10:00", "draft@example.com", flags="D"))
    box.forget_log()
    # The server answers "n:*" with its last message, which was read before.
    assert reader.scan() == []
    assert fetched_uids(box.said()) == []


def test_sent_mail_is_what_the_server_says_whatever_it_is_called() -> None:
    folders = 'mailbox "Archiv 2024" {\n special_use = \\Sent\n}'
    with dovecot(folders) as running:
        box = next(running)
        put(box, sent("Mon 09:00", "s@example.com", "", folder=".Archiv 2024"))
        put(box, sent("Mon 09:00", "below@example.com", "", folder=".Archiv 2024.alt"))
        found = facts(Reader(source(box)).scan())
        assert [fact.outgoing for fact in found] == [True, True]


@pytest.mark.parametrize("folder", [".Gesendete Objekte", ".INBOX.Envoy&AOk-s"])
def test_without_special_use_the_name_tells(folder: str) -> None:
    with dovecot("", "protocol imap {\n imap_capability = IMAP4rev1 NAMESPACE\n}") as running:
        box = next(running)
        mail = sent("Mon 09:00", "s@example.com", "", sender="other@example.com", folder=folder)
        put(box, mail, Mail("Mon 08:00", "a@client.example"))
        found = sorted(facts(Reader(source(box)).scan()), key=lambda fact: fact.received)
        assert [fact.outgoing for fact in found] == [False, True]


def test_without_a_folder_for_sent_mail_nothing_is_read() -> None:
    with dovecot("") as running:
        box = next(running)
        put(box, Mail("Mon 09:00", "a@client.example"))
        with pytest.raises(MailboxUnreadable, match=r"no folder for sent mail.*--sent-folder"):
            Reader(source(box)).scan()
        with pytest.raises(MailboxUnreadable, match="no folder for sent mail"):
            source(box).check()
        put(box, sent("Mon 09:00", "s@example.com", "", folder=".Kunden.Ausgang"))
        for name in ("Ausgang", "kunden/ausgang"):
            named = ImapSource(account(box), sent_folders=frozenset({name}))
            named.check()
            assert len(facts(Reader(named).scan())) == 2


def test_a_sent_copy_among_all_mail_is_a_sent_mail_and_no_second_one(box: Box) -> None:
    answer = sent(
        "Tue 10:00", "r@example.com", "a@client.example", sender=f"Me <{box.user.title()}>"
    )
    copies = (answer, Mail("Mon 09:00", "a@client.example"))
    put(box, *(Mail(**(vars(mail) | {"folder": ".Alles"})) for mail in copies))
    put(box, copies[1], Mail(**(vars(answer) | {"folder": SENT})))
    assert len(Reader(source(box)).scan()) == 4
    found = facts(Reader(source(box)).scan())
    assert sorted(fact.outgoing for fact in found) == [False, True]


def test_folders_of_all_are_left_out() -> None:
    public = """
namespace public {
  type = public
  separator = /
  prefix = Firma/
  location = maildir:~/public
  list = yes
}
"""
    with dovecot(GERMAN_FOLDERS, public) as running:
        box = next(running)
        put(box, sent("Mon 09:00", "s@example.com", "", folder=SENT))
        put(box, Mail("Mon 09:00", "all@client.example", folder="../public/.Info"))
        put(box, Mail("Mon 10:00", "own@client.example"))
        received = {fact.received for fact in facts(Reader(source(box)).scan())}
        assert received == {at("Mon 09:00"), at("Mon 10:00")}
        assert b"Firma/Info" in box.answered()
        assert b"Firma" not in box.said()


def test_a_folder_may_have_any_name() -> None:
    names = ("2026", "007", "a &- b", 'quo"ted', "back\\slash", "x.y", "NIL")
    layout = "namespace inbox {\n location = maildir:~/Maildir:LAYOUT=fs\n}"
    with dovecot(GERMAN_FOLDERS, layout) as running:
        box = next(running)
        put(box, sent("Mon 09:00", "s@example.com", "", folder="Gesendete Objekte"))
        put(box, *(Mail("Mon 10:00", f"{name!r}@client.example", folder=name) for name in names))
        assert len(facts(Reader(source(box)).scan())) == 1 + len(names)


def test_a_scan_goes_into_the_journal_with_its_cursors(box: Box) -> None:
    put(box, *A_BIT_OF_EVERYTHING)
    with Journal(box.home / "journal" / "journal.sqlite") as journal:
        assert scan([source(box)], journal, lambda: at("Fri 18:00")).new == 13
        assert scan([source(box)], journal, lambda: at("Fri 19:00")).new == 0
        assert journal.mail_read_until() == at("Fri 19:00")
