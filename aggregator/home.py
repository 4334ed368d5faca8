"""A server's directory: its keys, certificates, database, and the terms it brings to an agreement.

::

    aggregator.toml   which party this is, and where it listens
    party.toml        the party's table for the agreement, with its public keys
    aggregator.db     the database
    keys/             private keys, readable by the owner alone

Who holds `signing.pem` can sign agreements in the party's name: it can be kept elsewhere and put
back for signing. Who holds `hpke.key` can open this party's shares, which alone say nothing. Who
holds `server.pem` can sign receipts. Who holds `ca.key.pem` can pose as this party's server.
"""

import base64
import json
import os
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hpke import MLKEM768X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from aggregator import certificates
from aggregator.certificates import KeyPair
from aggregator.errors import SetupError
from privacy import sealing
from privacy.agreement.document import parse_endpoint
from privacy.agreement.model import Endpoint, Party
from privacy.errors import PluraleError

_SETTINGS: Final = "aggregator.toml"

_Key = TypeVar("_Key")


@dataclass(frozen=True, slots=True)
class Home:
    """An initialised directory."""

    path: Path
    party: Party
    listen: Endpoint

    @property
    def database(self) -> Path:
        """The database file."""
        return self.path / "aggregator.db"

    @property
    def terms(self) -> Path:
        """The party's table for the agreement."""
        return self.path / "party.toml"

    def signing_key(self) -> Ed25519PrivateKey:
        """The key that signs agreements."""
        return self._read("signing.pem", _ed25519)

    def server_key(self) -> Ed25519PrivateKey:
        """The key that signs receipts."""
        return self._read("server.pem", _ed25519)

    def hpke_key(self) -> MLKEM768X25519PrivateKey:
        """The key that opens this party's input shares."""
        return sealing.private_key(self._read("hpke.key", _hpke))

    def hpke_public(self) -> bytes:
        """The raw public key that input shares are sealed to."""
        return sealing.public_bytes(self._read("hpke.key", _hpke))

    def tls(self) -> KeyPair:
        """The server's certificate, and client certificate towards the other party."""
        certificate = self._read("tls.pem", _certificate_pem)
        key = self._read("tls.key.pem", _private_key_pem)
        if _public(certificate) != load_pem_private_key(key, password=None).public_key():
            folder = self.path / "keys"
            raise SetupError(
                f"{folder / 'tls.key.pem'} is not the key of {folder / 'tls.pem'}: restore both "
                "from one backup"
            )
        return KeyPair(certificate, key)

    def _read(self, name: str, parse: Callable[[bytes], _Key]) -> _Key:
        path = self.path / "keys" / name
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
        return Home(path, Party(read["party"]), parse_endpoint(str(read["listen"])))
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
    now: datetime,
    random: Callable[[int], bytes],
) -> Home:
    """Make keys, a certificate authority and the party's terms; raises `SetupError`."""
    _must_be_new(path)
    _must_be_text("name", name)
    _must_be_text("administrator", administrator)
    ca = certificates.authority(name, now)
    tls = certificates.server(ca, endpoint.host, now)
    hpke = random(sealing.PRIVATE_KEY_SIZE)
    signing, server = (Ed25519PrivateKey.from_private_bytes(random(32)) for _ in range(2))
    try:
        path.mkdir(parents=True, mode=0o700, exist_ok=True)
        path.chmod(0o700)
        (path / "keys").mkdir(mode=0o700)
        for file, content in {
            "signing.pem": _pem(signing),
            "server.pem": _pem(server),
            "hpke.key": base64.b64encode(hpke),
            "ca.pem": ca.certificate,
            "ca.key.pem": ca.key,
            "tls.pem": tls.certificate,
            "tls.key.pem": tls.key,
        }.items():
            _write_private(path / "keys" / file, content)
        home = Home(path, party, listen)
        home.terms.write_text(
            _terms(party, name, administrator, endpoint, signing, server, hpke, ca),
            encoding="utf-8",
        )
        (path / _SETTINGS).write_text(
            f"party = {json.dumps(party.value)}\nlisten = {json.dumps(str(listen))}\n"
        )
    except OSError as error:
        raise SetupError(f"{path} cannot be written ({error.strerror}): choose another") from None
    return home


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


def _terms(
    party: Party,
    name: str,
    administrator: str,
    endpoint: Endpoint,
    signing: Ed25519PrivateKey,
    server: Ed25519PrivateKey,
    hpke: bytes,
    ca: KeyPair,
) -> str:
    texts = {
        "name": name,
        "administrator": administrator,
        "endpoint": str(endpoint),
        "signing_key": _base64(signing.public_key().public_bytes_raw()),
        "server_key": _base64(server.public_key().public_bytes_raw()),
        "hpke_key": _base64(sealing.public_bytes(hpke)),
    }
    # A JSON string is a TOML basic string.
    lines = [f"{key} = {json.dumps(text, ensure_ascii=False)}" for key, text in texts.items()]
    certificate = f'ca_certificate = """\n{ca.certificate.decode()}"""'
    return "\n".join([f"[{party.value}]", *lines, certificate, ""])


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _pem(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _ed25519(pem: bytes) -> Ed25519PrivateKey:
    key = load_pem_private_key(pem, password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError("another kind of key")
    return key


def _hpke(content: bytes) -> bytes:
    raw = base64.b64decode(content)
    if len(raw) != sealing.PRIVATE_KEY_SIZE:
        raise ValueError("another size")
    return raw


def _certificate_pem(pem: bytes) -> bytes:
    x509.load_pem_x509_certificate(pem)
    return pem


def _public(certificate: bytes) -> object:
    return x509.load_pem_x509_certificate(certificate).public_key()


def _private_key_pem(pem: bytes) -> bytes:
    load_pem_private_key(pem, password=None)
    return pem


def _write_private(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
