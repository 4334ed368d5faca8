"""`plurale-audit` as people run it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from privacy.audit.cli import main
from privacy.ledger.entries import BatchReleased
from privacy.ledger.export import encode
from tests.unit.audit.exports import a_year_late, export_of, file, index_of, released, shown, whole

RELEASE = index_of(BatchReleased)
CHANGED = index_of(BatchReleased, "north", "2026-W04")
"""The first release of ten reports."""


@pytest.fixture(name="export")
def _export(tmp_path: Path) -> Path:
    path = tmp_path / "ledger.jsonl"
    path.write_bytes(file())
    return path


@pytest.fixture(name="broken")
def _broken(tmp_path: Path) -> Path:
    path = tmp_path / "broken.jsonl"
    path.write_bytes(file().replace(b'"count":10', b'"count":11', 1))
    return path


def test_a_whole_export_holds(export: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(export)]) == 0
    text = capsys.readouterr().out
    assert text.startswith("Ledger     plurale/example-gmbh/")
    assert "Everything that was checked holds." in text
    assert "employer" in text
    assert max(map(len, text.splitlines())) <= 80


def test_with_everything_given_nothing_is_left_uncompared(
    export: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    agreement, results, other = (tmp_path / name for name in ("a.json", "r.json", "c.txt"))
    agreement.write_bytes(whole().signed[1].envelope)
    results.write_text(json.dumps(shown(whole())))
    other.write_text(whole().note, encoding="utf-8")
    given = ["--agreement", agreement, "--results", results, "--other", other]
    assert main(["verify", str(export), *map(str, given)]) == 0
    assert "Not compared" not in capsys.readouterr().out


def test_a_broken_export_fails_and_names_the_entry(
    broken: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", str(broken)]) == 1
    text = capsys.readouterr().out
    assert "FAULT    The order" in text
    assert "This export does not hold." in text.splitlines()[-1]
    assert max(map(len, text.splitlines())) <= 80


def test_an_entry_is_explained(export: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", str(export), str(RELEASE)]) == 0
    text = capsys.readouterr().out
    assert text.startswith(f"Entry {RELEASE}: release, 7\u00a0January 2026, 09:00 UTC\n")
    assert max(map(len, text.splitlines())) <= 80


def test_an_entry_without_proof_fails(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", str(broken), str(RELEASE)]) == 1
    text = capsys.readouterr().out
    assert text.startswith(f"This export does not hold: entry {CHANGED}: it was changed")
    assert "Not proven" in text


def test_what_verify_refuses_is_not_vouched_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both signed a release of 3 reports: the proof holds, and the ledger does not."""
    path, story = tmp_path / "three.jsonl", released(count=3)
    path.write_bytes(encode(export_of(story)))
    release = story.first(BatchReleased).index
    fault = f"does not hold: entry {release}: north's headline for 2026-W01 is released"
    assert main(["explain", str(path), str(release)]) == 1
    text = " ".join(capsys.readouterr().out.split())
    assert text.startswith(f"This export {fault}")
    assert main(["evidence", str(path)]) == 1
    assert fault in capsys.readouterr().out


def test_what_came_late_is_named_and_no_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, story = tmp_path / "late.jsonl", a_year_late()
    path.write_bytes(encode(export_of(story)))
    late = story.first(BatchReleased).index
    words = f"entry {late}: north's headline for 2026-W01 should have ended by"
    assert main(["verify", str(path)]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert f"{words} 26 January 2026, and" in text
    assert "ask both parties why" in text
    assert "Everything that was checked holds. 2 things to ask about." in text
    assert main(["explain", str(path), str(late)]) == 0
    assert "ask both parties why" in " ".join(capsys.readouterr().out.split())
    assert main(["evidence", str(path)]) == 0
    assert f"- {words}" in capsys.readouterr().out


def test_nothing_is_said_to_hold_of_an_empty_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "empty.jsonl"
    path.touch()
    assert main(["verify", str(path)]) == 1
    text = capsys.readouterr().out
    assert " held " not in text
    assert text.count("FAULT") == 1
    assert main(["explain", str(path), "0"]) == 1
    assert capsys.readouterr().err == (
        "plurale-audit: there is no entry 0: the export has no entry\n"
    )


def test_evidence_is_printed_or_written(
    export: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evidence", str(export)]) == 0
    page = capsys.readouterr().out
    assert page.startswith("# Evidence: Example GmbH\n")
    data, markdown = tmp_path / "e.json", tmp_path / "e.md"
    assert main(["evidence", str(export), "--json", str(data), "--markdown", str(markdown)]) == 0
    assert capsys.readouterr().out == ""
    assert markdown.read_text(encoding="utf-8") == page
    assert json.loads(data.read_text(encoding="utf-8"))["verification"]["held"] is True


def test_evidence_of_a_broken_export_fails_and_says_so(
    broken: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evidence", str(broken)]) == 1
    shown = capsys.readouterr()
    assert shown.out.splitlines()[2].startswith(f"**This export does not hold: entry {CHANGED}: ")
    assert "does not hold" in shown.err


def _no_json(folder: Path) -> list[str]:
    (folder / "r.json").write_text("{")
    return ["--results", str(folder / "r.json")]


def _null(folder: Path) -> list[str]:
    (folder / "r.json").write_text("null")
    return ["--results", str(folder / "r.json")]


def _missing(folder: Path) -> list[str]:
    return ["--other", str(folder / "nowhere")]


def _folder(folder: Path) -> list[str]:
    return ["--agreement", str(folder)]


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        (_no_json, "is not JSON"),
        (_null, "not what `plurale-aggregator results"),
        (_missing, "nowhere: No such file"),
        (_folder, "Is a directory"),
    ],
)
def test_a_file_that_is_no_use_is_one_sentence_and_no_traceback(
    export: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    extra: Callable[[Path], list[str]],
    words: str,
) -> None:
    assert main(["verify", str(export), *extra(tmp_path)]) == 1
    error = capsys.readouterr().err
    assert error.startswith("plurale-audit: ")
    assert words in error
    assert len(error.splitlines()) == 1


@pytest.mark.parametrize("arguments", [[], ["verify"], ["explain", "x", "first"], ["other"]])
def test_wrong_usage_is_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert "usage: plurale-audit" in capsys.readouterr().err
