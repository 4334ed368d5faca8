"""Every threat of docs/threat-model.md has a test that shows it, and every attack has a threat."""

import ast
from pathlib import Path

import pytest

from tests.meta import repository
from tests.threat_model import DOCUMENT, LINES, Threat, parse

pytestmark = pytest.mark.needs_debian("git", "git")

ATTACKS = Path("tests/adversarial")
THREATS = parse(DOCUMENT.read_text(encoding="utf-8"))
EXAMPLE = """\
### Somebody guesses: `a-guess`

- **Who.** Anybody.
- **What they do.** They
  guess.
- **Shown by.** `tests/adversarial/test_a.py::test_b`.

## Next

- **Who.** Nobody.
"""


def modules() -> list[Path]:
    """The modules of attacks, relative to the root."""
    return [
        path
        for path in repository.python_files("tests")
        if path.parent == ATTACKS and path.name.startswith("test_")
    ]


def collected_in(tree: ast.Module) -> set[str]:
    """Names of what pytest collects from a module: functions, and classes made by a machine."""
    functions = {
        node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assigned = {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    return {name for name in functions if name.startswith("test_")} | {
        name for name in assigned if name.startswith("Test")
    }


def threats_of(tree: ast.Module) -> list[str]:
    """Ids in ``pytestmark = pytest.mark.threat(…)``, also where it is one mark of a list."""
    marks = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and [*map(ast.unparse, node.targets)] == ["pytestmark"]
    ]
    return [
        argument.value
        for mark in marks
        for call in ast.walk(mark)
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "pytest.mark.threat"
        for argument in call.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    ]


def test_the_document_has_threats_and_each_has_an_id_of_its_own() -> None:
    ids = [threat.id for threat in THREATS]
    assert len(ids) > 30
    assert sorted(ids) == sorted(set(ids))
    # A heading in another form would drop a threat without a word.
    assert len(ids) == DOCUMENT.read_text(encoding="utf-8").count("\n### ")


@pytest.mark.parametrize("threat", THREATS, ids=lambda threat: threat.id)
def test_a_threat_has_its_five_lines_in_their_order(threat: Threat) -> None:
    assert tuple(threat.lines) == LINES
    assert all(len(line) > 5 for line in threat.lines.values())


@pytest.mark.parametrize("threat", THREATS, ids=lambda threat: threat.id)
def test_a_threat_is_shown_by_tests_that_exist_in_modules_that_name_it(threat: Threat) -> None:
    assert threat.tests
    known = modules()
    for test in threat.tests:
        file, _, name = test.partition("::")
        assert Path(file) in known, f"{file} is no module of attacks"
        tree = repository.parse(Path(file))
        assert name in collected_in(tree), f"{file} has no {name}"
        assert threat.id in threats_of(tree), f"{file} does not name {threat.id}"


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.stem)
def test_a_module_of_attacks_names_threats_that_the_document_has(path: Path) -> None:
    named = threats_of(repository.parse(path))
    assert named, f"{path} names no threat: add pytestmark = pytest.mark.threat(…)"
    assert set(named) - {threat.id for threat in THREATS} == set()


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.stem)
def test_a_threat_that_a_module_names_refers_to_it(path: Path) -> None:
    named = threats_of(repository.parse(path))
    refer = {t.id for t in THREATS if any(test.startswith(f"{path}::") for test in t.tests)}
    assert set(named) - refer == set()


def test_a_section_is_read_to_its_end_and_no_further() -> None:
    (threat,) = parse(EXAMPLE)
    assert (threat.id, threat.title) == ("a-guess", "Somebody guesses")
    assert list(threat.lines) == ["Who", "What they do", "Shown by"]
    assert threat.says("They guess.")
    assert not threat.says("They guess.", "Nobody.")
    assert threat.tests == ("tests/adversarial/test_a.py::test_b",)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('pytestmark = pytest.mark.threat("a", "b")', ["a", "b"]),
        ('pytestmark = [pytest.mark.slow, pytest.mark.threat("a")]', ["a"]),
        ("pytestmark = pytest.mark.slow", []),
        ('other = pytest.mark.threat("a")', []),
    ],
)
def test_a_mark_is_found_where_pytest_finds_it(source: str, expected: list[str]) -> None:
    assert threats_of(ast.parse(source)) == expected
