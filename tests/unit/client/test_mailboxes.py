"""The mailboxes that a person chose, and the file that keeps them."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from client import cli, mailboxes_file
from client.errors import SettingsUnusable
from client.mailboxes import Cloud, GraphBox, ImapBox, Mailbox, MaildirBox, MboxBox
from client.sources.graph import GraphSource
from client.sources.imap_account import ImapAccount, Security, SignIn
from client.sources.secrets import Command, Keyring
from privacy.errors import InvalidValue

PASSWORD = Command(("pass", "show", "mail of ann"))
OWN = frozenset({"ann@example.com", "a@b.example"})
SENT = frozenset({"Erledigt"})
ALL: tuple[Mailbox, ...] = (
    MaildirBox(Path("/mail/ann"), OWN, SENT),
    MboxBox(Path("/mail/Mail"), OWN),
    ImapBox(ImapAccount("imap.example.com", "ann", Keyring("Plurale", "ann")), OWN, SENT),
    ImapBox(
        ImapAccount(
            "localhost",
            "ann@example.com",
            PASSWORD,
            port=1143,
            security=Security.STARTTLS,
            sign_in=SignIn.TOKEN,
            ca_file=Path("/etc/ca.pem"),
        )
    ),
    GraphBox(Command(("oama", "access", "ann@example.com")), Cloud.US_GOVERNMENT, OWN),
    GraphBox(PASSWORD),
)


def test_what_was_kept_is_read_again_and_only_its_owner_can(tmp_path: Path) -> None:
    folder = tmp_path / "plurale"
    assert mailboxes_file.load(folder) == ()
    mailboxes_file.save(folder, ALL)
    assert mailboxes_file.load(folder) == ALL
    path = folder / mailboxes_file.FILE_NAME
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    mailboxes_file.save(folder, ())
    assert mailboxes_file.load(folder) == ()


def test_each_has_a_name_of_its_own() -> None:
    assert [mailbox.name for mailbox in ALL] == [
        "/mail/ann",
        "/mail/Mail",
        "ann@imap.example.com",
        "ann@example.com@localhost",
        "graph:a@b.example",
        "graph",
    ]


def test_each_reads_with_what_it_was_given() -> None:
    for mailbox in ALL:
        assert mailbox.source().addresses == mailbox.addresses
        assert getattr(mailbox.source(), "sent_folders", None) == getattr(
            mailbox, "sent_folders", None
        )
    graph = ALL[4].source()
    assert isinstance(graph, GraphSource)
    assert graph.base == "https://graph.microsoft.us/v1.0"
    assert {cloud.base.split("/")[2] for cloud in Cloud} == {
        "graph.microsoft.com",
        "graph.microsoft.us",
        "dod-graph.microsoft.us",
    }
    assert all(cloud.base.startswith("https://") for cloud in Cloud)


@pytest.mark.parametrize("address", ["ann", "@example.com", "ann@", "a b@x.example", "a@x\n"])
def test_what_is_no_address_makes_no_mailbox(address: str) -> None:
    with pytest.raises(InvalidValue, match=r"write it like ann@example\.com"):
        MaildirBox(Path("/mail"), frozenset({address}))
    with pytest.raises(InvalidValue):
        GraphBox(PASSWORD, addresses=frozenset({address}))


def test_every_cloud_and_every_way_to_connect_can_be_typed() -> None:
    parse = cli._parser().parse_args
    for cloud in Cloud:
        typed = ["mail", "add", "graph", "--token-command", "x", "--cloud", cloud.value]
        assert Cloud(parse(typed).cloud) is cloud
    for security in Security:
        typed = ["mail", "add", "imap", "a@b", "--security", security.value]
        assert Security(parse(typed).security) is security


def test_a_part_of_a_path_or_an_empty_name_makes_none() -> None:
    with pytest.raises(InvalidValue, match="a whole path"):
        MaildirBox(Path("mail"))
    with pytest.raises(InvalidValue, match="a whole path"):
        MboxBox(Path("mail"))
    for name in ("", "  ", "a\nb"):
        with pytest.raises(InvalidValue, match="a folder for sent mail"):
            MboxBox(Path("/mail"), sent_folders=frozenset({name}))


def _changed(**changes: Any) -> str:
    record = {"kind": "maildir", "path": "/mail", "addresses": [], "sent_folders": []}
    return json.dumps({"mailboxes": [record | changes]})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"mailboxes": 3}',
        '{"mailboxes": ["/mail"]}',
        _changed(kind="pigeon"),
        _changed(path="mail"),
        _changed(path=None),
        _changed(addresses="ann@example.com"),
        _changed(addresses=["ann"]),
        _changed(sent_folders=[3]),
        _changed(kind="graph", command=[], cloud="global"),
        _changed(kind="graph", command=["x"], cloud="elsewhere"),
        _changed(kind="imap", host="h", port="x", security="tls", user="u", sign_in="password"),
        "\x00",
        '{"mailboxes": [',
    ],
)
def test_a_file_that_cannot_be_read_is_not_a_file_without_mailboxes(
    tmp_path: Path, text: str
) -> None:
    (tmp_path / mailboxes_file.FILE_NAME).write_text(text)
    with pytest.raises(SettingsUnusable, match="move it away, then add your mailboxes again"):
        mailboxes_file.load(tmp_path)


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "plurale").write_text("a file where the folder should be")
    with pytest.raises(SettingsUnusable, match=r"mailboxes\.json .* make the folder writable"):
        mailboxes_file.save(tmp_path / "plurale", ALL)
