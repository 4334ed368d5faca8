"""Exports that both parties could have made up: wild values, right hashes, right signatures.

Nothing here is a mistake of a disk. Whoever writes the ledger signs it, so whatever they write
reaches the audit, and an audit that ends in a traceback says nothing.
"""

import base64
import json
from copy import deepcopy
from datetime import timedelta
from fractions import Fraction
from functools import cache
from typing import Any

import rfc8785
from hypothesis import strategies as st
from securesystemslib.dsse import Envelope

from privacy import checkpoint
from privacy.agreement import envelope
from privacy.agreement.model import Party, PrivacyTerms
from privacy.audit.told import Told, signed_by_its_parties
from privacy.checkpoint import Checkpoint
from privacy.ledger.entries import ResultOpened
from privacy.merkle import leaf_hash, tree_hash
from privacy.release import BatchResult, Withheld
from privacy.window import Window
from tests import ledgers
from tests.agreements import breadth, headline, make_agreement, party_keys, working_time
from tests.ledgers import Story, moment

Document = dict[str, Any]

HUGE = Fraction(10**29)
ABSURD: list[dict[str, Any]] = [
    {},
    {"first_window": Window(1970, 1)},
    {"first_window": Window(9998, 50), "last_window": Window(9998, 52)},
    {"retention_weeks": 520, "upload_days": 28, "version": 2**53 - 1},
    {"organisation": "…", "purpose": "| `x`\n# held\n"},
    {"working_time": working_time(time_zone="Pacific/Kiritimati")},
    {
        "privacy": PrivacyTerms(HUGE),
        "tasks": (headline(share=1 / HUGE / 3), breadth(share=1 / HUGE / 7)),
    },
]
"""Changes to the agreement that keep each of its rules."""


@cache
def stories() -> tuple[Story, ...]:
    """The ledger with everything, and a short one under each absurd agreement."""
    return (ledgers.whole(), *map(_short, ABSURD))


def _short(changes: dict[str, Any]) -> Story:
    agreement = make_agreement(**changes)
    first = agreement.first_window
    story = Story(at=max(moment(1970, 1, 1), agreement.upload_opens(first) - timedelta(days=7)))
    story.activate(agreement)
    story.commit(story.signed[0])
    story.publish(first)
    story.at = agreement.upload_closes(first)
    north, south, west, sales = story.ledger.book.batches(first)
    for batch in (north, sales):
        story.release(batch)
        story.open(batch)
    story.withhold(south, Withheld.BATCH_TOO_SMALL)
    story.stop(west)
    return story


_NUMBERS = (0, -1, 1, 9, 2**31, 2**53 - 1, 2**53, -(2**53), 10**400, 0.5, True)
_TEXTS = (
    *("", "0", "-1", "1", "1/26", "-1/26", "2/52", "9" * 80, "1/" + "9" * 80, "9" * 2000, "1/0"),
    *("1/" + "7" * 79, "3" * 78 + "1/" + "9" * 79, "1/" + "9" * 2000, "0.5", "\x1b[2J", "x\ny"),
    *("1970-W01", "9998-W52", "9998-W53", "9999-W01", "2020-W53", "2026-W05", "0000-W00"),
    *("1970-01-01T00:00:00Z", "9998-12-31T23:59:59Z", "2026-02-16T00:00:05Z", "x" * 65, "\u202e"),
    *("00" * 32, "ff" * 32, "north", "sales", "headline", "breadth", "other count", "UTC", "DE"),
    *("too few reports", "the privacy budget is spent", "release", "result", "/../etc", "A" * 44),
)
WILD: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from(_TEXTS),
    st.sampled_from(_NUMBERS),
    st.sampled_from([None, [], {}, [""], [[]], {"a": 1}]).map(deepcopy),
)


@st.composite
def exports(draw: st.DrawFn) -> bytes:
    """An export whose entries, openings and agreement say anything; all of it is signed."""
    story = draw(st.sampled_from(stories()))
    documents = [json.loads(data) for data in story.data]
    if draw(st.booleans()):
        documents = _with_agreement(draw, documents)
    for _ in range(draw(st.integers(0, 4))):
        draw(st.sampled_from([_set, _borrow, _copy, _drop, _swap, _move_time]))(draw, documents)
    openings = [
        {"index": each.index, "salt": each.salt.hex(), "totals": [*map(str, each.totals)]}
        for each in story.openings
    ]
    if draw(st.booleans()) and openings:
        draw(st.sampled_from(openings))["totals"] = draw(
            st.lists(st.sampled_from(["0", "-1", "9" * 40, "7"]), max_size=14)
        )
    return _sealed(documents, openings)


