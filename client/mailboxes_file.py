"""``mailboxes.json``: which mailboxes are read. Only its owner can read it, and no secret is in it.

A file that cannot be read is not a file without mailboxes: mail then counts as unreadable, and what
is measured on it is missing.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from client.errors import SettingsUnusable
from client.mailboxes import Cloud, GraphBox, ImapBox, Mailbox, MaildirBox, MboxBox
from client.private_file import write_private
from client.sources.imap_account import ImapAccount, Security, SignIn
from client.sources.secrets import Command, Keyring, Secret
from privacy.errors import PluraleError

FILE_NAME: Final = "mailboxes.json"


def load(folder: Path) -> tuple[Mailbox, ...]:
    """The mailboxes of this device; raises `SettingsUnusable`."""
    path = folder / FILE_NAME
    try:
        records = json.loads(path.read_text(encoding="utf-8"))
        return tuple(_mailbox(record) for record in records["mailboxes"])
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, KeyError, TypeError, AttributeError, PluraleError) as error:
        raise SettingsUnusable(
            f"{path}, which says where your mail is, cannot be read ({error}): move it away, then "
            "add your mailboxes again with plurale mail add"
        ) from None


def save(folder: Path, mailboxes: Iterable[Mailbox]) -> None:
    """Keep them in place of the earlier ones; raises `SettingsUnusable`."""
    path = folder / FILE_NAME
    records = {"mailboxes": [_record(mailbox) for mailbox in mailboxes]}
    try:
        write_private(path, json.dumps(records, indent=2) + "\n")
    except OSError as error:
        raise SettingsUnusable(
            f"your mailboxes cannot be written to {path} ({error.strerror}): make the folder "
            "writable, then type the same command again"
        ) from None


def _record(mailbox: Mailbox) -> dict[str, Any]:
    addresses = {"addresses": sorted(mailbox.addresses)}
    match mailbox:
        case MaildirBox() | MboxBox():
            kind = "maildir" if isinstance(mailbox, MaildirBox) else "mbox"
            folders = {"sent_folders": sorted(mailbox.sent_folders)}
            return {"kind": kind, "path": str(mailbox.path)} | addresses | folders
        case ImapBox():
            folders = {"sent_folders": sorted(mailbox.sent_folders)}
            return {"kind": "imap"} | _account_record(mailbox.account) | addresses | folders
        case GraphBox():
            token = list(mailbox.token.words)
            return {"kind": "graph", "cloud": mailbox.cloud.value, "command": token} | addresses


def _account_record(account: ImapAccount) -> dict[str, Any]:
    record: dict[str, Any] = {
        "host": account.host,
        "port": account.port,
        "security": account.security.value,
        "user": account.user,
        "sign_in": account.sign_in.value,
        "ca_file": None if account.ca_file is None else str(account.ca_file),
    }
    match account.secret:
        case Keyring(service, user):
            return record | {"keyring": {"service": service, "user": user}}
        case Command(words):
            return record | {"command": list(words)}


def _mailbox(record: Mapping[str, Any]) -> Mailbox:
    addresses = frozenset(_texts(record["addresses"]))
    match record["kind"]:
        case "maildir":
            folders = frozenset(_texts(record["sent_folders"]))
            return MaildirBox(Path(record["path"]), addresses, folders)
        case "mbox":
            folders = frozenset(_texts(record["sent_folders"]))
            return MboxBox(Path(record["path"]), addresses, folders)
        case "imap":
            folders = frozenset(_texts(record["sent_folders"]))
            return ImapBox(_account(record), addresses, folders)
        case "graph":
            command = Command(tuple(_texts(record["command"])))
            return GraphBox(command, Cloud(record["cloud"]), addresses)
        case kind:
            raise ValueError(f"there is no mailbox of the kind {kind!r}")


def _account(record: Mapping[str, Any]) -> ImapAccount:
    ca_file = record["ca_file"]
    return ImapAccount(
        host=_text(record["host"]),
        user=_text(record["user"]),
        secret=_secret(record),
        port=int(record["port"]),
        security=Security(record["security"]),
        sign_in=SignIn(record["sign_in"]),
        ca_file=None if ca_file is None else Path(ca_file),
    )


def _secret(record: Mapping[str, Any]) -> Secret:
    if "keyring" in record:
        return Keyring(_text(record["keyring"]["service"]), _text(record["keyring"]["user"]))
    return Command(tuple(_texts(record["command"])))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a text is expected")
    return value


def _texts(value: Any) -> list[str]:
    if not isinstance(value, list):
        raise TypeError("a list of texts is expected")
    return [_text(each) for each in value]
