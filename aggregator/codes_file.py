"""The file of enrolment codes, to be handed out and deleted: whoever reads it can take a place."""

import csv
import io
import os
from collections.abc import Sequence
from pathlib import Path

from aggregator.errors import SetupError
from aggregator.roster_import import Handout


def write(path: Path, handouts: Sequence[Handout], *, separator: str, encoding: str) -> None:
    """Write a new file that its owner alone can read, whole and on the disk; raises `SetupError`.

    It is never written over another one, whose codes may be nowhere else.
    """
    content = _text(handouts, separator).encode(encoding)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise SetupError(
            f"{path} exists: if the import that wrote it has finished, hand its codes out and "
            "delete it; if it was interrupted and plurale-aggregator roster list does not show "
            "the numbers in it, delete it and import again"
        ) from None
    except OSError as error:
        raise _unwritable(path, error) from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        _keep_name(path.parent)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise _unwritable(path, error) from None


def _text(handouts: Sequence[Handout], separator: str) -> str:
    target = io.StringIO(newline="")
    rows = csv.writer(target, delimiter=separator)
    rows.writerow(("number", "group", "name", "code"))
    rows.writerows((each.number, each.group, each.name, each.code) for each in handouts)
    return target.getvalue()


def _keep_name(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unwritable(path: Path, error: OSError) -> SetupError:
    return SetupError(
        f"{path} cannot be written ({error.strerror}), so nothing was imported: choose another "
        "place for the codes with --codes"
    )
