"""Which mailboxes are read.

They may be set before a device is enrolled, and stay when it is enrolled again: to say where mail
is, is not to agree to anything. Nothing of a mail is read before there is a consent.
"""

import argparse
import getpass
import shlex
import sys
from collections.abc import Iterable
from pathlib import Path

from client import enrolment_file, mailboxes_file, show_mail
from client.errors import MailboxUnreadable, SettingsUnusable
from client.journal import Journal
from client.mailboxes import Cloud, GraphBox, ImapBox, Mailbox, MaildirBox, MboxBox
from client.say import trouble
from client.sources import secrets
from client.sources.imap_account import USUAL_PORT, ImapAccount, Security, SignIn
from client.sources.secrets import Command, Keyring


def add_maildir(options: argparse.Namespace) -> int:
    """Keep a Maildir."""
    return _add(options, MaildirBox(_path(options), *_own(options)))


def add_mbox(options: argparse.Namespace) -> int:
    """Keep an mbox."""
    return _add(options, MboxBox(_path(options), *_own(options)))


def add_graph(options: argparse.Namespace) -> int:
    """Keep a mailbox of Microsoft 365."""
    token = _command(options.token_command)
    return _add(options, GraphBox(token, Cloud(options.cloud), frozenset(options.address)))


def add_imap(options: argparse.Namespace) -> int:
    """Keep an account on an IMAP server. A password that is typed goes to the keyring."""
    user, _, host = options.account.rpartition("@")
    if not user or not host:
        raise SettingsUnusable(
            f"{options.account!r} says no user or no server: write it like ann@imap.example.com"
        )
    by_token = options.token_command is not None
    written = options.token_command if by_token else options.password_command
    kept = Keyring(f"Plurale {host}", user)
    security = Security(options.security)
    account = ImapAccount(
        host=host,
        user=user,
        secret=kept if written is None else _command(written),
        port=USUAL_PORT[security] if options.port is None else options.port,
        security=security,
        sign_in=SignIn.TOKEN if by_token else SignIn.PASSWORD,
        ca_file=None if options.ca_file is None else options.ca_file.absolute(),
    )
    mailbox = ImapBox(account, *_own(options))
    if written is not None:
        return _add(options, mailbox)
    return _add_with_password(options, mailbox, kept)


def show_mailboxes(options: argparse.Namespace) -> int:
    """Which there are, and when all of them were last read."""
    journal_file = options.data / "journal.db"
    read = None
    if journal_file.exists():
        with Journal(journal_file) as journal:
            read = journal.mail_read_until()
    show_mail.mailboxes(mailboxes_file.load(options.data), read)
    return 0


def remove(options: argparse.Namespace) -> int:
    """Read one no more. What was read of it stays until it is erased with the rest."""
    before = mailboxes_file.load(options.data)
    gone = [mailbox for mailbox in before if mailbox.name == options.name]
    if not gone:
        names = ", ".join(mailbox.name for mailbox in before) or "none"
        raise SettingsUnusable(f"there is no mailbox {options.name!r}: the ones that are: {names}")
    left = [mailbox for mailbox in before if mailbox.name != options.name]
    mailboxes_file.save(options.data, left)
    trouble(forgotten(gone))
    show_mail.removed(options.name)
    return 0


def forgotten(mailboxes: Iterable[Mailbox]) -> list[str]:
    """Take their passwords out of the keyring; a sentence for each that could not be."""
    troubles = []
    for mailbox in mailboxes:
        if isinstance(mailbox, ImapBox) and isinstance(mailbox.account.secret, Keyring):
            try:
                secrets.forget(mailbox.account.secret)
            except SettingsUnusable as error:
                troubles.append(f"the password of {mailbox.name} stays in the keyring: {error}")
    return troubles


def _add(options: argparse.Namespace, mailbox: Mailbox) -> int:
    before = mailboxes_file.load(options.data)
    try:
        mailbox.source().check()
    except MailboxUnreadable as error:
        raise MailboxUnreadable(f"{mailbox.name} was not added, since {error}") from None
    others = [each for each in before if each.name != mailbox.name]
    mailboxes_file.save(options.data, [*others, mailbox])
    enrolled = (options.data / enrolment_file.FILE_NAME).exists()
    show_mail.added(mailbox, replaced=len(others) < len(before), enrolled=enrolled)
    return 0


def _add_with_password(options: argparse.Namespace, mailbox: ImapBox, kept: Keyring) -> int:
    """A password with which one cannot sign in does not stay; an earlier one is put back."""
    password = _typed(f"Password of {kept.user} at {mailbox.account.host}: ")
    earlier = _earlier(kept)
    secrets.keep(kept.service, kept.user, password)
    try:
        return _add(options, mailbox)
    except BaseException:
        if earlier is None:
            secrets.forget(kept)
        else:
            secrets.keep(kept.service, kept.user, earlier)
        raise


def _earlier(kept: Keyring) -> str | None:
    try:
        return kept.read()
    except MailboxUnreadable:
        return None


def _typed(question: str) -> str:
    if not sys.stdin.isatty():
        raise SettingsUnusable(
            "a password is needed, and there is nobody to type it: run this in a terminal, or give "
            "--password-command"
        )
    password = getpass.getpass(question)
    if not password:
        raise SettingsUnusable("no password was typed: type the same command again")
    return password


def _command(written: str) -> Command:
    try:
        return Command(tuple(shlex.split(written)))
    except ValueError:
        raise SettingsUnusable(
            "the command has a quotation mark without its other half: write it again"
        ) from None


def _path(options: argparse.Namespace) -> Path:
    path: Path = options.path
    return path.expanduser().absolute()


def _own(options: argparse.Namespace) -> tuple[frozenset[str], frozenset[str]]:
    return frozenset(options.address), frozenset(options.sent_folder)
