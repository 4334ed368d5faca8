"""The agreement as JSON-able data, its canonical bytes, and the digests that name it.

Texts, integers, lists and tables only. A number that need not be whole is an exact text ("4/5"),
a key is Base64, a time of day "09:00", a window "2026-W05", a working day "Mon".
The canonical form is RFC 8785 (JSON Canonicalization Scheme); see protocol §2.
"""

import re
from collections.abc import Mapping
from datetime import time
from typing import Any, Final

import rfc8785

from privacy.agreement.codec import (
    Codec,
    base64_bytes,
    exact,
    fail,
    integer,
    list_of,
    one_of,
    record,
    spelled,
    text,
)
from privacy.agreement.model import (
    Agreement,
    AgreementDigest,
    Category,
    ClockStart,
    Endpoint,
    MailRules,
    PartyTerms,
    PrivacyTerms,
    TaskDigest,
    WorkingTime,
)
from privacy.catalogue import CATALOGUE, Kind
from privacy.errors import InvalidValue
from privacy.fields import digest, sha256
from privacy.groups import Group, Level, Thresholds
from privacy.metrics import Choice, Direction, Histogram, Metric, Scalar, Task, TaskId
from privacy.window import Window

DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
"""Working days as written, Monday first."""


def to_document(agreement: Agreement) -> dict[str, Any]:
    """The agreement as JSON-able data, with every default written out."""
    document: dict[str, Any] = _agreement(()).write(agreement)
    return document


def from_document(document: Mapping[str, Any]) -> Agreement:
    """Read what `to_document` wrote, or the same structure with defaults left out.

    Raises `InvalidAgreement` with one sentence for each problem, starting with its path.
    """
    return _agreement(_options(document)).read(document, "")


def canonical(agreement: Agreement) -> bytes:
    """The RFC 8785 form: equal agreements give equal bytes."""
    return rfc8785.dumps(to_document(agreement))


def agreement_digest(agreement: Agreement) -> AgreementDigest:
    """SHA-256 of the canonical form (32 bytes)."""
    return AgreementDigest(sha256(canonical(agreement)))


def task_digest(agreement: AgreementDigest, task: TaskId) -> TaskDigest:
    """SHA-256(agreement digest ‖ task id), as in protocol §2 (32 bytes)."""
    return TaskDigest(digest(agreement, task))


def parse_endpoint(written: str) -> Endpoint:
    """Read ``host:port``, ``192.0.2.7:8443`` or ``[2001:db8::7]:8443``."""
    match = _HOST_AND_PORT.fullmatch(written)
    if match is None:
        raise InvalidValue(f"{written!r} is not an endpoint: write it like plurale.example:8443")
    return Endpoint(match["name"] or match["address"], int(match["port"]))


_HOST_AND_PORT = re.compile(
    r"(?:(?P<name>[^:\[\]]+)|\[(?P<address>[^\[\]]*:[^\[\]]*)\]):(?P<port>[0-9]{1,5})", re.ASCII
)
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])", re.ASCII)


def _parse_time(written: str) -> time:
    match = _TIME.fullmatch(written)
    if match is None:
        raise InvalidValue(f"{written!r} is not a time of day: write it like 09:00")
    return time(int(match[1]), int(match[2]))


def _parse_day(written: str) -> int:
    if written not in DAYS:
        raise InvalidValue(f"{written!r} is not a day: choose from {', '.join(DAYS)}")
    return DAYS.index(written)


def _read_days(data: Any, path: str) -> frozenset[int]:
    days = _DAY_LIST.read(data, path)
    if len(set(days)) < len(days):
        raise fail(path, "a day is named twice: remove one")
    return frozenset(days)


def _options(document: Any) -> tuple[str, ...]:
    """The titles of the categories, as far as they can be read: their own codec says the rest."""
    if not isinstance(document, dict):
        return ()
    entries = document.get("categories", ())
    if not isinstance(entries, list | tuple):
        return ("",)
    return tuple(str(entry.get("title")) if isinstance(entry, dict) else "" for entry in entries)


