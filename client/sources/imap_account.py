"""Where a mailbox on an IMAP server is, and how the person signs in there. No secret is in it."""

import ipaddress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from client.errors import SettingsUnusable
from client.sources.secrets import Secret


class Security(StrEnum):
    """How the connection is made private. `NONE` is for a server on this computer only."""

    TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"


class SignIn(StrEnum):
    """What the secret is: a password, or an OAuth 2.0 access token (XOAUTH2)."""

    PASSWORD = "password"  # noqa: S105 - the name of a way to sign in
    TOKEN = "token"  # noqa: S105 - same


USUAL_PORT = {Security.TLS: 993, Security.STARTTLS: 143, Security.NONE: 143}


@dataclass(frozen=True, slots=True)
class ImapAccount:
    """One account. `ca_file`: PEM certificates to trust in place of the system's (a company's own).

    `secret` says where the password or token comes from at each scan.
    """

    host: str
    user: str
    secret: Secret
    port: int = 993
    security: Security = Security.TLS
    sign_in: SignIn = SignIn.PASSWORD
    ca_file: Path | None = None

    def __post_init__(self) -> None:
        """Raise `SettingsUnusable` for a name with line breaks, a port out of range, or no TLS."""
        for name, text in (("the mail server", self.host), ("the user", self.user)):
            if not text or not text.isprintable():
                raise SettingsUnusable(f"{name} needs a name without line breaks: give it again")
        if not 0 < self.port < 65_536:
            raise SettingsUnusable(f"{self.port} is no port: give one from 1 to 65535")
        if self.security is Security.NONE and not _is_loopback(self.host):
            raise SettingsUnusable(
                f"{self.host} is another computer, and without TLS anybody on the way could read "
                "the password: leave TLS on"
            )

    @property
    def title(self) -> str:
        """How sentences name the account."""
        return f"{self.user} at {self.host}"


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
