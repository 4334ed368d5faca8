"""Checkpoints: how long the ledger is and what its root is, signed by the council (protocol §8).

The text is C2SP's tlog-checkpoint in a signed note; the council signs it (Ed25519, type 0x01), the
employer witnesses it (cosignature/v1, type 0x04) once it has verified that the ledger only grew::

    plurale/muster-gmbh/3f1d0b62a95c7e48
    20852163
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

    — plurale/muster-gmbh/3f1d0b62a95c7e48 <Base64>
    — plurale/muster-gmbh/3f1d0b62a95c7e48/employer <Base64>

The council's key is named after the origin, the employer's after the origin and "/employer".
Signatures of other keys are carried along and prove nothing. Extension lines, which the
specification allows and advises against, are refused.

Sources: c2sp.org/tlog-checkpoint, c2sp.org/tlog-cosignature, c2sp.org/signed-note.
"""

import base64
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from privacy import note
from privacy.errors import BadCheckpoint, BadConsistency, InvalidValue
from privacy.merkle import tree_hash, verify_consistency
from privacy.note import NoteSignature, SignatureType, SignedNote

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND: Final = timedelta(seconds=1)
_MAX_SECONDS: Final = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _SECOND
_TIME_BYTES: Final = 8
_BODY: Final = re.compile(r"([^\n]+)\n([0-9]{1,20})\n([A-Za-z0-9+/]{43}=)\n")


def origin_of(organisation: str, first_agreement: bytes) -> str:
    """The origin of the ledger that begins with this agreement.

    Like "plurale/muster-gmbh/3f1d0b62a95c7e48": the organisation in ASCII, for people, and the
    first 8 bytes of the digest of the *first* agreement activated, so later versions and a new
    name of the organisation leave it as it is. It is a name and proves nothing: the keys do.
    """
    # Unicode 3.2, as for domain names: every version of Python gives the same letters.
    letters = unicodedata.ucd_3_2_0.normalize("NFKD", organisation).casefold()
    bare = "".join(char for char in letters if not unicodedata.ucd_3_2_0.combining(char))
    words = re.findall(r"[a-z0-9]+", bare)
    name = "-".join(words)[:40].strip("-")
    return "/".join(part for part in ("plurale", name, first_agreement[:8].hex()) if part)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """`size` entries with the tree hash `root` (32 bytes), in the ledger named `origin`."""

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        """Raise `InvalidValue` for an origin that names no key, or an impossible size or root."""
        note.check_name(self.origin)
        if not 0 <= self.size < 2**64:
            raise InvalidValue(f"a ledger cannot have {self.size} entries")
        if len(self.root) != 32:
            raise InvalidValue(f"a root has 32 bytes, not {len(self.root)}")
        if self.size == 0 and self.root != tree_hash(()):
            raise InvalidValue("an empty ledger has another root")

    @property
    def text(self) -> str:
        """What is signed: three lines."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @property
    def witness(self) -> str:
        """The name of the employer's key."""
        return f"{self.origin}/employer"

    def verify_follows(self, older: "Checkpoint", proof: Sequence[bytes]) -> None:
        """Raise `BadConsistency` unless this is the same ledger and only appended to `older`."""
        if self.origin != older.origin:
            raise BadConsistency(f"{self.origin} is another ledger than {older.origin}")
        verify_consistency(older.size, older.root, self.size, self.root, proof)


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint and signatures, in the order of their lines; none is verified yet."""

    checkpoint: Checkpoint
    signatures: tuple[NoteSignature, ...]

    def __post_init__(self) -> None:
        """Raise `InvalidValue` for no or too many signatures."""
        SignedNote(self.checkpoint.text, self.signatures)

    def encode(self) -> str:
        """The signed note as it is stored and sent."""
        return self._note.encode()

    def verify(self, council_key: bytes) -> Checkpoint:
        """The checkpoint; `BadCheckpoint` unless the council's server key (32 bytes) signed it."""
        self._note.verify(self.checkpoint.origin, council_key)
        return self.checkpoint

    def cosigned_at(self, name: str, key: bytes) -> datetime:
        """When the named key (Ed25519, 32 bytes) last cosigned this, in UTC.

        Raises `BadCheckpoint` unless every cosignature of the key holds and there is one.
        """
        values = self._note.values_of(name, SignatureType.COSIGNATURE_V1, key)
        if not values:
            raise BadCheckpoint(f"the checkpoint is not witnessed by the expected key of {name}")
        times = []
        for value in values:
            seconds = int.from_bytes(value[:_TIME_BYTES], "big")
            message = _cosigned(self.checkpoint, seconds)
            if not note.is_signed(message, value[_TIME_BYTES:], key) or seconds > _MAX_SECONDS:
                raise BadCheckpoint(f"the cosignature of {name} does not hold for this checkpoint")
            times.append(_EPOCH + seconds * _SECOND)
        return max(times)

    @property
    def _note(self) -> SignedNote:
        return SignedNote(self.checkpoint.text, self.signatures)


