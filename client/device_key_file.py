"""The key of this device, in a file of its owner alone: by it the council knows a member.

It is made once and never overwritten. A key that was registered and then lost would leave its
member outside until the council makes a new code.
"""

from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from client.errors import NotEnrolled
from client.private_file import create_private

FILE_NAME: Final = "device-key.pem"
_NEXT_STEP: Final = (
    "ask the works council for a new code (roster revoke), then plurale enrol FILE CODE"
)


def load(folder: Path) -> Ed25519PrivateKey:
    """The device key; raises `NotEnrolled` with the next step when it is missing or damaged."""
    path = folder / FILE_NAME
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except FileNotFoundError:
        raise NotEnrolled(f"{path}, the key of this device, is missing: {_NEXT_STEP}") from None
    except OSError as error:
        raise NotEnrolled(
            f"{path}, the key of this device, cannot be read ({error.strerror}): make it readable "
            "for you"
        ) from None
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise NotEnrolled(
            f"{path}, the key of this device, is damaged: put it back from a copy; without one, "
            f"move it away, {_NEXT_STEP}"
        )
    return key


def load_or_make(folder: Path) -> Ed25519PrivateKey:
    """The device key, made if there is none; raises `NotEnrolled`. An existing one is kept."""
    path = folder / FILE_NAME
    if not path.exists():
        key = Ed25519PrivateKey.generate()
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        try:
            create_private(path, pem.decode())
        except FileExistsError:
            pass  # another run was quicker: its key counts
        except OSError as error:
            raise NotEnrolled(
                f"the key of this device cannot be written to {path} ({error.strerror}): make the "
                "folder writable, then enrol again"
            ) from None
    return load(folder)
