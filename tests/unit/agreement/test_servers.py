import dataclasses
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from privacy.agreement.model import Endpoint, Party
from privacy.errors import InvalidAgreement, InvalidValue
from tests.agreements import announced, certificate, make_agreement, party_keys, party_terms

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


@pytest.mark.parametrize(
    ("endpoint", "peer", "named"),
    [
        ("employer.example", "council.example", "council.endpoint."),
        ("council.example", "EMPLOYER.example.", "council.peer_endpoint."),
        ("employer.example", "employer.example", "council.endpoint and council.peer_endpoint."),
    ],
)
def test_no_place_of_the_council_is_on_the_employers_host(
    endpoint: str, peer: str, named: str
) -> None:
    with pytest.raises(InvalidAgreement) as caught:
        make_agreement(
            employer=dataclasses.replace(EMPLOYER, endpoint=Endpoint("employer.example", 1)),
            council=dataclasses.replace(
                COUNCIL, endpoint=Endpoint(endpoint, 1), peer_endpoint=Endpoint(peer, 2)
            ),
        )
    (problem,) = caught.value.problems
    assert problem.startswith("Both servers are on employer.example: ")
    assert problem.endswith(f"; change employer.endpoint or {named}")


def test_the_council_has_a_place_for_the_employers_server_and_the_employer_has_none() -> None:
    with pytest.raises(InvalidAgreement) as caught:
        make_agreement(council=party_terms(Party.COUNCIL, peer_endpoint=None))
    (problem,) = caught.value.problems
    assert problem.startswith("council.peer_endpoint is missing, where the employer's server reac")
    (problem,) = problems(peer_endpoint=Endpoint("employer.plurale.example", 2))
    assert problem.startswith("employer.peer_endpoint must not be there: ")


@pytest.mark.parametrize(
    ("host", "port", "refused"),
    [
        ("council.plurale.example", 8443, True),
        ("Council.plurale.example.", 8443, True),
        ("council.plurale.example", 8442, False),
        ("peer.council.plurale.example", 8443, False),
    ],
)
def test_devices_and_the_employers_server_need_two_places_of_the_council(
    host: str, port: int, *, refused: bool
) -> None:
    def built() -> None:
        make_agreement(council=party_terms(Party.COUNCIL, peer_endpoint=Endpoint(host, port)))

    if not refused:
        built()
        return
    with pytest.raises(InvalidAgreement, match=r"peer_endpoint is the same as council\.endpoint"):
        built()


@pytest.mark.parametrize("size", [31, 33])
def test_a_successor_key_has_32_bytes(size: int) -> None:
    with pytest.raises(InvalidValue, match=f"successor_key has {size} bytes instead of 32"):
        party_terms(Party.EMPLOYER, successor_key=bytes(size))


def test_a_successor_key_that_has_another_use_or_owner_is_refused() -> None:
    for other in ("signing_key", "server_key"):
        (problem,) = problems(successor_key=getattr(EMPLOYER, other))
        assert {f"employer.{other}", "employer.successor_key"} <= set(problem.split())
        (problem,) = problems(successor_key=getattr(COUNCIL, other))
        assert {f"council.{other}", "employer.successor_key"} <= set(problem.split())
    key = announced(Party.EMPLOYER).successor_key
    with pytest.raises(InvalidAgreement, match=r"council\.successor_key hold the same key"):
        make_agreement(
            employer=announced(Party.EMPLOYER),
            council=party_terms(Party.COUNCIL, successor_key=key),
        )


def test_two_hosts_of_one_domain_are_accepted() -> None:
    make_agreement(
        employer=dataclasses.replace(EMPLOYER, endpoint=Endpoint("a.plurale.example", 1)),
        council=dataclasses.replace(COUNCIL, endpoint=Endpoint("b.plurale.example", 1)),
    )


@pytest.mark.parametrize("field", ["signing_key", "server_key"])
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


@pytest.mark.parametrize("host", ["", "a b", "[::1]", "a/b", "user@a", "a\x00", "1:2", "::g"])
def test_an_endpoint_takes_only_a_bare_host(host: str) -> None:
    with pytest.raises(InvalidValue):
        Endpoint(host, 8443)
