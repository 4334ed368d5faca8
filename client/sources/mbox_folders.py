"""Which files of a folder are mbox files, and what they hold.

Thunderbird keeps one file without an ending for each mail folder, an index with ``.msf`` beside
it, and the folders below in a folder with ``.sbd``. Only files that begin as an mbox file does are
read, so that settings and logs beside them are not. What Thunderbird only shows, and has not stored
on this computer, is in no file.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from client.errors import MailboxUnreadable
from client.sources.folders import Role, decode_name, role_of_parts

_ENDINGS = (".sbd", ".mbox", ".mbx")


@dataclass(frozen=True, slots=True)
class MailFile:
    """One mbox file. `name`: its path below the mailbox."""

    path: Path
    name: str
    role: Role


def mail_files(root: Path, sent_folders: frozenset[str]) -> list[MailFile]:
    """The mbox files at or below `root` in order; raise `MailboxUnreadable` if there are none."""
    paths = [path for path in (sorted(_walk(root)) if root.is_dir() else [root]) if _is_mbox(path)]
    if not paths:
        raise MailboxUnreadable(
            f"{root} is no mbox file, and no folder with such files: give the file or folder that "
            "your mail program stores its mail in"
        )
    return [_mail_file(root, path, sent_folders) for path in paths]


def _mail_file(root: Path, path: Path, sent_folders: frozenset[str]) -> MailFile:
    below = path.relative_to(root) if path != root else Path(path.name)
    return MailFile(path, below.as_posix(), role_of_parts(_titles(below), sent_folders))


def _titles(path: Path) -> list[str]:
    """The names of the mail folders on the way, as people see them."""
    return [
        decode_name(part[: -len(Path(part).suffix)] if part.lower().endswith(_ENDINGS) else part)
        for part in path.parts
    ]


def _walk(root: Path) -> Iterator[Path]:
    def give_up(error: OSError) -> None:
        raise _unreadable(error.filename or root, error) from error

    for folder, _, names in os.walk(root, onerror=give_up):
        for name in names:
            path = Path(folder, name)
            # Only files: to open a pipe or a device could wait for ever.
            if not name.startswith(".") and path.is_file():
                yield path


def _is_mbox(path: Path) -> bool:
    """By its first bytes. An empty file is one by its name: a folder may hold no mail yet."""
    indexed = path.with_name(path.name + ".msf").exists()
    try:
        with path.open("rb") as file:
            start = file.read(5)
    except OSError as error:
        raise _unreadable(path, error) from error
    if not start:
        return indexed or "." not in path.name or path.name.lower().endswith(_ENDINGS)
    if start != b"From " and indexed:
        raise MailboxUnreadable(
            f"the mail file {path} is damaged, since it does not begin as an mbox file does: "
            "let your mail program repair the folder"
        )
    return start == b"From "


def _unreadable(path: object, error: OSError) -> MailboxUnreadable:
    return MailboxUnreadable(
        f"{path} cannot be read ({error.strerror}): "
        "give the path of your mail, and make it readable for you"
    )
