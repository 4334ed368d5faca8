"""The files of this repository, as its tests about itself see them."""

import ast
import functools
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PRODUCT = ("privacy", "protos", "client", "aggregator", "deploy")
_GENERATED = re.compile(r"_pb2(_grpc)?\.pyi?$")


@functools.cache
def files() -> tuple[Path, ...]:
    """Every file that git tracks or would add, relative to the root."""
    # The clone may belong to another user than the one who runs the tests.
    listing = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z", "-co", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = sorted({Path(name) for name in listing.stdout.split("\0") if name})
    return tuple(path for path in paths if (ROOT / path).is_file())


def is_generated(path: Path) -> bool:
    """Whether protoc wrote the file."""
    return _GENERATED.search(path.name) is not None


def python_files(*folders: str) -> list[Path]:
    """Hand-written Python files in the given top-level folders, or in all."""
    return [
        path
        for path in files()
        if path.suffix == ".py"
        and not is_generated(path)
        and (not folders or path.parts[0] in folders)
    ]


def text(path: Path) -> str | None:
    """The text of a file relative to the root; None if it is not UTF-8."""
    try:
        return (ROOT / path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def parse(path: Path) -> ast.Module:
    """The syntax tree of a Python file relative to the root."""
    return ast.parse((ROOT / path).read_text(encoding="utf-8"), filename=str(path))


def module_name(path: Path) -> str:
    """Dotted name of the module in a file relative to the root."""
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
