"""What the documents name exists, and what a person can run is in the documents."""

import argparse
import importlib
import importlib.util
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from privacy.catalogue import CATALOGUE
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


# --- every command and option, both ways ----------------------------------------------------------

Call = tuple[str, ...]
"""A script and its subcommands, like ``("plurale-aggregator", "agreement", "sign")``."""


def calls(script: str) -> dict[Call, set[str]]:
    """Every command of a console script that does something, with the options it takes."""
    module = importlib.import_module(SCRIPTS[script].split(":")[0])
    return dict(_walk((script,), module._parser(), set()))


def _walk(
    call: Call, parser: argparse.ArgumentParser, above: set[str]
) -> Iterator[tuple[Call, set[str]]]:
    own = {
        option
        for action in parser._actions
        for option in action.option_strings
        if option.startswith("--") and option != "--help"
    }
    groups = [each for each in parser._actions if isinstance(each, argparse._SubParsersAction)]
    if not groups:
        yield call, above | own
    for group in groups:
        for name, below in group.choices.items():
            yield from _walk((*call, name), below, above | own)


def calls_named(markdown: str, known: dict[Call, set[str]]) -> list[tuple[Call, set[str]]]:
    """Commands that a document writes out in code, each with the options on its line.

    A longer known command wins over a shorter one; what is no known command has no second word.
    """
    found = []
    for line in code(markdown):
        words = line.split()
        start = next((n for n, word in enumerate(words) if Path(word).name in SCRIPTS), None)
        if start is None or words[start].endswith("/"):
            continue
        call: Call = (Path(words[start]).name,)
        options = {word.split("=")[0] for word in words[start + 1 :] if word.startswith("--")}
        for word in words[start + 1 :]:
            if any(each[: len(call) + 1] == (*call, word) for each in known):
                call = (*call, word)
        found.append((call, options))
    return found


KNOWN = {call: options for script in SCRIPTS for call, options in calls(script).items()}


def _called() -> list[tuple[Call, set[str]]]:
    return [each for path in _documents() for each in calls_named(_read(path), KNOWN)]


def test_every_command_is_written_out_in_a_document() -> None:
    assert set(KNOWN) - {call for call, _ in _called()} == set()


MANUALS = {"plurale-audit": Path("docs/audit.md")}
"""Where the options of a script are explained, if not in the document for operators."""


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_option_is_named_in_the_document_that_explains_the_script(script: str) -> None:
    manual = MANUALS.get(script, Path("docs/operations.md"))
    words = {word for line in code(_read(manual)) for word in line.split()}
    named = set().union(*(options for call, options in KNOWN.items() if call[0] == script))
    assert named - words == set()


def test_every_option_written_after_a_command_is_one_of_it() -> None:
    wrong = [
        (call, options - KNOWN[call]) for call, options in _called() if options and call in KNOWN
    ]
    assert [each for each in wrong if each[1]] == []


@pytest.mark.parametrize("manual", ["docs/operations.md", "docs/audit.md"])
def test_options_in_the_tables_of_a_manual_exist(manual: str) -> None:
    rows = re.findall(r"^\| `(--[a-z-]+)` \|", _read(Path(manual)), re.MULTILINE)
    assert rows
    assert set(rows) <= set().union(*KNOWN.values())


def test_a_call_is_found_with_its_options_wherever_it_starts() -> None:
    known: dict[Call, set[str]] = {("plurale", "send"): set()}
    markdown = "`plurale --data=x send`\n\n```\n5 4 * * * /opt/bin/plurale send --now\n```"
    assert calls_named(markdown, known) == [
        (("plurale", "send"), {"--data"}),
        (("plurale", "send"), {"--now"}),
    ]


# --- measures and decisions -----------------------------------------------------------------------


def test_every_measure_has_its_section_and_every_section_of_that_form_is_a_measure() -> None:
    sections = re.findall(r"^## ([a-z]+(?:_[a-z]+)+)$", _read(Path("docs/measures.md")), re.M)
    assert sorted(sections) == sorted(CATALOGUE)


def test_every_decision_is_linked_from_the_architecture_and_numbered_without_a_gap() -> None:
    linked = re.findall(r"\]\((adr/[^)]+)\)", _read(Path("docs/architecture.md")))
    decisions = sorted(path for path in _documents() if path.parent == Path("docs/adr"))
    assert sorted(linked) == [str(path.relative_to("docs")) for path in decisions]
    numbers = [int(path.name[:4]) for path in decisions]
    assert numbers == list(range(1, len(decisions) + 1))
    titles = [_read(path).splitlines()[0] for path in decisions]
    assert [title.split(".")[0] for title in titles] == [f"# {number}" for number in numbers]


@pytest.mark.parametrize(
    "path", [path for path in _documents() if path.parent == Path("docs/adr")], ids=str
)
def test_a_decision_says_context_options_decision_and_consequences(path: Path) -> None:
    parts = re.findall(r"^\*\*([A-Z][a-z ]+)", _read(path), re.MULTILINE)
    wanted = ["Context", "Options", "Decision", "Consequences", "Differs from the design"]
    assert [part.strip() for part in parts] == wanted


# --- the tests' own tools -------------------------------------------------------------------------


def test_a_named_target_is_found_in_blocks_and_spans() -> None:
    markdown = (
        "Say `make test`, make up, or\n\n```\n$ make demo ARGS=--once\n```\n`make PYTHON=x setup`"
    )
    assert targets_named(markdown) == {"test", "demo", "setup"}


def test_a_named_command_is_found_with_its_subcommand() -> None:
    markdown = "`plurale enrol FILE` and `.venv/bin/plurale-aggregator`; `plurale.toml`, plurale x"
    assert commands_named(markdown) == {("plurale", "enrol"), ("plurale-aggregator", "")}
