"""An ActivityWatch server with its buckets in memory, on a free loopback port.

It answers as aw-server 0.12 (Python) and aw-server-rust do where they agree: newest first, cut to
the time asked about, an event found if it touches it, heartbeats merged into the last event. Where
they differ it does what is harder for whoever asks: times are cut to milliseconds and events that
began more than a day before the time asked about are not found (Python); an API key is wanted for
all but the info (Rust).
"""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

_MS = timedelta(milliseconds=1)
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Event:
    number: int
    start: datetime
    end: datetime
    data: Mapping[str, Any]

    def within(self, start: datetime | None, end: datetime | None, number: int) -> dict[str, Any]:
        begins = max(self.start, start or self.start)
        ends = min(self.end, end or self.end)
        return {
            "id": number,
            "timestamp": begins.isoformat(),
            "duration": (ends - begins).total_seconds(),
            "data": self.data,
        }


@dataclass
class Bucket:
    kind: str
    host: str
    events: list[Event] = field(default_factory=list)
    last: Event | None = None

    def heartbeat(
        self, at: datetime, data: Mapping[str, Any], pulse: float, lasts: float = 0
    ) -> None:
        """Grows the last event if it says the same, or makes one."""
        start = _milliseconds(at)
        end = start + timedelta(seconds=lasts)
        last, pulsed = self.last, timedelta(seconds=pulse)
        if last and last.data == data and last.start <= start <= last.end + pulsed:
            self.last = replace(last, end=max(last.end, end))
            # aw-server writes it over the newest, which it need not be.
            row = self.events.index(self.newest)
            self.events[row] = replace(self.last, number=row)
            return
        self.insert(start, end, data)
        self.last = self.events[-1]

    def insert(self, start: datetime, end: datetime, data: Mapping[str, Any]) -> None:
        self.events.append(Event(len(self.events), _milliseconds(start), end, data))

    @property
    def newest(self) -> Event:
        return max(self.events, key=_newest)

    def found(self, start: datetime | None, end: datetime | None, limit: int) -> list[Any]:
        start = None if start is None else _milliseconds(start)
        end = None if end is None else _milliseconds(end) + _MS
        events = [
            event
            for event in sorted(self.events, key=_newest, reverse=True)
            if (start is None or (start <= event.end and start - _DAY <= event.start))
            and (end is None or event.start <= end)
        ]
        return [event.within(start, end, event.number) for event in events][
            : None if limit < 0 else limit
        ]


def _newest(event: Event) -> tuple[datetime, int]:
    return event.start, event.number


def _milliseconds(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


@dataclass
class ActivityWatchServer:
    """What it has recorded, and how it answers."""

    port: int = 0
    key: str = ""
    buckets: dict[str, Bucket] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    instead: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    """What to answer, by the last word of the path, in place of the truth."""

    @property
    def address(self) -> str:
        return f"http://localhost:{self.port}"

    def bucket(self, name: str, kind: str, host: str) -> Bucket:
        return self.buckets.setdefault(name, Bucket(kind, host))

    def answer(self, path: str, host: str, authorization: str) -> tuple[int, Any]:
        self.asked.append(path)
        parts = urlsplit(path)
        if host.split(":")[0] not in ("localhost", "127.0.0.1"):
            return 400, {"message": "host header is invalid"}
        if self.key and parts.path != "/api/0/info" and authorization != f"Bearer {self.key}":
            return 401, {"message": "Missing or invalid API key."}
        if (instead := self.instead.get(parts.path.strip("/").split("/")[-1])) is not None:
            return instead
        question = {name: values[0] for name, values in parse_qs(parts.query).items()}
        match parts.path.removeprefix("/api/0/").split("/"):
            case ["info"]:
                return 200, {"hostname": "desk", "version": "v0.12.0", "testing": True}
            case ["buckets", ""]:
                return 200, {name: _described(name, each) for name, each in self.buckets.items()}
            case ["buckets", name, "events"] if found := self.buckets.get(unquote(name)):
                return 200, found.found(
                    _moment(question.get("start")),
                    _moment(question.get("end")),
                    int(question.get("limit", "-1")),
                )
        return 404, {"message": "not found"}


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)


def _described(name: str, bucket: Bucket) -> dict[str, Any]:
    described = {"id": name, "type": bucket.kind, "hostname": bucket.host, "client": "test"}
    if bucket.events:
        described["last_updated"] = bucket.newest.end.isoformat()
    return described


@contextmanager
def running(server: ActivityWatchServer) -> Iterator[ActivityWatchServer]:
    """Serves it on a free port until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, answer = server.answer(
                self.path, self.headers.get("Host", ""), self.headers.get("Authorization", "")
            )
            body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", f"{server.address}/api/0/elsewhere")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_request(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listener:
        server.port = listener.server_address[1]
        thread = threading.Thread(target=listener.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            listener.shutdown()
            thread.join()
