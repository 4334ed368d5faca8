"""Replay published VDAF test vectors: ``python -m privacy.vdaf.replay FILE...``

The circuit comes from the file name, up to the first underscore. Exit status: 0 if every file
passes, 1 at the first difference, 2 for a file that cannot be replayed.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from privacy.vdaf.json_reader import UnusableVector
from privacy.vdaf.known_answers import Difference, replay_sum_vec, replay_xof

CIRCUITS: Final[dict[str, Callable[[object], int]]] = {
    "Prio3SumVec": replay_sum_vec,
    "XofTurboShake128": replay_xof,
}
"""How to replay the vectors of each circuit; the result is the number of operations."""


def replay_file(path: Path) -> int:
    """Replay one file; the number of operations executed. Raises Difference or UnusableVector."""
    circuit = path.name.split(".")[0].split("_")[0]
    if circuit not in CIRCUITS:
        known = " and ".join(CIRCUITS)
        raise UnusableVector(f"circuit '{circuit}' is not supported, only {known}")
    try:
        value = json.loads(path.read_bytes())
    except OSError as error:
        raise UnusableVector(f"cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise UnusableVector("is not a JSON file") from error
    return CIRCUITS[circuit](value)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m privacy.vdaf.replay", description="Replay VDAF test vectors."
    )
    parser.add_argument("file", nargs="+", type=Path, help="a test vector, as published")
    for path in parser.parse_args(arguments).file:
        try:
            count = replay_file(path)
        except Difference as difference:
            print(f"{path}: {difference}.", file=sys.stderr)
            return 1
        except UnusableVector as error:
            print(f"{path}: {error}.", file=sys.stderr)
            return 2
        print(f"{path}: {count} operations as recorded.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
