"""``party.toml``: a party's table for the agreement, as its own server writes it."""

import base64
import tomllib
from collections.abc import Mapping
from pathlib import Path

from aggregator import whole_file
from aggregator.drafting import written
from aggregator.errors import SetupError
from privacy.agreement.model import Party


def key_text(public_key: bytes) -> str:
    """A raw public key as an agreement writes it, in Base64."""
    return base64.b64encode(public_key).decode()


def write(file: Path, party: Party, table: Mapping[str, str]) -> None:
    """Write the table, whole; raises `OSError`."""
    lines = [f"{key} = {written(text)}" for key, text in table.items()]
    content = "\n".join([f"[{party.value}]", *lines, ""])
    whole_file.put(file, content.encode(), mode=0o644)


def read(file: Path, party: Party) -> dict[str, str]:
    """The table, in its order; raises `SetupError`."""
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))[party.value]
        if all(isinstance(text, str) for text in table.values()):
            return dict(table)
    except OSError as error:
        raise SetupError(f"{file} cannot be read ({error.strerror}): put it back") from None
    except (ValueError, LookupError, AttributeError):  # no TOML, no such table, no table
        pass
    raise SetupError(f"{file} does not hold the table [{party}] of texts: restore it")
