"""A connection to an IMAP server, from TLS to sign-in, and what its errors mean to a person.

1. TLS from the first byte, or STARTTLS before anything else is said. The certificate has to be
   trusted by this computer, or by the file of certificates that the person named, and be the
   host's. Only a server on this computer may do without.
2. The secret goes to the server in one of: an access token (SASL XOAUTH2), a password (SASL PLAIN,
   RFC 4616, in UTF-8), or LOGIN where the server has no PLAIN. No error or log holds it.
3. What breaks off while mail is read breaks off the scan: the next one goes on from there.
"""

import re
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError

from client.errors import MailboxUnreadable
from client.sources.imap_account import ImapAccount, Security, SignIn

PATIENCE: Final = 60.0
"""Seconds that a server may be silent."""

_CODE = re.compile(r"\[([A-Z-]+)")
_MOST_QUOTED = 160
_NOT_NOW = frozenset({"UNAVAILABLE", "INUSE", "LIMIT", "SERVERBUG", "OVERQUOTA"})
"""Response codes (RFC 5530) of a refusal that says nothing about the secret."""


@contextmanager
def connected(account: ImapAccount, patience: float) -> Iterator[IMAPClient]:
    """A connection that is signed in; raises `MailboxUnreadable` for whatever goes wrong in it."""
    secret = account.secret.read()
    with _translated(account, patience):
        client = _open(account, patience)
        try:
            _sign_in(client, account, secret)
            yield client
        except BaseException:
            _drop(client)
            raise
        _sign_out(client)


def _open(account: ImapAccount, patience: float) -> IMAPClient:
    context = _context(account)
    client = IMAPClient(
        account.host,
        account.port,
        ssl=account.security is Security.TLS,
        ssl_context=context,
        timeout=SocketTimeout(patience, patience),
    )
    # Names of folders stay as the server writes them, and times keep their zone.
    client.folder_encode = False
    client.normalise_times = False
    if account.security is Security.STARTTLS:
        try:
            if not client.has_capability("STARTTLS"):
                raise MailboxUnreadable(
                    f"the mail server {account.host} offers no STARTTLS on port {account.port}: "
                    "use TLS, which most servers have on port 993"
                )
            client.starttls(context)
        except BaseException:
            _drop(client)
            raise
    return client


def _context(account: ImapAccount) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=account.ca_file)
    except (OSError, ValueError) as error:
        raise MailboxUnreadable(
            f"the file of certificates {account.ca_file} cannot be used: "
            "name a file in PEM form that is there"
        ) from error


def _sign_in(client: IMAPClient, account: ImapAccount, secret: str) -> None:
    try:
        if account.sign_in is SignIn.TOKEN:
            if not client.has_capability("AUTH=XOAUTH2"):
                raise MailboxUnreadable(
                    f"the mail server {account.host} takes no access tokens (XOAUTH2): "
                    "add the mailbox again with a password"
                )
            said = f"user={account.user}\1auth=Bearer {secret}\1\1"
            client.sasl_login("XOAUTH2", _once(said))
        elif client.has_capability("AUTH=PLAIN"):
            client.sasl_login("PLAIN", _once(f"\0{account.user}\0{secret}"))
        else:
            client.login(account.user, secret)
    except IMAPClientError as error:
        if isinstance(error.__context__, IMAPClientAbortError):
            raise error.__context__ from None
        # Not chained: its context may hold what was said.
        raise MailboxUnreadable(_refusal(account, secret, str(error))) from None
    except UnicodeEncodeError:
        raise MailboxUnreadable(
            f"the mail server {account.host} takes no password with letters beyond ASCII: "
            f"change the password of {account.user} there"
        ) from None


def _once(said: str) -> Callable[[bytes], bytes]:
    """Say it to the first challenge. A second one is an error, which an empty answer ends."""
    left = [said.encode()]

    def answer(_: bytes) -> bytes:
        return left.pop() if left else b""

    return answer


def _sign_out(client: IMAPClient) -> None:
    """All has been read: that the server does not say goodbye changes nothing."""
    try:
        client.logout()
    except (IMAPClientError, OSError):
        _drop(client)


def _drop(client: IMAPClient) -> None:
    """What went wrong is told; that a socket which has failed cannot be closed well is not."""
    with suppress(OSError):
        client.shutdown()


def _refusal(account: ImapAccount, secret: str, text: str) -> str:
    code = _CODE.search(text)
    quoted = _quoted(text, secret)
    if code is not None and code[1] in _NOT_NOW:
        return (
            f"the mail server {account.host} does not let {account.user} sign in now{quoted}: "
            "try again later"
        )
    if account.sign_in is SignIn.TOKEN:
        return (
            f"the mail server {account.host} does not accept the access token of "
            f"{account.user}{quoted}: it was revoked or has run out; sign in again with the "
            "program that your token command runs"
        )
    return (
        f"the mail server {account.host} does not accept the user {account.user} with this "
        f"password{quoted}: if it has changed, add the mailbox again with the new one"
    )


def _quoted(text: str, secret: str) -> str:
    """The server's own words, in brackets, since they may name the remedy; never with a secret."""
    words = re.sub(r"""^(authenticate failed: )?b?['"]?(\[[^\]]*\] ?)?|['"]$""", "", text).strip()
    if not words or not words.isprintable() or secret in words:
        return ""
    return f" (it says: {words[:_MOST_QUOTED].rstrip('.')})"


@contextmanager
def _translated(account: ImapAccount, patience: float) -> Iterator[None]:
    try:
        yield
    except (IMAPClientError, OSError, ValueError, LookupError, TypeError) as error:
        # ValueError: a host that is no name, and an answer that is none; the last two: one that
        # lacks a part.
        raise MailboxUnreadable(_sentence(account, error, patience)) from error


def _sentence(account: ImapAccount, error: Exception, patience: float) -> str:
    server = f"the mail server {account.host}"
    mailbox = f"the mailbox of {account.title}"
    match error:
        case ssl.SSLCertVerificationError():
            return (
                f"the certificate of {server} is not trusted ({error.verify_message}): "
                "see that the name of the server is right; if your company signs its own, name "
                "its certificate with --ca-file"
            )
        case ssl.SSLError() if account.security is Security.TLS:
            return (
                f"{server} does not speak TLS on port {account.port}: give the port for IMAP with "
                "TLS, mostly 993, or ask for STARTTLS"
            )
        case TimeoutError():
            return (
                f"{server} has not answered {account.user} for {patience:g} seconds: "
                "see that you are online, and try again later"
            )
        case socket.gaierror() | UnicodeError():
            return f"{server} cannot be found: see that its name is right and you are online"
        case ConnectionRefusedError():
            return (
                f"{server} takes no connections on port {account.port}: see that the port is right"
            )
        case IMAPClientAbortError() | OSError() if "unexpected response" not in str(error):
            return (
                f"the connection to {mailbox} broke off: try again; what was read before is kept, "
                "and reading goes on from there"
            )
        case _:
            return (
                f"{mailbox} cannot be read, since the server gave an answer that is not IMAP or "
                f"refused a command: see that {account.host} with port {account.port} is its "
                "IMAP server"
            )
