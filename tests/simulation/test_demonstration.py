"""The whole demonstration, as ``make demo`` runs it: from mailboxes on disk to verdicts.

Declared oracles. Failure: a missing or doubled row, a released estimate further from the truth
than 5 standard errors (1 in 1.7 million for a number), more weeks outside their 95 % interval than
one run in 10,000 has, a verdict that contradicts its own interval, a withheld week that had enough
reports or a released one that had too few, a budget beyond the cap. Not a failure: a verdict that
is wrong about the truth, which five quarters in a hundred may be.
"""

import json
import math
import subprocess
import sys
from typing import Any

import pytest
from scipy.stats import binom

from deploy.scene import DEPARTMENT, QUARTER, TEAMS

THRESHOLDS = {"north": 10, "south": 20, "west": 14, DEPARTMENT: 42}
METRICS = {
    "north": 1,
    "south": 1,
    "west": 1,
    DEPARTMENT: 5,
}


pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[dict[str, Any]], str]:
    """The rows that the demonstration writes, and what it prints."""
    file = tmp_path_factory.mktemp("demo") / "demo.json"
    done = subprocess.run(
        [sys.executable, "-m", "deploy.local", "--once", "--json", str(file)],
        capture_output=True,
        text=True,
        check=False,
        timeout=800,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return json.loads(file.read_text()), done.stdout


@pytest.fixture
def weeks(written: tuple[list[dict[str, Any]], str]) -> list[dict[str, Any]]:
    return [row for row in written[0] if "window" in row]


@pytest.fixture
def quarters(written: tuple[list[dict[str, Any]], str]) -> list[dict[str, Any]]:
    return [row for row in written[0] if "period" in row]


def numbers(value: object) -> list[float]:
    """A scalar as a list of one, a histogram as its bins."""
    return value if isinstance(value, list) else [value]  # type: ignore[list-item]


def test_every_group_metric_and_window_has_exactly_one_row(weeks: list[dict[str, Any]]) -> None:
    seen = [(row["group"], row["metric"], row["window"]) for row in weeks]
    assert len(seen) == len(set(seen)) == sum(METRICS.values()) * len(QUARTER.windows)
    assert {window for _, _, window in seen} == {str(window) for window in QUARTER.windows}


def test_every_scalar_has_one_row_for_the_quarter(quarters: list[dict[str, Any]]) -> None:
    seen = [(row["group"], row["metric"], row["period"]) for row in quarters]
    # A histogram has no target and no verdict.
    assert len(seen) == len(set(seen)) == sum(METRICS.values()) - 1
    assert {period for _, _, period in seen} == {str(QUARTER)}


def test_estimates_are_as_close_to_the_truth_as_they_say(weeks: list[dict[str, Any]]) -> None:
    outside = inside = 0
    for row in weeks:
        if row["withheld_reason"] is not None:
            continue
        columns = zip(
            *(numbers(row[key]) for key in ("estimate", "low", "high", "truth")), strict=True
        )
        for estimate, low, high, truth in columns:
            error = abs(estimate - truth)
            margin = (high - low) / 2
            assert error <= 5 / 1.96 * margin, row
            outside += error > margin
            inside += error <= margin
    assert outside <= binom.ppf(0.9999, outside + inside, 0.05)
    # And not too good to be true: noise is really there.
    assert outside + inside > 100
    assert outside >= binom.ppf(0.0001, outside + inside, 0.05)


def test_weeks_below_the_threshold_and_only_those_are_withheld(
    weeks: list[dict[str, Any]],
) -> None:
    withheld = [row for row in weeks if row["withheld_reason"] is not None]
    assert withheld, "the demonstration has a week that falls below the threshold"
    for row in weeks:
        enough = row["count"] >= THRESHOLDS[row["group"]]
        assert (row["withheld_reason"] is None) is enough, row
        if not enough:
            assert row["withheld_reason"] == "too few reports"
            assert row["verdict"] == "withheld"
            assert row["estimate"] is row["low"] is row["high"] is None


def test_reports_never_exceed_the_roster(weeks: list[dict[str, Any]]) -> None:
    rosters = {team.id: team.size for team in TEAMS}
    rosters[DEPARTMENT] = sum(rosters.values())
    assert all(row["count"] <= rosters[row["group"]] for row in weeks)
    assert any(row["count"] < rosters[row["group"]] for row in weeks)


def test_a_verdict_is_what_its_interval_says(quarters: list[dict[str, Any]]) -> None:
    for row in quarters:
        good = row["low"] if row["direction"] == "at_least" else -row["high"]
        bad = row["high"] if row["direction"] == "at_least" else -row["low"]
        target = row["target"] if row["direction"] == "at_least" else -row["target"]
        expected = "met" if good > target else "not met" if bad < target else "cannot tell"
        assert row["verdict"] == expected, row


def test_the_quarter_is_the_mean_over_all_its_reports(
    weeks: list[dict[str, Any]], quarters: list[dict[str, Any]]
) -> None:
    for row in quarters:
        released = [
            week
            for week in weeks
            if (week["group"], week["metric"]) == (row["group"], row["metric"])
            and week["withheld_reason"] is None
        ]
        reports = sum(week["count"] for week in released)
        assert row["count"] == reports
        for key in ("estimate", "truth"):
            mean = sum(week[key] * week["count"] for week in released) / reports
            assert math.isclose(row[key], mean, abs_tol=1e-9), (row["metric"], key)


def test_the_budget_is_spent_week_by_week_and_never_beyond(weeks: list[dict[str, Any]]) -> None:
    for team in TEAMS:
        spent = [row["cumulative_rho"] for row in weeks if row["group"] == team.id]
        assert spent == sorted(spent)
    assert all(row["cumulative_rho"] <= 1 + 1e-12 for row in weeks)
    # Every task is collected in every group of its level, so what the metrics of one group of each
    # level cost adds up to the whole.
    own = {(row["group"], row["metric"]): 0.0 for row in weeks}
    for row in weeks:
        own[row["group"], row["metric"]] += row["own_rho"]
    for large in ("south", "west"):
        assert own[large, "mail_answered_in_time"] == pytest.approx(2 / 3)
    assert sum(cost for (group, _), cost in own.items() if group == DEPARTMENT) == (
        pytest.approx(1 / 3)
    )
    last = max(weeks, key=lambda row: row["cumulative_rho"])
    assert last["cumulative_rho"] == pytest.approx(1)
    assert last["cumulative_epsilon"] == pytest.approx(7.766, abs=1e-3)


def test_the_table_shows_what_the_file_says(
    written: tuple[list[dict[str, Any]], str], quarters: list[dict[str, Any]]
) -> None:
    printed = written[1]
    table = printed[printed.index("The quarter against its targets") :]
    for row in quarters:
        (line,) = [
            line for line in table.splitlines() if line.split()[:2] == [row["group"], row["metric"]]
        ]
        assert f" {row['verdict']} " in line
        assert line.split()[-2] == str(row["count"])
        assert line.split()[-1] == f"{row['own_rho']:.2f}"
    assert "ε = 7.8 at δ = 10⁻⁶" in " ".join(printed.split())
