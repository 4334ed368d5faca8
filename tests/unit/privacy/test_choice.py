"""A choice among the agreed categories, from values to what people read of a result."""

from fractions import Fraction
from functools import cache

import pytest

from privacy.agreement import quantities
from privacy.agreement.model import Agreement, Category
from privacy.audit.explain_batch import metric_words
from privacy.catalogue import Kind
from privacy.groups import Group, GroupId, Level
from privacy.metrics import Choice, Scalar, Task, TaskId
from privacy.plan.figures import Figures
from privacy.plan.findings import Doubt, about_noise
from privacy.plan.words import UNITS, amount
from privacy.release import BatchResult, HistogramResult
from privacy.results import Results
from privacy.tidy import window_row
from privacy.verdict import Verdict
from tests.agreements import make_agreement, scalar, with_categories
from tests.unit.privacy.parties import Parties, both_sign

NAMES = ["Documents", "Meetings", "other"]


@cache
def parties() -> Parties:
    return Parties.of("breadth", "sales", both_sign(with_categories()))


def released(values: list[Fraction | None]) -> HistogramResult:
    """The result of these people's categories, the noise left out."""
    collection = parties().collection
    totals = [0] * collection.task.coordinates
    for value in values:
        reports = zip(collection.task.metrics, collection.scales, strict=True)
        report = [
            unit
            for metric, scales in reports
            for unit in metric.encode(value if isinstance(metric, Choice) else None, scales)
        ]
        totals = [total + unit for total, unit in zip(totals, report, strict=True)]
    result = BatchResult(parties().batch, len(values), tuple(totals)).metrics(collection)[-1]
    assert isinstance(result, HistogramResult)
    return result


def test_people_are_counted_at_their_category_and_those_without_data_nowhere() -> None:
    result = released([Fraction(place) for place in (0, 0, 0, 1, 2, 2)] + [None] * 4)
    assert [*map(int, result.bins)] == [3, 1, 2]
    assert result.with_data == 6
    assert result.variance > 0


def test_a_row_names_its_numbers_by_the_titles_of_the_categories() -> None:
    signed = both_sign(with_categories())
    collection = parties().collection
    outcome = BatchResult(parties().batch, 50, (0,) * collection.task.coordinates)
    results = Results([signed], {parties().batch: outcome.metrics(collection)})
    row = window_row(results.windows()[-1])
    assert (row.metric, row.bins) == ("time_by_category", NAMES)
    assert row.estimate == [0, 0, 0]
    assert (row.target, row.direction, row.verdict) == (None, None, None)
    judged = {each.metric.id for each in results.quarters()}
    assert "time_by_category" not in judged


def test_an_auditor_reads_the_categories_beside_the_numbers() -> None:
    text = metric_words(released([Fraction(0), Fraction(2), Fraction(2)]))
    assert text.startswith("Kind of work with most time, in people (± ")
    assert text.endswith("each): Documents: 1, Meetings: 0, other: 2")


def lone(categories: int, rho: Fraction = Fraction(1)) -> Agreement:
    """A team of twelve that reports one of so many categories, and other, and nothing else."""
    named = tuple(Category(f"c{n}", f"C {n}", (f"app {n}",)) for n in range(categories))
    titles = tuple(category.title for category in named)
    task = Task(TaskId("t"), Level.TEAM, rho, (Choice("time_by_category", titles, Fraction(1)),))
    return make_agreement(
        groups=(Group(GroupId("north"), Level.TEAM, 12),), tasks=(task,), categories=named
    )


def figures_of(agreement: Agreement) -> Figures:
    task = agreement.tasks[0]
    return Figures.of(agreement, task, agreement.groups[0], task.metrics[0])


@pytest.mark.parametrize(("categories", "doubts"), [(6, []), (7, [Doubt.FAINT_BINS])])
def test_a_plan_doubts_categories_that_only_noise_fills(
    categories: int, doubts: list[Doubt]
) -> None:
    """As with ranges: in a team of 12 there may be seven bins, one of which is "other"."""
    agreement = lone(categories)
    findings = list(about_noise(agreement, figures_of(agreement)))
    assert [finding.doubt for finding in findings] == doubts
    for finding in findings:
        assert "the number of people in a category has a standard error" in finding.sentence
        assert "8 categories would put there: " in finding.sentence
        assert "use fewer categories" in finding.sentence


def test_the_figures_of_a_choice_are_those_of_people_in_one_category() -> None:
    agreement = lone(2)
    figures = figures_of(agreement)
    assert UNITS[figures.kind] == "people"
    assert figures.error_variance(1, 12) == figures.scales.sum_variance(12)
    assert figures.false_report() > 1
    assert figures.rounding == 0
    assert list(about_noise(agreement, figures)) == []


# --- a ratio --------------------------------------------------------------------------------------

RATIO = scalar("task_time_ratio", target=Fraction(6, 5), clip=Fraction(1, 2))


def plain(text: str) -> str:
    return text.replace(quantities.NO_BREAK, " ")


def test_a_ratio_is_read_in_per_cent_of_what_was_estimated() -> None:
    assert plain(quantities.target(RATIO)) == "at least 120 % of the estimate"
    assert plain(quantities.clip(RATIO)) == (
        "Less than 70 % of the estimate counts as 70 % of the estimate, and more than 170 % of the "
        "estimate counts as 170 % of the estimate."
    )
    assert plain(amount(Kind.RATIO, Fraction(1, 8))) == "12.5 points"


def test_a_ratio_may_be_above_the_whole_and_a_share_may_not() -> None:
    def room(metric: Scalar) -> Fraction | None:
        task = Task(TaskId("t"), Level.TEAM, Fraction(1), (metric,))
        agreement = make_agreement(groups=(Group(GroupId("north"), Level.TEAM, 12),), tasks=(task,))
        return figures_of(agreement).reach(Verdict.MET)

    assert room(RATIO) == Fraction(1, 2)
    assert room(scalar()) == Fraction(1, 5)
