"""A real IMAP server on loopback: Dovecot with its own folder, certificate and users.

What is said after sign-in is in its raw log, also where the connection is under TLS.
"""

import base64
import contextlib
import datetime
import getpass
import grp
import hashlib
import hmac
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

PACKAGE, COMMAND = "dovecot-imapd", "/usr/lib/dovecot/imap"
_SERVER = "/usr/sbin/dovecot"

PASSWORD = 'Grüße 100 % "geheim" \\'
_USERS = tuple(f"ana{number}@example.com" for number in range(50))
# Dovecot opens no mailbox as root.
_OWNER = (os.geteuid(), os.getegid()) if os.geteuid() else (65534, 65534)
_TOKEN_KEY = b"a key that signs access tokens"

GERMAN_FOLDERS = r"""
  mailbox "Gesendete Objekte" {
    special_use = \Sent
  }
  mailbox "Entwürfe" {
    special_use = \Drafts
  }
  mailbox "Unerwünscht" {
    special_use = \Junk
  }
"""


@dataclass(frozen=True)
class Box:
    """The account of one user on a running server. `home` holds its folders and its raw log."""

    user: str
    home: Path
    tls_port: int
    plain_port: int
    certificate: Path

    @property
    def maildir(self) -> Path:
        return self.home / "Maildir"

    def hand_over(self) -> None:
        """After files were written: they belong to the one who reads them for the user."""
        for path in (self.home, *self.home.rglob("*")):
            os.chown(path, *_OWNER)

    def said(self) -> bytes:
        """All that was sent since the log was emptied, after sign-in, session by session."""
        return self._log("*.in")

    def answered(self) -> bytes:
        """What the server answered to it."""
        return self._log("*.out")

    def _log(self, pattern: str) -> bytes:
        files = sorted((self.home / "rawlog").glob(pattern))
        return b"".join(path.read_bytes() for path in files)

    def forget_log(self) -> None:
        for path in (self.home / "rawlog").iterdir():
            path.unlink()


@contextlib.contextmanager
def dovecot(folders: str = GERMAN_FOLDERS, more: str = "") -> Iterator[Iterator[Box]]:
    """Start a server, wait until it answers, give one account after another, and end it.

    `more`: lines for its configuration.
    """
    # A socket's path has at most 107 bytes, which a test's own folder may exceed.
    root = Path(tempfile.mkdtemp(prefix="dovecot-"))
    root.chmod(0o755)  # part of the server runs as another user
    ports = _free_port(), _free_port()
    try:
        _make_certificate(root)
        _write_configuration(root, ports, folders, more)
        process = subprocess.Popen(
            [_SERVER, "-F", "-c", str(root / "dovecot.conf")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait(process, ports[1], root / "log")
            yield _boxes(root, ports)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=20)
    finally:
        shutil.rmtree(root)


def _boxes(root: Path, ports: tuple[int, int]) -> Iterator[Box]:
    for user in _USERS:
        box = Box(user, root / "home" / user, *ports, root / "cert.pem")
        (box.home / "rawlog").mkdir(parents=True)
        box.hand_over()
        yield box


def access_token(user: str, seconds: int = 3_600) -> str:
    """A JWT that the server believes, until it has run out."""
    head = {"alg": "HS256", "typ": "JWT", "kid": "default"}
    now = int(time.time())
    body = {"sub": user, "email": user, "iat": now - 7_200, "exp": now + seconds}
    signed = ".".join(_part(json.dumps(piece).encode()) for piece in (head, body))
    seal = hmac.new(_TOKEN_KEY, signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{_part(seal)}"


def _part(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    for _ in range(400):
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as s:
            if s.recv(4).startswith(b"* OK"):
                return
        time.sleep(0.02)
    text = log.read_text(encoding="utf-8") if log.exists() else "no log"
    raise AssertionError(f"Dovecot did not start: {text}")


def _make_certificate(root: Path) -> None:
    """For localhost and nobody else, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (root / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (root / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


def _write_configuration(root: Path, ports: tuple[int, int], folders: str, more: str) -> None:
    users = "".join(f"{user}:{{PLAIN}}{PASSWORD}\n" for user in _USERS)
    (root / "users").write_text(users, encoding="utf-8")
    keys = root / "keys" / "default" / "HS256"
    keys.mkdir(parents=True)
    (keys / "default").write_bytes(base64.b64encode(_TOKEN_KEY))
    (root / "oauth2.conf").write_text(
        f"introspection_mode = local\nlocal_validation_key_dict = fs:posix:prefix={root}/keys/\n",
        encoding="utf-8",
    )
    people = (
        ""
        if os.geteuid() == 0
        else _PEOPLE.format(me=getpass.getuser(), group=grp.getgrgid(os.getegid()).gr_name)
    )
    settings = _SETTINGS.format(
        root=root, tls=ports[0], plain=ports[1], uid=_OWNER[0], gid=_OWNER[1], folders=folders
    )
    (root / "dovecot.conf").write_text(settings + people + more, encoding="utf-8")


# Whoever is not root runs all parts of the server.
_PEOPLE = """
default_internal_user = {me}
default_internal_group = {group}
default_login_user = {me}
"""

_SETTINGS = """
base_dir = {root}/run
state_dir = {root}/state
log_path = {root}/log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{root}/cert.pem
ssl_key = <{root}/key.pem
disable_plaintext_auth = no
auth_failure_delay = 0 secs
auth_mechanisms = plain login xoauth2
first_valid_uid = 1
mail_location = maildir:~/Maildir
mail_fsync = never
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {root}/oauth2.conf
}}
passdb {{
  driver = passwd-file
  args = {root}/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={root}/home/%u
}}
namespace inbox {{
  inbox = yes
  separator = /
{folders}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {plain}
  }}
  inet_listener imaps {{
    port = {tls}
    ssl = yes
  }}
}}
protocol imap {{
  rawlog_dir = %h/rawlog
}}
"""
