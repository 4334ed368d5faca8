"""What is known about the finished tasks of one window, for the measures that read it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Final

from client.business_hours import BusinessHours
from client.intervals import Interval
from client.journal import Journal
from client.measures.task_time_ratio import task_time_ratio
from client.measures.tasks_finished import tasks_finished
from client.measures.tasks_within_estimate import tasks_within_estimate
from client.presence import Presence, presence
from client.tasks import FinishedTask
from privacy.window import Window


@dataclass(frozen=True, slots=True)
class TaskEvidence:
    """What the task measures read. `finished` leaves out what was finished on a day away."""

    finished: tuple[FinishedTask, ...]
    hours: BusinessHours
    presence: Presence


MEASURES: Final[Mapping[str, Callable[[TaskEvidence], Fraction | None]]] = MappingProxyType(
    {
        "tasks_within_estimate": lambda e: tasks_within_estimate(e.finished),
        "task_time_ratio": lambda e: task_time_ratio(e.finished),
        "tasks_finished": lambda e: tasks_finished(e.finished, e.hours, e.presence),
    }
)


def task_evidence(window: Window, journal: Journal, hours: BusinessHours) -> TaskEvidence | None:
    """The window's finished tasks; ``None`` if no task was ever kept before its end."""
    zone = hours.working_time.zone
    period = Interval(window.start(zone), window.end(zone))
    if not journal.tasks.kept_before(period.end):
        return None
    finished = tuple(
        task for task in journal.tasks.finished(period) if hours.day_of(task.done) not in hours.away
    )
    return TaskEvidence(finished, hours, presence(window, hours, window.days))
