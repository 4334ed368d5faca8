"""One party's real server as a process that tests may kill: ``python -m tests.serve_party``.

The clock is a file, so that a test can turn it from outside; every noise that is drawn is written
to another one, so that a test can subtract what was released. Prints ``ready`` when it serves.
"""

import argparse
import asyncio
import json
import logging
import os
import secrets
import threading
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from pathlib import Path

from aggregator.cli import run
from aggregator.home import open_home
from aggregator.server import Aggregator, Surroundings
from privacy.noise import DiscreteGaussian
from tests.pair import TurnableClock


@dataclass(frozen=True)
class FileClock:
    """The moment that stands in a file (ISO 8601)."""

    file: Path

    def __call__(self) -> datetime:
        return datetime.fromisoformat(self.file.read_text())

    def turn(self, moment: datetime) -> None:
        """Replace the moment in one step."""
        new = self.file.with_suffix(f".{os.getpid()}.{threading.get_ident()}")
        new.write_text(moment.isoformat())
        new.replace(self.file)


@dataclass(frozen=True)
class RecordedNoise:
    """Real noise, with every draw written down before it is used."""

    file: Path

    def draw(self, variance: Fraction, count: int) -> list[int]:
        drawn = DiscreteGaussian().draw(variance, count)
        with self.file.open("a") as file:
            file.write(json.dumps(drawn) + "\n")
        return drawn

    def draws(self) -> list[list[int]]:
        """Every draw so far."""
        return [json.loads(line) for line in self.file.read_text().splitlines()]


class Announced(Aggregator):
    """An aggregator that says on standard output when it serves."""

    async def start(self, *, worker: bool = True) -> None:
        await super().start(worker=worker)
        print("ready", flush=True)  # noqa: T201 - the test waits for it


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("clock", type=Path)
    parser.add_argument("noise", type=Path)
    parser.add_argument("--seconds", type=float, default=0.05, help="between steps of the worker")
    parser.add_argument("--log-level", default="INFO")
    parser.add_argument("--stand", action="store_true", help="read the clock once, at the start")
    options = parser.parse_args()
    logging.basicConfig(level=options.log_level, format="%(asctime)s %(name)s %(message)s")
    clock = FileClock(options.clock)
    outside = Surroundings(
        TurnableClock(clock()) if options.stand else clock,
        RecordedNoise(options.noise),
        secrets.token_bytes,
        seconds_between_steps=options.seconds,
    )
    asyncio.run(run(Announced(open_home(options.home), outside)))


if __name__ == "__main__":
    main()
