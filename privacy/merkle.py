"""The Merkle tree hash of RFC 9162 §2.1.1: one 32-byte name for an ordered list."""

import hashlib
from collections.abc import Sequence

_LEAF, _NODE = b"\x00", b"\x01"


def tree_hash(entries: Sequence[bytes]) -> bytes:
    """MTH(D[n]) of the entries, in their order (32 bytes)."""
    if not entries:
        return hashlib.sha256(b"").digest()
    if len(entries) == 1:
        return hashlib.sha256(_LEAF + entries[0]).digest()
    # The largest power of two smaller than n.
    split = 1 << (len(entries) - 1).bit_length() - 1
    return hashlib.sha256(_NODE + tree_hash(entries[:split]) + tree_hash(entries[split:])).digest()
