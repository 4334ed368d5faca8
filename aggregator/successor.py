"""A party's next signing key: made beside the present one, announced, and in the end put in place.

A version of the agreement that the present key signs announces the next one in `successor_key`; a
version after it may be signed with either (`privacy.agreement.succession`).
"""

from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from aggregator import terms, whole_file
from aggregator.errors import SetupError
from aggregator.home import Home, pem
from privacy.agreement.model import Agreement


def make(home: Home, random: Callable[[int], bytes]) -> bytes:
    """Make `successor.pem` and name it in `party.toml`; returns its public key (32 bytes).

    1. Keep the private key.
    2. Put its public half into the party's table. If only this is missing, it is made up for.

    Raises `SetupError`, also when both are done already.
    """
    file, table = _file(home), terms.read(home.terms, home.party)
    public = _waiting(home)
    if public is not None and table.get("successor_key") == terms.key_text(public):
        raise SetupError(
            f"{file} is there already and {home.terms} names it: put that table into the next "
            "version of the agreement; a key is never overwritten"
        )
    try:
        if public is None:  # 1
            key = Ed25519PrivateKey.from_private_bytes(random(32))
            whole_file.put(file, pem(key), mode=0o600)
            public = key.public_key().public_bytes_raw()
        named = table | {"successor_key": terms.key_text(public)}
        terms.write(home.terms, home.party, named)  # 2
    except OSError as error:
        raise _unwritable(home, error) from None
    return public


def check_announced(home: Home, agreement: Agreement) -> None:
    """Raise `SetupError` when the agreement announces a key for this party that it does not hold.

    Whoever holds an announced key may sign in the party's name.
    """
    announced = agreement.party(home.party).successor_key
    if announced is not None and announced != _waiting(home):
        raise SetupError(
            f"the agreement announces another key for the {home.party} than the one in "
            f"{_file(home)}: put the table in {home.terms} into the agreement; nothing was signed"
        )


def take_over(home: Home, agreement: Agreement) -> None:
    """Make the key that an activated agreement names the signing key, if it is the successor.

    1. Keep the signing key until now as `signing.old.pem`.
    2. Put the successor in its place.
    3. Name it in `party.toml`, and announce it no more.

    Stopped in between, activating the agreement again goes on from there: up to 2 both keys are
    where they were, and 3 asks what the table says. Raises `SetupError`.
    """
    named, signing = agreement.party(home.party).signing_key, home.keys / "signing.pem"
    try:
        if _waiting(home) == named:
            if signing.exists():
                whole_file.put(home.keys / "signing.old.pem", signing.read_bytes(), mode=0o600)  # 1
            _file(home).replace(signing)  # 2
        table, text = terms.read(home.terms, home.party), terms.key_text(named)
        if table.get("signing_key") != text:  # 3
            if table.get("successor_key") == text:
                del table["successor_key"]
            terms.write(home.terms, home.party, table | {"signing_key": text})
    except OSError as error:
        raise _unwritable(home, error) from None


def _file(home: Home) -> Path:
    return home.keys / "successor.pem"


def _waiting(home: Home) -> bytes | None:
    """The public half of the successor, if there is one."""
    key = home.successor_key()
    return None if key is None else key.public_key().public_bytes_raw()


def _unwritable(home: Home, error: OSError) -> SetupError:
    return SetupError(
        f"{home.path} cannot be written ({error.strerror}): run as the user who owns it"
    )
