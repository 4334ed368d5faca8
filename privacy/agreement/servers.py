"""Rules about the two servers: hosts, keys and certificates (protocol §2).

The split of trust rests on them: whoever holds both servers, or a key of both, can read reports.
"""

import ipaddress
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

if TYPE_CHECKING:
    from privacy.agreement.model import Agreement, Endpoint

_UNREADABLE: Final = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.ExtensionNotFound,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""All that reading a damaged certificate may raise; parts are read only when asked for."""


def one_host(agreement: "Agreement") -> Iterator[str]:
    """Against a slip, not against intent: two names can lead to one machine, unseen from here."""
    council, employer = agreement.council, _plain(agreement.employer.endpoint.host)
    named = {"endpoint": council.endpoint, "peer_endpoint": council.peer_endpoint}
    same = [
        f"council.{name}"
        for name, endpoint in named.items()
        if endpoint is not None and _plain(endpoint.host) == employer
    ]
    if same:
        yield (
            f"Both servers are on {employer}: the employer and the council must each run their "
            "own, so that nobody holds both shares; change employer.endpoint or "
            f"{' and '.join(same)}."
        )


def peer_endpoints(agreement: "Agreement") -> Iterator[str]:
    """The council serves devices and the employer's server, each at an address of its own."""
    if agreement.employer.peer_endpoint is not None:
        yield "employer.peer_endpoint must not be there: only the council has one; remove it."
    council = agreement.council
    if council.peer_endpoint is None:
        yield (
            "council.peer_endpoint is missing, where the employer's server reaches the council's: "
            "add it."
        )
    elif _address(council.peer_endpoint) == _address(council.endpoint):
        yield (
            "council.peer_endpoint is the same as council.endpoint: devices need another port "
            "than the employer's server; change one."
        )


def _address(endpoint: "Endpoint") -> tuple[str, int]:
    return _plain(endpoint.host), endpoint.port


def _plain(host: str) -> str:
    """One spelling for each host."""
    bare = host.strip("[]").rstrip(".").casefold()
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return bare
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def distinct_keys(agreement: "Agreement") -> Iterator[str]:
    """Every key has one owner and one use: signing offline, answering online, TLS."""
    employer, council = agreement.employer, agreement.council
    held = {
        "employer.signing_key": employer.signing_key,
        "employer.server_key": employer.server_key,
        "council.signing_key": council.signing_key,
        "council.server_key": council.server_key,
        "employer.successor_key": employer.successor_key,
        "council.successor_key": council.successor_key,
        "employer.ca_certificate": _certified_key(employer.ca_certificate),
        "council.ca_certificate": _certified_key(council.ca_certificate),
    }
    seen: dict[bytes, str] = {}
    for name, key in held.items():
        if key is not None and seen.setdefault(key, name) != name:
            yield f"{seen[key]} and {name} hold the same key: each needs one of its own."


def ca_certificates(agreement: "Agreement") -> Iterator[str]:
    """Each party has one self-signed P-256 CA (gRPC's TLS does not take Ed25519)."""
    for party, terms in (("employer", agreement.employer), ("council", agreement.council)):
        fault = _certificate_fault(terms.ca_certificate)
        if fault is not None:
            yield (
                f"{party}.ca_certificate {fault}: copy the CA certificate that "
                "`plurale-aggregator init` made for that party."
            )


def _certificate_fault(pem: str) -> str | None:
    """What keeps it from being the one P-256 CA certificate of a party, or None."""
    loaded = _load(pem)
    if loaded is None:
        return "is not one certificate in PEM"
    certificate, key = loaded
    if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
        return "does not hold a P-256 key"
    try:
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
        certificate.verify_directly_issued_by(certificate)
    except InvalidSignature:
        return "is not signed by itself"
    except _UNREADABLE:
        return "is not that of a CA"
    return None if constraints.value.ca else "is not that of a CA"


def _load(pem: str) -> tuple[x509.Certificate, CertificatePublicKeyTypes] | None:
    try:
        (certificate,) = x509.load_pem_x509_certificates(pem.encode())
        return certificate, certificate.public_key()
    except _UNREADABLE:
        return None


def _certified_key(pem: str) -> bytes | None:
    """The key, not the certificate: two certificates for one key are no better than one."""
    loaded = _load(pem)
    if loaded is None:
        return None
    return loaded[1].public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
