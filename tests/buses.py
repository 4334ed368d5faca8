"""Private D-Bus buses, and services on them that answer from a table."""

import os
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from jeepney import HeaderFields, MessageType, new_error, new_method_return
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import open_dbus_connection

Answers: TypeAlias = dict[str, tuple[str, tuple[Any, ...]] | None]
"""Path and method, with a space between: signature and values, or ``None`` for silence."""

_PATIENCE_SECONDS = 60
_STEP_SECONDS = 0.05


@dataclass
class PrivateBus:
    """A message bus in a folder, always at the same address."""

    folder: Path
    daemon: subprocess.Popen[str] | None = None

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"unix:path={self.folder / 'bus'}"

    @property
    def environ(self) -> Mapping[str, str]:
        """The environment of a program on it; no other bus can be reached from there."""
        nowhere = f"unix:path={self.folder / 'nobody'}"
        return {"DBUS_SESSION_BUS_ADDRESS": self.address, "DBUS_SYSTEM_BUS_ADDRESS": nowhere}

    def start(self) -> None:
        """Start the bus. Services that it could start are in ``dbus-1/services`` in the folder."""
        command = ["dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address"]
        self.daemon = subprocess.Popen(
            [*command, "--address", self.address],
            env={**os.environ, "XDG_DATA_HOME": str(self.folder)},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.daemon.stdout is not None
        assert self.daemon.stdout.readline().startswith("unix:")

    def end(self) -> None:
        """End the bus, if it runs."""
        daemon, self.daemon = self.daemon, None
        if daemon is not None:
            with daemon:
                daemon.terminate()
                daemon.wait(_PATIENCE_SECONDS)
            (self.folder / "bus").unlink(missing_ok=True)

    @contextmanager
    def service(self, answers: Answers, *names: str) -> Iterator[None]:
        """A service with these names. What is not in the table it refuses."""
        connection = open_dbus_connection(self.address)
        for name in names:
            connection.send_and_get_reply(message_bus.RequestName(name))
        ending = threading.Event()
        thread = threading.Thread(target=_serve, args=(connection, answers, ending))
        thread.start()
        try:
            yield
        finally:
            ending.set()
            thread.join()
            connection.close()


@contextmanager
def private_bus(folder: Path) -> Iterator[PrivateBus]:
    """A bus that runs."""
    folder.mkdir()
    bus = PrivateBus(folder)
    bus.start()
    try:
        yield bus
    finally:
        bus.end()


def _serve(connection: Any, answers: Answers, ending: threading.Event) -> None:
    while not ending.is_set():
        try:
            message = connection.receive(timeout=_STEP_SECONDS)
        except TimeoutError:
            continue
        except OSError:
            return  # the bus has gone
        if message.header.message_type is MessageType.method_call:
            reply = _reply(message, answers)
            if reply is not None:
                connection.send(reply)


def _reply(message: Any, answers: Answers) -> Any:
    fields = message.header.fields
    call = f"{fields[HeaderFields.path]} {fields[HeaderFields.member]}"
    if call not in answers:
        return new_error(message, "org.freedesktop.DBus.Error.UnknownMethod")
    answer = answers[call]
    return None if answer is None else new_method_return(message, *answer)
