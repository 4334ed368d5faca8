"""Mail from Microsoft 365 over Microsoft Graph v1.0, with the delegated permission Mail.ReadBasic.

1. Folders are listed, without their names. Which is for sent mail, drafts or spam is asked for by
   Microsoft's own names for them, which are the same in every language.
2. Of each folder what is new since the last scan is asked for (`messages/delta`); the link for the
   next time is the folder's cursor. Folders of sent mail come first: what a mail answers is read
   after the answer, never missed in between (`client.sources.graph_answers`).
3. If the server has forgotten where the last scan was (410), the folder is read again as a whole.
   What was read before is known by its id, which stays the same when a message is moved.
4. A message that was deleted or marked changes nothing. An item that lacks parts of what was asked
   for, as changes of a mark may, is asked for by itself.

The delivery time is ``receivedDateTime``, which the server sets, also for sent mail.
"""

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from client.errors import MailboxUnreadable
from client.sources.base import Cursor, MailFact, Memory, SeenKey, Sighting
from client.sources.graph_answers import Answers
from client.sources.graph_api import GraphApi, is_below, strange
from client.sources.graph_message import SELECTED, message, sender
from client.sources.headers import fact

_SENT: Final = "sentitems"
_IGNORED: Final = ("drafts", "outbox", "junkemail", "syncissues", "conversationhistory")
_SEARCH_FOLDER: Final = "#microsoft.graph.mailSearchFolder"
_FOLDER_QUERY: Final = "$select=id,childFolderCount&$top=100"
_MESSAGE_QUERY: Final = "$select=" + ",".join(SELECTED)
_MOST_FOLDERS: Final = 20_000


@dataclass(frozen=True, slots=True)
class _Folder:
    id: str
    sent: bool


@dataclass(slots=True)
class _Scan:
    """What one scan carries from folder to folder."""

    api: GraphApi
    memory: Memory
    answers: Answers
    own: frozenset[str]
    done: set[SeenKey] = field(default_factory=set)
    cursors: list[Cursor] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class GraphSource:
    """The mailbox of whoever signed in where `token` comes from.

    `addresses`: the person's own, aliases too; mail from them counts as sent wherever it lies.
    """

    base: str
    token: Callable[[], str]
    addresses: frozenset[str] = frozenset()
    wait: Callable[[float], None] = time.sleep

    def check(self) -> None:
        """Raise `MailboxUnreadable` unless its folders can be listed and sent mail be told."""
        with self._api() as api:
            _folders(api)

    def scan(self, memory: Memory) -> Iterator[Sighting | Cursor]:
        """Yield every message that is new; see `MailSource.scan`."""
        own = frozenset(address.lower() for address in self.addresses)
        with self._api() as api:
            run = _Scan(api, memory, Answers(memory), own)
            for folder in _folders(api):  # 1
                yield from self._scan_folder(run, folder)  # 2
        yield from run.answers.told()
        yield from run.cursors

    def _api(self) -> GraphApi:
        return GraphApi(self.base, self.token, self.wait)

    def _scan_folder(self, run: _Scan, folder: _Folder) -> Iterator[Sighting | Cursor]:
        place = _digest("folder", self.base, folder.id)
        whole = f"/me/mailFolders/{quote(folder.id, safe='')}/messages/delta?{_MESSAGE_QUERY}"
        kept = run.memory.cursor(place)
        link = whole if kept is None or not is_below(self.base, kept) else kept
        followed: set[str] = set()
        restarted = False
        while True:
            answer = run.api.get(link)
            followed.add(link)
            if answer.too_old and not restarted:
                restarted, link, followed = True, whole, set()  # 3
                continue
            if answer.absent:
                raise MailboxUnreadable(
                    "a folder went away while Microsoft 365 was read: the next run tries again"
                )
            for item in answer.items:
                yield from _item(run, item, sent=folder.sent)
            delta = answer.link("deltaLink")
            link = answer.link("nextLink") or ""
            if not link and delta is not None and is_below(self.base, delta):
                run.cursors.append(Cursor(place, delta))
                return
            if not link or link in followed:
                raise strange("a folder does not end as it should")


def _folders(api: GraphApi) -> list[_Folder]:
    """Every folder that is read, those of sent mail first."""
    sent = _well_known(api, _SENT)
    if sent is None:
        raise MailboxUnreadable(
            "this Microsoft 365 mailbox has no folder for sent mail, so answers cannot be told: "
            "send a mail from it first"
        )
    ignored = {_well_known(api, name) for name in _IGNORED}
    found: dict[str, _Folder] = {}
    waiting = [("/me/mailFolders", False)]
    while waiting:
        path, below_sent = waiting.pop()
        for item in _listed(api, f"{path}?{_FOLDER_QUERY}"):
            identifier = _id(item)
            ignored_here = identifier in ignored or item.get("@odata.type") == _SEARCH_FOLDER
            if ignored_here or identifier in found:
                continue
            if len(found) >= _MOST_FOLDERS:
                raise strange("its folders have no end")
            is_sent = below_sent or identifier == sent
            found[identifier] = _Folder(identifier, is_sent)
            if item.get("childFolderCount"):
                waiting.append(
                    (f"/me/mailFolders/{quote(identifier, safe='')}/childFolders", is_sent)
                )
    return sorted(found.values(), key=lambda folder: not folder.sent)


def _well_known(api: GraphApi, name: str) -> str | None:
    answer = api.get(f"/me/mailFolders/{name}?$select=id")
    return None if answer.absent else _id(answer.body)


def _listed(api: GraphApi, link: str) -> Iterator[Mapping[str, Any]]:
    for _ in range(_MOST_FOLDERS):
        answer = api.get(link)
        yield from answer.items
        link = answer.link("nextLink") or ""
        if not link:
            return


def _item(run: _Scan, item: Mapping[str, Any], *, sent: bool) -> Iterator[Sighting]:
    name = _digest("message", _id(item))
    if "@removed" in item or name in run.memory or name in run.done:
        return
    run.done.add(name)
    outgoing = sent or sender(item) in run.own
    if "receivedDateTime" not in item or not (outgoing or item.get("internetMessageHeaders")):
        answer = run.api.get(f"/me/messages/{quote(_id(item), safe='')}?{_MESSAGE_QUERY}")  # 4
        if answer.absent:
            return
        item = answer.body
    found = message(item)
    if found.draft:
        run.done.discard(name)
        return
    what = fact(found.headers, name, found.received, run.own, sent=sent)
    if not isinstance(what, MailFact):
        yield Sighting(name, what)
    elif what.outgoing:
        yield from run.answers.sent(name, what, found.index, bare=found.bare)
    else:
        yield Sighting(name, what, run.answers.received(what, found.index))


def _id(item: Mapping[str, Any]) -> str:
    identifier = item.get("id")
    if not isinstance(identifier, str) or not identifier:
        raise strange("something has no id")
    return identifier


def _digest(kind: str, *parts: str) -> SeenKey:
    return SeenKey(
        hashlib.sha256("\n".join(["graph", kind, *parts]).encode("utf-8", "surrogatepass")).digest()
    )
