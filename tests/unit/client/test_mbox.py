"""Reading real mbox files: one or a folder of them, incrementally, and when something is wrong."""

import mailbox
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from client.errors import MailboxUnreadable
from client.journal import Journal
from client.mail_scan import scan
from client.sources.base import Cursor, Sighting, Skip
from client.sources.maildir import MaildirSource
from client.sources.mbox import MboxSource
from tests.unit.client.imap_mailbox import Reader, facts
from tests.unit.client.mailbox import Mail, Mailbox, at, sent
from tests.unit.client.mbox_files import append, letter, write

ASKED = Mail("Tue 10:00", "q@client.example")
ANSWER = sent("Tue 11:00", "r@example.com", "q@client.example")
OWN = frozenset({"me@example.com"})
UNREADABLE = "/proc/self/mem"


@pytest.fixture(autouse=True)
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Local time is what this process believes it to be."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Europe/Berlin")
        time.tzset()
        yield
    time.tzset()


@pytest.fixture
def thunderbird(tmp_path: Path) -> Path:
    """Local folders as Thunderbird keeps them, with indexes and settings beside them."""
    root = tmp_path / "Local Folders"
    for name, mails in {
        "Inbox": [ASKED],
        "Sent": [ANSWER],
        "Drafts": [Mail("Tue 10:00", "draft@example.com")],
        "Unsent Messages": [Mail("Tue 10:00", "unsent@example.com")],
        "Junk": [Mail("Tue 10:00", "spam@client.example")],
        "Trash": [],
        "Archives.sbd/2026": [Mail("Wed 10:00", "old@client.example")],
        "Sent.sbd/M&APw-ller": [sent("Wed 11:00", "s@example.com", "old@client.example")],
    }.items():
        write(root / name, mails)
        (root / f"{name}.msf").write_bytes(b'// <!-- <mdb:mork:z v="1.4"/> -->')
    (root / "msgFilterRules.dat").write_bytes(b'version="9"\n')
    (root / "filterlog.html").write_bytes(b"")
    (root / "virtualFolders.dat").write_bytes(b"")
    return root


def test_the_folders_of_thunderbird(thunderbird: Path) -> None:
    reader = Reader(MboxSource(thunderbird))
    found = {fact.received: fact.outgoing for fact in facts(reader.scan())}
    assert found == {
        at("Tue 10:00"): False,
        at("Tue 11:00"): True,
        at("Wed 10:00"): False,
        at("Wed 11:00"): True,
    }
    assert reader.scan() == []
    assert len(reader.cursors) == 5


def test_the_facts_are_those_of_the_same_mails_in_a_maildir(tmp_path: Path) -> None:
    maildir = Mailbox(tmp_path / "maildir")
    mails = [
        ASKED,
        Mail("Mon 11:00", "list@client.example", headers=("List-Id: <l.client.example>",)),
        Mail("Mon 12:00", None),
        Mail("Mon 12:30", "x@client.example", sender="no address"),
        Mail("Wed 12:30", "k\udcfcm@client.example", sender="K\udcfcm <kim@client.example>"),
        Mail("Thu 10:00", "alias@example.com", sender="Me <me@example.com>"),
    ]
    for mail in [*mails, ANSWER]:
        maildir.put(mail)
    write(tmp_path / "mbox" / "Inbox", mails)
    write(tmp_path / "mbox" / "Sent", [ANSWER])
    by_mbox = Reader(MboxSource(tmp_path / "mbox", OWN)).scan()
    by_files = Reader(MaildirSource(maildir.root, OWN)).scan()
    assert facts(by_mbox) == facts(by_files)
    assert len(facts(by_mbox)) == 5
    skipped = sorted(each.found for each in by_mbox if isinstance(each.found, Skip))
    assert skipped == [Skip.NO_MESSAGE_ID, Skip.NO_SENDER]


def test_50_000_messages_and_then_one_more(tmp_path: Path) -> None:
    root = tmp_path / "mail"
    write(root / "Sent", [ANSWER])
    body = "A line of text that is neither long nor short.\n" * 20
    with (root / "Inbox").open("wb") as file:
        for number in range(50_000):
            file.write(letter(Mail("Tue 10:00", f"{number}@client.example"), text=body))
    with Journal(tmp_path / "journal" / "journal.sqlite") as journal:
        assert scan([MboxSource(root)], journal, lambda: at("Fri 18:00")).new == 50_001
        append(root / "Inbox", letter(Mail("Wed 10:00", "new@client.example")))
        assert scan([MboxSource(root)], journal, lambda: at("Fri 19:00")).new == 1
        assert len(journal.mail(at("Fri 19:00"))) == 50_002
    theirs = mailbox.mbox(root / "Inbox", create=False)
    assert len(theirs) == 50_001
    theirs.close()


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    """Thirty mails, beside sent mail."""
    write(tmp_path / "mail" / "Sent", [ANSWER])
    mails = [Mail("Tue 10:00", f"{number}@client.example") for number in range(30)]
    return write(tmp_path / "mail" / "Inbox", mails)


