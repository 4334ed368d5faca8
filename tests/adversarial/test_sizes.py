"""A report has the same size whatever is in it: at a limit, on target, paused or without data."""

from fractions import Fraction

import pytest

from privacy.noise import DiscreteGaussian, noisy_measurement
from privacy.report import Report
from tests.unit.privacy.parties import Parties

pytestmark = pytest.mark.threat("network-observer", "pause-shows")


def sizes(report: Report) -> tuple[int, ...]:
    """Bytes of each part."""
    return tuple(
        len(part) for part in (report.id, report.public_share, *_sealed(report), report.digest)
    )


def _sealed(report: Report) -> tuple[bytes, bytes]:
    return report.leader_share, report.helper_share


@pytest.mark.parametrize(("task", "group"), [("headline", "north"), ("breadth", "sales")])
def test_every_report_of_a_task_has_the_same_size(task: str, group: str) -> None:
    parties = Parties.of(task, group)
    collection = parties.collection
    seen = set()
    for value in (None, Fraction(0), Fraction(4, 5), Fraction(1000)):
        encoded = collection.encode({metric.id: value for metric in collection.task.metrics})
        for source in (DiscreteGaussian(), None):
            numbers = (
                [1023 + number for number in encoded]
                if source is None
                else noisy_measurement(encoded, collection.coordinate_scales, source)
            )
            seen.add(sizes(parties.report(numbers)))
    assert len(seen) == 1


def test_reports_of_two_tasks_differ_in_size() -> None:
    """So an observer can tell the tasks apart, which everybody in a group reports to alike."""
    one, other = Parties.of(), Parties.of("breadth", "sales")
    assert sizes(one.report([1023])) != sizes(other.report([1023] * other.collection.vdaf.length))
