"""Which mail a sent mail answers, where Microsoft 365 gives its headers to nobody.

Most mail in Sent Items has no ``internetMessageHeaders``, so neither In-Reply-To nor References.
The extended properties that hold them are outside of Mail.ReadBasic. What is within it is
``conversationIndex``: 22 bytes for the first mail of a thread, and 5 more for each answer, put
after all the bytes of the mail that is answered (MAPI, "Tracking Conversations"; [MS-OXOMSG]
§2.2.1.3). So the mails that an answer refers to are those whose index it begins with. That is the
chain of References; neither a subject nor the id of a conversation plays a part.

1. Of each received mail that could be answered, the digest of its index leads to its message key.
   This is kept with it, for scans to come.
2. Sent mail that names no mail itself waits until all folders were read: its answer may have been
   read before the mail that it answers.
3. Where the answers cannot be told, the mailbox counts as unreadable: mail that was answered would
   look as if it was not.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from client.errors import MailboxUnreadable
from client.sources.base import (
    KEY_BYTES,
    Cursor,
    MailFact,
    Memory,
    MessageKey,
    SeenKey,
    Sighting,
)

_HEADER_BYTES: Final = 22
_RESPONSE_BYTES: Final = 5
_MOST_ANCESTORS: Final = 200

_TOLERATED_SILENT: Final = 10  # one sent mail in so many
_ENOUGH_ANSWERS: Final = 20
_TRACED: Final = 4  # at least one answer in so many


@dataclass(frozen=True, slots=True)
class _Held:
    name: SeenKey
    fact: MailFact
    index: bytes


@dataclass(slots=True)
class Answers:
    """What one scan learns about who answers what. `memory`: of earlier scans."""

    memory: Memory
    _keys: dict[SeenKey, MessageKey] = field(default_factory=dict)
    _held: list[_Held] = field(default_factory=list)
    _sent: int = 0
    _silent: int = 0

    def received(self, fact: MailFact, index: bytes) -> Cursor | None:
        """Step 1. Where two mails have one index, the later read one is the one that is found."""
        if fact.automated or not _is_index(index):
            return None
        place = _place(index)
        self._keys[place] = fact.key
        return Cursor(place, fact.key.hex())

    def sent(
        self, name: SeenKey, fact: MailFact, index: bytes, *, bare: bool
    ) -> Iterator[Sighting]:
        """Step 2."""
        self._sent += 1
        if fact.references:
            yield Sighting(name, fact)
            return
        self._silent += bare and not _is_index(index)
        self._held.append(_Held(name, fact, index))

    def told(self) -> Iterator[Sighting]:
        """Steps 2 and 3, when everything was read. Raises `MailboxUnreadable` before the first."""
        answering = [each for each in self._held if len(each.index) > _HEADER_BYTES]
        references = {each.name: self._referred(each.index) for each in answering}
        traced = sum(1 for found in references.values() if found)
        if self._silent * _TOLERATED_SILENT > self._sent or (
            len(answering) >= _ENOUGH_ANSWERS and traced * _TRACED < len(answering)
        ):
            raise MailboxUnreadable(
                "Microsoft 365 does not say which mails your sent mails answer, so answered mail "
                "would look unanswered: read this mailbox over IMAP (plurale mail add imap)"
            )
        for each in self._held:
            yield Sighting(each.name, replace(each.fact, references=references.get(each.name, ())))

    def _referred(self, index: bytes) -> tuple[MessageKey, ...]:
        keys = (self._key(_place(ancestor)) for ancestor in ancestors(index))
        return tuple(dict.fromkeys(key for key in keys if key is not None))

    def _key(self, place: SeenKey) -> MessageKey | None:
        if (key := self._keys.get(place)) is not None:
            return key
        kept = self.memory.cursor(place)
        return None if kept is None else _from_hex(kept)


def ancestors(index: bytes) -> list[bytes]:
    """The indexes of the mails before it in its thread, from the first on; none if it is none."""
    if not _is_index(index):
        return []
    return [index[:end] for end in range(_HEADER_BYTES, len(index), _RESPONSE_BYTES)]


def _is_index(index: bytes) -> bool:
    responses, rest = divmod(len(index) - _HEADER_BYTES, _RESPONSE_BYTES)
    return rest == 0 and 0 <= responses <= _MOST_ANCESTORS


def _place(index: bytes) -> SeenKey:
    return SeenKey(hashlib.sha256(b"graph conversation index\n" + index).digest())


def _from_hex(kept: str) -> MessageKey | None:
    try:
        key = bytes.fromhex(kept)
    except ValueError:
        return None
    return MessageKey(key) if len(key) == KEY_BYTES else None
