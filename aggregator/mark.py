"""How far the ledger has come, beside the database, so that an old copy shows (protocol §6).

A helper that draws noise a second time for one batch gives away the first noise. Its database
remembers what it released, but a database can be restored from an older copy. So before an answer
leaves, size and last leaf of the ledger are written to a file of their own, which must stay out of
the copies: a ledger that ends before its mark, or differs there, releases nothing.

The employer keeps one too, of what it witnessed: from an old copy of its own database it would
otherwise witness another ledger than before, if the council shows it one.

Limit: who restores the whole directory restores the mark too. Then the checkpoint that the
employer's server sends with its question shows it, unless the employer holds that back.
"""

import os
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from aggregator.errors import SetupError
from privacy.errors import LedgerBehind
from privacy.merkle import LeafHash

_LINE: Final = re.compile(r"([0-9]{1,15}) ([0-9a-f]{64})\n")

_WAY_OUT: Final = (
    "nothing is released; restore it from the employer's copy: plurale-aggregator ledger restore"
)


@dataclass
class Mark:
    """The file. `size` entries had been shown, and `leaf` is the hash of the last of them."""

    path: Path
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def shown(self) -> tuple[int, LeafHash]:
        """How many entries had been shown, and the last one's leaf hash."""
        return self._read()

    def check(self, size_now: int, leaf_at: Callable[[int], LeafHash]) -> None:
        """Raise `LedgerBehind` when a ledger does not continue what was shown before.

        `leaf_at(place)`: its leaf hashes. Each names the one before, so one stands for all.
        """
        size, leaf = self._read()
        if size > size_now:
            raise LedgerBehind(
                f"the ledger has {size_now} entries and once had {size}: the database is an "
                f"old copy; {_WAY_OUT}"
            )
        if size and leaf_at(size - 1) != leaf:
            raise LedgerBehind(
                f"entry {size - 1} of the ledger was another one before: the database is an old "
                f"copy that went on by itself; {_WAY_OUT}"
            )

    def raise_to(self, size: int, leaf: LeafHash) -> None:
        """Note that so many entries are about to be shown; never lowers the mark."""
        with self._lock:
            if size > self._read()[0]:
                self._write(f"{size} {leaf.hex()}\n")

    def replace(self, size: int, leaf: LeafHash) -> None:
        """Write the mark anew: only for a database from which nothing can be released twice."""
        with self._lock:
            self._write(f"{size} {leaf.hex()}\n")

    def _read(self) -> tuple[int, LeafHash]:
        try:
            line = self.path.read_text(encoding="ascii")
        except FileNotFoundError:
            return 0, LeafHash(b"")
        except (OSError, ValueError) as error:
            raise SetupError(f"{self.path} cannot be read ({error}): make it readable") from None
        match = _LINE.fullmatch(line)
        if match is None:
            raise SetupError(
                f"{self.path} is damaged: if this ledger has all entries of the employer's "
                "(plurale-aggregator ledger export), delete the file"
            )
        return int(match[1]), LeafHash(bytes.fromhex(match[2]))

    def _write(self, line: str) -> None:
        temporary = self.path.with_suffix(".new")
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self.path)
            folder = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise SetupError(
                f"{self.path} cannot be written ({error.strerror}): nothing is released until it "
                "can"
            ) from None
