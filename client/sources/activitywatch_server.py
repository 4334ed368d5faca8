"""Asks an ActivityWatch server on this computer, and nothing else.

1. Only a loopback address is ever connected to, and it is not looked up: a name that leads
   elsewhere cannot send what is recorded here, or the API key, to another computer.
2. No proxy is asked and no redirection followed.
3. The `Host` header says localhost, as ActivityWatch wants it.
4. An answer is read up to a limit, and a server that says nothing is left after a few seconds.
5. No error carries any part of an answer: it may hold the title of a window.

Source: ActivityWatch, *REST API* version 0 (`/api/0`). Its server in Rust may be set to want an
API key, for all but `/api/0/info`; its server in Python knows none.
"""

import http.client
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final, NewType
from urllib.parse import quote, urlencode, urlsplit

from client.errors import SourceUnavailable

_PORT: Final = 5600
DEFAULT_ADDRESS: Final = f"http://localhost:{_PORT}"
LONGEST_ANSWER: Final = 1 << 20
"""Bytes."""

_PATIENCE: Final = timedelta(seconds=5)
_LOOPBACK: Final = {"localhost": "127.0.0.1", "127.0.0.1": "127.0.0.1", "::1": "::1"}

BucketId = NewType("BucketId", str)


class AnswerTooLong(SourceUnavailable):
    """The answer was longer than `LONGEST_ANSWER`. A question about less time has a shorter one."""


class Server:
    """An ActivityWatch server at a loopback address."""

    def __init__(
        self, address: str = DEFAULT_ADDRESS, key: str = "", patience: timedelta = _PATIENCE
    ) -> None:
        """`key`: its API key, empty for none; `patience`: how long it may say nothing.

        Raises `SourceUnavailable` for another address.
        """
        self.address = address
        self._host, self._port = _loopback(address)  # 1
        key = key.strip()
        if not (key.isascii() and key.isprintable()):
            raise SourceUnavailable("the API key of ActivityWatch has a character that no key has")
        self._key = key
        self._patience = patience

    def info(self) -> Mapping[str, Any]:
        """Its version and the name of its computer; raises `SourceUnavailable`."""
        found = self._get("/api/0/info")
        if not (isinstance(found, dict) and {"hostname", "version"} <= found.keys()):
            raise self._is_another()
        return found

    def buckets(self) -> dict[BucketId, Mapping[str, Any]]:
        """What each of its buckets says of itself; raises `SourceUnavailable`."""
        found = self._get("/api/0/buckets/")
        if not (isinstance(found, dict) and all(isinstance(each, dict) for each in found.values())):
            raise self.is_not_understood()
        return {BucketId(name): each for name, each in found.items()}

    def events(self, bucket: BucketId, **question: str) -> list[Mapping[str, Any]]:
        """Events of a bucket, newest first; `question`: ``start``, ``end`` and ``limit``.

        Raises `AnswerTooLong` or another `SourceUnavailable`.
        """
        path = f"/api/0/buckets/{quote(bucket, safe='')}/events?{urlencode(question)}"
        found = self._get(path)
        if not (isinstance(found, list) and all(isinstance(each, dict) for each in found)):
            raise self.is_not_understood()
        return found

    def is_not_understood(self) -> SourceUnavailable:
        """The error for an answer of another form than this version of the API has."""
        return SourceUnavailable(
            f"ActivityWatch at {self.address} answers in a way that Plurale does not know: its "
            "version may be too new or too old"
        )

    def _get(self, path: str) -> Any:
        status, body = self._ask(path)
        if status == http.client.UNAUTHORIZED:
            raise SourceUnavailable(
                f"ActivityWatch at {self.address} "
                + ("does not take this API key" if self._key else "wants an API key")
                + ": copy the one in its config.toml"
            )
        found = _parsed(body) if status == http.client.OK else None
        if found is None:
            raise self._is_another() if path.endswith("/info") else self.is_not_understood()
        return found

    def _ask(self, path: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(
            self._host, self._port, timeout=self._patience.total_seconds()
        )
        headers = {"Host": f"localhost:{self._port}", "Accept": "application/json"}  # 3
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        failure: SourceUnavailable | None = None
        try:
            connection.request("GET", path, headers=headers)  # 2
            with connection.getresponse() as answer:
                body = answer.read(LONGEST_ANSWER + 1)  # 4
                if len(body) <= LONGEST_ANSWER:
                    return answer.status, body
            failure = AnswerTooLong(f"ActivityWatch at {self.address} gave too long an answer")
        except TimeoutError:
            failure = SourceUnavailable(
                f"ActivityWatch at {self.address} does not answer: restart it"
            )
        except OSError:
            failure = SourceUnavailable(
                f"no ActivityWatch runs at {self.address}: start it, or choose another source"
            )
        except http.client.HTTPException:
            failure = self._is_another()
        finally:
            connection.close()
        raise failure  # 5: outside, so that no other error hangs on to it

    def _is_another(self) -> SourceUnavailable:
        return SourceUnavailable(
            f"what runs at {self.address} is not ActivityWatch, or not a version that Plurale "
            "knows: name its own address with --activitywatch"
        )


def _loopback(address: str) -> tuple[str, int]:
    """What to connect to; raises `SourceUnavailable` for anything but this computer."""
    try:
        parts = urlsplit(address)
        host, port = _LOOPBACK.get(parts.hostname or ""), parts.port or _PORT
    except ValueError:
        parts, host, port = urlsplit(""), None, 0
    rest = parts.path.strip("/") or parts.query or parts.fragment or parts.username
    if host is None or rest or parts.scheme != "http":
        raise SourceUnavailable(
            "ActivityWatch is asked on this computer only: its address looks like "
            f"{DEFAULT_ADDRESS}"
        )
    return host, port


def _parsed(body: bytes) -> Any:
    """``None`` if it is no JSON."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
