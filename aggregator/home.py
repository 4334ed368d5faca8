"""A server's directory: its keys, certificates, database, and the terms it brings to an agreement.

::

    aggregator.toml   which party this is, and where it listens
    party.toml        the party's table for the agreement, with its public keys
    aggregator.db     the database
    ledger.mark       how far the ledger had come; keep it out of backups
    tokens.mark       how many tokens the council gave; keep it out of backups
    keys/             private keys, readable by the owner alone

Who holds `signing.pem` can sign agreements in the party's name: it can be kept elsewhere and put
back for signing. `successor.pem`, if there is one, can do so from the version after the one that
announces it (`aggregator.successor`). Who holds `server.pem` can sign receipts and witness the
ledger, or sign the ledger. Who holds `ca.key.pem` can pose as this party's server. The keys that
open shares are made for each window and live in the database until they are erased
(`aggregator.window_keys`).
"""

import json
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from aggregator import certificates, terms, whole_file
from aggregator.certificates import KeyPair
from aggregator.errors import SetupError
from aggregator.mark import Mark
from aggregator.token_mark import TokenMark
from privacy.agreement.document import parse_endpoint
from privacy.agreement.model import Endpoint, Party
from privacy.errors import PluraleError

_SETTINGS: Final = "aggregator.toml"

_Key = TypeVar("_Key")


@dataclass(frozen=True, slots=True)
class Home:
    """An initialised directory.

    Devices are served on `listen`. `peer_listen`, which the council has and the employer has not,
    serves the employer's server.
    """

    path: Path
    party: Party
    listen: Endpoint
    peer_listen: Endpoint | None

    @property
    def database(self) -> Path:
        """The database file."""
        return self.path / "aggregator.db"

    @property
    def terms(self) -> Path:
        """The party's table for the agreement."""
        return self.path / "party.toml"

    @property
    def mark(self) -> Mark:
        """How far the ledger had come when it was last shown, or witnessed."""
        return Mark(self.path / "ledger.mark")

    @property
    def token_mark(self) -> TokenMark:
        """How many tokens had been given when one last was."""
        return TokenMark(self.path / "tokens.mark")

    @property
    def keys(self) -> Path:
        """The folder of private keys."""
        return self.path / "keys"

    def signing_key(self) -> Ed25519PrivateKey:
        """The key that signs agreements."""
        return self._read("signing.pem", _ed25519)

    def successor_key(self) -> Ed25519PrivateKey | None:
        """The key that is to sign agreements next, if one was made."""
        there = (self.keys / "successor.pem").exists()
        return self._read("successor.pem", _ed25519) if there else None

    def signing_key_named(self, public: bytes) -> Ed25519PrivateKey:
        """The successor's if `public` (32 bytes) is its public key, else the signing key."""
        successor = self.successor_key()
        if successor is not None and successor.public_key().public_bytes_raw() == public:
            return successor
        return self.signing_key()

    def server_key(self) -> Ed25519PrivateKey:
        """The key that signs receipts and checkpoints."""
        return self._read("server.pem", _ed25519)

    def tls(self) -> KeyPair:
        """The server's certificate, and client certificate towards the other party."""
        certificate = self._read("tls.pem", _certificate_pem)
        key = self._read("tls.key.pem", _private_key_pem)
        if _public(certificate) != load_pem_private_key(key, password=None).public_key():
            raise SetupError(
                f"{self.keys / 'tls.key.pem'} is not the key of {self.keys / 'tls.pem'}: restore "
                "both from one backup"
            )
        return KeyPair(certificate, key)

    def _read(self, name: str, parse: Callable[[bytes], _Key]) -> _Key:
        path = self.keys / name
        try:
            return parse(path.read_bytes())
        except FileNotFoundError:
            raise SetupError(
                f"{path} is missing: put it back, or restore it from its backup"
            ) from None
        except OSError as error:
            raise SetupError(
                f"{path} cannot be read ({error.strerror}): run as the user who owns it"
            ) from None
        except (ValueError, TypeError):  # TypeError: encrypted with a password
            raise SetupError(
                f"{path} does not hold what its name says: restore it from its backup"
            ) from None


def open_home(path: Path) -> Home:
    """An existing directory; raises `SetupError` when it is none."""
    settings = path / _SETTINGS
    try:
        read = tomllib.loads(settings.read_text(encoding="utf-8"))
        party, listen = Party(read["party"]), parse_endpoint(str(read["listen"]))
        peer = parse_endpoint(str(read["peer_listen"])) if party is Party.COUNCIL else None
        return Home(path, party, listen, peer)
    except (FileNotFoundError, NotADirectoryError):
        raise SetupError(
            f"{path} is not a server's directory: make it with plurale-aggregator init"
        ) from None
    except OSError as error:
        raise SetupError(
            f"{settings} cannot be read ({error.strerror}): run as the user who owns it"
        ) from None
    except KeyError as error:
        raise SetupError(f"{settings} lacks the entry {error}: add it") from None
    except (ValueError, PluraleError) as error:
        raise SetupError(f"{settings} cannot be read ({error}): correct it") from None


