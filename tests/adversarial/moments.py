"""When devices ask for tokens and send reports, and what those moments alone give away.

Moments come from `client.schedule` and from when a device runs (`department`), without servers, so
that there can be many of them.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from client import schedule
from privacy.window import Window
from tests.adversarial.classifiers import Labels, right_pairs
from tests.adversarial.department import UPLOAD_DAYS, WINDOWS, ZONE, Person

_DAY: Final = 24.0
_NEVER: Final = 1e6


class Both(Protocol):
    """A report's two moments."""

    @property
    def asked_at(self) -> datetime:
        """When its token was asked for."""
        ...

    @property
    def sent_at(self) -> datetime:
        """When it was sent."""
        ...


@dataclass(frozen=True, slots=True)
class Moments:
    """Of a report that nobody made."""

    person: Person
    window: Window
    asked_at: datetime
    sent_at: datetime

    @property
    def late(self) -> bool:
        """Whether the device was off in the first half."""
        return self.person.late(self.window)


def lived(
    people: Sequence[Person], times: int, random: Callable[[int], bytes]
) -> Iterator[list[Moments]]:
    """Batches in which these people reported: so many for each of the four weeks."""
    for _ in range(times):
        for window in WINDOWS:
            yield [_moments(each, window, random) for each in people if not each.off(window)]


def _moments(person: Person, window: Window, random: Callable[[int], bytes]) -> Moments:
    opens = window.end(ZONE)
    closes = opens + timedelta(days=UPLOAD_DAYS)
    drawn = schedule.draw(opens, closes, person.runs(opens), random)
    asked = person.runs(drawn.fetch)
    due = schedule.after_token(drawn, opens, closes, asked, random).due
    return Moments(person, window, asked, person.runs(due))


def by_hour(reports: Sequence[Both], random: np.random.Generator) -> Labels:
    """Which are matched right by the hour of the day alone."""
    asked, sent = (_hours(moments) for moments in _moments_of(reports))
    apart = np.abs(asked[:, None] - sent[None, :])
    return right_pairs(np.minimum(apart, _DAY - apart), random)


def by_order(reports: Sequence[Both], random: np.random.Generator) -> Labels:
    """Which are matched right by order alone: the first token with the first report."""
    asked, sent = (np.argsort(np.argsort(_seconds(each))) for each in _moments_of(reports))
    return np.asarray(asked == sent)


def by_what_is_left(reports: Sequence[Both], random: np.random.Generator) -> Labels:
    """Which are matched right by going back from the last token, with any report after it."""
    asked, sent = (_seconds(each) for each in _moments_of(reports))
    free, right = set(random.permutation(len(reports)).tolist()), np.zeros(len(reports), dtype=bool)
    for n in np.argsort(-asked):
        after = [m for m in free if sent[m] > asked[n]] or list(free)
        chosen = after[random.integers(len(after))]
        free.remove(chosen)
        right[n] = chosen == n
    return right


def _moments_of(reports: Sequence[Both]) -> tuple[list[datetime], list[datetime]]:
    return [each.asked_at for each in reports], [each.sent_at for each in reports]


def _seconds(moments: Sequence[datetime]) -> NDArray[np.float64]:
    return np.array([moment.timestamp() for moment in moments])


def _hours(moments: Sequence[datetime]) -> NDArray[np.float64]:
    local = [moment.astimezone(ZONE) for moment in moments]
    return np.array([each.hour + each.minute / 60 + each.second / 3600 for each in local])
