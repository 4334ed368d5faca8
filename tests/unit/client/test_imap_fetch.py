"""What is asked of a folder, against a server that answers as no well-behaved one does."""

from datetime import UTC, datetime

import pytest

from client.errors import MailboxUnreadable
from client.sources.base import MailFact, Skip
from client.sources.imap import ImapSource
from client.sources.imap_account import ImapAccount, Security
from client.sources.imap_fetch import Opened, windows
from tests.unit.client.imap_mailbox import Reader, says
from tests.unit.client.scripted_imap import ScriptedServer, message

GOOD = message(3) + message(5) + "{tag} OK done\r\n"


def mailbox(server: ScriptedServer) -> ImapSource:
    account = ImapAccount("127.0.0.1", "ana", says("x"), server.port, Security.NONE)
    return ImapSource(account, patience=5)


def test_a_refusal_because_of_a_removed_message_is_asked_once_more() -> None:
    answers: dict[str, str | list[str] | None] = {
        "UID FETCH": ["{tag} NO [EXPUNGEISSUED] gone\r\n", message(5) + "{tag} OK done\r\n"],
        "UID SEARCH": [
            "* SEARCH 3 5\r\n{tag} OK done\r\n",
            "* 3 EXPUNGE\r\n* SEARCH 5\r\n{tag} OK done\r\n",
        ],
    }
    with ScriptedServer(answers) as server:
        reader = Reader(mailbox(server))
        assert len(reader.scan()) == 1
        assert set(reader.cursors.values()) == {"7:5"}


def test_a_server_that_always_refuses_makes_the_mailbox_unreadable() -> None:
    with ScriptedServer({"UID FETCH": "{tag} NO no\r\n"}) as server:
        reader = Reader(mailbox(server))
        with pytest.raises(MailboxUnreadable, match="the mailbox of ana at 127"):
            reader.scan()
        assert not reader.cursors


def test_answers_about_other_messages_and_without_headers_are_passed_over() -> None:
    noise = "* 3 FETCH (FLAGS (\\Seen))\r\n* 1 FETCH (UID 1 FLAGS ())\r\n* 9 EXISTS\r\n"
    bare = "* 2 FETCH (UID 5 FLAGS (\\Seen))\r\n"
    fetched = noise + message(3) + bare + "{tag} OK done\r\n"
    with ScriptedServer({"UID FETCH": fetched}) as server:
        (one,) = Reader(mailbox(server)).scan()
        assert isinstance(one.found, MailFact)
        assert one.found.received == datetime(2026, 2, 2, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    "date",
    [
        "yesterday",
        "02-Feb-2026 09:00:00",
        "31-Feb-2026 09:00:00 +0000",
        "",
        "31-Dec-9999 23:00:00 -0900",
    ],
)
def test_a_message_without_a_time_of_delivery_yields_no_fact(date: str) -> None:
    fetched = message(3, date) + message(5) + "{tag} OK done\r\n"
    with ScriptedServer({"UID FETCH": fetched}) as server:
        first, second = Reader(mailbox(server)).scan()
        assert first.found is Skip.NO_TIME
        assert isinstance(second.found, MailFact)


def test_a_message_without_headers_is_one_and_a_header_without_end_is_none() -> None:
    empty = (
        '* 3 FETCH (UID 3 INTERNALDATE "02-Feb-2026 09:00:00 +0100" BODY[HEADER.FIELDS (TO)] NIL)'
    )
    long = "To: " + "a@b.example, " * 30_000
    endless = (
        '* 5 FETCH (UID 5 INTERNALDATE "02-Feb-2026 09:00:00 +0100" BODY[HEADER.FIELDS (TO)] '
        f"{{{len(long)}}}\r\n{long})\r\n"
    )
    with ScriptedServer({"UID FETCH": f"{empty}\r\n{endless}{{tag}} OK done\r\n"}) as server:
        first, second = (each.found for each in Reader(mailbox(server)).scan())
        assert isinstance(first, MailFact)
        assert first.domains == frozenset()
        assert second is Skip.BROKEN_HEADER


def test_a_folder_without_numbers_that_last_makes_the_mailbox_unreadable() -> None:
    with ScriptedServer({"EXAMINE": "* 2 EXISTS\r\n{tag} OK done\r\n"}) as server:
        with pytest.raises(MailboxUnreadable, match="the folder Sent of ana at 127"):
            Reader(mailbox(server)).scan()


def test_a_folder_whose_name_is_no_utf_7_is_opened_by_the_name_that_the_server_gave() -> None:
    both = '* LIST () "/" "K&unden"\r\n* LIST (\\Sent) "/" "Sent"\r\n{tag} OK done\r\n'
    with ScriptedServer({"LIST": both, "UID FETCH": GOOD}) as server:
        assert len(Reader(mailbox(server)).scan()) == 4
        assert any(line.endswith('EXAMINE "K&unden"') for line in server.lines)


def test_a_server_that_does_not_say_the_next_number_is_searched() -> None:
    answers: dict[str, str | list[str] | None] = {
        "EXAMINE": "* 2 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n{tag} OK done\r\n",
        "UID FETCH": GOOD,
    }
    with ScriptedServer(answers) as server:
        assert len(Reader(mailbox(server)).scan()) == 2
        assert any(line.endswith("UID SEARCH UID 1:* UNDRAFT") for line in server.lines)


def test_the_last_message_is_not_news_though_the_server_names_it_again() -> None:
    with ScriptedServer({"UID FETCH": GOOD}) as server:
        reader = Reader(mailbox(server))
        reader.scan()
    reader.names.clear()
    with ScriptedServer({"UID SEARCH": "* SEARCH 5\r\n{tag} OK done\r\n"}) as server:
        reader.source = mailbox(server)
        assert reader.scan() == []
        assert any(line.endswith("UID SEARCH UID 6:* UNDRAFT") for line in server.lines)
        assert not any("FETCH" in line for line in server.lines)


@pytest.mark.parametrize(
    ("folder", "last", "expected"),
    [
        (Opened(1, 10, 11), 0, ["1:*"]),
        (Opened(1, 10, 4_000_000_000), 7, ["8:*"]),
        (Opened(1, 11, None), 7, ["8:*"]),
        (Opened(1, 11, 26), 0, ["1:10", "11:20", "21:30"]),
        (Opened(1, 11, 26), 17, ["18:27"]),
    ],
)
def test_a_large_folder_is_listed_in_pieces(folder: Opened, last: int, expected: list[str]) -> None:
    assert list(windows(folder, last, 10)) == expected
