"""Somebody who types ``plurale`` at a terminal, with both servers on loopback.

The commands have no clock option, so the agreement covers the real day.
"""

import dataclasses
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from client import enrolment_file
from privacy.agreement.envelope import SignedAgreement
from privacy.window import Window
from tests.agreements import make_agreement
from tests.council import Servers, on_loopback, running
from tests.ledgers import Story, started

LONG_AGO = "2020-01-01T00:00:00+00:00"


def this_week() -> Window:
    """The window that runs."""
    return Window.of(datetime.now(ZoneInfo("Europe/Berlin")).date())


@dataclasses.dataclass
class Person:
    """A folder for Plurale, a mailbox and a signed agreement."""

    folder: Path
    mailbox: Path
    agreement: Path
    story: Story
    servers: Servers

    @property
    def signed(self) -> SignedAgreement:
        """The first version."""
        return self.story.signed[0]

    def starts(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start ``plurale`` as a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "client", "--data", str(self.folder), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "COLUMNS": "100"},
        )

    def types(self, *arguments: str, answer: str = "") -> "subprocess.CompletedProcess[str]":
        """Run ``plurale`` to its end."""
        with self.starts(*arguments) as process:
            out, err = process.communicate(answer, timeout=60)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def code(self, group: str = "north") -> str:
        """What the works council wrote down for them."""
        return str(self.servers.council.new_code(group))

    def enrols(self, *, weeks_ago: int = 0) -> "subprocess.CompletedProcess[str]":
        """Say yes; `weeks_ago`: as if that had been some time ago."""
        done = self.types(
            "enrol",
            str(self.agreement),
            self.code(),
            answer="yes\n",
        )
        added = self.types("mail", "add", "maildir", str(self.mailbox))
        assert added.returncode == 0, added.stderr
        record = enrolment_file.load(self.folder)
        earlier = record.newest.consented_at - timedelta(weeks=weeks_ago)
        newest = dataclasses.replace(record.newest, consented_at=earlier)
        enrolment_file.save(self.folder, dataclasses.replace(record, acceptances=(newest,)))
        return done

    def waits_no_longer(self) -> None:
        """As if every moment that was drawn had come."""
        with closing(sqlite3.connect(self.folder / "outbox.db")) as outbox, outbox:
            outbox.execute("UPDATE schedule SET fetch = :past, due = :past", {"past": LONG_AGO})


@contextmanager
def at_a_terminal(tmp_path: Path) -> Iterator[Person]:
    """Keys are published for the last four weeks, this one and the next."""
    year = this_week().year
    agreement = make_agreement(
        **on_loopback(), first_window=Window(year, 1), last_window=Window(year + 1, 52)
    )
    story = started(agreement)
    for weeks in range(-4, 2):
        story.publish(this_week().plus(weeks))
    mailbox = tmp_path / "mail"
    for box in (mailbox, mailbox / ".Sent"):
        for part in ("cur", "new", "tmp"):
            (box / part).mkdir(parents=True)
    file = tmp_path / "agreement.signed.json"
    file.write_bytes(story.signed[0].envelope)
    with running(story, lambda: datetime.now(UTC)) as servers:
        yield Person(tmp_path / "plurale", mailbox, file, story, servers)
