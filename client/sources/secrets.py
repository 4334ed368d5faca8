"""Where a password or an access token comes from. It is asked for at each scan and never kept.

Neither a password nor what a command wrote is ever part of an error, a `repr` or a log.
"""

import subprocess
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import keyring
from keyring.errors import PasswordDeleteError

from client.errors import MailboxUnreadable, SettingsUnusable

SECONDS: Final = 30.0
"""How long a command may take; it may have to ask a server for a token."""


@dataclass(frozen=True, slots=True)
class Keyring:
    """A password in the keyring of the operating system."""

    service: str
    user: str

    def read(self) -> str:
        """The password. Raises `MailboxUnreadable`."""
        try:
            password = keyring.get_password(self.service, self.user)
        except Exception as error:
            raise MailboxUnreadable(_no_keyring(error)) from error
        if not password:
            raise MailboxUnreadable(
                f"the keyring has no password of {self.user} for {self.service}: add the mailbox "
                "again, and you will be asked for it"
            )
        return password


@dataclass(frozen=True, slots=True)
class Command:
    """The first line that a command writes. It is run without a shell.

    Raises `SettingsUnusable` for a command of no words.
    """

    words: tuple[str, ...] = field(repr=False)
    seconds: float = SECONDS

    def __post_init__(self) -> None:
        """Raise `SettingsUnusable` for a command that is empty or no command."""
        if not self.words or not self.words[0] or any("\0" in word for word in self.words):
            raise SettingsUnusable("the command for the password is empty: give its words")

    def read(self) -> str:
        """The password or token. Raises `MailboxUnreadable`."""
        name = self.words[0]
        try:
            done = subprocess.run(
                self.words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=self.seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            # Not chained: this error holds what the command has written.
            raise MailboxUnreadable(
                f"{name}, which should give the password, was not done after "
                f"{self.seconds:g} seconds: run it yourself and see what it waits for"
            ) from None
        except OSError as error:
            raise MailboxUnreadable(
                f"{name}, which should give the password, cannot be started ({error.strerror}): "
                "see that it is installed, and give its whole path"
            ) from error
        if done.returncode != 0:
            raise MailboxUnreadable(
                f"{name}, which should give the password, ended with code {done.returncode}: "
                "run it yourself and see what is wrong"
            )
        return _first_line(name, done.stdout)


Secret: TypeAlias = Keyring | Command


def keep(service: str, user: str, password: str) -> Keyring:
    """Put a password into the keyring, in place of an earlier one; raise `SettingsUnusable`."""
    try:
        keyring.set_password(service, user, password)
    except Exception as error:
        raise SettingsUnusable(_no_keyring(error)) from error
    return Keyring(service, user)


def forget(kept: Keyring) -> None:
    """Take a password out of the keyring again, if it is there; raise `SettingsUnusable`."""
    try:
        keyring.delete_password(kept.service, kept.user)
    except PasswordDeleteError:
        return  # it is not there
    except Exception as error:
        raise SettingsUnusable(_no_keyring(error)) from error


def _first_line(name: str, output: bytes) -> str:
    line = output.partition(b"\n")[0].removesuffix(b"\r")
    try:
        text = line.decode()
    except UnicodeDecodeError:
        text = ""
    if not text or not text.isprintable():
        raise MailboxUnreadable(
            f"{name}, which should give the password, wrote no line of text: run it yourself and "
            "see what it writes"
        )
    return text


def _no_keyring(error: Exception) -> str:
    # The class says what is wrong; a text of a backend may hold anything.
    return (
        f"the keyring of this computer cannot be used ({type(error).__name__}): sign in to your "
        "desktop, or give a command that prints the password instead"
    )
