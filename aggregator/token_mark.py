"""How many tokens were ever given, beside the council's database, so that an old copy shows.

Which member has a token of a batch is in the database alone. One that was restored from an older
copy would give some members a second one, and between two entries of the ledger its own mark
(`aggregator.mark`) does not show that. So before an answer leaves, the number of all tokens given
is written to a file of its own, which must stay out of the copies.
"""

import os
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from aggregator.errors import SetupError
from privacy.errors import LedgerBehind

_DIGITS: Final = 15


@dataclass(frozen=True)
class TokenMark:
    """The file: one number of fifteen digits, written in its place."""

    path: Path
    _lock: threading.Lock = field(default_factory=threading.Lock, compare=False)

    def check(self, given: int) -> None:
        """Raise `LedgerBehind` when more tokens were given than a database knows of.

        `given`: read under the database's write lock, so that no other call is between its commit
        and its mark with a number that is not counted yet.
        """
        shown = self._read()
        if given < shown:
            raise LedgerBehind(
                f"this database knows of {given} tokens and {shown} were given: it is an old copy, "
                "and gives none, since somebody could get a second one; restore it with the "
                "employer's copy: plurale-aggregator ledger restore"
            )

    def raise_to(self, given: int) -> None:
        """Note that so many tokens are about to have been given; never lowers the number."""
        with self._lock:
            if given > self._read():
                self._write(given)

    def replace(self, given: int) -> None:
        """Write the number anew: only for a database that can give nobody a second token."""
        with self._lock:
            self._write(given)

    def _write(self, given: int) -> None:
        try:
            descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT, 0o600)
            try:
                os.pwrite(descriptor, f"{given:0{_DIGITS}}\n".encode(), 0)
                os.fdatasync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise SetupError(
                f"{self.path} cannot be written ({error.strerror}): no token is given until it can"
            ) from None

    def _read(self) -> int:
        try:
            written = self.path.read_bytes()
        except FileNotFoundError:
            return 0
        except OSError as error:
            raise SetupError(
                f"{self.path} cannot be read ({error.strerror}): make it readable"
            ) from None
        digits = written.rstrip(b"\n")
        if len(digits) != _DIGITS or not digits.isdigit():
            raise SetupError(
                f"{self.path} is damaged: if the database beside it is no old copy, delete the file"
            )
        return int(digits)
