"""What an export or a file beside it says cannot write on the terminal as it likes."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from privacy.audit.cli import main
from privacy.audit.explain import Explanation
from privacy.audit.finding import Finding
from privacy.audit.layout import audit_page, explanation_page
from privacy.audit.wording import plain, some
from privacy.ledger.entries import BatchReleased
from tests.unit.audit.exports import audit, file, index_of, shown, whole

RELEASE = index_of(BatchReleased)
HIDE = "north\x1b[2J\x1b[HEverything that was checked holds.\x1b[8m"
NASTY = [HIDE, "north\n0 findings.", "\x9b2J", "a\u202eb", "\u2028held", "\ud800", "x\x00"]


@pytest.mark.parametrize("text", NASTY, ids=ascii)
def test_what_a_terminal_would_obey_is_shown_as_a_question_mark(text: str) -> None:
    assert plain(text).isprintable()
    assert plain("north – 5\u00a0%: ρ") == "north – 5\u00a0%: ρ"
    assert str(Finding(3, text)).isprintable()


def test_a_finding_has_an_end() -> None:
    assert len(str(Finding(3, "x" * 10_000))) < 700


def test_whatever_gets_into_a_page_is_shown_plain() -> None:
    """The origin is made of letters only; should that ever change, the page is still safe."""
    page = audit_page(replace(audit(whole()), origin=HIDE))
    assert "\x1b" not in page
    assert "north?[2J" in page
    told = explanation_page(Explanation(None, HIDE, (HIDE,), HIDE, proven=True))
    assert "\x1b" not in told


@pytest.fixture(name="export")
def _export(tmp_path: Path) -> Path:
    path = tmp_path / "ledger.jsonl"
    path.write_bytes(file())
    return path


@pytest.mark.parametrize("text", NASTY, ids=ascii)
@pytest.mark.parametrize("column", ["task", "group", "metric", "window", "period", "estimate"])
def test_the_employers_strings_are_shown_plain(
    export: Path, capsys: pytest.CaptureFixture[str], column: str, text: str
) -> None:
    rows = shown(whole())
    rows[0][column] = text
    results = export.with_name("rows.json")
    results.write_text(json.dumps(rows))
    assert main(["verify", str(export), "--results", str(results)]) == 1
    assert all(line.isprintable() for line in lines(capsys))


@pytest.mark.parametrize("text", NASTY, ids=ascii)
@pytest.mark.parametrize("key", ["task", "group"])
def test_the_names_in_an_entry_are_shown_plain(
    export: Path, capsys: pytest.CaptureFixture[str], key: str, text: str
) -> None:
    written = file().splitlines(keepends=True)
    entry = json.loads(written[RELEASE])
    entry["body"]["batch"][key] = text
    written[RELEASE] = json.dumps(entry, separators=(",", ":")).encode() + b"\n"
    export.write_bytes(b"".join(written))
    for command in (["verify"], ["evidence"], ["explain"]):
        place = [str(RELEASE)] if command == ["explain"] else []
        assert main([*command, str(export), *place]) == 1
        assert all(line.isprintable() for line in lines(capsys))


def lines(capsys: pytest.CaptureFixture[str]) -> Iterator[str]:
    output = capsys.readouterr()
    for line in f"{output.out}{output.err}".split("\n"):
        yield line.replace("\u00a0", " ")


def test_one_is_written_as_one() -> None:
    assert [some(number, "hash", "hashes") for number in (0, 1, 2)] == [
        "0 hashes",
        "1 hash",
        "2 hashes",
    ]
    assert some(1, "day") == "1 day"
