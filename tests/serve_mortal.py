"""The council's real server, which kills itself when told: ``python -m tests.serve_mortal``.

A file beside the clock says when: ``3 before`` is just before the third write from then on is
done, ``3 after`` just after it, with SIGKILL, so that no handler runs and nothing is flushed.
A write is a commit of the database or a new ``ledger.mark``; each is noted in another file. There
is no worker, so that every write belongs to a call.
"""

import asyncio
import logging
import os
import secrets
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aggregator.home import Home, open_home
from aggregator.mark import Mark
from aggregator.server import Surroundings
from aggregator.store.sql import Store, Transaction
from aggregator.worker import HelperWorker
from tests.serve_party import Announced, FileClock, RecordedNoise


@dataclass
class Doom:
    """Reads when to die. `writes` counts since the file was last changed."""

    file: Path
    note: Path
    known: str = ""
    writes: int = 0

    @contextmanager
    def writing(self, what: str) -> Iterator[None]:
        """One write, which is done at the end."""
        told = self.file.read_text() if self.file.exists() else ""
        if told != self.known:
            self.known, self.writes = told, 0
        self.writes += 1
        with self.note.open("a") as note:
            note.write(what + "\n")
        self._die(told, "before")
        yield
        self._die(told, "after")

    def _die(self, told: str, when: str) -> None:
        if told == f"{self.writes} {when}":
            os.kill(os.getpid(), signal.SIGKILL)


@dataclass
class MortalMark(Mark):
    """A mark that is told of its writes."""

    doom: Doom = field(kw_only=True)

    def _write(self, line: str) -> None:
        with self.doom.writing("mark"):
            super()._write(line)


class Mortal(Announced):
    """A council's server whose every write may be its last."""

    def __init__(self, home: Home, outside: Surroundings, doom: Doom) -> None:
        super().__init__(home, outside)
        assert isinstance(self.worker, HelperWorker)
        self.worker.ledger.mark = MortalMark(home.mark.path, doom=doom)
        self.store.write = _mortal(self.store, doom)  # type: ignore[method-assign]


def _mortal(store: Store, doom: Doom):  # type: ignore[no-untyped-def]
    write = store.write

    @contextmanager
    def writing() -> Iterator[Transaction]:
        with ExitStack() as stack:
            with write() as tx:
                yield tx
                stack.enter_context(doom.writing("commit"))

    return writing


async def serve(aggregator: Mortal) -> None:
    """Serve until killed."""
    await aggregator.start(worker=False)
    await asyncio.Event().wait()


def main(home: str, folder: str) -> None:
    """`folder` holds the clock, the noise, and when to die."""
    logging.basicConfig(level=logging.INFO)
    inside = Path(folder)
    clock, noise = FileClock(inside / "clock"), RecordedNoise(inside / "noise")
    outside = Surroundings(clock, noise, secrets.token_bytes)
    doom = Doom(inside / "doom", inside / "writes")
    asyncio.run(serve(Mortal(open_home(Path(home)), outside, doom)))


if __name__ == "__main__":
    main(*sys.argv[1:])
