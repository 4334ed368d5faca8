"""Worker processes, each with the devices of a part of the people."""

import multiprocessing
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Final

from aggregator.errors import SetupError
from deploy.crowd import Day, work
from deploy.people import Person
from deploy.scene import TEAMS, Scene
from privacy.window import Window

_PROCESSES: Final = 2
_STOP_SECONDS: Final = 10.0


class Workers:
    """Gives every worker the same orders and waits for all of them."""

    def __init__(self, directory: Path, scene: Scene) -> None:
        self._directory = directory
        self._scene = scene
        self._connections: list[Connection] = []
        self._processes: list[BaseProcess] = []

    def start(self, enrolled: Callable[[int], None]) -> None:
        """Start the processes and enrol everybody; `enrolled` is told how many at a time."""
        members = [team for team in TEAMS for _ in range(team.size)]
        people = [
            (Person(number, team), code)
            for number, (team, code) in enumerate(zip(members, self._scene.codes, strict=True), 1)
        ]
        # Spawned, not forked: gRPC must not be carried across a fork.
        context = multiprocessing.get_context("spawn")
        for part in range(_PROCESSES):
            ours, theirs = context.Pipe()
            process = context.Process(
                target=work,
                args=(people[part::_PROCESSES], self._directory, self._scene.signed, theirs),
                daemon=True,
            )
            process.start()
            theirs.close()
            self._connections.append(ours)
            self._processes.append(process)
        for connection in self._connections:
            enrolled(_answer(connection))

    def begin(self, window: Window) -> None:
        """A week begins."""
        self._order("begin", window)

    def day(self, now: datetime) -> list[Day]:
        """Everybody's device runs once."""
        return self._order("day", now)

    def stop(self) -> None:
        """No more orders."""
        for connection, process in zip(self._connections, self._processes, strict=True):
            with suppress(BrokenPipeError):  # it ended by itself
                connection.send(None)
            process.join(_STOP_SECONDS)
            connection.close()

    def _order(self, what: str, when: object) -> list[Day]:
        for connection in self._connections:
            connection.send((what, when))
        return [_answer(connection) for connection in self._connections]


def _answer(connection: Connection) -> Any:
    try:
        return connection.recv()
    except EOFError:
        raise SetupError("a worker of the demonstration ended: see its message above") from None
