"""Windows and quarters: which outcome belongs to which metric, and what holds up a look."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from fractions import Fraction

import pytest

from privacy.agreement.envelope import SignedAgreement
from privacy.agreement.model import AgreementDigest
from privacy.batch import BatchId
from privacy.errors import InvalidValue
from privacy.groups import GroupId
from privacy.metrics import Scalar, TaskId
from privacy.release import HistogramResult, MetricResult, ScalarResult, Withheld
from privacy.results import BatchOutcome, QuarterResult, Results
from privacy.verdict import Verdict
from privacy.window import Quarter, Window
from tests.agreements import headline, make_agreement, scalar
from tests.unit.privacy.parties import agreed, both_sign

QUARTER = Quarter(2026, 1)
GOOD, BAD = Fraction(1000), Fraction(-1000)
"""Sums that are far on either side of the target."""


def batch(
    window: Window,
    task: str = "headline",
    group: str = "north",
    under: SignedAgreement | None = None,
) -> BatchId:
    return BatchId((under or agreed()).digest, TaskId(task), GroupId(group), window)


def released(total: Fraction, metric: Scalar | None = None) -> tuple[ScalarResult, ...]:
    """What a released batch of the team task says."""
    return (ScalarResult(metric or scalar(), 12, total, Fraction(1)),)


def all_released(
    windows: Iterable[Window], total: Fraction = GOOD, under: SignedAgreement | None = None
) -> dict[BatchId, BatchOutcome]:
    metric = (under or agreed()).agreement.tasks[0].metrics[0]
    assert isinstance(metric, Scalar)
    return {batch(window, under=under): released(total, metric) for window in windows}


def the_quarter(
    outcomes: Mapping[BatchId, BatchOutcome], *signed: SignedAgreement
) -> QuarterResult:
    (quarter,) = Results(signed or (agreed(),), outcomes).quarters()
    return quarter


def words(quarter: QuarterResult) -> str | None:
    return None if quarter.verdict is None else quarter.verdict.words


# --- windows --------------------------------------------------------------------------------------


def test_windows_come_by_task_group_metric_and_time() -> None:
    breadth = agreed().agreement.tasks[1]
    whole = tuple(
        ScalarResult(metric, 50, Fraction(position), Fraction(1))
        if isinstance(metric, Scalar)
        else HistogramResult(metric, 50, (Fraction(position),) * 7, Fraction(1))
        for position, metric in enumerate(breadth.metrics)
    )
    first, second = QUARTER.windows[:2]
    found = Results(
        [agreed()],
        {
            batch(first, "breadth", "sales"): whole,
            batch(second, group="south"): Withheld.UNOPENED,
            batch(second): Withheld.BATCH_TOO_SMALL,
            batch(first): released(GOOD),
        },
    ).windows()
    answered = "mail_answered_in_time"
    assert [(each.task.id, each.group.id, each.metric.id, each.window) for each in found] == [
        ("headline", "north", answered, first),
        ("headline", "north", answered, second),
        ("headline", "south", answered, second),
        *(("breadth", "sales", metric.id, first) for metric in breadth.metrics),
    ]
    assert [each.outcome for each in found] == [
        *released(GOOD),
        Withheld.BATCH_TOO_SMALL,
        Withheld.UNOPENED,
        *whole,
    ]


def test_what_is_withheld_is_withheld_for_every_metric_of_the_task() -> None:
    outcomes = {batch(QUARTER.windows[0], "breadth", "sales"): Withheld.BUDGET_EXHAUSTED}
    found = Results([agreed()], outcomes).windows()
    assert [each.metric for each in found] == list(agreed().agreement.tasks[1].metrics)
    assert {each.outcome for each in found} == {Withheld.BUDGET_EXHAUSTED}


def test_without_an_outcome_there_is_nothing() -> None:
    nothing = Results([agreed()], {})
    assert nothing.windows() == []
    assert nothing.quarters() == []


# --- quarters -------------------------------------------------------------------------------------


def test_an_undecided_window_holds_up_the_look() -> None:
    first, *others = QUARTER.windows[:4]
    assert words(the_quarter(all_released(others))) is None
    late = {**all_released(others), **all_released([first], 3 * BAD)}
    assert words(the_quarter(late)) == "cannot tell so far (weeks 1–4)"


def test_what_was_released_after_an_undecided_window_is_not_counted_yet() -> None:
    windows = QUARTER.windows
    quarter = the_quarter(all_released([*windows[:5], *windows[6:9]]))
    assert len(quarter.released) == 5
    assert words(quarter) == "met so far (weeks 1–4)"


def test_released_windows_are_in_order_and_without_those_withheld() -> None:
    windows = QUARTER.windows[:4]
    outcomes: dict[BatchId, BatchOutcome] = {
        batch(window): released(Fraction(number)) for number, window in enumerate(windows)
    }
    outcomes[batch(windows[1])] = Withheld.NOT_ASKED
    quarter = the_quarter(dict(reversed(outcomes.items())))
    assert [result.total for result in quarter.released] == [0, 2, 3]


def test_windows_before_the_agreement_count_as_withheld() -> None:
    under = both_sign(make_agreement(first_window=QUARTER.windows[2]))
    quarter = the_quarter(all_released(QUARTER.windows[2:4], under=under), under)
    assert words(quarter) == "met so far (weeks 1–4)"
    assert len(quarter.released) == 2


def test_a_quarter_in_which_everything_is_withheld_is_withheld() -> None:
    outcomes = {batch(window): Withheld.STOPPED for window in QUARTER.windows}
    verdict = the_quarter(outcomes).verdict
    assert verdict is not None
    assert verdict.verdict is Verdict.WITHHELD


def test_every_quarter_is_judged_for_itself() -> None:
    second = Quarter(2026, 2)
    outcomes = {
        **all_released(second.windows, BAD),
        **all_released(QUARTER.windows, GOOD),
    }
    found = Results([agreed()], outcomes).quarters()
    assert [(each.quarter, words(each)) for each in found] == [
        (QUARTER, "met"),
        (second, "not met"),
    ]


def test_a_histogram_has_no_quarter() -> None:
    outcomes = {batch(window, "breadth", "sales"): Withheld.STOPPED for window in QUARTER.windows}
    found = Results([agreed()], outcomes).quarters()
    scalars = [each for each in agreed().agreement.tasks[1].metrics if isinstance(each, Scalar)]
    assert [each.metric for each in found] == scalars


def test_each_version_is_judged_for_itself() -> None:
    ninth = QUARTER.windows[8]
    stricter = headline(metrics=(scalar(target=Fraction(9, 10)),))
    tasks = (stricter, make_agreement().tasks[1])
    newer = both_sign(make_agreement(version=2, first_window=ninth, tasks=tasks))
    outcomes = {
        **all_released(QUARTER.windows[:8], GOOD),
        **all_released(QUARTER.windows[8:], BAD, newer),
    }
    found = Results([agreed(), newer], outcomes).quarters()
    assert [(each.metric.target, words(each)) for each in found] == [
        (Fraction(4, 5), "met so far (weeks 1–8)"),
        (Fraction(9, 10), "not met"),
    ]
    assert [len(each.released) for each in found] == [8, 5]


# --- outcomes that no agreement has ---------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"agreement": AgreementDigest(bytes(32))},
        {"task": TaskId("unknown")},
        {"group": GroupId("sales")},
    ],
    ids=["another agreement", "unknown task", "group of another level"],
)
def test_an_outcome_outside_the_agreements_is_refused(change: Mapping[str, object]) -> None:
    foreign = replace(batch(QUARTER.windows[0]), **change)  # type: ignore[arg-type]
    with pytest.raises(InvalidValue, match="none of the agreements has this task in this group"):
        Results([agreed()], {foreign: Withheld.STOPPED})


@pytest.mark.parametrize(
    "outcome",
    [(), released(GOOD) * 2, released(GOOD, scalar(target=Fraction(1, 2)))],
    ids=["none", "one too many", "of another metric"],
)
def test_results_of_other_metrics_are_refused(outcome: tuple[MetricResult, ...]) -> None:
    with pytest.raises(InvalidValue, match="not those of the task's metrics"):
        Results([agreed()], {batch(QUARTER.windows[0]): outcome})
