"""Flat rows: the numbers of a result, in the same fields for every kind of result."""

from dataclasses import asdict
from fractions import Fraction

import pytest

from privacy.batch import BatchId
from privacy.groups import GroupId
from privacy.metrics import Histogram, Scalar, TaskId
from privacy.release import HistogramResult, ScalarResult, Withheld
from privacy.results import BatchOutcome, Results
from privacy.tidy import Tidy, quarter_row, window_row
from privacy.window import Quarter
from tests.agreements import breadth, headline, make_agreement, scalar
from tests.unit.privacy.parties import agreed, both_sign

QUARTER = Quarter(2026, 1)
WINDOW = QUARTER.windows[0]


def batch(task: str = "headline", group: str = "north", week: int = 1) -> BatchId:
    window = QUARTER.windows[week - 1]
    return BatchId(agreed().digest, TaskId(task), GroupId(group), window)


def one_window(outcome: BatchOutcome) -> Tidy:
    (result,) = Results([agreed()], {batch(): outcome}).windows()
    return window_row(result)


def one_quarter(*outcomes: BatchOutcome) -> Tidy:
    """The row of a quarter whose first windows ended so."""
    ended = {batch(week=week): outcome for week, outcome in enumerate(outcomes, start=1)}
    (result,) = Results([agreed()], ended).quarters()
    return quarter_row(result)


def released(total: int, count: int = 10, variance: int = 1) -> tuple[ScalarResult, ...]:
    return (ScalarResult(scalar(), count, Fraction(total), Fraction(variance)),)


def test_a_released_window() -> None:
    row = asdict(one_window(released(1)))
    margin = 1.959964 / 10
    assert row.pop("estimate") == pytest.approx(0.9)
    assert row.pop("low") == pytest.approx(0.9 - margin)
    assert row.pop("high") == pytest.approx(0.9 + margin)
    assert row == {
        "task": "headline",
        "group": "north",
        "metric": "mail_answered_in_time",
        "window": "2026-W01",
        "period": None,
        "bins": None,
        "target": 0.8,
        "direction": "at_least",
        "verdict": None,
        "withheld_reason": None,
    }


@pytest.mark.parametrize("reason", list(Withheld))
def test_a_withheld_window_has_its_reason_and_no_number(reason: Withheld) -> None:
    row = one_window(reason)
    assert row.estimate is row.low is row.high is None
    assert (row.verdict, row.withheld_reason) == ("withheld", reason.value)


def test_a_histogram_has_a_number_for_each_bin_and_no_target() -> None:
    results = tuple(
        ScalarResult(metric, 50, Fraction(0), Fraction(1))
        if isinstance(metric, Scalar)
        else HistogramResult(metric, 50, tuple(map(Fraction, range(7))), Fraction(4))
        for metric in breadth().metrics
    )
    windows = Results([agreed()], {batch("breadth", "sales"): results}).windows()
    (row,) = [window_row(each) for each in windows if isinstance(each.metric, Histogram)]
    assert row.estimate == [0, 1, 2, 3, 4, 5, 6]
    assert row.low == pytest.approx([people - 2 * 1.959964 for people in range(7)])
    assert row.high == pytest.approx([people + 2 * 1.959964 for people in range(7)])
    assert (row.target, row.direction) == (None, None)
    assert row.bins is not None
    named = [name.replace("\u00a0", " ") for name in row.bins]
    assert named[:2] == ["under 1 h", "1 to under 2 h"]
    assert named[-1] == "24 h or more"


def test_a_quarter_has_the_margin_of_its_verdict() -> None:
    row = asdict(one_quarter(*[released(1)] * 4))
    margin = 3.07 * 2 / 40
    assert row.pop("estimate") == pytest.approx(0.9)
    assert row.pop("low") == pytest.approx(0.9 - margin)
    assert row.pop("high") == pytest.approx(0.9 + margin)
    assert row == {
        "task": "headline",
        "group": "north",
        "metric": "mail_answered_in_time",
        "window": None,
        "period": "2026-Q1",
        "bins": None,
        "target": 0.8,
        "direction": "at_least",
        "verdict": "cannot tell so far (weeks 1–4)",
        "withheld_reason": None,
    }


def test_a_quarter_before_its_first_look_has_neither_number_nor_verdict() -> None:
    row = one_quarter(*[released(1)] * 3)
    assert row.estimate is row.low is row.high is None
    assert (row.verdict, row.withheld_reason) == (None, None)
    assert row.target == 0.8


def test_a_withheld_quarter_has_its_reason() -> None:
    row = one_quarter(*[Withheld.BATCH_TOO_SMALL] * 13)
    assert row.estimate is row.low is row.high is None
    assert row.verdict == "withheld"
    assert row.withheld_reason == Withheld.NO_RELEASE


def test_rows_of_one_metric_in_two_tasks_are_told_apart() -> None:
    tasks = (
        headline(share=Fraction(1, 4)),
        headline(id=TaskId("second"), share=Fraction(1, 4)),
        breadth(),
    )
    signed = both_sign(make_agreement(tasks=tasks))
    ended = {
        BatchId(signed.digest, TaskId(task), GroupId("north"), WINDOW): Withheld.STOPPED
        for task in ("headline", "second")
    }
    results = Results([signed], ended)
    windows = [window_row(each) for each in results.windows()]
    quarters = [quarter_row(each) for each in results.quarters()]
    assert [row.task for row in windows] == [row.task for row in quarters] == ["headline", "second"]
    assert len({(row.group, row.metric) for row in windows}) == 1
