"""Files that only their owner can read, whatever the umask is."""

import os
from pathlib import Path


def make_private(path: Path) -> None:
    """Make `path` (0600), and its folders (0700) if they are not there; raises `OSError`.

    A symbolic link in its place is refused: it could lead to any file.
    """
    make_private_folder(path.parent)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        os.fchmod(descriptor, 0o600)
    finally:
        os.close(descriptor)


def make_private_folder(folder: Path) -> None:
    """Make a folder and those above it (0700) as far as they are not there; raises `OSError`."""
    if folder.exists():
        return
    make_private_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.chmod(0o700)


def write_private(path: Path, text: str) -> None:
    """Put a text in place of a file (0600), whole and on disk, or not at all; raises `OSError`."""
    temporary = _written_beside(path, text)
    temporary.replace(path)
    _sync(path.parent)


def create_private(path: Path, text: str) -> None:
    """The same for a file that must be new; raises `FileExistsError` if anything is there."""
    temporary = _written_beside(path, text)
    try:
        os.link(temporary, path)
    finally:
        temporary.unlink()
    _sync(path.parent)


def _written_beside(path: Path, text: str) -> Path:
    make_private_folder(path.parent)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return temporary


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
