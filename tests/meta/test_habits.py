"""House habits that no linter knows: small files, short functions, telling names, clean text."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.meta import repository

LONGEST_FILE = 400
LONGEST_FUNCTION = 60

pytestmark = pytest.mark.needs_debian("git", "git")

# In pieces, so that this file does not hold what it forbids.
_HOSTS = (
    ("pypi", "org"),
    ("pythonhosted", "org"),
    ("npmjs", "org"),
    ("npmjs", "com"),
    ("yarnpkg", "com"),
    ("crates", "io"),
    ("deb.debian", "org"),
    ("proxy.golang", "org"),
    ("repo.maven.apache", "org"),
    ("anaconda", "org"),
)
HOST = re.compile("|".join(re.escape(".".join(pieces)) for pieces in _HOSTS))
MACHINE_PATH = re.compile(
    r"(?<![\w.~])/(?:work/|root/|home/[a-z]|Users/[A-Za-z]|opt/(?:wheels|" + "pypi" + "))"
)
VAGUE_NAME = re.compile(r"utils?|helpers|manager|managers|common|misc")


def line_of(text: str, pattern: re.Pattern[str]) -> str | None:
    """The first line that holds the pattern, with its number."""
    for number, line in enumerate(text.splitlines(), start=1):
        if pattern.search(line):
            return f"{number}: {line.strip()}"
    return None


def long_functions(tree: ast.Module, limit: int) -> Iterator[str]:
    """Functions of more than `limit` lines, docstring included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > limit:
                yield f"{node.name} has {length} lines"


def is_docstring_only(tree: ast.Module) -> bool:
    """Whether a module is one docstring and nothing else."""
    return len(tree.body) == 1 and ast.get_docstring(tree) is not None


def _findings(pattern: re.Pattern[str]) -> list[str]:
    found = []
    for path in repository.files():
        content = repository.text(path)
        line = line_of(content, pattern) if content is not None else None
        if line is not None:
            found.append(f"{path}:{line}")
    return found


def test_no_file_names_a_package_registry() -> None:
    assert _findings(HOST) == []


def test_no_file_holds_a_path_of_one_machine() -> None:
    assert _findings(MACHINE_PATH) == []


def test_no_file_of_the_product_is_longer_than_400_lines() -> None:
    lengths = {
        str(path): len((repository.text(path) or "").splitlines())
        for path in repository.python_files(*repository.PRODUCT)
    }
    assert {name: n for name, n in lengths.items() if n > LONGEST_FILE} == {}


def test_no_function_is_longer_than_60_lines() -> None:
    found = [
        f"{path}: {finding}"
        for path in repository.python_files()
        for finding in long_functions(repository.parse(path), LONGEST_FUNCTION)
    ]
    assert found == []


def test_every_init_file_is_a_docstring() -> None:
    inits = [path for path in repository.python_files() if path.name == "__init__.py"]
    assert [p for p in inits if not is_docstring_only(repository.parse(p))] == []


def test_no_module_has_a_name_that_fits_anything() -> None:
    paths = repository.python_files()
    assert [p for p in paths if any(VAGUE_NAME.fullmatch(part) for part in _words(p))] == []


def _words(path: Path) -> Iterator[str]:
    for part in path.with_suffix("").parts:
        yield from part.split("_")


@pytest.mark.parametrize("host", [".".join(pieces) for pieces in _HOSTS])
def test_a_registry_host_is_noticed(host: str) -> None:
    assert line_of(f"first\nsee https://{host}/simple\n", HOST) is not None


@pytest.mark.parametrize(
    ("path", "noticed"),
    [
        ("/" + "work/main/x.py", True),
        ("file:///" + "opt/wheels", True),
        ("'/" + "home/ana/Maildir'", True),
        ("/" + "Users/Ana/x", True),
        ("/var/lib/plurale", False),
        ("~/.local/share", False),
        ("docs/work/hours", False),
    ],
)
def test_a_path_of_one_machine_is_noticed(path: str, noticed: bool) -> None:
    assert (line_of(path, MACHINE_PATH) is not None) is noticed


def test_a_long_function_is_noticed() -> None:
    source = "class A:\n    async def f(self):\n" + "        pass\n" * 60
    assert list(long_functions(ast.parse(source), 60)) == ["f has 61 lines"]
    assert list(long_functions(ast.parse(source), 61)) == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [('"""Words."""\n', True), ("", False), ('"""Words."""\nimport os\n', False)],
)
def test_an_init_file_with_code_is_noticed(source: str, expected: bool) -> None:
    assert is_docstring_only(ast.parse(source)) is expected