def _sealed(documents: list[Document], openings: list[Document]) -> bytes:
    """The file: chained anew, results hashed anew, signed anew by both servers."""
    data: list[bytes] = []
    for index, document in enumerate(documents):
        previous = leaf_hash(data[-1]) if data else bytes(32)
        chained = document | {"index": index, "previous": previous.hex()}
        data.append(_dump(_rehashed(data, chained, openings)))
    told = Told.by(data)
    first = told.activated.get(0)
    origin = (
        "plurale/nobody"
        if first is None
        else checkpoint.origin_of(first.agreement.organisation, first.digest)
    )
    signed = checkpoint.sign(
        Checkpoint(origin, len(data), tree_hash(data)), party_keys(Party.COUNCIL).server
    )
    note = checkpoint.cosign(signed, party_keys(Party.EMPLOYER).server, moment(2026, 3, 1)).encode()
    tail = [_dump({"opening": each}) for each in openings] + [_dump({"checkpoint": note})]
    return b"".join(line + b"\n" for line in (*data, *tail))


def _rehashed(data: list[bytes], document: Document, openings: list[Document]) -> Document:
    """A result whose hash is that of its opening, whatever that says."""
    opening = next((each for each in openings if each["index"] == document["index"]), None)
    entry = Told.by([_dump(document)]).at_place[0]
    if opening is None or entry is None or not isinstance(entry.body, ResultOpened):
        return document
    released = Told.by(data).released.get(entry.body.batch)
    if released is None or released[1].count < 1:
        return document
    totals = tuple(map(int, opening["totals"]))
    result = BatchResult(entry.body.batch, released[1].count, totals)
    hashed = result.hash(bytes.fromhex(opening["salt"])).hex()
    return document | {"body": document["body"] | {"hash": hashed}}


def _dump(document: Document) -> bytes:
    try:
        return rfc8785.dumps(document)
    except rfc8785.CanonicalizationError:
        return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


# --- what is done to the entries ------------------------------------------------------------------


def _set(draw: st.DrawFn, documents: list[Document]) -> None:
    """One value anywhere becomes a wild one."""
    _overwrite(draw, draw(st.sampled_from(documents)), WILD)


def _overwrite(draw: st.DrawFn, root: Any, values: st.SearchStrategy[Any]) -> None:
    table, key = draw(st.sampled_from([*_places(root)]))
    table[key] = draw(values)


def _places(node: Any) -> list[tuple[Any, Any]]:
    keys = node.keys() if isinstance(node, dict) else range(len(node))
    found: list[tuple[Any, Any]] = []
    for key in keys:
        found.append((node, key))
        if isinstance(node[key], dict | list):
            found += _places(node[key])
    return found


def _borrow(draw: st.DrawFn, documents: list[Document]) -> None:
    """One entry says what another one says, of the same batch or of its own."""
    one, other = draw(st.sampled_from(documents)), draw(st.sampled_from(documents))
    own, body = one["body"], deepcopy(other["body"])
    both = all(isinstance(each, dict) and "batch" in each for each in (own, body))
    if both and draw(st.booleans()):
        body["batch"] = own["batch"]
    one |= {"kind": other["kind"], "body": body}


def _copy(draw: st.DrawFn, documents: list[Document]) -> None:
    place = draw(st.integers(0, len(documents)))
    documents.insert(place, deepcopy(draw(st.sampled_from(documents))))


def _drop(draw: st.DrawFn, documents: list[Document]) -> None:
    if len(documents) > 1:
        documents.pop(draw(st.integers(0, len(documents) - 1)))


def _swap(draw: st.DrawFn, documents: list[Document]) -> None:
    places = st.integers(0, len(documents) - 1)
    one, other = draw(places), draw(places)
    documents[one], documents[other] = documents[other], documents[one]


def _move_time(draw: st.DrawFn, documents: list[Document]) -> None:
    """From one entry on it is another time."""
    start = draw(st.integers(0, len(documents) - 1))
    at = draw(st.sampled_from([text for text in _TEXTS if text.endswith("Z")]))
    for document in documents[start:]:
        document["at"] = at


# --- what is done to the agreement ----------------------------------------------------------------


def _with_agreement(draw: st.DrawFn, documents: list[Document]) -> list[Document]:
    """The first agreement says something wild, and is signed; all entries name the new digest."""
    body = documents[0]["body"]
    outer = json.loads(body["envelope"])
    terms = json.loads(base64.b64decode(outer["payload"]))
    _overwrite(draw, terms, WILD)
    body["envelope"] = _signed(_dump(terms))
    signed = signed_by_its_parties(body["envelope"].encode())
    if signed is None:
        return documents
    old, new = body["agreement"], signed.digest.hex()
    changed: list[Document] = json.loads(json.dumps(documents).replace(old, new))
    changed[0]["body"]["version"] = signed.agreement.version
    return changed


def _signed(payload: bytes) -> str:
    unsigned = Envelope(payload, envelope.PAYLOAD_TYPE, {})
    signatures = []
    for party in Party:
        key = party_keys(party).signing
        name = envelope.key_id(key.public_key().public_bytes_raw())
        value = base64.b64encode(key.sign(unsigned.pae())).decode()
        signatures.append({"keyid": name, "sig": value})
    return json.dumps(unsigned.to_dict() | {"signatures": signatures}, indent=1, sort_keys=True)
