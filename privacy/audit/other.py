"""Two readers' copies: everyone must have been shown the same ledger.

A copy is another export, a signed note, or the record that a device writes of its receipts, which
has the newest signed note that it saw under the key ``checkpoint``.
"""

import json

from privacy.audit.finding import Check, Finding
from privacy.audit.seal import Keys, Seal, check_note
from privacy.audit.wording import entries as counted_entries
from privacy.checkpoint import Checkpoint
from privacy.errors import InvalidValue
from privacy.ledger.export import read_lines
from privacy.merkle import leaf_hash, root_of_leaves

_TITLE = "The other copy"
_PROOF = (
    "both checkpoints carry the council's valid signature: that alone proves, whoever is asked, "
    "that the council showed two ledgers"
)


def check_other(
    entries: tuple[bytes, ...], seal: Seal, keys: Keys | None, other: bytes | None
) -> Check:
    """Compare with another export, or with a checkpoint note that somebody kept.

    1. The other copy is signed by the council: otherwise it proves nothing.
    2. The shorter ledger is the beginning of the longer one. A note alone cannot show that it
       continues a longer one than this export.
    3. Another export is what its own checkpoint says.
    """
    if other is None:
        return Check(
            _TITLE,
            "Not compared. Give a checkpoint or an export that somebody else kept, or what "
            "`plurale receipts --json` prints on a device, with --other FILE.",
            done=False,
        )
    try:
        note, theirs = _read(other)
    except InvalidValue as error:
        return _found(Finding(None, str(error)))
    kept = check_note(note, keys)
    if kept.signed is None:  # 1
        return _found(Finding(None, f"the other copy proves nothing: {kept.faults[0]}"))
    first = _first_difference(entries, theirs)
    same = _same(entries, theirs, kept.signed)  # 2
    if same is None:
        shown = f"the council showed {counted_entries(kept.signed.size)} to the other copy"
        return _found(Finding(len(entries), f"it is missing: {shown}; get an export of them all"))
    if same and first is None:
        both = min(len(entries), kept.signed.size)
        if not both:
            return Check(_TITLE, "Not compared. The other copy has no entry yet.", done=False)
        begin = counted_entries(both)
        return Check(_TITLE, f"It was shown the same ledger; both begin with the same {begin}.")
    if same:  # 3
        return _found(Finding(first, "the other file has another entry here than was shown to it"))
    there = "" if first is None else "the other copy has another entry here; "
    size = counted_entries(kept.signed.size)
    fork = Finding(first, f"{there}the ledger of {size} shown to it is another one")
    proven = seal.signed is not None and _is(entries, seal.signed)
    return _found(fork, Finding(first, _PROOF)) if proven else _found(fork)


def _found(*findings: Finding) -> Check:
    return Check(_TITLE, "", findings)


def _same(
    entries: tuple[bytes, ...], theirs: tuple[bytes, ...] | None, kept: Checkpoint
) -> bool | None:
    """Whether one is the beginning of the other; None where that cannot be told."""
    if kept.size <= len(entries):
        return _is(entries[: kept.size], kept)
    if theirs is None or not _is(theirs, kept):
        return None
    return theirs[: len(entries)] == entries


def _is(entries: tuple[bytes, ...], signed: Checkpoint) -> bool:
    root = root_of_leaves([leaf_hash(each) for each in entries])
    return (len(entries), root) == (signed.size, signed.root)


def _read(other: bytes) -> tuple[str, tuple[bytes, ...] | None]:
    """The note, and the entries if it is an export; `InvalidValue` for anything else."""
    lines = read_lines(other)
    if lines.checkpoint:
        return lines.checkpoint, lines.entries
    no_copy = InvalidValue(
        "the other file is neither an export, nor a checkpoint, nor a device's record of receipts"
    )
    try:
        text = other.decode()
    except UnicodeDecodeError:
        raise no_copy from None
    if text.lstrip().startswith("{"):
        return _seen_by_device(text, no_copy), None
    if "\n" not in text:
        raise no_copy
    return text, None


def _seen_by_device(text: str, no_copy: InvalidValue) -> str:
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        raise no_copy from None
    if "checkpoint" not in record:
        raise no_copy
    note = record["checkpoint"]
    if not isinstance(note, str):
        raise InvalidValue(
            "the other file has no checkpoint: the device has not asked the council's server yet"
        )
    return note


def _first_difference(entries: tuple[bytes, ...], theirs: tuple[bytes, ...] | None) -> int | None:
    pairs = enumerate(zip(entries, theirs or (), strict=False))
    return next((index for index, (ours, other) in pairs if ours != other), None)