def create_home(
    path: Path,
    party: Party,
    *,
    name: str,
    administrator: str,
    endpoint: Endpoint,
    listen: Endpoint,
    peer_endpoint: Endpoint | None = None,
    peer_listen: Endpoint | None = None,
    now: datetime,
    random: Callable[[int], bytes],
) -> Home:
    """Make keys, a certificate authority and the party's terms; raises `SetupError`.

    `peer_endpoint` and `peer_listen`: both for the council, neither for the employer.
    """
    _must_be_new(path)
    _must_be_text("name", name)
    _must_be_text("administrator", administrator)
    _must_fit(party, endpoint, peer_endpoint)
    _must_fit(party, listen, peer_listen)
    hosts = [each.host for each in (endpoint, peer_endpoint) if each is not None]
    ca = certificates.authority(name, now)
    tls = certificates.server(ca, hosts, now)
    signing, server = (Ed25519PrivateKey.from_private_bytes(random(32)) for _ in range(2))
    try:
        path.mkdir(parents=True, mode=0o700, exist_ok=True)
        path.chmod(0o700)
        home = Home(path, party, listen, peer_listen)
        home.keys.mkdir(mode=0o700)
        for file, content in {
            "signing.pem": pem(signing),
            "server.pem": pem(server),
            "ca.pem": ca.certificate,
            "ca.key.pem": ca.key,
            "tls.pem": tls.certificate,
            "tls.key.pem": tls.key,
        }.items():
            whole_file.put(home.keys / file, content, mode=0o600)
        texts = {
            "name": name,
            "administrator": administrator,
            "endpoint": str(endpoint),
            **({} if peer_endpoint is None else {"peer_endpoint": str(peer_endpoint)}),
            "signing_key": terms.key_text(signing.public_key().public_bytes_raw()),
            "server_key": terms.key_text(server.public_key().public_bytes_raw()),
            "ca_certificate": ca.certificate.decode(),
        }
        terms.write(home.terms, party, texts)
        whole_file.put(path / _SETTINGS, _settings(home).encode(), mode=0o600)
    except OSError as error:
        raise SetupError(f"{path} cannot be written ({error.strerror}): choose another") from None
    return home


def _settings(home: Home) -> str:
    texts = {"party": home.party.value, "listen": str(home.listen)}
    if home.peer_listen is not None:
        texts["peer_listen"] = str(home.peer_listen)
    # A JSON string is a TOML basic string.
    return "".join(f"{key} = {json.dumps(text)}\n" for key, text in texts.items())


def _must_fit(party: Party, own: Endpoint, peer: Endpoint | None) -> None:
    if party is Party.EMPLOYER and peer is not None:
        raise SetupError(
            "the employer's server has no peer endpoint, since the council's never calls it: "
            "leave out --peer-endpoint and --peer-listen"
        )
    if party is Party.COUNCIL and peer is None:
        raise SetupError(
            "the council's server needs a peer endpoint, at which the employer's server reaches "
            "it: add --peer-endpoint HOST:PORT"
        )
    if own == peer:
        raise SetupError(
            f"{own} is named for devices and for the employer's server: give each a port of its own"
        )


def _must_be_text(what: str, text: str) -> None:
    if not text.strip() or not text.isprintable():
        raise SetupError(f"the {what} {text!a} is not text that can be shown: write it anew")


def _must_be_new(path: Path) -> None:
    try:
        if not path.exists() or not any(path.iterdir()):
            return
    except OSError as error:
        raise SetupError(
            f"{path} cannot be used ({error.strerror}): choose a new directory"
        ) from None
    raise SetupError(f"{path} is not empty: choose a new directory; keys are never overwritten")


def pem(key: Ed25519PrivateKey) -> bytes:
    """A private key as a file under `keys` holds it."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _ed25519(pem: bytes) -> Ed25519PrivateKey:
    key = load_pem_private_key(pem, password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError("another kind of key")
    return key


def _certificate_pem(pem: bytes) -> bytes:
    x509.load_pem_x509_certificate(pem)
    return pem


def _public(certificate: bytes) -> object:
    return x509.load_pem_x509_certificate(certificate).public_key()


def _private_key_pem(pem: bytes) -> bytes:
    load_pem_private_key(pem, password=None)
    return pem
