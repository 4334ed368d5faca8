"""A valid agreement to change at will, and real keys for both parties."""

import dataclasses
from dataclasses import dataclass
from datetime import UTC, datetime, time
from fractions import Fraction
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hpke import MLKEM768X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding

from privacy.agreement import envelope
from privacy.agreement.model import (
    Agreement,
    Category,
    Endpoint,
    MailRules,
    Party,
    PartyTerms,
    PrivacyTerms,
    WorkingTime,
)
from privacy.groups import Group, GroupId, Level
from privacy.metrics import Choice, Direction, Histogram, Scalar, Task, TaskId
from privacy.window import Window


@dataclass(frozen=True)
class PartyKeys:
    """One party's private keys, and its CA certificate (PEM). `successor` signs after `signing`."""

    signing: Ed25519PrivateKey
    successor: Ed25519PrivateKey
    server: Ed25519PrivateKey
    hpke: MLKEM768X25519PrivateKey
    hpke_public: bytes
    ca_certificate: str


def new_keys() -> PartyKeys:
    """Fresh keys."""
    kem, curve = MLKEM768PrivateKey.generate(), X25519PrivateKey.generate()
    public = kem.public_key().public_bytes_raw() + curve.public_key().public_bytes_raw()
    return PartyKeys(
        signing=Ed25519PrivateKey.generate(),
        successor=Ed25519PrivateKey.generate(),
        server=Ed25519PrivateKey.generate(),
        hpke=MLKEM768X25519PrivateKey(kem, curve),
        hpke_public=public,
        ca_certificate=certificate(),
    )


@cache
def party_keys(party: Party = Party.EMPLOYER) -> PartyKeys:
    """The keys of a party, the same for the whole process."""
    return new_keys()


