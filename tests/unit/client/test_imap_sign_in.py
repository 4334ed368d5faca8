"""Signing in to a real IMAP server, and every way in which that fails, in one sentence."""

import logging
import socket
import ssl
from collections.abc import Iterator
from typing import Any

import pytest

from client.errors import MailboxUnreadable, SettingsUnusable
from client.sources.imap import ImapSource
from client.sources.imap_account import ImapAccount, Security, SignIn
from tests.dovecot import COMMAND, PACKAGE, PASSWORD, Box, access_token, dovecot
from tests.unit.client.imap_mailbox import SENT, Reader, account, facts, put, says, source
from tests.unit.client.mailbox import sent
from tests.unit.client.scripted_imap import ScriptedServer

pytestmark = pytest.mark.needs_debian(PACKAGE, COMMAND)

WRONG = "not the right one"


@pytest.fixture(scope="module")
def boxes() -> Iterator[Iterator[Box]]:
    with dovecot() as running:
        yield running


@pytest.fixture
def box(boxes: Iterator[Box]) -> Box:
    box = next(boxes)
    put(box, sent("Mon 10:00", "r@example.com", "1@client.example", folder=SENT))
    return box


def sentence(mailbox: ImapSource) -> str:
    """What a failed check and a failed scan say, which is the same and holds no secret."""
    with pytest.raises(MailboxUnreadable) as checked:
        mailbox.check()
    text = str(checked.value)
    assert text[0].islower()
    assert "\n" not in text
    assert ": " in text  # and the next step
    assert "Traceback" not in text
    assert PASSWORD not in text
    assert WRONG not in text
    return text


@pytest.mark.parametrize("security", Security)
def test_one_signs_in_in_each_way_to_be_private(box: Box, security: Security) -> None:
    port = box.tls_port if security is Security.TLS else box.plain_port
    signed_in = source(box, security=security, port=port)
    signed_in.check()
    assert len(facts(Reader(signed_in).scan())) == 1


def test_one_signs_in_with_an_access_token(box: Box) -> None:
    token = says(access_token(box.user))
    signed_in = source(box, sign_in=SignIn.TOKEN, secret=token)
    assert len(facts(Reader(signed_in).scan())) == 1


def test_one_signs_in_by_login_where_the_server_has_no_plain() -> None:
    with ScriptedServer(
        {
            "CAPABILITY": "* CAPABILITY IMAP4rev1\r\n{tag} OK done\r\n",
            "LOGIN": "{tag} OK done\r\n",
        }
    ) as server:
        local(server.port).check()
        assert any('LOGIN ana "geheim 1"' in line for line in server.lines)


def local(port: int, **changes: Any) -> ImapSource:
    """A mailbox on a scripted server, without TLS."""
    settings: dict[str, Any] = {"secret": says("geheim 1"), "security": Security.NONE}
    given = ImapAccount("127.0.0.1", "ana", port=port, **(settings | changes))
    return ImapSource(given, patience=0.3)


def test_a_wrong_password_is_said(box: Box) -> None:
    text = sentence(source(box, secret=says(WRONG)))
    assert f"does not accept the user {box.user} with this password" in text
    assert "it says: Authentication failed" in text
    assert "localhost" in text


@pytest.mark.parametrize("seconds", [-60, 3_600])
def test_a_token_that_has_run_out_or_is_of_somebody_else_is_said(box: Box, seconds: int) -> None:
    user = box.user if seconds < 0 else "bob@example.com"
    token = access_token(user, seconds)
    text = sentence(source(box, sign_in=SignIn.TOKEN, secret=says(token)))
    assert f"does not accept the access token of {box.user}" in text
    assert "sign in again with the program" in text
    assert token not in text


def test_a_server_that_takes_no_tokens_is_said() -> None:
    with ScriptedServer({}) as server:
        text = sentence(local(server.port, sign_in=SignIn.TOKEN))
    assert "takes no access tokens (XOAUTH2)" in text


def test_a_certificate_that_this_computer_does_not_trust_is_said(box: Box) -> None:
    text = sentence(source(box, ca_file=None))
    assert "the certificate of the mail server localhost is not trusted" in text
    assert "--ca-file" in text
    with_starttls = source(box, ca_file=None, security=Security.STARTTLS, port=box.plain_port)
    assert "is not trusted" in sentence(with_starttls)
    assert box.said() == b""  # nobody has signed in


def test_a_certificate_for_another_name_is_said(box: Box) -> None:
    text = sentence(source(box, host="127.0.0.1"))
    assert "the certificate of the mail server 127.0.0.1 is not trusted" in text


def test_a_port_without_tls_is_said(box: Box) -> None:
    text = sentence(source(box, port=box.plain_port))
    assert f"does not speak TLS on port {box.plain_port}" in text


