import dataclasses
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.errors import InvalidValue
from privacy.groups import Level
from privacy.metrics import Choice, Direction, Histogram, Task, TaskId
from privacy.scales import Scales, derive
from tests.agreements import breadth, headline, scalar

SCALES = derive(clip=Fraction(1, 4), rho=Fraction(1, 13), client_share=Fraction(1, 2), honest=8)
values = st.none() | st.fractions(-10, 10, max_denominator=1000)


def histogram(*edges: int, share: Fraction = Fraction(1)) -> Histogram:
    return Histogram("mail_response_hours", tuple(Fraction(edge) for edge in edges), share)


@given(values)
def test_a_clipped_value_is_the_distance_from_the_target_within_the_clip(
    value: Fraction | None,
) -> None:
    clipped = scalar().clipped(value)
    if value is None:
        assert clipped == 0
    elif abs(value - Fraction(4, 5)) <= Fraction(1, 4):
        assert clipped == value - Fraction(4, 5)
    else:
        assert clipped == (Fraction(1, 4) if value > 0.8 else -Fraction(1, 4))


@given(values)
def test_an_encoded_value_is_the_nearest_integer_within_the_sensitivity(
    value: Fraction | None,
) -> None:
    metric = scalar()
    (encoded,) = metric.encode(value, SCALES)
    assert abs(encoded) <= SCALES.sensitivity
    assert abs(encoded - SCALES.units * metric.clipped(value)) <= Fraction(1, 2)


def test_the_clip_itself_encodes_to_the_whole_sensitivity() -> None:
    assert scalar().encode(Fraction(21, 20), SCALES) == (SCALES.sensitivity,)
    assert scalar().encode(Fraction(0), SCALES) == (-SCALES.sensitivity,)


def test_a_missing_value_looks_like_one_exactly_on_target() -> None:
    assert scalar().encode(None, SCALES) == scalar().encode(Fraction(4, 5), SCALES) == (0,)


@pytest.mark.parametrize(
    ("hours", "position"), [("-1", 0), ("0.99", 0), ("1", 1), ("3.99", 1), ("4", 2), ("99", 2)]
)
def test_a_range_contains_its_lower_edge_only(hours: str, position: int) -> None:
    clipped = histogram(1, 4).clipped(Fraction(hours))
    assert clipped == tuple(int(n == position) for n in range(3))


def test_a_histogram_encodes_the_sensitivity_at_the_range_and_nothing_when_missing() -> None:
    scales = Scales(100, Fraction(100), Fraction(100), Fraction(100))
    assert histogram(1, 4).encode(Fraction(2), scales) == (0, 100, 0)
    assert histogram(1, 4).encode(None, scales) == (0, 0, 0)


def choice(*options: str, measure: str = "time_by_category") -> Choice:
    return Choice(measure, options, Fraction(1))


@pytest.mark.parametrize("place", range(3))
def test_a_choice_encodes_the_sensitivity_at_the_place_with_other_at_the_end(place: int) -> None:
    scales = Scales(100, Fraction(100), Fraction(100), Fraction(100))
    metric = choice("Documents", "Meetings")
    assert metric.coordinates == 3
    assert metric.encode(Fraction(place), scales) == tuple(100 * (n == place) for n in range(3))


def test_a_missing_choice_is_nothing_at_every_place() -> None:
    assert choice("Documents").clipped(None) == (0, 0)


@pytest.mark.parametrize("value", [Fraction(-1), Fraction(2), Fraction(1, 2)])
def test_what_is_no_place_of_a_category_is_refused(value: Fraction) -> None:
    with pytest.raises(InvalidValue, match="is not the place of a category"):
        choice("Documents").clipped(value)


def test_a_choice_without_a_category_is_refused_with_the_next_step() -> None:
    with pytest.raises(InvalidValue, match=r"names no category: add one under \[\[categories\]\]"):
        choice()


@pytest.mark.parametrize("measure", ["active_hours", "mail_response_hours"])
def test_a_choice_of_another_measure_is_refused(measure: str) -> None:
    with pytest.raises(InvalidValue, match=f"metric {measure}: it takes"):
        choice("Documents", measure=measure)


@pytest.mark.parametrize("edges", [(), (1, 1), (2, 1)])
def test_edges_must_rise_and_exist(edges: tuple[int, ...]) -> None:
    with pytest.raises(InvalidValue, match="edges must rise"):
        histogram(*edges)


def test_one_edge_makes_two_ranges() -> None:
    assert histogram(8).coordinates == 2


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"id": "keystrokes"}, "'keystrokes' is not in the catalogue: choose from active_hours"),
        ({"id": "mail_response_hours"}, "mail_response_hours: it takes edges"),
        ({"id": "time_by_category"}, "time_by_category: it takes nothing but a share"),
        ({"clip": Fraction(0)}, "the clip must be greater than 0"),
        ({"share": Fraction(0)}, "its share is 0"),
        ({"share": Fraction(101, 100)}, "its share is 101/100"),
    ],
)
def test_a_scalar_out_of_range_is_refused(changes: dict[str, object], sentence: str) -> None:
    with pytest.raises(InvalidValue, match=sentence):
        dataclasses.replace(scalar(), **changes)  # type: ignore[arg-type]


def test_a_histogram_of_a_scalar_measure_is_refused() -> None:
    with pytest.raises(InvalidValue, match="active_hours: it takes a target, a direction and a"):
        Histogram("active_hours", (Fraction(1),), Fraction(1))


def test_the_shares_of_a_task_sum_to_one_exactly() -> None:
    def task(share: Fraction) -> Task:
        metrics = (scalar(share=Fraction(1, 3)), scalar("active_hours", share=share))
        return Task(TaskId("t"), Level.TEAM, Fraction(1), metrics)

    assert task(Fraction(2, 3)).coordinates == 2
    for share in (Fraction(2, 3) - Fraction(1, 10**9), Fraction(2, 3) + Fraction(1, 10**9)):
        with pytest.raises(InvalidValue, match="sum to"):
            task(share)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"id": ""}, "needs an id"),
        ({"share": Fraction(0)}, "greater than 0"),
        ({"share": Fraction(2)}, "at most 1"),
        ({"metrics": ()}, "collects no metric"),
        ({"metrics": (scalar(share=Fraction(1, 2)),) * 2}, "named twice"),
    ],
)
def test_a_task_out_of_range_is_refused(changes: dict[str, object], sentence: str) -> None:
    with pytest.raises(InvalidValue, match=sentence):
        dataclasses.replace(headline(), **changes)  # type: ignore[arg-type]


def test_the_length_of_a_report_counts_every_range_of_a_histogram() -> None:
    assert breadth().coordinates == 4 + 7
    assert scalar(direction=Direction.AT_MOST).coordinates == 1
