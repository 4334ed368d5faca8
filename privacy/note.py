"""C2SP signed notes: a text and the keys that signed it (c2sp.org/signed-note).

::

    <text, ends in a newline>
    <empty line>
    — <key name> <Base64 of key id ‖ signature>

One note has one encoding. Decoding is strict where the specification leaves room (Base64 with the
canonical padding, at most 16 signatures), so no byte of an accepted note can change unseen.
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from privacy.errors import BadCheckpoint, InvalidValue

MAX_SIGNATURES: Final = 16
"""As many as the specification makes every reader accept."""

MAX_CHARACTERS: Final = 16 * 1024
"""Of a whole note. A checkpoint with both signatures has some four hundred."""

_DASH: Final = "— "
_KEY_ID_BYTES: Final = 4


class SignatureType(IntEnum):
    """What a signature is over. The value goes into the key id."""

    ED25519 = 0x01
    COSIGNATURE_V1 = 0x04


def check_name(name: str) -> None:
    """Raise `InvalidValue` for what cannot name a key: spaces, control characters or a plus."""
    bad = not name or "+" in name or any(char.isspace() or char < " " for char in name)
    if bad or not _is_unicode(name):
        raise InvalidValue(f"{name!r} cannot name a key: leave out spaces and plus signs")


def key_id(name: str, kind: SignatureType, public_key: bytes) -> bytes:
    """The first 4 bytes of SHA-256(name ‖ newline ‖ type ‖ public key)."""
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public_key).digest()[
        :_KEY_ID_BYTES
    ]


def is_signed(message: bytes, signature: bytes, public_key: bytes) -> bool:
    """Whether the Ed25519 key (32 bytes) signed the message."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except InvalidSignature:
        return False
    return True


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line. `key_id` has 4 bytes; what `value` holds depends on the key's type."""

    name: str
    key_id: bytes
    value: bytes

    def __post_init__(self) -> None:
        """Raise `InvalidValue` for an impossible name, key id or value."""
        check_name(self.name)
        if len(self.key_id) != _KEY_ID_BYTES or not self.value:
            raise InvalidValue(f"the signature of {self.name} is too short")

    def __str__(self) -> str:
        return f"{_DASH}{self.name} {base64.b64encode(self.key_id + self.value).decode()}\n"


@dataclass(frozen=True, slots=True)
class SignedNote:
    """A text and one or more signatures, in the order of their lines."""

    text: str
    signatures: tuple[NoteSignature, ...]

    def __post_init__(self) -> None:
        """Raise `InvalidValue` for a text that cannot be signed, or no or too many signatures."""
        check_text(self.text)
        if not 0 < len(self.signatures) <= MAX_SIGNATURES:
            raise InvalidValue(
                f"a note has 1 to {MAX_SIGNATURES} signatures, not {len(self.signatures)}"
            )

    def encode(self) -> str:
        """The note as it is stored and sent."""
        return "".join([self.text, "\n", *map(str, self.signatures)])

    def values_of(self, name: str, kind: SignatureType, public_key: bytes) -> tuple[bytes, ...]:
        """What this key signed with, still unverified. Lines of every other key are left out."""
        wanted = (name, key_id(name, kind, public_key))
        return tuple(each.value for each in self.signatures if (each.name, each.key_id) == wanted)

    def verify(self, name: str, public_key: bytes) -> None:
        """Raise `BadCheckpoint` unless each Ed25519 signature of the key holds; at least one."""
        values = self.values_of(name, SignatureType.ED25519, public_key)
        if not values:
            raise BadCheckpoint(f"the note is not signed by the expected key of {name}")
        if not all(is_signed(self.text.encode(), value, public_key) for value in values):
            raise BadCheckpoint(f"the signature of {name} does not belong to this text")


def sign(text: str, name: str, key: Ed25519PrivateKey) -> NoteSignature:
    """The Ed25519 signature over a note's text."""
    check_text(text)
    public = key.public_key().public_bytes_raw()
    return NoteSignature(name, key_id(name, SignatureType.ED25519, public), key.sign(text.encode()))


def check_text(text: str) -> None:
    """Raise `InvalidValue` for a text that a note cannot carry."""
    if not text.endswith("\n"):
        raise InvalidValue("the text of a note ends in a newline")
    if any(char < " " and char != "\n" for char in text) or not _is_unicode(text):
        raise InvalidValue("the text of a note has no control characters but newlines")


def decode(note: str) -> SignedNote:
    """Read a note; `BadCheckpoint` for anything that `SignedNote.encode` does not write."""
    if len(note) > MAX_CHARACTERS:
        raise BadCheckpoint(f"a signed note has at most {MAX_CHARACTERS} characters")
    before, separator, lines = note.rpartition("\n\n")
    if not separator or not lines.endswith("\n"):
        raise BadCheckpoint("this is no signed note: a text, an empty line and signature lines")
    try:
        return SignedNote(before + "\n", tuple(map(_signature, lines[:-1].split("\n"))))
    except InvalidValue as error:
        raise BadCheckpoint(f"this is no signed note: {error}") from None


def _signature(line: str) -> NoteSignature:
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    try:
        raw = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidValue(f"{line[:40]!r} is no signature line") from None
    signature = NoteSignature(name, raw[:_KEY_ID_BYTES], raw[_KEY_ID_BYTES:])
    # Base64 has more than one text for some bytes: only the one that is written is read.
    if not space or str(signature) != line + "\n":
        raise InvalidValue(f"{line[:40]!r} is no signature line")
    return signature


def _is_unicode(text: str) -> bool:
    """Whether the text has a UTF-8 form: lone surrogates have none."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
