"""``plurale-aggregator plan``: from a file to a table, sentences or JSON."""

import json
import re
from dataclasses import replace
from fractions import Fraction
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from aggregator import plan_table
from aggregator.cli import main
from aggregator.planning import as_json
from privacy.agreement import envelope
from privacy.agreement.model import Agreement
from privacy.groups import Group, GroupId, Level
from privacy.plan.whole import plan
from tests.agreements import headline, make_agreement, sales_groups, scalar, sign

EXAMPLE = Path(__file__).parents[3] / "docs/agreement-example.toml"
DOCUMENT = Path(__file__).parents[3] / "docs/planning.md"


def weak() -> Agreement:
    """North has 10 of 10 to report, and one metric can never be "met"."""
    department, north, *rest = sales_groups()
    hopeless = scalar("core_hours_coverage", target=Fraction(1), share=Fraction(1, 2))
    return make_agreement(
        groups=(department, replace(north, roster=10), *rest),
        tasks=(headline(metrics=(scalar(share=Fraction(1, 2)), hopeless)),),
    )


def printed(agreement: Agreement, width: int = 100) -> str:
    out = StringIO()
    plan_table.show(plan(agreement), Console(file=out, width=width, highlight=False))
    return out.getvalue().replace("\u00a0", " ")


def words(text: str) -> str:
    return " ".join(text.split())


def test_the_table_shows_the_figures_of_the_plan() -> None:
    text = printed(make_agreement())
    row = next(line for line in text.splitlines() if line.startswith("north  mail"))
    assert row.split()[2:] == ["≥", "80", "%", "8.40", "4.20", "2.33", "5.92", "15.5", "points"]
    assert re.search(r"^north +12 +10 +44 % +11 % +2 % *$", text, re.MULTILINE)
    assert re.search(r"^everything, a quarter +readers +1 +7.8 +76 % +92 % *$", text, re.MULTILINE)
    assert re.search(r"^ +the council +8 +27.8 +98 % +over 99 % *$", text, re.MULTILINE)
    assert "None: every metric can be answered" in text
    assert "Teams to merge" not in text


def test_every_doubt_and_every_merge_is_printed_in_full() -> None:
    text = words(printed(weak()))
    found = plan(weak())
    assert len(found.findings) == 4
    for finding in found.findings:
        assert words(finding.sentence) in text
    assert "Merge north and west (30 members)." in text
    assert "Still in doubt: core_hours_coverage." in text
    assert "No merge of teams of sales is enough for core_hours_coverage" in text


@pytest.mark.parametrize(("terminal", "used"), [(200, 100), (100, 100), (80, 80)])
def test_no_line_is_wider_than_the_terminal_or_100_and_nothing_is_cut_off(
    terminal: int, used: int
) -> None:
    long = Group(GroupId("x" * 64), Level.TEAM, 12)
    text = printed(make_agreement(groups=(*sales_groups(), long)), terminal)
    assert max(map(len, text.splitlines())) <= used
    assert "…" not in text


def test_names_are_printed_as_they_are() -> None:
    """Rich reads square brackets as markup."""
    odd = Group(GroupId("[red]x"), Level.TEAM, 10)
    assert printed(make_agreement(groups=(*sales_groups(), odd))).count("[red]x") >= 3


def keys(value: Any) -> set[str]:
    """Every key of the objects below, those that are numbers left out."""
    if isinstance(value, list):
        return set().union(*map(keys, value))
    if not isinstance(value, dict):
        return set()
    own = {key for key in value if not re.fullmatch(r"[0-9.]+", key)}
    return own.union(*map(keys, value.values()))


def test_json_has_an_object_for_each_task_group_and_metric_with_the_documented_keys() -> None:
    rows = as_json(plan(make_agreement())) + as_json(plan(weak()))
    assert len(as_json(plan(make_agreement()))) == 3 + 5
    documented = set(re.findall(r"^\| `([a-z_]+)` \|", DOCUMENT.read_text(), re.MULTILINE))
    assert documented == keys(rows)
    for row in rows:
        assert list(row) == list(rows[0])


def test_json_holds_the_plans_own_numbers() -> None:
    found = plan(make_agreement())
    for row, figures in zip(as_json(found), found.figures, strict=True):
        assert row["standard_error"]["13"] == figures.standard_error(13)
        fewest = figures.standard_error(4, figures.threshold)
        assert row["standard_error_at_threshold"]["4"] == fewest
        assert row["false_report"] == float(figures.false_report())
        assert (row["detectable"] is None) is (row["target"] is None)
    north = as_json(found)[0]
    assert north["withheld"] == pytest.approx(
        {"0.80": 0.4417, "0.90": 0.1109, "0.95": 0.0196}, abs=1e-4
    )
    assert north["budget"]["all_year"]["council"]["rho"] == 8


def test_json_names_doubts_and_the_merge_of_their_own_row() -> None:
    rows = {(row["group"], row["metric"]): row for row in as_json(plan(weak()))}
    row = rows["north", "core_hours_coverage"]
    assert [each["kind"] for each in row["warnings"]] == ["often_withheld", "one_sided"]
    assert row["merge"]["teams"] == ["north", "west"]
    assert (row["merge"]["suggested"], row["merge"]["in_doubt"]) == (True, ["one_sided"])
    assert rows["north", "mail_answered_in_time"]["merge"]["in_doubt"] == []
    assert not rows["south", "core_hours_coverage"]["merge"]["suggested"]


# --- the command ----------------------------------------------------------------------------------


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["plan", *arguments])
    told = capsys.readouterr()
    return code, told.out, told.err


def test_toml_and_envelopes_signed_or_not_give_the_same_plan(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    signed, begun = tmp_path / "signed.json", tmp_path / "begun"
    signed.write_bytes(sign(make_agreement()))
    begun.write_bytes(envelope.start(make_agreement()))
    first, second = (run(capsys, str(file), "--json") for file in (signed, begun))
    assert first == second
    assert json.loads(first[1]) == as_json(plan(make_agreement()))
    code, text, _ = run(capsys, str(EXAMPLE))
    assert code == 0
    assert "Task headline, by team" in text


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "cannot be read"),
        (b"\xff", "is not UTF-8 text"),
        (b"version = 1", "agreement.toml: "),
        (b"{}", "is not valid TOML"),
    ],
)
def test_a_file_that_is_no_agreement_is_told_without_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None, sentence: str
) -> None:
    file = tmp_path / "agreement.toml"
    if content is not None:
        file.write_bytes(content)
    code, out, err = run(capsys, str(file))
    assert (code, out) == (1, "")
    assert sentence in err
    assert "Traceback" not in err
