"""Groups of people, and how many must report before anything about them is released."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NewType

from privacy.errors import InvalidValue

GroupId = NewType("GroupId", str)

MIN_CONTRIBUTORS_FLOOR: Final = 7
"""No agreement may go below this: courts treat data about five or six people as data about each."""


MIN_HONEST: Final = 2
"""Noise of one person alone, cut off at six standard deviations, can give them away to the council:
with a large budget more often than the δ that is shown. Two people's noise does not."""


class Level(StrEnum):
    """How coarse a group is. A task is collected, and can be opened, at one level only."""

    TEAM = "team"
    DEPARTMENT = "department"


@dataclass(frozen=True, slots=True)
class Group:
    """A team or a department with `roster` members. A team may name its department as `parent`."""

    id: GroupId
    level: Level
    roster: int
    parent: GroupId | None = None

    def __post_init__(self) -> None:
        """Raise `InvalidValue` for an empty id, an empty roster or a department with a parent."""
        if not self.id:
            raise InvalidValue("a group needs an id")
        if self.roster < 1:
            raise InvalidValue(f"group {self.id}: the roster must be at least 1")
        if self.parent is not None and self.level is not Level.TEAM:
            raise InvalidValue(f"group {self.id}: only a team can have a parent")


@dataclass(frozen=True, slots=True)
class Thresholds:
    """How many reports a release needs, and how many of them the noise may count on.

    `min_contributors` is the floor on reports in a release. `assumed_colluders` of them may have
    left out their noise and the privacy guarantee still holds.
    """

    min_contributors: int = 10
    assumed_colluders: int = 2

    def __post_init__(self) -> None:
        """Raise `InvalidValue` when the floor is too low or the colluders leave too few honest."""
        if self.min_contributors < MIN_CONTRIBUTORS_FLOOR:
            raise InvalidValue(
                f"min_contributors is {self.min_contributors}: it must be at least "
                f"{MIN_CONTRIBUTORS_FLOOR}"
            )
        if not 0 <= self.assumed_colluders <= self.min_contributors - MIN_HONEST:
            raise InvalidValue(
                f"assumed_colluders is {self.assumed_colluders}: it must be at least 0 and at most "
                f"min_contributors ({self.min_contributors}) minus {MIN_HONEST}"
            )

    def release(self, group: Group) -> int:
        """m = max(min_contributors, ⌈⅔ roster⌉): reports needed for a release (protocol §4)."""
        return max(self.min_contributors, -(-2 * group.roster // 3))

    def honest(self, group: Group) -> int:
        """h = m − assumed_colluders: reports whose noise the guarantee counts on."""
        return self.release(group) - self.assumed_colluders
