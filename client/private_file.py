"""Files that only their owner can read, whatever the umask is."""

import os
from pathlib import Path


def make_private(path: Path) -> None:
    """Make `path` (0600), and its folder (0700) if that is not there; raises `OSError`."""
    folder = path.parent
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        folder.chmod(0o700)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    path.chmod(0o600)