def certificate(
    key: ec.EllipticCurvePrivateKey | Ed25519PrivateKey | None = None, *, ca: bool = True
) -> str:
    """A self-signed certificate (PEM), by default of a P-256 CA."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a CA for tests")])
    algorithm = None if isinstance(key, Ed25519PrivateKey) else hashes.SHA256()
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2025, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2045, 1, 1, tzinfo=UTC))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .sign(key, algorithm)
    )
    return built.public_bytes(Encoding.PEM).decode()


def party_terms(party: Party, keys: PartyKeys | None = None, **changes: Any) -> PartyTerms:
    """The terms of a party with its keys."""
    keys = keys or party_keys(party)
    terms = PartyTerms(
        name="Example GmbH" if party is Party.EMPLOYER else "Works council of Example GmbH",
        administrator="IT operations" if party is Party.EMPLOYER else "the council's own provider",
        endpoint=Endpoint(f"{party.value}.plurale.example", 8443),
        peer_endpoint=(
            Endpoint(f"{party.value}.plurale.example", 8444) if party is Party.COUNCIL else None
        ),
        signing_key=keys.signing.public_key().public_bytes_raw(),
        server_key=keys.server.public_key().public_bytes_raw(),
        ca_certificate=keys.ca_certificate,
    )
    return dataclasses.replace(terms, **changes)


def announced(party: Party) -> PartyTerms:
    """The terms of a party that announces its successor key."""
    return party_terms(
        party, successor_key=party_keys(party).successor.public_key().public_bytes_raw()
    )


def working_time(**changes: Any) -> WorkingTime:
    """Monday to Friday, 9 to 17, core hours 10 to 15, in Berlin."""
    default = WorkingTime(
        time_zone="Europe/Berlin",
        days=frozenset(range(5)),
        start=time(9),
        end=time(17),
        core_start=time(10),
        core_end=time(15),
        country="DE",
        region="BE",
    )
    return dataclasses.replace(default, **changes)


def scalar(metric_id: str = "mail_answered_in_time", **changes: Any) -> Scalar:
    """At least 80 %, clipped at 25 points, with the whole budget of its task."""
    default = Scalar(
        metric_id, Fraction(4, 5), Direction.AT_LEAST, clip=Fraction(1, 4), share=Fraction(1)
    )
    return dataclasses.replace(default, **changes)


def headline(**changes: Any) -> Task:
    """The team task: one headline metric with half the budget."""
    return dataclasses.replace(
        Task(TaskId("headline"), Level.TEAM, Fraction(1, 2), (scalar(),)), **changes
    )


def breadth(**changes: Any) -> Task:
    """The department task: four scalars and a histogram with half the budget."""
    fifth = Fraction(1, 5)
    metrics = (
        scalar("client_mails_answered", target=Fraction(40), clip=Fraction(20), share=fifth),
        scalar("active_hours", target=Fraction(30), clip=Fraction(10), share=fifth),
        scalar(
            "after_hours_share",
            target=Fraction(1, 10),
            direction=Direction.AT_MOST,
            clip=Fraction(1, 10),
            share=fifth,
        ),
        scalar("core_hours_coverage", target=Fraction(7, 10), share=fifth),
        Histogram(
            "mail_response_hours",
            edges=tuple(Fraction(hours) for hours in (1, 2, 4, 8, 16, 24)),
            share=fifth,
        ),
    )
    return dataclasses.replace(
        Task(TaskId("breadth"), Level.DEPARTMENT, Fraction(1, 2), metrics), **changes
    )


def sales_groups() -> tuple[Group, ...]:
    """One department of 62 and its three teams of 12, 30 and 20."""
    sales = GroupId("sales")
    teams = {"north": 12, "south": 30, "west": 20}
    return (
        Group(sales, Level.DEPARTMENT, 62),
        *(Group(GroupId(name), Level.TEAM, roster, sales) for name, roster in teams.items()),
    )


def make_agreement(**changes: Any) -> Agreement:
    """A valid agreement; `changes` replace whole fields."""
    terms: dict[str, Any] = {
        "organisation": "Example GmbH",
        "version": 1,
        "first_window": Window(2026, 1),
        "last_window": Window(2026, 39),
        "purpose": "See whether client mails are answered in time, without watching anyone.",
        "contact": "The works council, council@example.com",
        "employer": party_terms(Party.EMPLOYER),
        "council": party_terms(Party.COUNCIL),
        "working_time": working_time(),
        "mail": MailRules(("example.com",), answer_hours=8),
        "privacy": PrivacyTerms(),
        "groups": sales_groups(),
        "tasks": (headline(), breadth()),
    }
    return Agreement(**(terms | changes))


def two_categories() -> tuple[Category, ...]:
    """Documents and meetings."""
    return (
        Category("documents", "Documents", ("writer", "acrobat"), ("proposal",)),
        Category("meetings", "Meetings", ("video call",), ("meeting", "call with")),
    )


def with_categories(categories: tuple[Category, ...] | None = None, **changes: Any) -> Agreement:
    """A valid agreement whose department also reports the category with most time."""
    agreed = two_categories() if categories is None else categories
    titles = tuple(category.title for category in agreed)
    sixth = Fraction(1, 6)
    metrics = (
        *(dataclasses.replace(metric, share=sixth) for metric in breadth().metrics),
        Choice("time_by_category", titles, sixth),
    )
    tasks = (headline(), breadth(metrics=metrics))
    return make_agreement(**({"categories": agreed, "tasks": tasks} | changes))


def with_every_key() -> Agreement:
    """A valid agreement that leaves no key out."""
    return with_categories(employer=announced(Party.EMPLOYER), council=announced(Party.COUNCIL))


def sign(
    agreement: Agreement, employer: PartyKeys | None = None, council: PartyKeys | None = None
) -> bytes:
    """The envelope with both signatures."""
    signed = envelope.start(agreement)
    for party, keys in ((Party.EMPLOYER, employer), (Party.COUNCIL, council)):
        signed = envelope.add_signature(signed, (keys or party_keys(party)).signing, party)
    return signed
