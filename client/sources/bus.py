"""Questions over D-Bus.

1. A question never starts a service: what does not run does not say anything.
2. A bus that went away is connected to again at the next question.
3. A service that is not there, or refuses, says nothing (``None``). A bus that is not there, or a
   service that does not answer in time, is `SourceUnavailable`.

Source: *D-Bus Specification*, version 0.43.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from client.errors import SourceUnavailable
from client.sources.session import INSTALL_DESKTOP

if TYPE_CHECKING:
    from jeepney.io.blocking import DBusConnection

_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Question:
    """A method of an interface of an object of a service. `texts`: its arguments, all strings."""

    service: str
    path: str
    interface: str
    method: str
    texts: tuple[str, ...] = ()


class Bus:
    """A message bus; `name` is what people are told it is."""

    def __init__(self, address: str, name: str) -> None:
        """Connects with the first question."""
        self._address = address
        self._name = name
        self._connection: DBusConnection | None = None

    def ask(self, question: Question) -> tuple[object, ...] | None:
        """The answer's values, or ``None`` if nobody says (3); raises `SourceUnavailable`."""
        try:
            from jeepney import MessageType
        except ImportError:
            raise SourceUnavailable(f"jeepney is not installed: {INSTALL_DESKTOP}") from None
        try:
            reply = self._connected().send_and_get_reply(_message(question), timeout=_SECONDS)
        except TimeoutError:
            raise SourceUnavailable(f"{question.service} does not answer on {self._name}") from None
        except (OSError, ValueError, RuntimeError):
            self.close()  # 2
            raise SourceUnavailable(f"{self._name} cannot be reached") from None
        if reply.header.message_type is MessageType.error:
            return None
        return tuple(reply.body)

    def close(self) -> None:
        """End the connection, if there is one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _connected(self) -> "DBusConnection":
        from jeepney.io.blocking import open_dbus_connection

        if self._connection is None:
            self._connection = open_dbus_connection(self._address)
        return self._connection


def _message(question: Question) -> Any:
    from jeepney import DBusAddress, MessageFlag, new_method_call

    address = DBusAddress(question.path, bus_name=question.service, interface=question.interface)
    signature = "s" * len(question.texts)
    message = new_method_call(address, question.method, signature or None, question.texts)
    message.header.flags |= MessageFlag.no_auto_start  # 1
    return message


def session_bus(environ: Mapping[str, str]) -> Bus:
    """The bus of this desktop session; raises `SourceUnavailable` where there is none."""
    address = environ.get("DBUS_SESSION_BUS_ADDRESS", "")
    folder = environ.get("XDG_RUNTIME_DIR", "")
    if not address and folder and Path(folder, "bus").exists():
        address = f"unix:path={folder}/bus"
    if not address:
        raise SourceUnavailable(
            "there is no D-Bus session: DBUS_SESSION_BUS_ADDRESS is not set, so start Plurale "
            "from the desktop"
        )
    return Bus(address, "the D-Bus session")


def system_bus(environ: Mapping[str, str]) -> Bus:
    """The bus of the computer, which need not be there."""
    standard = "unix:path=/run/dbus/system_bus_socket"
    return Bus(environ.get("DBUS_SYSTEM_BUS_ADDRESS", standard), "the D-Bus of this computer")
