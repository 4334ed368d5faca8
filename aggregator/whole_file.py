"""A file that is there whole or not at all, whenever the machine stops."""

import os
from pathlib import Path


def put(path: Path, content: bytes, *, mode: int) -> None:
    """Write the file, in place of one that is there; raises `OSError`. `mode`: such as 0o600."""
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
