"""Erasing files: overwritten, then removed."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

SIDE_FILES: Final = ("", "-wal", "-shm", "-journal")
"""What SQLite adds to the name of a database for the files beside it, and the database itself."""

_CHUNK_BYTES: Final = 1 << 20


def erase_file(path: Path) -> None:
    """Overwrite a file, then remove it. A link is removed, and what it leads to stays as it is.

    Raises `OSError`.
    """
    found = path.lstat()
    if stat.S_ISREG(found.st_mode):
        path.chmod(0o600)
        descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW)
        with os.fdopen(descriptor, "wb") as file:
            for chunk in _zeros(found.st_size):
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
    path.unlink()


def _zeros(size: int) -> Iterator[bytes]:
    while size > 0:
        yield bytes(min(size, _CHUNK_BYTES))
        size -= _CHUNK_BYTES
