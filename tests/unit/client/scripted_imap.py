"""A server on loopback that says what a real one says only when it is in trouble."""

import re
import socket
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Self

ORDINARY: Mapping[str, str] = {
    "CAPABILITY": "* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n{tag} OK done\r\n",
    "AUTHENTICATE": "+ \r\n",
    "": "{tag} OK done\r\n",  # the answer to "+"
    "LIST": '* LIST (\\Sent) "/" "Sent"\r\n{tag} OK done\r\n',
    "EXAMINE": "* 2 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT 9] x\r\n{tag} OK done\r\n",
    "UID SEARCH": "* SEARCH 3 5\r\n{tag} OK done\r\n",
    "NOOP": "{tag} OK done\r\n",
    "LOGOUT": "* BYE\r\n{tag} OK done\r\n",
}


def message(uid: int, date: str = "02-Feb-2026 09:00:00 +0100") -> str:
    """The answer to a FETCH for one message."""
    block = f"Message-ID: <{uid}@client.example>\r\nFrom: kim@client.example\r\n\r\n"
    return (
        f'* {uid} FETCH (UID {uid} INTERNALDATE "{date}" BODY[HEADER.FIELDS (FROM)] '
        f"{{{len(block)}}}\r\n{block})\r\n"
    )


class ScriptedServer:
    """Answers one connection. `answers`: by command; of several, each is given once, then the last.

    ``{tag}`` in an answer is the client's. An empty answer is silence; ``None`` hangs up.
    """

    def __init__(
        self, answers: Mapping[str, str | list[str] | None], greeting: str = "* OK hello\r\n"
    ) -> None:
        self._answers = {**ORDINARY, **answers}
        self._greeting = greeting
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.lines: list[str] = []
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # A blocked accept() is not woken by close().
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        try:
            near, _ = self._listener.accept()
        except OSError:
            return
        tag = ""
        with near, near.makefile("rb") as lines:
            near.sendall(self._greeting.encode())
            for raw in lines:
                line = raw.decode().rstrip("\r\n")
                self.lines.append(line)
                match = re.fullmatch(r"(\w+) (UID \w+|[A-Z]+)(?: .*)?", line)
                command = ""
                if match is not None:
                    tag, command = match[1], match[2]
                answer = self._answers.get(command, "{tag} BAD what\r\n")
                if isinstance(answer, list):
                    answer = answer.pop(0) if len(answer) > 1 else answer[0]
                if answer is None:
                    return
                near.sendall(answer.replace("{tag}", tag).encode())
