"""What a terminal shows of results."""

from dataclasses import replace

import pytest

from aggregator import show
from privacy.tidy import Tidy

ROW = Tidy(
    task="headline",
    group="north",
    metric="mail_answered_in_time",
    window="2026-W01",
    period=None,
    bins=None,
    estimate=0.9,
    low=0.85,
    high=0.95,
    target=0.8,
    direction="at_least",
    verdict=None,
    withheld_reason=None,
)


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


def line(printed: str, start: str) -> str:
    (found,) = [each for each in printed.splitlines() if each.split()[:1] == [start]]
    return " ".join(found.split())


def test_windows_with_their_interval_and_quarters_with_target_and_verdict(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show.results([ROW, replace(ROW, window=None, period="2026-Q1", verdict="met")])
    printed = capsys.readouterr().out
    shown = "north mail_answered_in_time"
    assert line(printed, "2026-W01") == f"2026-W01 {shown} 90.0 % ± 5.0"
    assert line(printed, "2026-Q1") == f"2026-Q1 {shown} ≥ 80.0 % met 90.0 % ± 5.0"


def test_a_metric_that_a_group_has_in_two_tasks_is_shown_with_its_task(
    capsys: pytest.CaptureFixture[str],
) -> None:
    other_task = replace(ROW, window="2026-W02", task="second")
    other_group = replace(ROW, window="2026-W03", group="south")
    quarters = [
        replace(row, window=None, period=period, verdict="met")
        for row, period in ((ROW, "2026-Q1"), (other_task, "2026-Q2"), (other_group, "2026-Q3"))
    ]
    show.results([ROW, other_task, other_group, *quarters])
    printed = capsys.readouterr().out
    for first, second, third in (
        ("2026-W01", "2026-W02", "2026-W03"),
        ("2026-Q1", "2026-Q2", "2026-Q3"),
    ):
        assert " mail_answered_in_time (headline) " in line(printed, first)
        assert " mail_answered_in_time (second) " in line(printed, second)
        assert "(" not in line(printed, third)


def test_numbers_of_a_histogram_are_named_once_below_the_windows(
    capsys: pytest.CaptureFixture[str],
) -> None:
    chosen = replace(
        ROW,
        metric="time_by_category",
        bins=["Documents", "[red]Meetings", "other"],
        estimate=[20.0, 5.0, 1.0],
        low=[18.0, 3.0, -1.0],
        high=[22.0, 7.0, 3.0],
    )
    show.results([chosen, replace(chosen, window="2026-W02")])
    printed = " ".join(capsys.readouterr().out.split())
    assert "2026-W01 north time_by_category 20 5 1 (± 2 each)" in printed
    assert printed.count("_category: people, in this order: Documents; [red]Meetings; other.") == 1
