"""Both parties as real processes that can be killed at any moment, and started again."""

import contextlib
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from aggregator.store.sql import Store
from privacy.agreement.model import Party
from privacy.batch import BatchId
from tests.meta.repository import ROOT
from tests.pair import Kept, Pair, kept_in
from tests.serve_party import FileClock, RecordedNoise

PATIENCE_SECONDS = 120


@dataclass
class Processes:
    """Servers of a pair's homes, with their clock and the noise they drew in files."""

    pair: Pair
    folder: Path
    log_level: str = "INFO"
    running: dict[Party, subprocess.Popen[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.clock = FileClock(self.folder / "clock")
        self.clock.turn(self.pair.clock.now)
        self.noise = RecordedNoise(self.folder / "noise")
        self.noise.file.touch()

    def log_file(self, party: Party) -> Path:
        """What a party's processes printed on standard error."""
        return self.folder / f"{party}.log"

    def start(self, *parties: Party) -> None:
        """Start these servers, or both, and wait until they serve."""
        for party in parties or tuple(Party):
            with self.log_file(party).open("a") as log:
                self.running[party] = self._spawn(party, log)
        for party in parties or tuple(Party):
            output = self.running[party].stdout
            assert output is not None
            assert output.readline() == "ready\n", self.log_file(party).read_text()

    def _spawn(self, party: Party, log: IO[str]) -> subprocess.Popen[str]:
        home = self.pair.homes[party].path
        command = [sys.executable, "-m", "tests.serve_party", home, self.clock.file]
        return subprocess.Popen(
            [*map(str, command), str(self.noise.file), "--log-level", self.log_level],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )

    def kill(self, party: Party) -> None:
        """SIGKILL: no handler runs, nothing is flushed."""
        self._end(party, signal.SIGKILL)

    def stop(self) -> None:
        """End whatever runs."""
        for party in tuple(self.running):
            self._end(party, signal.SIGTERM)

    def _end(self, party: Party, how: signal.Signals) -> None:
        process = self.running.pop(party)
        process.send_signal(how)
        process.wait(60)
        if process.stdout is not None:
            process.stdout.close()

    def kept(self, party: Party, batch: BatchId) -> Kept:
        """What a party keeps of a batch, read from its database beside its server."""
        with contextlib.closing(Store(self.pair.homes[party].database)) as store:
            return kept_in(store, batch)

    def wait_until(self, done: Callable[[], bool]) -> None:
        """Wait for something that the servers do by themselves; fails when they never do."""
        give_up = time.monotonic() + PATIENCE_SECONDS
        while not done():
            assert time.monotonic() < give_up, "the servers do not get there"
            time.sleep(0.05)


@dataclass
class Outcomes:
    """Errors of a thread, for the test to show."""

    errors: list[BaseException] = field(default_factory=list)

    def guarded(self, action: Callable[[], None]) -> threading.Thread:
        """A thread that runs `action` and keeps what it raises."""

        def run() -> None:
            try:
                action()
            except BaseException as error:  # noqa: BLE001 - shown by the test
                self.errors.append(error)

        return threading.Thread(target=run)
