"""Options of the commands about mailboxes."""

import argparse
from pathlib import Path

from client.options.base import Commands, does

_ROOM = "client.commands.mail"


def add(commands: Commands) -> None:
    """Add them."""
    group = commands.add_parser("mail", help="say which mailboxes are yours")
    below = group.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_kinds(below.add_parser("add", help="add a mailbox, after a look whether it can be read"))
    does(below.add_parser("list", help="see which mailboxes are read"), f"{_ROOM}:show_mailboxes")
    remove = below.add_parser("remove", help="read a mailbox no more")
    remove.add_argument("name", metavar="NAME", help="as plurale mail list shows it")
    does(remove, f"{_ROOM}:remove")


def _add_kinds(parser: argparse.ArgumentParser) -> None:
    kinds = parser.add_subparsers(title="kinds", required=True, metavar="KIND")

    maildir = kinds.add_parser("maildir", help="a folder with one file for each message")
    maildir.add_argument("path", type=Path, metavar="FOLDER", help="the Maildir")
    _about_the_person(maildir)
    does(maildir, f"{_ROOM}:add_maildir")

    mbox = kinds.add_parser("mbox", help="files with many messages, as Thunderbird keeps them")
    mbox.add_argument("path", type=Path, metavar="PATH", help="the file, or the folder of files")
    _about_the_person(mbox)
    does(mbox, f"{_ROOM}:add_mbox")

    imap = kinds.add_parser("imap", help="an account on a mail server; headers only are read")
    imap.add_argument(
        "account",
        metavar="USER@HOST",
        help="like ann@imap.example.com, or ann@example.com@imap.example.com",
    )
    _about_the_server(imap)
    _about_the_person(imap)
    does(imap, f"{_ROOM}:add_imap")

    graph = kinds.add_parser("graph", help="Microsoft 365, with the permission Mail.ReadBasic")
    graph.add_argument("--token-command", metavar="COMMAND", required=True, help=_TOKEN)
    graph.add_argument(
        "--cloud",
        choices=["global", "us-government", "us-defense"],
        default="global",
        help="Microsoft's cloud that the mailbox is in (default: %(default)s)",
    )
    _add_address(graph)
    does(graph, f"{_ROOM}:add_graph")


_TOKEN = "a command that prints an access token"  # noqa: S105 - a text of help


def _about_the_server(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, metavar="NUMBER", help="if not the usual one")
    parser.add_argument(
        "--security",
        choices=["tls", "starttls", "none"],
        default="tls",
        help="none is for a server on this computer only (default: %(default)s)",
    )
    parser.add_argument(
        "--ca-file", type=Path, metavar="FILE", help="certificates to trust, if your company's own"
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--password-command",
        metavar="COMMAND",
        help="a command that prints the password (else you are asked, and the keyring keeps it)",
    )
    how.add_argument("--token-command", metavar="COMMAND", help=f"{_TOKEN} (XOAUTH2)")


def _about_the_person(parser: argparse.ArgumentParser) -> None:
    _add_address(parser)
    parser.add_argument(
        "--sent-folder",
        action="append",
        default=[],
        metavar="NAME",
        help="a folder for sent mail with an unusual name; may be given more than once",
    )


def _add_address(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--address",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="an address of yours, aliases too; may be given more than once",
    )
