"""What a person sees of values so far: each in its unit, ranges and categories by name."""

from dataclasses import replace
from fractions import Fraction

import pytest

from client import preview, show
from client.values import MISSING
from privacy.batch import Collection
from privacy.metrics import Choice, Task
from privacy.window import Window
from tests.agreements import breadth, scalar, two_categories, with_categories
from tests.unit.privacy.parties import Parties, both_sign

SIXTH = Fraction(1, 6)
TITLE = "[red]Meetings"
"""Brackets are no colours."""


def shown(values: dict[str, Fraction], capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """For each metric of the department's task its line, without the name."""
    task = department()
    first, second = two_categories()
    categories = (first, replace(second, title=TITLE))
    signed = both_sign(with_categories(categories, tasks=(with_categories().tasks[0], task)))
    metrics = preview._metrics(Collection.of(signed, task.id, "sales"), {**MISSING, **values})
    batch = Parties.of("breadth", "sales", signed).batch
    show.previews([preview.TaskPreview(batch, metrics, None)], Window(2026, 6), None)
    lines = capsys.readouterr().out.replace("\u00a0", " ").splitlines()
    names = {metric.id for metric in task.metrics}
    cells = (line.strip(" │┃").split("│") for line in lines)
    return {
        each[0].strip(): " | ".join(cell.strip() for cell in each[1:])
        for each in cells
        if each[0].strip() in names
    }


def department() -> Task:
    """Every kind of metric once."""
    *others, _ = with_categories().tasks[1].metrics
    metrics = (*others, Choice("time_by_category", ("Documents", TITLE), SIXTH))
    ratio = scalar("task_time_ratio", target=Fraction(6, 5), clip=Fraction(1, 2), share=SIXTH)
    return breadth(metrics=(*metrics[1:], ratio))


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


def test_a_category_is_shown_by_its_title(capsys: pytest.CaptureFixture[str]) -> None:
    line = shown({"time_by_category": Fraction(1)}, capsys)["time_by_category"]
    assert line.startswith(f"{TITLE} | {TITLE} | ± ")
    assert line.endswith(" in each category")


def test_what_fits_no_category_is_other_and_nothing_is_missing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = shown({"time_by_category": Fraction(2)}, capsys)
    assert found["time_by_category"].startswith("other | other | ")
    assert shown({}, capsys)["time_by_category"].startswith("missing | nothing | ")


def test_a_ratio_is_shown_in_per_cent_and_clipped(capsys: pytest.CaptureFixture[str]) -> None:
    line = shown({"task_time_ratio": Fraction(2)}, capsys)["task_time_ratio"]
    assert line.startswith("200 % of the estimate | 170 % of the estimate | ± ")
    assert line.endswith(" points")


def test_a_range_is_shown_by_its_edges(capsys: pytest.CaptureFixture[str]) -> None:
    line = shown({"mail_response_hours": Fraction(3)}, capsys)["mail_response_hours"]
    assert line.startswith("3 h | 2 to under 4 h | ")


def test_other_programs_get_place_and_title() -> None:
    signed = both_sign(with_categories())
    collection = Collection.of(signed, "breadth", "sales")
    *_, chosen = preview._metrics(collection, {**MISSING, "time_by_category": Fraction(1)})
    told = preview._metric_json(chosen)
    assert (told["value"], told["counts_as"], told["bin"]) == ("1", "2", "Meetings")