def sign(checkpoint: Checkpoint, key: Ed25519PrivateKey) -> SignedCheckpoint:
    """The checkpoint signed with the council's server key.

    The council must never sign two that are inconsistent: that is the caller's to know.
    """
    return SignedCheckpoint(checkpoint, (note.sign(checkpoint.text, checkpoint.origin, key),))


def cosign(signed: SignedCheckpoint, key: Ed25519PrivateKey, at: datetime) -> SignedCheckpoint:
    """The same with the employer's cosignature at the end; an earlier one of this key is replaced.

    It says that at this time (whole seconds) the employer knew of no longer ledger. The employer
    must have verified the council's signature and `Checkpoint.verify_follows` before.
    """
    if at.utcoffset() is None or at < _EPOCH:
        raise InvalidValue("a cosignature needs a time with its zone, from 1970 on")
    checkpoint, seconds = signed.checkpoint, (at - _EPOCH) // _SECOND
    public = key.public_key().public_bytes_raw()
    mine = note.key_id(checkpoint.witness, SignatureType.COSIGNATURE_V1, public)
    value = seconds.to_bytes(_TIME_BYTES, "big") + key.sign(_cosigned(checkpoint, seconds))
    others = (
        each for each in signed.signatures if (each.name, each.key_id) != (checkpoint.witness, mine)
    )
    return SignedCheckpoint(checkpoint, (*others, NoteSignature(checkpoint.witness, mine, value)))


def decode(text: str) -> SignedCheckpoint:
    """Read a signed checkpoint; `BadCheckpoint` for what `SignedCheckpoint.encode` never writes."""
    signed = note.decode(text)
    body = _BODY.fullmatch(signed.text)
    if body is None:
        raise BadCheckpoint(
            "this is no checkpoint: the text has three lines, the origin, the size and the root"
        )
    try:
        checkpoint = Checkpoint(body[1], int(body[2]), base64.b64decode(body[3]))
    except InvalidValue as error:
        raise BadCheckpoint(f"this is no checkpoint: {error}") from None
    # Leading zeros, or Base64 with bits beyond the last byte: other texts for the same values.
    if checkpoint.text != signed.text:
        raise BadCheckpoint("this is no checkpoint: the size or the root is written in another way")
    return SignedCheckpoint(checkpoint, signed.signatures)


def verify(text: str, *, council_key: bytes, employer_key: bytes | None) -> Checkpoint:
    """The checkpoint in the note, once its signatures hold.

    Args:
        text: the signed note.
        council_key: the council's server key (32 bytes), which must have signed.
        employer_key: the employer's server key (32 bytes), which must have witnessed; `None` where
            a checkpoint not witnessed yet is good enough.

    Raises:
        BadCheckpoint: the note is malformed, or a signature is missing or does not hold.

    The origin is signed but not compared with anything: a reader who holds an earlier checkpoint
    calls `Checkpoint.verify_follows`, one who holds the whole ledger compares with `origin_of`.
    """
    signed = decode(text)
    checkpoint = signed.verify(council_key)
    if employer_key is not None:
        signed.cosigned_at(checkpoint.witness, employer_key)
    return checkpoint


def _cosigned(checkpoint: Checkpoint, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{checkpoint.text}".encode()