def test_a_file_that_has_grown_is_read_on_from_where_it_ended(inbox: Path) -> None:
    reader = Reader(MboxSource(inbox.parent))
    assert len(reader.scan()) == 31
    # Would be a new mail to whoever begins at the start again.
    inbox.write_bytes(inbox.read_bytes().replace(b"<0@client", b"<x@client"))
    append(inbox, letter(Mail("Wed 10:00", "new@client.example")))
    assert [fact.received for fact in facts(reader.scan())] == [at("Wed 10:00")]
    assert reader.scan() == []


def test_a_file_that_was_compacted_is_read_anew_and_nothing_is_counted_twice(inbox: Path) -> None:
    reader = Reader(MboxSource(inbox.parent))
    assert len(reader.scan()) == 31
    kept = [Mail("Tue 10:00", f"{number}@client.example") for number in range(0, 30, 2)]
    write(inbox, [*kept, Mail("Wed 10:00", "new@client.example")])
    assert [fact.received for fact in facts(reader.scan())] == [at("Wed 10:00")]
    # Longer than before, with what is new where nothing new would be looked for.
    longer = [Mail("Wed 11:00", f"{number}@client.example") for number in range(100, 150)]
    write(inbox, [*longer, *kept])
    assert len(facts(reader.scan())) == 50
    write(inbox, [])
    assert reader.scan() == []
    append(inbox, letter(Mail("Thu 10:00", "again@client.example")))
    assert [fact.received for fact in facts(reader.scan())] == [at("Thu 10:00")]


def test_marks_that_thunderbird_writes_over_are_no_change(tmp_path: Path) -> None:
    status = "X-Mozilla-Status: 0001"
    mails = [Mail("Tue 10:00", f"{n}@client.example", headers=(status,)) for n in range(30)]
    inbox = write(tmp_path / "mail" / "Inbox", mails)
    write(tmp_path / "mail" / "Sent", [ANSWER])
    reader = Reader(MboxSource(inbox.parent))
    reader.scan()
    changed = inbox.read_bytes().replace(b"Status: 0001", b"Status: 0009")
    inbox.write_bytes(changed.replace(b"<0@client", b"<x@client"))
    assert reader.scan() == []


def test_a_message_of_which_half_is_written_is_read_when_it_is_whole(inbox: Path) -> None:
    reader = Reader(MboxSource(inbox.parent))
    reader.scan()
    whole = letter(Mail("Wed 10:00", "new@client.example"))
    append(inbox, whole[:60])
    assert reader.scan() == []
    append(inbox, whole[60:])
    assert [fact.received for fact in facts(reader.scan())] == [at("Wed 10:00")]


def test_a_scan_that_is_cut_off_goes_on_from_its_last_cursor(tmp_path: Path) -> None:
    write(tmp_path / "mail" / "Sent", [ANSWER])
    mails = [Mail("Tue 10:00", f"{number}@client.example") for number in range(2_500)]
    write(tmp_path / "mail" / "Inbox", mails)
    reader = Reader(MboxSource(tmp_path / "mail"))
    cursors = 0
    for each in reader.source.scan(reader.memory()):
        if isinstance(each, Cursor):
            reader.cursors[each.place] = each.value
            cursors += 1
            if cursors == 2:
                break
    # The last that was read once more, since its name was not kept; and one that was sent.
    assert len(reader.scan()) == 500 + 1 + 1


def test_a_file_that_shrinks_while_it_is_read_is_read_again(inbox: Path) -> None:
    new = [Mail("Wed 10:00", f"new{number}@client.example") for number in range(2)]
    new.append(Mail("Tue 10:00", "0@client.example"))
    scan_ = MboxSource(inbox.parent).scan(Reader(MboxSource(inbox.parent)).memory())
    found = [next(scan_)]
    write(inbox, new)
    found += scan_
    sightings = [each for each in found if isinstance(each, Sighting)]
    received = [fact.received for fact in facts(sightings)]
    assert received.count(at("Wed 10:00")) == 2
    assert len({each.name for each in sightings}) == len(sightings)


def test_a_file_that_is_written_anew_while_its_end_is_read_is_read_again(inbox: Path) -> None:
    reader = Reader(MboxSource(inbox.parent))
    reader.scan()
    append(inbox, letter(Mail("Wed 10:00", "new@client.example")))
    scan_ = reader.source.scan(reader.memory())
    first = next(scan_)
    # In place, and longer than it was.
    old = inbox.read_bytes()
    inbox.write_bytes(letter(Mail("Thu 10:00", "first@client.example")) + old + old)
    rest = [each for each in scan_ if isinstance(each, Sighting)]
    assert isinstance(first, Sighting)
    assert [fact.received for fact in facts([first, *rest])].count(at("Thu 10:00")) == 1