def _metric(options: tuple[str, ...]) -> Codec[Metric]:
    """A metric's table is told from another's by its measure, or else by its edges.

    That of a choice holds no options: they are the titles of the agreement's categories.
    """
    choice = record(Choice, {"id": text, "share": exact}, given={"options": options})

    by_kind: dict[Kind, Codec[Any]] = {Kind.BIN: _HISTOGRAM, Kind.CATEGORY: choice}

    def read(data: Any, path: str) -> Metric:
        table = data if isinstance(data, dict) else {}
        name = table.get("id")
        measure = CATALOGUE.get(name) if isinstance(name, str) else None
        guessed = Kind.BIN if "edges" in table else Kind.SHARE
        kind = guessed if measure is None else measure.kind
        metric: Metric = by_kind.get(kind, _SCALAR).read(data, path)
        return metric

    def write(metric: Metric) -> Any:
        return by_kind.get(CATALOGUE[metric.id].kind, _SCALAR).write(metric)

    return Codec(write, read)


_ENDPOINT = spelled(str, parse_endpoint)
_WINDOW = spelled(str, Window.parse)
_CLOCK_TIME = spelled(lambda moment: moment.strftime("%H:%M"), _parse_time)
_DAY_LIST = list_of(spelled(lambda day: DAYS[day], _parse_day))
_WORKING_DAYS: Codec[frozenset[int]] = Codec(
    lambda days: _DAY_LIST.write(tuple(sorted(days))), _read_days
)

_SCALAR = record(
    Scalar,
    {"id": text, "target": exact, "direction": one_of(Direction), "clip": exact, "share": exact},
)
_HISTOGRAM = record(Histogram, {"id": text, "edges": list_of(exact), "share": exact})
_GROUP = record(Group, {"id": text, "level": one_of(Level), "roster": integer, "parent": text})
_PARTY = record(
    PartyTerms,
    {
        "name": text,
        "administrator": text,
        "endpoint": _ENDPOINT,
        "peer_endpoint": _ENDPOINT,
        "signing_key": base64_bytes,
        "successor_key": base64_bytes,
        "server_key": base64_bytes,
        "ca_certificate": text,
    },
)
_WORKING_TIME = record(
    WorkingTime,
    {
        "time_zone": text,
        "days": _WORKING_DAYS,
        "start": _CLOCK_TIME,
        "end": _CLOCK_TIME,
        "core_start": _CLOCK_TIME,
        "core_end": _CLOCK_TIME,
        "country": text,
        "region": text,
    },
)
_MAIL = record(
    MailRules,
    {"internal_domains": list_of(text), "answer_hours": integer, "clock_start": one_of(ClockStart)},
)
_THRESHOLDS = record(Thresholds, {"min_contributors": integer, "assumed_colluders": integer})
_PRIVACY = record(
    PrivacyTerms, {"rho_quarter": exact, "client_share": exact}, inline={"thresholds": _THRESHOLDS}
)
_CATEGORY = record(
    Category,
    {"id": text, "title": text, "applications": list_of(text), "titles": list_of(text)},
)


def _agreement(options: tuple[str, ...]) -> Codec[Agreement]:
    task = record(
        Task,
        {
            "id": text,
            "level": one_of(Level),
            "share": exact,
            "metrics": list_of(_metric(options)),
        },
    )
    return record(
        Agreement,
        {
            "organisation": text,
            "version": integer,
            "first_window": _WINDOW,
            "last_window": _WINDOW,
            "purpose": text,
            "contact": text,
            "employer": _PARTY,
            "council": _PARTY,
            "working_time": _WORKING_TIME,
            "mail": _MAIL,
            "privacy": _PRIVACY,
            "groups": list_of(_GROUP),
            "tasks": list_of(task),
            "categories": list_of(_CATEGORY),
            "idle_minutes": integer,
            "upload_days": integer,
            "retention_weeks": integer,
        },
    )
