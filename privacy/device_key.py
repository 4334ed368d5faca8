"""What a device signs towards the council: its registration, its token requests, its leaving.

The device key (Ed25519) says which member asks. It is made on the device at enrolment and known to
the council alone; reports carry nothing of it (protocol §4.6).
"""

from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from privacy import fields
from privacy.batch import BatchId
from privacy.errors import InvalidValue, NotAMember

_KEY_SIZE = 32


@dataclass(frozen=True, slots=True)
class Signed:
    """A request with its device's public key (32 bytes) and signature (64) over what it says."""

    device: bytes
    signature: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Raise `InvalidValue` for a key of the wrong size."""
        if len(self.device) != _KEY_SIZE:
            raise InvalidValue(f"a device key has {_KEY_SIZE} bytes")

    def verify(self, said: bytes) -> None:
        """Raise `NotAMember` unless the device signed exactly this."""
        try:
            Ed25519PublicKey.from_public_bytes(self.device).verify(self.signature, said)
        except InvalidSignature:
            raise NotAMember("the request is not signed by the device key that it names") from None


def sign(device_key: Ed25519PrivateKey, said: bytes) -> Signed:
    """Sign what a request says."""
    public = device_key.public_key().public_bytes_raw()
    return Signed(public, device_key.sign(said))


def registration(council_key: bytes, code_hash: bytes) -> bytes:
    """What `Register` says. `council_key`: of its server, so that it holds there only."""
    return fields.concat("plurale-1 register", council_key, code_hash)


def token_request(batch: BatchId, blinded: bytes) -> bytes:
    """What `Issue` says. The agreement, which the context names, names the council."""
    return fields.concat("plurale-1 token request", batch.context, blinded)


def leaving(council_key: bytes) -> bytes:
    """What `Leave` says."""
    return fields.concat("plurale-1 leave", council_key)