def test_a_file_that_never_stays_the_same_makes_the_mailbox_unreadable(inbox: Path) -> None:
    scan_ = MboxSource(inbox.parent).scan(Reader(MboxSource(inbox.parent)).memory())

    def read_while_it_changes() -> None:
        left = inbox.stat().st_size
        for number, _ in enumerate(scan_):
            # Each of them is new, and the file is never what it was.
            left -= 100
            with inbox.open("r+b") as file:
                file.write(letter(Mail("Tue 10:00", f"v{number}@client.example")))
                file.truncate(left)

    with pytest.raises(MailboxUnreadable, match="Inbox changes while it is read"):
        read_while_it_changes()


def test_files_beside_the_mail_are_left_alone_and_reading_changes_nothing(
    thunderbird: Path,
) -> None:
    paths = sorted(path for path in thunderbird.rglob("*") if path.is_file())
    before = [(path.read_bytes(), path.stat().st_mtime_ns) for path in paths]
    Reader(MboxSource(thunderbird)).scan()
    assert sorted(path for path in thunderbird.rglob("*") if path.is_file()) == paths
    assert [(path.read_bytes(), path.stat().st_mtime_ns) for path in paths] == before


def test_one_file_needs_the_persons_addresses_unless_it_is_sent_mail(tmp_path: Path) -> None:
    both = write(tmp_path / "all.mbox", [ASKED, ANSWER])
    with pytest.raises(MailboxUnreadable, match="--address"):
        MboxSource(both).check()
    found = facts(Reader(MboxSource(both, OWN)).scan())
    assert sorted(fact.outgoing for fact in found) == [False, True]
    for name, named in (("Sent.mbox", frozenset[str]()), ("ausgang", frozenset({"Ausgang"}))):
        alone = write(tmp_path / name, [Mail("Tue 11:00", "r@example.com")])
        (fact,) = facts(Reader(MboxSource(alone, sent_folders=named)).scan())
        assert fact.outgoing


def test_a_folder_without_sent_mail_is_said(thunderbird: Path) -> None:
    (thunderbird / "Sent").rename(thunderbird / "Ausgegangen")
    (thunderbird / "Sent.sbd").rename(thunderbird / "Ausgegangen.sbd")
    for source in (MboxSource(thunderbird), MboxSource(thunderbird, OWN)):
        with pytest.raises(MailboxUnreadable, match=r"no mail file for sent mail.*--sent-folder"):
            source.check()
        with pytest.raises(MailboxUnreadable, match="no mail file for sent mail"):
            list(source.scan(Reader(source).memory()))
    MboxSource(thunderbird, sent_folders=frozenset({"ausgegangen"})).check()


def test_an_empty_folder_for_sent_mail_is_one(thunderbird: Path) -> None:
    (thunderbird / "Sent").write_bytes(b"")
    (thunderbird / "Sent.sbd" / "M&APw-ller").unlink()
    assert len(facts(Reader(MboxSource(thunderbird)).scan())) == 2


@pytest.mark.parametrize("name", ["absent", "empty folder", "a text"])
def test_what_is_no_mail_is_said(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty folder").mkdir()
    (tmp_path / "a text").write_bytes(b"Dear all,\n")
    with pytest.raises(MailboxUnreadable, match=re.escape(str(tmp_path / name))) as said:
        MboxSource(tmp_path / name, OWN).check()
    assert ": give the" in str(said.value)


def test_a_damaged_folder_is_said_and_not_passed_over(thunderbird: Path) -> None:
    (thunderbird / "Archives.sbd" / "2026").write_bytes(b"\0" * 1_000)
    with pytest.raises(MailboxUnreadable, match=r"2026 is damaged.*repair the folder"):
        Reader(MboxSource(thunderbird)).scan()


def test_a_file_that_cannot_be_read_is_said(thunderbird: Path) -> None:
    (thunderbird / "Inbox").unlink()
    (thunderbird / "Inbox").symlink_to(UNREADABLE)
    with pytest.raises(MailboxUnreadable, match=r"Inbox cannot be read .*make it readable for you"):
        Reader(MboxSource(thunderbird)).scan()


def test_a_file_that_is_removed_meanwhile_is_no_error(thunderbird: Path) -> None:
    scan_ = MboxSource(thunderbird).scan(Reader(MboxSource(thunderbird)).memory())
    first = next(scan_)
    (thunderbird / "Inbox").unlink()
    rest = [each for each in scan_ if isinstance(each, Sighting)]
    assert isinstance(first, Sighting)
    assert len(rest) == 2


def test_a_message_that_nothing_dates_yields_no_fact(tmp_path: Path) -> None:
    bare = letter(ASKED, envelope="From ")
    dated = letter(Mail("Tue 10:00", "b@client.example", headers=(DATED,)), envelope="From ")
    path = tmp_path / "mail" / "Inbox"
    write(path.parent / "Sent", [ANSWER])
    append(path, bare, dated)
    skipped = [each.found for each in Reader(MboxSource(path.parent)).scan()]
    assert skipped.count(Skip.NO_TIME) == 1
    assert len(skipped) == 3


DATED = "Received: by imap.example.com; Tue, 3 Feb 2026 09:30:00 +0100"
