"""Which folders of an account count as what, from the lists of several servers."""

from collections.abc import Mapping
from types import MappingProxyType

import pytest

from client.sources.imap import ImapSource
from client.sources.imap_account import ImapAccount, Security
from client.sources.imap_folders import Folder, Listed, choose
from tests.unit.client.imap_mailbox import says
from tests.unit.client.scripted_imap import ScriptedServer


def listed(*rows: str, delimiter: str = "/") -> list[Listed]:
    r"""Rows such as ``"[Gmail]/Sent Mail \sent \hasnochildren"``."""
    found = []
    for row in rows:
        name, *flags = row.split(" \\")
        found.append(Listed(name, delimiter, frozenset(f"\\{flag}".encode() for flag in flags)))
    return found


def chosen(
    folders: list[Listed], named: str = "", foreign: Mapping[str, bool] = MappingProxyType({})
) -> dict[str, bool]:
    """Names of what is read, and whether it is sent mail."""
    names = frozenset({named}) if named else frozenset()
    return {folder.name: folder.sent for folder in choose(folders, foreign, names)}


def test_gmail() -> None:
    folders = listed(
        "INBOX",
        "[Gmail] \\haschildren \\noselect",
        "[Gmail]/Alle Nachrichten \\all",
        "[Gmail]/Entw&APw-rfe \\drafts",
        "[Gmail]/Gesendet \\sent",
        "[Gmail]/Markiert \\flagged",
        "[Gmail]/Papierkorb \\trash",
        "[Gmail]/Spam \\junk",
        "[Gmail]/Wichtig \\important",
        "Kunden",
    )
    assert chosen(folders) == {
        "INBOX": False,
        "Kunden": False,
        "[Gmail]/Alle Nachrichten": False,
        "[Gmail]/Gesendet": True,
        "[Gmail]/Papierkorb": False,
    }


def test_what_the_server_says_goes_before_any_name_and_holds_below() -> None:
    folders = listed(
        "Postausgang \\sent", "Postausgang/2025", "Ablage \\junk", "Ablage/Sent", "Ablagen"
    )
    assert chosen(folders) == {"Postausgang": True, "Postausgang/2025": True, "Ablagen": False}


def test_a_second_folder_by_the_name_of_sent_holds_sent_mail_too() -> None:
    folders = listed("Gesendete Objekte \\sent", "Sent", "Sent Items")
    assert all(chosen(folders).values())


@pytest.mark.parametrize("delimiter", [".", "/", "\\", ""])
def test_only_the_servers_delimiter_splits_a_name(delimiter: str) -> None:
    within = f"INBOX{delimiter}Sent"
    folders = listed("info@sent.de/x.y", delimiter="\\") if delimiter == "\\" else []
    folders += listed(within, "Sent", delimiter=delimiter)
    assert chosen(folders)[within] is bool(delimiter)
    assert chosen(folders)["Sent"]
    others = listed("a.sent.b", "a/sent/b", delimiter="\\")
    assert not any(chosen(others).values())


def test_a_folder_that_the_person_named_is_sent_mail() -> None:
    folders = listed("INBOX.B&APw-ro", "INBOX.B&APw-ro.alt", "Vorlagen", delimiter=".")
    assert chosen(folders, named="büro") == {"INBOX.B&APw-ro": True, "INBOX.B&APw-ro.alt": True}
    assert chosen(folders, named="inbox/büro")["INBOX.B&APw-ro"]
    assert chosen(folders, named="vorlagen")["Vorlagen"]


def test_folders_of_others_are_left_out_by_the_longest_prefix() -> None:
    folders = listed(
        "INBOX", "Sent", "Other Users", "Other Users/kim", "Other Usersx", "Shared Folders/all"
    )
    prefixes = {"": False, "Other Users/": True, "Shared Folders/": True}
    assert set(chosen(folders, foreign=prefixes)) == {"INBOX", "Sent", "Other Usersx"}


def test_a_server_that_keeps_the_persons_own_folders_below_inbox() -> None:
    folders = listed("INBOX", "INBOX.Sent", "user.kim", "projects", delimiter=".")
    assert set(chosen(folders, foreign={"INBOX.": False, "user.": True, "": True})) == {
        "INBOX",
        "INBOX.Sent",
    }


def test_folders_are_read_in_one_order_and_known_by_the_name_that_people_see() -> None:
    first, second = choose(listed("b", "M&APw-ller"), {}, frozenset())
    assert (first, second) == (Folder("M&APw-ller", sent=False), Folder("b", sent=False))
    assert first.title == "Müller"


def test_a_server_that_tells_only_who_asks_is_asked() -> None:
    can = "* CAPABILITY IMAP4rev1 AUTH=PLAIN SPECIAL-USE LIST-EXTENDED\r\n{tag} OK done\r\n"
    with ScriptedServer({"CAPABILITY": can}) as server:
        account = ImapAccount("127.0.0.1", "ana", says("x"), server.port, Security.NONE)
        ImapSource(account, patience=5).check()
        assert any(line.endswith('LIST "" "*" RETURN (SPECIAL-USE)') for line in server.lines)
