"""The numbers that must hold, as a table: ``python -m tests.bench`` (make bench).

Every module of this folder that has `figures()` is asked; arguments choose modules by name. The
exit code is 1 when a target is missed.
"""

import importlib
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.figure import Figure


def measured(names: list[str]) -> Iterator[Figure]:
    """The figures of these modules, or of all."""
    found = sorted(module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]))
    for name in found:
        if names and name not in names:
            continue
        figures = getattr(importlib.import_module(f"tests.bench.{name}"), "figures", None)
        if figures is not None:
            yield from figures()


def main(names: list[str]) -> int:
    """Measure, show and judge."""
    table = Table("figure", "value", "target", "ok")
    missed = 0
    for figure in measured(names):
        missed += not figure.ok
        sign = "≥" if figure.more_is_better else "≤"
        target = "" if figure.target is None else f"{sign} {figure.target:g}"
        ok = "" if figure.target is None else "yes" if figure.ok else "NO"
        table.add_row(figure.name, f"{figure.value:.3g}", target, ok)
        print(f"{figure.name}: {figure.value:.4g}", file=sys.stderr)
    Console().print(table)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