def test_a_server_without_starttls_gets_no_password() -> None:
    with ScriptedServer({}) as server:
        text = sentence(local(server.port, security=Security.STARTTLS))
        assert "offers no STARTTLS" in text
        assert not any("AUTHENTICATE" in line for line in server.lines)


def test_a_host_that_does_not_exist_and_a_port_that_nobody_listens_on_are_said(box: Box) -> None:
    assert "cannot be found" in sentence(source(box, host="mail.invalid"))
    assert "cannot be found" in sentence(source(box, host="mail..example"))
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        assert f"takes no connections on port {port}" in sentence(source(box, port=port))


@pytest.mark.parametrize(
    ("answers", "greeting", "said"),
    [
        ({}, "", "has not answered ana for 0.3 seconds"),
        ({"LIST": ""}, "* OK\r\n", "has not answered ana for 0.3 seconds"),
        ({}, "HTTP/1.1 400 Bad Request\r\n", "see that 127.0.0.1 with port"),
        ({}, "* BYE too many connections\r\n", "see that 127.0.0.1 with port"),
        ({"LIST": "* BYE going down\r\n{tag} NO no\r\n"}, "* OK\r\n", "broke off"),
        ({"LIST": None}, "* OK\r\n", "broke off"),
        ({"AUTHENTICATE": None}, "* OK\r\n", "broke off"),
        ({"LIST": "* LIST what\r\n{tag} OK done\r\n"}, "* OK\r\n", "an answer that is not IMAP"),
        ({"LIST": "{tag} NO no\r\n"}, "* OK\r\n", "an answer that is not IMAP"),
        (
            {"": "{tag} NO [UNAVAILABLE] later\r\n"},
            "* OK\r\n",
            "sign in now (it says: later): try again later",
        ),
        ({"": "{tag} NO geheim 1?\r\n"}, "* OK\r\n", "with this password: if"),
        ({"": "{tag} NO Use an app password\r\n"}, "* OK\r\n", "(it says: Use an app password)"),
    ],
)
def test_a_server_in_trouble_is_said(
    answers: dict[str, str | list[str] | None], greeting: str, said: str
) -> None:
    with ScriptedServer(answers, greeting) as server:
        text = sentence(local(server.port))
    assert said in text
    assert "127.0.0.1" in text
    assert "geheim" not in text


def test_a_file_of_certificates_that_is_none_is_said(box: Box) -> None:
    for file in (box.home / "absent.pem", box.home):
        assert "cannot be used" in sentence(source(box, ca_file=file))
    empty = box.home / "empty.pem"
    empty.write_bytes(b"")
    assert "cannot be used" in sentence(source(box, ca_file=empty))


def test_neither_logs_nor_errors_nor_accounts_hold_a_secret(
    box: Box, caplog: pytest.LogCaptureFixture
) -> None:
    token = access_token(box.user)
    with caplog.at_level(logging.DEBUG):
        source(box).check()
        source(box, sign_in=SignIn.TOKEN, secret=says(token)).check()
        for wrong in (WRONG, token[:-5]):
            sign_in = SignIn.PASSWORD if wrong is WRONG else SignIn.TOKEN
            with pytest.raises(MailboxUnreadable) as refused:
                source(box, secret=says(wrong), sign_in=sign_in).check()
            assert wrong not in repr(refused.value)
            assert refused.value.__cause__ is None
    assert caplog.text
    for secret in (PASSWORD, WRONG, token, token[:-5]):
        assert secret not in caplog.text
        assert secret not in repr(account(box, secret=says(secret)))


def test_a_password_leaves_this_computer_under_tls_only() -> None:
    with pytest.raises(SettingsUnusable, match=r"imap\.example\.com is another computer"):
        ImapAccount("imap.example.com", "ana", says("x"), security=Security.NONE)
    for here in ("localhost", "127.0.0.1", "::1"):
        ImapAccount(here, "ana", says("x"), security=Security.NONE)


@pytest.mark.parametrize(
    "wrong", [{"host": ""}, {"user": "a\r\nb"}, {"port": 0}, {"port": 65_536}, {"host": "a\0b"}]
)
def test_an_account_that_makes_no_sense_cannot_be_built(wrong: dict[str, Any]) -> None:
    given: dict[str, Any] = {"host": "imap.example.com", "user": "ana", "secret": says("x")}
    with pytest.raises(SettingsUnusable):
        ImapAccount(**(given | wrong))


def test_an_old_tls_is_not_spoken(box: Box) -> None:
    from client.sources.imap_connection import _context

    assert _context(account(box)).minimum_version >= ssl.TLSVersion.TLSv1_2
