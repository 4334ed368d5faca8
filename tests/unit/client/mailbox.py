"""Writes real messages into a real Maildir, and says what a week of them is worth."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from client.journal import Journal
from client.mail_scan import ScanResult, scan
from client.pausing import NEVER, Pauses
from client.personal_hours import parse
from client.sources.maildir import MaildirSource
from client.values import compute
from privacy.agreement.model import MailRules
from privacy.window import Window
from tests.agreements import make_agreement, working_time

BERLIN = ZoneInfo("Europe/Berlin")
WINDOW = Window(2026, 6)
MAIL_MEASURES = ("mail_answered_in_time", "client_mails_answered", "mail_response_hours")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def at(when: str, window: Window = WINDOW, zone: ZoneInfo = BERLIN) -> datetime:
    """``"Tue 10:30"`` of the window, or ``"+1 Tue 10:30"`` of a week later, as UTC."""
    *weeks, day, clock = when.split()
    monday = window.monday + timedelta(weeks=int(weeks[0]) if weeks else 0)
    local = datetime.combine(
        monday + timedelta(days=_DAYS.index(day)), time.fromisoformat(clock), zone
    )
    return local.astimezone(UTC)


@dataclass(frozen=True)
class Mail:
    """One message file. Headers given as ``None`` are left out."""

    when: str
    id: str | None
    sender: str = "Kim <kim@client.example>"
    to: str = "me@example.com"
    refs: str = ""
    reply_to: str = ""
    folder: str = "."
    headers: tuple[str, ...] = ()
    flags: str = "S"
    raw: bytes | None = None

    def block(self) -> bytes:
        lines = [f"From: {self.sender}", f"To: {self.to}", "Subject: about the same thing"]
        if self.id is not None:
            lines.append(f"Message-ID: <{self.id}>")
        if self.refs:
            lines.append("References: " + " ".join(f"<{ref}>" for ref in self.refs.split()))
        if self.reply_to:
            lines.append(f"In-Reply-To: <{self.reply_to}>")
        return "\n".join([*lines, *self.headers]).encode("utf-8", "surrogateescape")


def sent(when: str, id: str | None, refs: str, **changes: Any) -> Mail:  # noqa: A002 (as in Mail)
    """A mail by the person, in the folder for sent mail."""
    defaults: dict[str, Any] = {
        "sender": "me@example.com",
        "to": "kim@client.example",
        "refs": refs,
        "folder": ".Sent",
    }
    return Mail(when, id, **(defaults | changes))


@dataclass
class Mailbox:
    """A Maildir++ on disk."""

    root: Path
    count: int = field(default=0)

    def __post_init__(self) -> None:
        for folder in (".", ".Sent"):
            self.make(folder)

    def make(self, folder: str) -> None:
        for part in ("cur", "new", "tmp"):
            (self.root / folder / part).mkdir(parents=True, exist_ok=True)

    def put(self, mail: Mail) -> Path:
        self.make(mail.folder)
        self.count += 1
        delivered = int(at(mail.when).timestamp())
        name = f"{delivered}.M{self.count}P1.host"
        part = "cur" if mail.flags else "new"
        path = self.root / mail.folder / part / (f"{name}:2,{mail.flags}" if mail.flags else name)
        body = b"\n\nDear all,\nReferences: <in-the-text@client.example>\n"
        path.write_bytes(mail.raw if mail.raw is not None else mail.block() + body)
        os.utime(path, (delivered, delivered))
        return path


Values = tuple[Fraction | None, Fraction | None, Fraction | None]


def week(
    root: Path,
    mails: Iterable[Mail],
    *,
    away: Iterable[date] = (),
    rules: MailRules | None = None,
    window: Window = WINDOW,
    now: str = "+3 Mon 00:00",
    addresses: Iterable[str] = (),
    pauses: Pauses = NEVER,
    personal: str = "",
    **times: Any,
) -> tuple[Values, ScanResult]:
    """Share, count and median of a window, by way of files, scan, journal and values.

    `personal`: hours as a person types them, which have held for long.
    """
    mailbox = Mailbox(root / "mail")
    for mail in mails:
        mailbox.put(mail)
    agreement = make_agreement(
        mail=rules or MailRules(("example.com",), answer_hours=8),
        working_time=working_time(**times),
    )
    with Journal(root / "journal" / "journal.sqlite") as journal:
        journal.mark_away(away)
        if personal:
            journal.hours.keep(window.monday - timedelta(weeks=9), parse(personal.split()))
        source = MaildirSource(mailbox.root, addresses=frozenset(addresses))
        result = scan([source], journal, lambda: at(now), pauses)
        values = compute(agreement, window, journal, pauses)
    share, count, median = (values[measure] for measure in MAIL_MEASURES)
    return (share, count, median), result
