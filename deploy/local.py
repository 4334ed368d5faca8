"""The whole system on this machine, for a quarter in a minute: ``make demo``.

Employer and council run as two processes with a database each. Sixty-two people in three teams
have a mailbox of real message files and an activity journal; their devices run the installed
client's code and report over the network. What only a demonstration can know, the truth, is shown
beside what the servers released.
"""

import argparse
import json
import secrets
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import datetime
from datetime import time as time_of_day
from pathlib import Path
from typing import Final

from aggregator.errors import SetupError
from aggregator.exporting import export
from aggregator.model import BatchState
from aggregator.store.sql import Store
from deploy import page, table
from deploy.crowd import Truth
from deploy.file_clock import FileClock
from deploy.outcome import Row, rows
from deploy.scene import QUARTER, TEAMS, read_signed, set_up
from deploy.servers import Servers, endpoints
from deploy.workers import Workers
from privacy import checkpoint
from privacy.agreement.model import Party
from privacy.book import AgreementBook
from privacy.errors import PluraleError
from privacy.ledger.export import Export, encode
from privacy.report import ReportId

_SETTLE_SECONDS: Final = 60.0
_INTERRUPTED: Final = 130
"""What a shell calls a program that was interrupted."""

_EVENING: Final = time_of_day(18)


@dataclass(frozen=True, slots=True)
class Demonstration:
    """What came out. `seconds`: from the first Monday to the last result, without set-up.

    `truths`: of every report made. `sent`: ids of those that were acknowledged.
    """

    rows: list[Row]
    truths: list[Truth]
    sent: list[ReportId]
    seconds: float
    ledger: Export


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demonstration."""
    options = _parser().parse_args(arguments)
    # A closed terminal or a polite kill ends it like Ctrl-C: servers stopped, files removed.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        for file in (options.json, options.ledger):
            if file is not None:
                _check_writable(file)
        with tempfile.TemporaryDirectory(prefix="plurale-demo-") as directory:
            shown = demonstrate(Path(directory))
        table.show(shown.rows, sent=len(shown.sent), seconds=shown.seconds)
        if options.json is not None:
            rows_as_json = [row.as_json() for row in shown.rows]
            options.json.write_text(json.dumps(rows_as_json, indent=2) + "\n")
        if options.ledger is not None:
            options.ledger.write_bytes(encode(shown.ledger))
    except PluraleError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.")
        return _INTERRUPTED
    if not options.once and sys.stdout.isatty():
        with suppress(KeyboardInterrupt):
            page.serve(shown.rows)
    return 0


def demonstrate(directory: Path, servers_of: type[Servers] = Servers) -> Demonstration:
    """Set up, live through the quarter, and read the results.

    `servers_of`: runs the servers; tests pass one that also kills them.
    """
    with ExitStack() as stack:
        progress = stack.enter_context(table.Progress(len(QUARTER.windows)))
        clock = FileClock(directory / "clock")
        start = datetime.combine(QUARTER.windows[0].monday, time_of_day(), table.ZONE)
        clock.set(start)
        where = endpoints()
        scene = set_up(directory, where, start, secrets.token_bytes)
        servers = servers_of(directory, clock.path, where)
        stack.callback(servers.stop)
        servers.ensure_running()
        workers = Workers(directory, scene)
        stack.callback(workers.stop)
        workers.start(progress.enrolled)
        leader, helper = (
            Store(directory / party / "aggregator.db") for party in (Party.EMPLOYER, Party.COUNCIL)
        )
        stack.callback(leader.close)
        stack.callback(helper.close)
        book = AgreementBook([read_signed(scene.signed)])

        begun = time.monotonic()
        quarter = _Quarter(clock, servers, workers, leader, book, progress)
        quarter.live()
        seconds = time.monotonic() - begun
        shown = rows(leader, helper, book, quarter.truths)
        quarter.wait_for(lambda: _witnessed(helper))
        ledger = export(helper)
        return Demonstration(shown, quarter.truths, quarter.sent, seconds, ledger)


@dataclass
class _Quarter:
    clock: FileClock
    servers: Servers
    workers: Workers
    leader: Store
    book: AgreementBook
    progress: table.Progress
    truths: list[Truth] = field(default_factory=list)
    sent: list[ReportId] = field(default_factory=list)

    def live(self) -> None:
        """Day by day, until the last window's batches are closed."""
        window = QUARTER.windows[0]
        while window <= QUARTER.windows[-1].plus(1):
            if window <= QUARTER.windows[-1]:
                self.workers.begin(window)
            for day in window.days:
                self._day(datetime.combine(day, _EVENING, table.ZONE))
            self.progress.week(window, len(self.sent))
            window = window.plus(1)

    def _day(self, now: datetime) -> None:
        self.clock.set(now)
        for party in self.servers.ensure_running():
            self.progress.say(f"The {party}'s server had ended; it runs again.")
        # Laptops are switched on from Monday to Friday.
        if now.weekday() < 5:
            for done in self.workers.day(now):
                self.truths += done.truths
                self.sent += done.sent
                for sentence in done.trouble:
                    self.progress.say(sentence)
        # Time goes on when the servers have done all that is due.
        self.wait_for(lambda: self._settled(now))

    def wait_for(self, done: Callable[[], bool]) -> None:
        """Wait for something that the servers do by themselves."""
        deadline = time.monotonic() + _SETTLE_SECONDS
        while not done():
            if time.monotonic() > deadline:
                raise SetupError("the servers do not finish: look at their logs")
            self.servers.ensure_running()
            time.sleep(0.02)

    def _settled(self, now: datetime) -> bool:
        with self.leader.read() as tx:
            states = tx.batches.states()
        if BatchState.ASKED in states.values() or BatchState.RELEASED in states.values():
            return False
        due = self.book.past_deadline(now)
        return all(batch in states and states[batch].final for batch in due)


def _witnessed(council: Store) -> bool:
    """Whether the employer has witnessed everything that is in the ledger."""
    with council.read() as tx:
        note = tx.checkpoints.get()
        return note is not None and checkpoint.decode(note).checkpoint.size == tx.ledger.size()


def _check_writable(file: Path) -> None:
    """Now rather than after a minute."""
    try:
        file.touch()
    except OSError as error:
        raise SetupError(f"{file} cannot be written ({error.strerror}): choose another") from None


def _parser() -> argparse.ArgumentParser:
    people = sum(team.size for team in TEAMS)
    parser = argparse.ArgumentParser(
        prog="python -m deploy.local",
        description=f"The whole system on this machine: {people} people, {len(TEAMS)} teams, "
        f"{len(QUARTER.windows)} weeks.",
    )
    parser.add_argument("--once", action="store_true", help="end after the table, serve no page")
    parser.add_argument("--ledger", type=Path, metavar="FILE", help="write the ledger to FILE")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every result to FILE")
    return parser


if __name__ == "__main__":
    sys.exit(main())
