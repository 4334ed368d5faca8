"""Who may import whom, where the contracts of import-linter in pyproject.toml cannot say it."""

import ast
import fnmatch
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.meta import repository

pytestmark = pytest.mark.needs_debian("git", "git")

# What may be imported only in some rooms: the import, then the rooms.
RESERVED: dict[str, tuple[str, ...]] = {
    "protos.v1": (
        "protos.*",
        # The modules of the aggregator that serve or call a gRPC service, and the client's three.
        "aggregator.services",
        "aggregator.peer",
        "client.council",
        "client.membership",
        "client.upload",
    ),
    "sqlmodel": ("aggregator.store.*",),
    "sqlalchemy": ("aggregator.store.*",),
    "opendp": ("privacy.noise",),
    # Whoever could see what is typed, or ask the desktop, does it in one place.
    "pynput": ("client.sources.pynput_input",),
    "Xlib": ("client.sources.x11_idle",),
    "jeepney": ("client.sources.bus",),
    "scipy": (),
    "hypothesis": (),
    "pytest": (),
    "grpc_tools": (),
    "tests": (),
    "deploy": ("deploy.*",),
}

# `privacy` is pure: bytes in, bytes out. These two read the files that they are given.
OPENS_FILES = ("privacy.vdaf.replay", "privacy.audit.cli")
FILE_MODULES = ("io", "os", "pathlib", "shutil", "tempfile", "glob", "fileinput")

# The always-on process of the client holds none of these in memory (protocol §11).
HEAVY = ("sqlmodel", "sqlalchemy", "opendp", "grpc", "protos")
ALWAYS_ON = ("client.journal", "client.schedule", "client.watch", "client.sources.*")


def imports(tree: ast.Module) -> Iterator[str]:
    """Every module that a syntax tree imports, in full: `from a import b` gives `a.b`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def within(name: str, package: str) -> bool:
    """Whether a dotted name is a package or something in it."""
    return name == package or name.startswith(package + ".")


def allowed(module: str, rooms: tuple[str, ...]) -> bool:
    """Whether a module is one of the rooms; `a.*` is `a` with all that is in it."""
    return any(fnmatch.fnmatchcase(module, room) or module + ".*" == room for room in rooms)


def trespasses(module: str, tree: ast.Module) -> list[str]:
    """Imports of a product module that are reserved for others."""
    return [
        f"{module} imports {name}"
        for name in imports(tree)
        for package, rooms in RESERVED.items()
        if within(name, package) and not allowed(module, rooms)
    ]


def opens_files(tree: ast.Module) -> list[str]:
    """Calls and imports with which a module could reach a file."""
    calls = [
        "open()"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "open"
    ]
    return calls + [n for n in imports(tree) if any(within(n, m) for m in FILE_MODULES)]


def _modules(*folders: str) -> Iterator[tuple[str, ast.Module]]:
    for path in repository.python_files(*folders):
        yield repository.module_name(path), repository.parse(path)


def test_reserved_packages_are_imported_only_where_they_belong() -> None:
    found = [
        finding
        for module, tree in _modules(*repository.PRODUCT)
        for finding in trespasses(module, tree)
    ]
    assert found == []


def test_privacy_reaches_no_file() -> None:
    found = {
        module: opens_files(tree)
        for module, tree in _modules("privacy")
        if not allowed(module, OPENS_FILES) and opens_files(tree)
    }
    assert found == {}


def test_the_field_arithmetic_knows_nothing_else_of_ours() -> None:
    found = [
        f"{module} imports {name}"
        for module, tree in _modules("privacy")
        if within(module, "privacy.vdaf")
        for name in imports(tree)
        if name.split(".")[0] in repository.PRODUCT and not within(name, "privacy.vdaf")
    ]
    assert found == []


def test_what_is_always_on_stays_light() -> None:
    found = [
        f"{module} imports {name}"
        for module, tree in _modules("client")
        if allowed(module, ALWAYS_ON)
        for name in imports(tree)
        if any(within(name, heavy) for heavy in HEAVY)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("module", "source", "expected"),
    [
        ("client.outbox", "from protos.v1 import report_pb2", 1),
        ("client.outbox", "from protos import v1", 1),
        ("client.upload", "from protos.v1 import report_pb2", 0),
        ("protos.convert.report", "from protos.v1.report_pb2 import Report", 0),
        ("aggregator.store.rows", "import sqlmodel", 0),
        ("aggregator.store", "from sqlmodel import SQLModel", 0),
        ("aggregator.intake", "from sqlmodel import Session", 1),
        ("privacy.release", "def f():\n    import opendp.prelude", 1),
        ("privacy.noise", "import opendp.prelude as dp", 0),
        ("client.cli", "from deploy import local", 1),
        ("deploy.local", "from tests.meta import repository", 1),
    ],
)
def test_a_reserved_import_is_noticed(module: str, source: str, expected: int) -> None:
    assert len(trespasses(module, ast.parse(source))) == expected


@pytest.mark.parametrize("source", ["open('x')", "from pathlib import Path", "import os.path"])
def test_reaching_a_file_is_noticed(source: str) -> None:
    assert opens_files(ast.parse(source))


def test_module_names_follow_the_path() -> None:
    assert repository.module_name(Path("privacy/vdaf/field.py")) == "privacy.vdaf.field"
    assert repository.module_name(Path("privacy/vdaf/__init__.py")) == "privacy.vdaf"
