"""Requests to Microsoft Graph: where they may go, how long they wait, and what a refusal means.

1. A link that an answer names is followed only to where the first request went: whoever could put
   another address into an answer would get the token.
2. The token comes from the person's command. If it is refused, the command is asked once more,
   since tokens last about an hour.
3. Where the server asks for patience (429, 5xx), it is waited for, within a bound for a whole scan.
   A network that is not there is not waited for.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Self

import httpx

from client.errors import MailboxUnreadable

_SECONDS: Final = 30.0
_PATIENCE_SECONDS: Final = 300.0
_FIRST_WAIT_SECONDS: Final = 2.0
_TRIES: Final = 8
_UNREACHED: Final = 3
_PREFER: Final = 'IdType="ImmutableId", odata.maxpagesize=200'
_REFUSED: Final = (
    "Microsoft 365 refuses the access token (401): sign in again with the program that your token "
    "command calls"
)
_GONE_CODES: Final = ("syncstate", "resync")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for one request: a JSON object, or one of two refusals that mean something."""

    status: int
    body: Mapping[str, Any]

    @property
    def absent(self) -> bool:
        """There is no such thing."""
        return self.status == httpx.codes.NOT_FOUND and not self.too_old

    @property
    def too_old(self) -> bool:
        """The server does not know any more what it said earlier: everything is to be read again.

        Microsoft documents 410; in some services it is 400 or 404 with a code that says so.
        """
        return self.status == httpx.codes.GONE or _code(self.body).startswith(_GONE_CODES)

    @property
    def items(self) -> list[Mapping[str, Any]]:
        """Of a list, one page. Raises `MailboxUnreadable` if it is none."""
        value = self.body.get("value")
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise strange("a list was asked for")
        return value

    def link(self, name: str) -> str | None:
        """A link to go on with, like ``nextLink``."""
        value = self.body.get(f"@odata.{name}")
        return value if isinstance(value, str) else None


@dataclass(slots=True)
class GraphApi:
    """One connection, for one scan. Use it as a context manager.

    `base` like ``https://graph.microsoft.com/v1.0``. `token`: asks for an access token, raises
    `MailboxUnreadable`. `wait`: sleeps so many seconds.
    """

    base: str
    token: Callable[[], str]
    wait: Callable[[float], None]
    _client: httpx.Client = field(init=False)
    _authorization: str = field(init=False, default="", repr=False)
    _patience: float = field(init=False, default=_PATIENCE_SECONDS)

    def __enter__(self) -> Self:
        self._authorization = _bearer(self.token())
        self._client = httpx.Client(timeout=_SECONDS, follow_redirects=False)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def get(self, link: str) -> Answer:
        """Ask for `link`: a whole one, or the part after `base`. Raises `MailboxUnreadable`."""
        link = f"{self.base}{link}" if link.startswith("/") else link
        if not is_below(self.base, link):
            raise MailboxUnreadable(
                "Microsoft 365 pointed to another server than its own, and got no answer from "
                "here: tell whoever looks after your network"
            )  # 1
        url = httpx.URL(link)
        asked_again = False
        unreached = 0
        wait = _FIRST_WAIT_SECONDS
        for _ in range(_TRIES):
            response = self._send(url)
            unreached += response is None
            if unreached == _UNREACHED:
                break
            if response is not None and response.status_code == httpx.codes.UNAUTHORIZED:
                if asked_again:
                    raise MailboxUnreadable(_REFUSED)
                asked_again = True
                self._authorization = _bearer(self.token())  # 2
            elif response is None or _asks_for_patience(response.status_code):
                self._be_patient(_seconds(response, wait))  # 3
                wait *= 2
            else:
                return _answer(response)
        raise MailboxUnreadable(
            "Microsoft 365 cannot be reached: check the network; the next run tries again"
        )

    def _send(self, url: httpx.URL) -> httpx.Response | None:
        headers = {
            "Authorization": self._authorization, "Prefer": _PREFER, "Accept": "application/json"
        }  # fmt: skip
        try:
            return self._client.get(url, headers=headers)
        except httpx.HTTPError:
            return None

    def _be_patient(self, seconds: float) -> None:
        if seconds > self._patience:
            raise MailboxUnreadable(
                "Microsoft 365 cannot be reached, or asks to wait for longer than a run waits: the "
                "next run tries again"
            )
        self._patience -= seconds
        self.wait(seconds)


def is_below(base: str, link: str) -> bool:
    """Whether a link leads to the same server as `base`, to the same version of its interface."""
    try:
        root, url = httpx.URL(base), httpx.URL(link)
    except httpx.InvalidURL:
        return False
    same = (url.scheme, url.host, url.port) == (root.scheme, root.host, root.port)
    return same and not url.userinfo and url.path.startswith(f"{root.path}/")


def strange(why: str) -> MailboxUnreadable:
    """An answer of another form than Microsoft documents."""
    return MailboxUnreadable(
        f"Microsoft 365 answered in a form that this program does not know ({why}): the next run "
        "tries again; if this stays, it needs a newer Plurale"
    )


def _bearer(token: str) -> str:
    if not token or not token.isascii() or any(sign.isspace() for sign in token):
        raise MailboxUnreadable(
            "the token command printed no access token: it has to print the token alone, on one "
            "line"
        )
    return f"Bearer {token}"


def _asks_for_patience(status: int) -> bool:
    return status == httpx.codes.TOO_MANY_REQUESTS or httpx.codes.is_server_error(status)


def _seconds(response: httpx.Response | None, otherwise: float) -> float:
    """What ``Retry-After`` says; a date there is not waited for any longer than without one."""
    asked = "" if response is None else response.headers.get("Retry-After", "")
    return float(asked) if asked.isascii() and asked.isdecimal() else otherwise


def _answer(response: httpx.Response) -> Answer:
    status = response.status_code
    if status == httpx.codes.FORBIDDEN:
        raise MailboxUnreadable(
            "Microsoft 365 does not let the token read mail (403): the program that your token "
            "command calls needs the delegated permission Mail.ReadBasic; ask whoever looks after "
            "your Microsoft 365"
        )
    try:
        body = response.json()
    except (ValueError, RecursionError):
        body = None
    answer = Answer(status, body if isinstance(body, dict) else {})
    if status == httpx.codes.OK and isinstance(body, dict):
        return answer
    if answer.absent or answer.too_old:
        return answer
    raise strange(f"status {status}")


def _code(body: Mapping[str, Any]) -> str:
    error = body.get("error")
    code = error.get("code") if isinstance(error, dict) else None
    return code.lower() if isinstance(code, str) else ""
