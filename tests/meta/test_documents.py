"""What the documents name exists, and what a person can run is in the documents."""

import importlib.util
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.meta import repository

pytestmark = pytest.mark.needs_debian("git", "git")

_PROJECT = tomllib.loads((repository.ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SCRIPTS: dict[str, str] = _PROJECT["project"]["scripts"]

_TARGET = re.compile(r"^([a-z][a-z-]*):(?!=)", re.MULTILINE)
_CODE = re.compile(r"^```[^\n]*\n(.*?)^```|`([^`\n]+)`", re.MULTILINE | re.DOTALL)
_MODULE = re.compile(r"\bpython3? -m ([a-z_]+(?:\.[a-z_0-9]+)*)")
_LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")


def code(markdown: str) -> Iterator[str]:
    """Lines of code in a document: those of fenced blocks and every `span`."""
    for block, span in _CODE.findall(markdown):
        for line in (block or span).splitlines():
            yield line.strip().removeprefix("$ ")


def targets_named(markdown: str) -> set[str]:
    """Targets of the Makefile that a document names in code."""
    found = set()
    for line in code(markdown):
        words = line.split()
        if words[:1] == ["make"]:
            found.update([word for word in words[1:] if "=" not in word][:1])
    return found


def commands_named(markdown: str) -> set[tuple[str, str]]:
    """Console scripts that a document names in code, each with its subcommand or an empty text."""
    found = set()
    for line in code(markdown):
        words = [*line.split(), ""]
        name = Path(words[0]).name
        if re.fullmatch(r"plurale(-[a-z]+)?", name) and not words[0].endswith("/"):
            subcommand = words[1] if re.fullmatch(r"[a-z][a-z-]*", words[1]) else ""
            found.add((name, subcommand))
    return found


def _documents() -> list[Path]:
    return [path for path in repository.files() if path.suffix == ".md"]


def _read(path: Path) -> str:
    return repository.text(path) or ""


def _targets() -> set[str]:
    return set(_TARGET.findall(_read(Path("Makefile"))))


@pytest.mark.parametrize("path", _documents(), ids=str)
def test_every_make_target_named_in_a_document_exists(path: Path) -> None:
    assert targets_named(_read(path)) <= _targets()


def test_every_make_target_is_named_in_a_document() -> None:
    named = set().union(*(targets_named(_read(path)) for path in _documents()))
    assert _targets() - named == set()


@pytest.mark.parametrize("path", _documents(), ids=str)
def test_every_module_run_in_a_document_exists(path: Path) -> None:
    modules = _MODULE.findall(_read(path))
    ours = [name for name in modules if name.split(".")[0] in (*repository.PRODUCT, "tests")]
    assert [name for name in ours if not _is_module(name)] == []


def _is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


@pytest.mark.parametrize("path", _documents(), ids=str)
def test_every_file_linked_from_a_document_exists(path: Path) -> None:
    links = _LINK.findall(_read(path))
    assert [to for to in links if not (repository.ROOT / path.parent / to).exists()] == []


def _commands() -> list[tuple[str, str]]:
    return sorted(set().union(*(commands_named(_read(path)) for path in _documents())))


@pytest.mark.parametrize(("script", "subcommand"), _commands())
def test_every_command_named_in_a_document_answers(script: str, subcommand: str) -> None:
    assert script in SCRIPTS, f"{script} is not a console script of pyproject.toml"
    module, function = SCRIPTS[script].split(":")
    call = f"import sys; sys.argv[0] = {script!r}; from {module} import {function} as f"
    run = subprocess.run(
        [sys.executable, "-c", f"{call}; sys.exit(f())", *filter(None, [subcommand]), "--help"],
        cwd=repository.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert f"{script} {subcommand}".strip() in run.stdout


def test_a_named_target_is_found_in_blocks_and_spans() -> None:
    markdown = (
        "Say `make test`, make up, or\n\n```\n$ make demo ARGS=--once\n```\n`make PYTHON=x setup`"
    )
    assert targets_named(markdown) == {"test", "demo", "setup"}


def test_a_named_command_is_found_with_its_subcommand() -> None:
    markdown = "`plurale enrol FILE` and `.venv/bin/plurale-aggregator`; `plurale.toml`, plurale x"
    assert commands_named(markdown) == {("plurale", "enrol"), ("plurale-aggregator", "")}
