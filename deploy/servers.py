"""The two servers of the demonstration, as processes of their own."""

import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from aggregator.errors import SetupError
from privacy.agreement.model import Endpoint, Party

_READY_SECONDS: Final = 30.0
_STOP_SECONDS: Final = 10.0

_COUNCIL_ADDRESSES: Final = ("127.0.0.2", "::1")
"""The first that this machine has. A real agreement must not put both servers on one machine, and
its validation refuses one address for both; here two addresses of one machine stand for two."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where a party's server is reached: by devices, and by the other server (council only)."""

    devices: Endpoint
    peer: Endpoint | None = None


def endpoints() -> dict[Party, Places]:
    """A free port for each place, on two addresses of this machine."""
    for address in _COUNCIL_ADDRESSES:
        try:
            return {
                Party.EMPLOYER: Places(*_free_endpoints("127.0.0.1", 1)),
                Party.COUNCIL: Places(*_free_endpoints(address, 2)),
            }
        except OSError:
            continue
    raise SetupError(
        "this machine has only one loopback address: give it 127.0.0.2 or ::1 and start again"
    )


@dataclass
class Servers:
    """Starts both, starts one again that ended, stops both."""

    directory: Path
    clock: Path
    endpoints: dict[Party, Places]
    running: dict[Party, subprocess.Popen[bytes]] = field(default_factory=dict)

    def ensure_running(self) -> list[Party]:
        """Start what does not run; returns which."""
        started = [
            party
            for party in (Party.COUNCIL, Party.EMPLOYER)
            if party not in self.running or self.running[party].poll() is not None
        ]
        for party in started:
            self._forget(party)
            with self.log(party).open("ab") as log:
                self.running[party] = subprocess.Popen(
                    self.command(party),
                    # Nothing is written to it. It closes when the demonstration ends, however
                    # it ends, and then the server ends too.
                    stdin=subprocess.PIPE,
                    # Ctrl-C reaches every process of a terminal, and devices may still be sending.
                    start_new_session=True,
                    stdout=log,
                    stderr=log,
                )
        for party in started:
            self._wait(party)
        return started

    def stop(self) -> None:
        """Ask both to end, and wait."""
        for process in self.running.values():
            process.terminate()
        for process in self.running.values():
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdin is not None:
                process.stdin.close()

    def command(self, party: Party) -> list[str | Path]:
        """What runs a party's server."""
        return [sys.executable, "-m", "deploy.party", self.directory / party, self.clock]

    def log(self, party: Party) -> Path:
        """Where a party's server writes its log."""
        return self.directory / f"{party}.log"

    def _forget(self, party: Party) -> None:
        ended = self.running.pop(party, None)
        if ended is not None and ended.stdin is not None:
            ended.stdin.close()

    def _wait(self, party: Party) -> None:
        places, deadline = self.endpoints[party], time.monotonic() + _READY_SECONDS
        waited_for = [each for each in (places.devices, places.peer) if each is not None]
        while time.monotonic() < deadline and self.running[party].poll() is None:
            try:
                for endpoint in waited_for:
                    socket.create_connection((endpoint.host, endpoint.port), 1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        if (self.running[party].returncode or 0) < 0:
            return  # somebody killed it while it started: it is started again the next time
        lines = self.log(party).read_text().strip().splitlines()
        raise SetupError(
            f"the {party}'s server did not start: {lines[-1] if lines else 'it wrote nothing'}"
        )


def _free_endpoints(host: str, count: int) -> list[Endpoint]:
    """Different ones: each port is held until all are chosen."""
    with ExitStack() as held:
        chosen = []
        for _ in range(count):
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            probe = held.enter_context(socket.socket(family))
            probe.bind((host, 0))
            chosen.append(Endpoint(host, probe.getsockname()[1]))
        return chosen
