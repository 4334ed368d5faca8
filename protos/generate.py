"""Write the Python code of protos/v1, or check that what is there is current.

    python -m protos.generate           write *_pb2.py, *_pb2_grpc.py and their .pyi files
    python -m protos.generate --check   write nothing; name each stale file and exit with 1

A .proto file imports another by its path from the repository's root
(``import "protos/v1/report.proto";``), which gives generated code that imports
``from protos.v1 import report_pb2``. A file without a service gets no ``_pb2_grpc``.
"""

import argparse
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent
_SOURCES = Path("protos") / "v1"
_PATTERNS = ("*_pb2.py", "*_pb2.pyi", "*_pb2_grpc.py", "*_pb2_grpc.pyi")


class GenerationError(Exception):
    """The code cannot be generated; the text says why and what to do."""


def _plugin(name: str) -> str:
    """Find a protoc plugin of this environment, whether or not it is on the PATH."""
    scripts = sysconfig.get_path("scripts")
    found = shutil.which(name, path=scripts) or shutil.which(name)
    if found is None:
        raise GenerationError(f"{name} is not installed: run `make setup`.")
    return f"--plugin={name}={found}"


def generate(root: Path, out: Path) -> frozenset[Path]:
    """Generate the code of all .proto files under `root` into `out`.

    Returns the files written, relative to `out`.

    Raises:
        GenerationError: protoc or a plugin is missing, or protoc rejects a file.
    """
    protos = sorted(path.relative_to(root) for path in (root / _SOURCES).glob("*.proto"))
    if not protos:
        return frozenset()
    command = [
        sys.executable,
        *("-m", "grpc_tools.protoc", f"--proto_path={root}"),
        *(_plugin("protoc-gen-mypy"), _plugin("protoc-gen-mypy_grpc")),
        *(f"--python_out={out}", f"--mypy_out=quiet:{out}"),
        *(f"--grpc_python_out={out}", f"--mypy_grpc_out=quiet:{out}"),
        *(proto.as_posix() for proto in protos),
    ]
    run = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if run.returncode:
        raise GenerationError(f"protoc failed:\n{run.stderr.strip()}")
    _drop_empty_services(root, out, protos)
    return _generated(out)


def _drop_empty_services(root: Path, out: Path, protos: list[Path]) -> None:
    """Remove the service module of a file that declares no service."""
    for proto in protos:
        lines = (root / proto).read_text(encoding="utf-8").splitlines()
        if not any(line.startswith("service ") for line in lines):
            for suffix in ("_pb2_grpc.py", "_pb2_grpc.pyi"):
                (out / proto.with_name(proto.stem + suffix)).unlink(missing_ok=True)


def _generated(base: Path) -> frozenset[Path]:
    folder = base / _SOURCES
    return frozenset(
        path.relative_to(base) for pattern in _PATTERNS for path in folder.glob(pattern)
    )


def stale(root: Path, fresh: Path, written: frozenset[Path]) -> list[Path]:
    """Name the files under `root` that differ from those in `fresh`, are missing, or are left over.

    `written` are the files in `fresh`, relative to it.
    """
    different = {
        path
        for path in written
        if not (root / path).is_file() or (root / path).read_bytes() != (fresh / path).read_bytes()
    }
    return sorted(different | (_generated(root) - written))


def write(root: Path, fresh: Path, written: frozenset[Path]) -> list[Path]:
    """Bring the files under `root` up to date; returns those that changed."""
    changed = stale(root, fresh, written)
    for path in changed:
        if path in written:
            shutil.copyfile(fresh / path, root / path)
        else:
            (root / path).unlink()
    return changed


def main(arguments: list[str] | None = None, root: Path = _ROOT) -> int:
    """Run the command; 0 if all is well, 1 if a file is stale or protoc fails."""
    parser = argparse.ArgumentParser(prog="python -m protos.generate", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder)
        try:
            written = generate(root, fresh)
        except GenerationError as error:
            print(error, file=sys.stderr)
            return 1
        if not options.check:
            for path in write(root, fresh, written):
                print(f"wrote {path}" if path in written else f"removed {path}")
            return 0
        outdated = stale(root, fresh, written)
    for path in outdated:
        print(f"{path} is stale: run `make proto`.", file=sys.stderr)
    return 1 if outdated else 0


if __name__ == "__main__":
    sys.exit(main())
