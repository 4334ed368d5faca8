"""A mailbox of Microsoft 365 on a server on loopback, and a journal that it is read into."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from client.journal import Journal
from client.mail_scan import scan
from client.sources.base import MailFact, Sighting
from client.sources.graph import GraphSource
from tests.graph_server import TOKEN, GraphMailbox, serving
from tests.unit.client.mailbox import Mail, at

OWN = frozenset({"me@example.com"})


@dataclass
class Graph:
    """A mailbox, its server, a journal, and what the source asked to wait for."""

    box: GraphMailbox
    base: str
    journal: Journal
    tokens: list[str] = field(default_factory=lambda: [TOKEN])
    asked: int = 0
    waited: list[float] = field(default_factory=list)

    @property
    def source(self) -> GraphSource:
        return GraphSource(self.base, self._token, OWN, self.waited.append)

    def _token(self) -> str:
        self.asked += 1
        return self.tokens[min(self.asked, len(self.tokens)) - 1]

    def put(self, mail: Mail, *, answers: str | None = None) -> str:
        """Deliver a mail; `answers`: the id that `put` gave for the mail it was written to."""
        folder = {".": "inbox", ".Sent": "sentitems"}.get(mail.folder, mail.folder)
        index = None if answers is None else self.box.index(answers)
        return self.box.put(mail.block() + b"\n\n", at(mail.when), folder, answers=index)

    def scanned(self) -> list[MailFact]:
        """What the journal knows after one more scan."""
        scan([self.source], self.journal, lambda: at("+2 Mon 00:00"))
        return list(self.journal.mail(at("+9 Mon 00:00")))

    def new(self) -> list[Sighting]:
        """What a scan comes across, without keeping it."""
        found = self.source.scan(self.journal.mail_memory())
        return [each for each in found if isinstance(each, Sighting)]


@contextmanager
def a_graph_mailbox(tmp_path: Path) -> Iterator[Graph]:
    """Everything running."""
    box = GraphMailbox()
    with serving(box) as base, Journal(tmp_path / "journal.db") as journal:
        yield Graph(box, base, journal)
