"""Unambiguous concatenation: every field carries its length.

The protocol writes this as ``a ‖ b``. Without the lengths ``"ab" ‖ "c"`` and ``"a" ‖ "bc"`` would
hash alike, and a digest would no longer name one thing.
"""

import hashlib

_LENGTH_BYTES = 8


def concat(*fields: bytes | str) -> bytes:
    """Join fields, each as its length (8 bytes, big-endian) and its bytes; text is UTF-8."""
    parts = []
    for field in fields:
        raw = field.encode() if isinstance(field, str) else field
        parts += [len(raw).to_bytes(_LENGTH_BYTES, "big"), raw]
    return b"".join(parts)


def digest(*fields: bytes | str) -> bytes:
    """SHA-256 of `concat` of the fields (32 bytes)."""
    return hashlib.sha256(concat(*fields)).digest()


def sha256(data: bytes) -> bytes:
    """SHA-256 of one byte string (32 bytes)."""
    return hashlib.sha256(data).digest()
