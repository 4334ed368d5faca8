"""The endpoints of Microsoft Graph that a mailbox is read by, on loopback, as documented.

What it is told by the test is in `GraphMailbox`; how requests are answered is in `_Handler`. A
request for anything that Mail.ReadBasic does not give, or that Plurale says it never asks for, is
noted in `violations`, and the fixture that runs the server fails the test.

As the service does, it gives no headers for mail in Sent Items, leaves addresses out of the headers
of received mail, gives few properties of a message whose mark was changed, and repeats items.
"""

import base64
import itertools
import json
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from email.utils import getaddresses
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

TOKEN = "eyJ0.good.token"
ALLOWED = {
    "id", "internetMessageId", "receivedDateTime", "sentDateTime", "from", "toRecipients",
    "ccRecipients", "bccRecipients", "internetMessageHeaders", "isDraft", "conversationIndex",
}  # fmt: skip
WELL_KNOWN = {
    "inbox": "Posteingang", "sentitems": "Gesendete Elemente", "drafts": "Entwürfe",
    "outbox": "Postausgang", "junkemail": "Junk-E-Mail", "deleteditems": "Gelöschte Elemente",
}  # fmt: skip


@dataclass
class Refusal:
    """What the next request gets in place of an answer."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    code: str = "tooManyRequests"


@dataclass
class GraphMailbox:
    """What is in it, and how the server behaves.

    `page`: items in an answer, at most. `sparse`: headers are given for one message alone only.
    `stuck`: the next page of a folder is the same page again.
    """

    page: int = 3
    token: str = TOKEN
    folders: dict[str, dict[str, Any]] = field(default_factory=dict)
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    changes: list[tuple[str, str, str]] = field(default_factory=list)
    refusals: deque[Refusal | None] = field(default_factory=deque)
    requests: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    generation: int = 0
    links_to: str | None = None
    repeats: bool = False
    sparse: bool = False
    stuck: bool = False
    indexes: Iterator[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        for known, name in WELL_KNOWN.items():
            self.folder(name, known=known)

    def folder(
        self, name: str, *, parent: str = "root", known: str = "", kind: str = "mailFolder"
    ) -> str:
        """Make one; returns its id, which has signs that have to be quoted."""
        identifier = f"AQMkAD/{len(self.folders)}+{known or 'x'}=="
        self.folders[identifier] = {
            "id": identifier, "displayName": name, "parent": parent, "known": known, "kind": kind
        }  # fmt: skip
        return identifier

    def known(self, name: str) -> str:
        """The id of a well-known folder."""
        return next(each for each, what in self.folders.items() if what["known"] == name)

    def put(
        self,
        block: bytes,
        received: datetime,
        folder: str = "inbox",
        *,
        answers: bytes | None = None,
        **changes: Any,
    ) -> str:
        """Put a message with this header block in a folder (its id or well-known name).

        `answers`: the index of the mail that it was written in answer to. Returns its id.
        """
        place = folder if folder in self.folders else self.known(folder)
        number = next(self.indexes)
        identifier = f"immutable/{number}="
        item = _properties(block, received, answers, number)
        if place == self.known("sentitems"):
            del item["internetMessageHeaders"]
        self.messages[identifier] = item | {"folder": place} | changes
        self.changes.append((place, identifier, "created"))
        return identifier

    def index(self, identifier: str) -> bytes:
        """The conversation index of a message."""
        return base64.b64decode(self.messages[identifier]["conversationIndex"])

    def mark(self, identifier: str) -> None:
        """Change whether it is read."""
        self.changes.append((self.messages[identifier]["folder"], identifier, "marked"))

    def move(self, identifier: str, folder: str) -> None:
        """Put it into another folder."""
        self.changes.append((self.messages[identifier]["folder"], identifier, "removed"))
        self.messages[identifier]["folder"] = folder
        self.changes.append((folder, identifier, "created"))

    def remove(self, identifier: str) -> None:
        """Delete it for good."""
        self.changes.append((self.messages.pop(identifier)["folder"], identifier, "removed"))

    def forget(self) -> None:
        """No link given out before is known any more."""
        self.generation += 1


def _properties(
    block: bytes, received: datetime, answers: bytes | None, number: int
) -> dict[str, Any]:
    parsed = message_from_bytes(block)
    index = answers + number.to_bytes(5) if answers else b"\1" + number.to_bytes(21)
    header = [(name, str(value)) for name, value in parsed.items()]
    item = {
        "internetMessageId": parsed["Message-ID"],
        "receivedDateTime": received.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "isDraft": False,
        "conversationIndex": base64.b64encode(index).decode(),
        "internetMessageHeaders": [
            {"name": name, "value": value}
            for name, value in header
            if name.lower() not in ("from", "to", "cc", "bcc")
        ],
    }
    recipients = {"toRecipients": "To", "ccRecipients": "Cc", "bccRecipients": "Bcc"}
    for key, name in recipients.items():
        item[key] = [_recipient(each) for each in getaddresses(parsed.get_all(name, []))]
    senders = getaddresses(parsed.get_all("From", []))
    item["from"] = _recipient(senders[0]) if senders else None
    return item


def _recipient(pair: tuple[str, str]) -> dict[str, Any]:
    return {"emailAddress": {"name": pair[0], "address": pair[1]}}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    mailbox: GraphMailbox
    base: str

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - as overridden
        pass

    def do_GET(self) -> None:
        box = self.mailbox
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query))
        path = [unquote(part) for part in parts.path.removeprefix("/v1.0/me/").split("/")]
        box.requests.append(unquote(self.path))
        self._judge(parts.path, query)
        refusal = box.refusals.popleft() if box.refusals else None
        if refusal is not None:
            self._refuse(refusal)
        elif self.headers["Authorization"] != f"Bearer {box.token}":
            self._refuse(Refusal(401, code="InvalidAuthenticationToken"))
        elif path[0] == "messages" and len(path) == 2:
            self._message(path[1], query)
        elif path[0] != "mailFolders":
            self._refuse(Refusal(404, code="ErrorInvalidUser"))
        elif path[1:] == []:
            self._folders("root", query)
        elif path[2:] == ["childFolders"]:
            self._folders(path[1], query)
        elif path[2:] == ["messages", "delta"]:
            self._delta(path[1], query)
        else:
            self._folder(path[1])

    def _judge(self, path: str, query: Mapping[str, str]) -> None:
        """What is asked for has to be what Mail.ReadBasic gives, and no more than Plurale says."""
        note = self.mailbox.violations.append
        if not path.startswith("/v1.0/me/"):
            note(f"another place: {path}")
        if path.endswith("$value") or "attachments" in path:
            note(f"more than the basic properties: {path}")
        for name in query:
            if name not in ("$select", "$top", "$skip", "$skiptoken", "$deltatoken"):
                note(f"{name} in the query")
        selected = set(query.get("$select", "").split(",")) - {""}
        states = {"$skiptoken", "$deltatoken"}
        if "/messages" in path and not (selected or states & query.keys()):
            note(f"everything of a message: {path}")
        if extra := selected - ALLOWED - {"childFolderCount"}:
            note(f"selected: {sorted(extra)}")
        if 'IdType="ImmutableId"' not in self.headers.get("Prefer", ""):
            note("ids that change when a message is moved")

    def _folders(self, parent: str, query: Mapping[str, str]) -> None:
        box = self.mailbox
        found = [each for each in box.folders.values() if each["parent"] == parent]
        start = int(query.get("$skip", 0))
        body: dict[str, Any] = {
            "value": [
                {
                    "id": each["id"],
                    "childFolderCount": sum(
                        other["parent"] == each["id"] for other in box.folders.values()
                    ),
                    "@odata.type": f"#microsoft.graph.{each['kind']}",
                }
                for each in found[start : start + box.page]
            ]
        }
        if start + box.page < len(found):
            path = urlsplit(self.path).path
            body["@odata.nextLink"] = f"{self._server()}{path}?$skip={start + box.page}"
        self._send(200, body)

    def _folder(self, name: str) -> None:
        for each in self.mailbox.folders.values():
            if name in (each["known"], each["id"]) and name:
                self._send(200, {"id": each["id"]})
                return
        self._refuse(Refusal(404, code="ErrorItemNotFound"))

    def _message(self, identifier: str, query: Mapping[str, str]) -> None:
        if identifier in self.mailbox.messages:
            self._send(200, self._selected(identifier, query["$select"].split(",")))
        else:
            self._refuse(Refusal(404, code="ErrorItemNotFound"))

    def _delta(self, folder: str, query: Mapping[str, str]) -> None:
        """A state token says: generation, changes seen before the round, place in it, selection."""
        box = self.mailbox
        if folder not in box.folders:
            self._refuse(Refusal(404, code="ErrorItemNotFound"))
            return
        state = query.get("$skiptoken") or query.get("$deltatoken")
        if state is None:
            generation, since, place, selected = box.generation, -1, 0, query.get("$select", "")
            if box.sparse:
                selected = selected.replace("internetMessageHeaders,", "")
        else:
            first, second, third, selected = state.split("|")
            generation, since, place = int(first), int(second), int(third)
        if generation != box.generation:
            self._refuse(Refusal(410, code="SyncStateNotFound"))
            return
        items = self._changed(folder, since, selected.split(","))
        size = min(box.page, _page_size(self.headers.get("Prefer", "")))
        body: dict[str, Any] = {"value": items[place : place + size]}
        size = 0 if box.stuck else size
        link = f"{self._server()}{urlsplit(self.path).path}"
        if place + size < len(items):
            token = f"{generation}|{since}|{place + size}|{selected}"
            body["@odata.nextLink"] = f"{link}?$skiptoken={token}"
        else:
            token = f"{generation}|{len(box.changes)}|0|{selected}"
            body["@odata.deltaLink"] = f"{link}?$deltatoken={token}"
        self._send(200, body)

    def _changed(self, folder: str, since: int, selected: list[str]) -> list[dict[str, Any]]:
        box = self.mailbox
        if since < 0:
            here = [each for each, what in box.messages.items() if what["folder"] == folder]
            items = [self._selected(each, selected) for each in here]
            return [*items, *items] if box.repeats else items
        items = []
        for place, identifier, what in box.changes[since:]:
            if place != folder:
                continue
            if what == "created" and identifier in box.messages:
                items.append(self._selected(identifier, selected))
            elif what == "marked":
                items.append({"id": identifier, "isRead": True, "parentFolderId": folder})
            else:
                items.append({"id": identifier, "@removed": {"reason": "deleted"}})
        return items

    def _selected(self, identifier: str, selected: list[str]) -> dict[str, Any]:
        item = self.mailbox.messages[identifier]
        return {"id": identifier} | {name: item[name] for name in selected if name in item}

    def _server(self) -> str:
        return self.mailbox.links_to or self.base

    def _refuse(self, refusal: Refusal) -> None:
        body = {"error": {"code": refusal.code, "message": "in English"}}
        self._send(refusal.status, body, refusal.headers)

    def _send(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def _page_size(prefer: str) -> int:
    found = [part.partition("=")[2] for part in prefer.split(",") if "maxpagesize" in part]
    return int(found[0]) if found else 10


@contextmanager
def serving(mailbox: GraphMailbox) -> Iterator[str]:
    """Serve it; gives the base of its links. Fails if more was asked for than may be."""
    handler = type("Handler", (_Handler,), {"mailbox": mailbox})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    handler.base = f"http://127.0.0.1:{server.server_port}"  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"{handler.base}/v1.0"  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()
    assert mailbox.violations == []
