"""Reading a mailbox: ``python -m tests.bench mail``

A Maildir of 50,000 messages in ten folders, with the headers that mail has today, read into a real
journal: the first time, and again after ten more have come. The files are in the cache of the
system, as after they were written.
"""

import os
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from client.journal import Journal
from client.mail_scan import scan
from client.sources.maildir import MaildirSource
from tests.bench.figure import Figure

MESSAGES: Final = 50_000
FOLDERS: Final = (".", ".Sent", *(f".Kunden.{number}" for number in range(8)))
FIRST_SECONDS: Final = 60.0
AGAIN_SECONDS: Final = 1.0
_BEGAN: Final = 1_770_000_000
_RECEIVED: Final = "Received: from mx.example (mx.example [192.0.2.1]) by in.example; " + "x" * 200


def figures() -> Iterator[Figure]:
    """The first scan and the one after it, in seconds."""
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory) / "mail"
        for number in range(MESSAGES):
            _deliver(root, number)
        with Journal(Path(directory) / "journal.db") as journal:
            yield Figure("mail: first scan of 50,000 (s)", _seconds(root, journal), FIRST_SECONDS)
            for number in range(MESSAGES, MESSAGES + 10):
                _deliver(root, number)
            yield Figure("mail: scan for 10 new ones (s)", _seconds(root, journal), AGAIN_SECONDS)
            if (kept := len(journal.mail(datetime.now(UTC)))) != MESSAGES + 10:
                raise AssertionError(f"{kept} messages were read")


def _seconds(root: Path, journal: Journal) -> float:
    source = MaildirSource(root, frozenset({"me@example.com"}))
    begin = time.perf_counter()
    scan([source], journal, lambda: datetime.now(UTC))
    return time.perf_counter() - begin


def _deliver(root: Path, number: int) -> None:
    folder = root / FOLDERS[number % len(FOLDERS)]
    if number < len(FOLDERS):
        for part in ("cur", "new", "tmp"):
            (folder / part).mkdir(parents=True)
    moment = _BEGAN + number * 60
    answers = f"References: <{number - 3}@x>\nIn-Reply-To: <{number - 3}@x>\n" if number % 3 else ""
    path = folder / "cur" / f"{moment}.M{number}P1.host:2,S"
    path.write_text(
        f"{_RECEIVED}\n{_RECEIVED}\n{_RECEIVED}\n"
        f"From: Kim <kim{number % 97}@client.example>\nTo: Me <me@example.com>\n{answers}"
        f"Message-ID: <{number}@x>\nSubject: a subject that nobody reads\n"
        f"Date: Mon, 2 Feb 2026 10:00:00 +0100\nMIME-Version: 1.0\n"
        f"Content-Type: text/plain; charset=utf-8\n\nDear all,\n{'text ' * 100}\n",
        encoding="utf-8",
    )
    os.utime(path, (moment, moment))
