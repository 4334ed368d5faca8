"""Writes mbox files as several programs do."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from tests.unit.client.mailbox import BERLIN, Mail, at


def letter(mail: Mail, *, text: str = "The text.", envelope: str | None = None) -> bytes:
    """One message with its envelope line, in local time as most programs write it."""
    if envelope is None:
        envelope = f"From kim@client.example {asctime(at(mail.when))}"
    return envelope.encode() + b"\n" + mail.block() + b"\n\n" + text.encode() + b"\n\n"


def asctime(moment: datetime) -> str:
    return moment.astimezone(BERLIN).strftime("%a %b %e %H:%M:%S %Y")


def write(path: Path, mails: Iterable[Mail]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(map(letter, mails)))
    return path


def append(path: Path, *raw: bytes) -> None:
    with path.open("ab") as file:
        file.write(b"".join(raw))
