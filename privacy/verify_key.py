"""The verify key of a task: made by both parties, chosen by neither (protocol §5).

It is the XOR of one half from each. Commitments are exchanged before either half is revealed, so
that nobody can pick a half after seeing the other. Clients never learn it.
"""

from typing import Final

from privacy import fields
from privacy.agreement.model import Role, TaskDigest
from privacy.errors import InvalidValue, WrongOpening

HALF_SIZE: Final = 32


def commit(task: TaskDigest, role: Role, half: bytes) -> bytes:
    """SHA-256 commitment to one party's half. The half is 32 random bytes, so it needs no salt."""
    if len(half) != HALF_SIZE:
        raise InvalidValue(f"half of a verify key has {HALF_SIZE} bytes, not {len(half)}")
    return fields.digest("plurale-1 verify key", task, role, half)


def check_half(task: TaskDigest, role: Role, half: bytes, commitment: bytes) -> None:
    """Raise `WrongOpening` unless the half is the one committed to."""
    if commit(task, role, half) != commitment:
        raise WrongOpening(f"the {role}'s half of the verify key is not the one it committed to")


def combine(own: bytes, other: bytes) -> bytes:
    """The verify key: 32 bytes, the XOR of both halves."""
    return bytes(a ^ b for a, b in zip(own, other, strict=True))
