"""Passwords and tokens from a keyring or a command, and that they are seen nowhere else."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import keyring
import keyring.backends.fail
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError

from client.errors import MailboxUnreadable, SettingsUnusable
from client.sources import secrets
from client.sources.secrets import Command, Keyring

SECRET = "Grüße 1234"


class MemoryKeyring(KeyringBackend):
    """A keyring that lasts as long as the test."""

    priority = 1.0

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.kept.pop((service, username), None) is None:
            raise PasswordDeleteError(service)


class LockedKeyring(MemoryKeyring):
    """One that its owner does not open. What it says must not reach anybody."""

    def get_password(self, service: str, username: str) -> str | None:
        raise KeyringLocked(f"locked, and holds {SECRET}")


@pytest.fixture(autouse=True)
def memory() -> Iterator[MemoryKeyring]:
    before = keyring.get_keyring()
    backend = MemoryKeyring()
    keyring.set_keyring(backend)
    yield backend
    keyring.set_keyring(before)


def test_a_password_that_was_kept_is_read_replaced_and_forgotten(memory: MemoryKeyring) -> None:
    kept = secrets.keep("imap.example.com", "ana", "first")
    assert kept == Keyring("imap.example.com", "ana")
    secrets.keep("imap.example.com", "ana", SECRET)
    assert kept.read() == SECRET
    assert memory.kept == {("imap.example.com", "ana"): SECRET}
    secrets.forget(kept)
    assert memory.kept == {}
    secrets.forget(kept)
    with pytest.raises(MailboxUnreadable, match=r"no password of ana for imap.*add the mailbox"):
        kept.read()


def test_a_computer_without_a_keyring_is_said() -> None:
    keyring.set_keyring(keyring.backends.fail.Keyring())  # type: ignore[no-untyped-call]
    kept = Keyring("imap.example.com", "ana")
    with pytest.raises(MailboxUnreadable, match=r"NoKeyringError.*give a command that prints"):
        kept.read()
    with pytest.raises(SettingsUnusable, match="give a command that prints"):
        secrets.keep("imap.example.com", "ana", SECRET)
    with pytest.raises(SettingsUnusable, match="cannot be used"):
        secrets.forget(kept)


def test_a_locked_keyring_is_said_without_its_words() -> None:
    keyring.set_keyring(LockedKeyring())
    with pytest.raises(MailboxUnreadable, match="KeyringLocked") as refused:
        Keyring("imap.example.com", "ana").read()
    assert SECRET not in str(refused.value)


def python(code: str, seconds: float = 20) -> Command:
    return Command((sys.executable, "-c", code), seconds)


class SurprisingKeyring(MemoryKeyring):
    """Without a D-Bus some backends raise what their libraries raise."""

    def get_password(self, service: str, username: str) -> str | None:
        raise RuntimeError(f"no bus, and {username} is nobody's business")


def test_whatever_a_keyring_raises_is_a_sentence_without_its_words() -> None:
    before = keyring.get_keyring()
    keyring.set_keyring(SurprisingKeyring())
    try:
        with pytest.raises(MailboxUnreadable, match=r"\(RuntimeError\)") as raised:
            Keyring("Plurale mail", "ann").read()
    finally:
        keyring.set_keyring(before)
    assert "business" not in str(raised.value)


@pytest.mark.parametrize("end", ["", "\\n", "\\r\\n", "\\nlogin: ana\\n"])
def test_a_command_gives_its_first_line(end: str) -> None:
    code = f"import sys; sys.stdout.buffer.write('{SECRET}{end}'.encode())"
    assert python(code).read() == SECRET


def test_a_command_is_not_run_by_a_shell(tmp_path: Path) -> None:
    harmful = f"$(touch {tmp_path / 'made'}); `id` | * %PATH%"
    assert Command(("printf", "%s", harmful)).read() == harmful
    assert not list(tmp_path.iterdir())


def test_a_command_that_asks_a_question_gets_no_answer() -> None:
    # What would be typed at this program.
    reading, writing = os.pipe()
    os.write(writing, b"typed\n")
    os.close(writing)
    before = os.dup(0)
    os.dup2(reading, 0)
    try:
        asks = python("import sys; print('typed' if sys.stdin.read() else 'nothing')")
        assert asks.read() == "nothing"
    finally:
        os.dup2(before, 0)
        os.close(before)
        os.close(reading)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (f"print('{SECRET}'); raise SystemExit(3)", "ended with code 3: run it yourself"),
        (f"import sys; sys.stderr.write('{SECRET}'); raise SystemExit(1)", "ended with code 1"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", "ended with code -15"),
        (f"print(); print('{SECRET}')", "wrote no line of text"),
        ("0", "wrote no line of text"),
        ("import sys; sys.stdout.buffer.write(b'\\xff\\xfe1234')", "wrote no line of text"),
        ("print('12\\x0034')", "wrote no line of text"),
    ],
)
def test_a_command_that_fails_is_said_without_its_output(
    code: str, said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(MailboxUnreadable, match=said) as failed:
        python(code).read()
    text = str(failed.value)
    assert text.startswith(f"{sys.executable}, which should give the password, ")
    for secret in (SECRET, "1234", "print"):
        assert secret not in text
    captured = capfd.readouterr()
    assert captured.out == captured.err == ""


def test_a_command_that_takes_too_long_is_ended_and_said() -> None:
    code = f"import time; print('{SECRET}', flush=True); time.sleep(60)"
    with pytest.raises(MailboxUnreadable, match=r"was not done after 0\.5 seconds") as failed:
        python(code, 0.5).read()
    assert failed.value.__cause__ is None
    assert SECRET not in str(failed.value)


def test_a_command_that_is_not_there_is_said(tmp_path: Path) -> None:
    absent = str(tmp_path / "pass")
    with pytest.raises(MailboxUnreadable, match=r"pass, which should .* cannot be started"):
        Command((absent, "show", SECRET)).read()


@pytest.mark.parametrize("words", [(), ("",), ("pass", "a\0b")])
def test_a_command_that_makes_no_sense_cannot_be_built(words: tuple[str, ...]) -> None:
    with pytest.raises(SettingsUnusable, match="give its words"):
        Command(words)


def test_nothing_that_is_printed_shows_the_words_of_a_command() -> None:
    assert SECRET not in repr(Command(("printf", SECRET)))
