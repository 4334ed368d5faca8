import dataclasses
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from privacy.agreement.model import Endpoint, Party
from privacy.errors import InvalidAgreement, InvalidValue
from tests.agreements import certificate, make_agreement, party_keys, party_terms

COUNCIL = party_terms(Party.COUNCIL)
EMPLOYER = party_terms(Party.EMPLOYER)


def problems(**employer: Any) -> tuple[str, ...]:
    with pytest.raises(InvalidAgreement) as caught:
        make_agreement(employer=party_terms(Party.EMPLOYER, **employer))
    return caught.value.problems


@pytest.mark.parametrize(
    ("employer", "council"),
    [
        ("plurale.example", "plurale.example"),
        ("plurale.example", "Plurale.EXAMPLE."),
        ("192.0.2.7", "192.0.2.7"),
        ("::1", "0:0:0:0:0:0:0:1"),
        ("192.0.2.7", "::ffff:192.0.2.7"),
    ],
)
def test_both_servers_on_one_host_are_refused_however_it_is_written(
    employer: str, council: str
) -> None:
    with pytest.raises(InvalidAgreement, match="Both servers are on"):
        make_agreement(
            employer=dataclasses.replace(EMPLOYER, endpoint=Endpoint(employer, 1)),
            council=dataclasses.replace(COUNCIL, endpoint=Endpoint(council, 2)),
        )


def test_two_hosts_of_one_domain_are_accepted() -> None:
    make_agreement(
        employer=dataclasses.replace(EMPLOYER, endpoint=Endpoint("a.plurale.example", 1)),
        council=dataclasses.replace(COUNCIL, endpoint=Endpoint("b.plurale.example", 1)),
    )


@pytest.mark.parametrize("field", ["signing_key", "server_key", "hpke_key"])
def test_a_key_of_the_other_party_is_refused(field: str) -> None:
    (problem,) = problems(**{field: getattr(COUNCIL, field)})
    assert {f"employer.{field}", f"council.{field}"} <= set(problem.split())


def test_a_key_with_two_uses_is_refused() -> None:
    (problem,) = problems(server_key=EMPLOYER.signing_key)
    assert problem.startswith("employer.signing_key and employer.server_key hold the same key")


def test_the_other_partys_certificate_is_refused_even_with_other_line_ends() -> None:
    (problem,) = problems(ca_certificate=party_keys(Party.COUNCIL).ca_certificate + "\n\n")
    assert problem.startswith("employer.ca_certificate and council.ca_certificate hold the same")


def test_two_certificates_for_one_key_are_refused() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    with pytest.raises(InvalidAgreement, match="hold the same key"):
        make_agreement(
            employer=dataclasses.replace(EMPLOYER, ca_certificate=certificate(key)),
            council=dataclasses.replace(COUNCIL, ca_certificate=certificate(key)),
        )


def _altered(pem: str) -> str:
    """The same certificate with a wrong signature: its last Base64 characters are exchanged."""
    lines = pem.strip().split("\n")
    body = "".join(lines[1:-1]).rstrip("=")
    swapped = body[:-6] + body[-4:-2] + body[-6:-4] + body[-2:]
    assert swapped != body
    padded = swapped + "=" * (-len(swapped) % 4)
    return "\n".join(
        [lines[0], *(padded[n : n + 64] for n in range(0, len(padded), 64)), lines[-1]]
    )


@pytest.mark.parametrize(
    ("pem", "fault"),
    [
        ("nothing", "is not one certificate in PEM"),
        (certificate() + certificate(), "is not one certificate in PEM"),
        (certificate(ca=False), "is not that of a CA"),
        (certificate(ec.generate_private_key(ec.SECP384R1())), "does not hold a P-256 key"),
        (certificate(Ed25519PrivateKey.generate()), "does not hold a P-256 key"),
        (_altered(certificate()), "is not signed by itself"),
    ],
    ids=["text", "two", "not a CA", "P-384", "Ed25519", "altered"],
)
def test_a_certificate_that_is_no_p_256_ca_is_refused(pem: str, fault: str) -> None:
    (problem,) = problems(ca_certificate=pem)
    assert problem.startswith(f"employer.ca_certificate {fault}: copy")


def test_a_sealing_key_that_is_no_key_is_refused() -> None:
    (problem,) = problems(hpke_key=b"\xff" * 1216)
    assert problem.startswith("employer.hpke_key is not an MLKEM768_X25519 key")


@pytest.mark.parametrize("host", ["", "a b", "[::1]", "a/b", "user@a", "a\x00", "1:2", "::g"])
def test_an_endpoint_takes_only_a_bare_host(host: str) -> None:
    with pytest.raises(InvalidValue):
        Endpoint(host, 8443)
