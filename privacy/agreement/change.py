"""One difference between two versions of an agreement, and what it weighs for an employee."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from fractions import Fraction
from typing import Protocol, Self, TypeVar

from privacy.agreement.quantities import decimal


class Weight(IntEnum):
    """The order in which changes are told: loosened limits first."""

    LOOSENED = 0
    NEUTRAL = 1
    TIGHTENED = 2

    @property
    def reverse(self) -> "Weight":
        """What the same change weighs the other way round."""
        return Weight(Weight.TIGHTENED - self)


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: what it weighs, and a plain sentence with the old and the new value."""

    weight: Weight
    sentence: str


class _Ordered(Protocol):
    def __gt__(self, other: Self, /) -> bool: ...


Limit = TypeVar("Limit", bound=_Ordered)
T = TypeVar("T")


def moved(
    what: str,
    old: Limit,
    new: Limit,
    *,
    up: Weight,
    show: Callable[[Limit], str] = str,
    verbs: tuple[str, str] = ("rises", "falls"),
) -> Iterator[Change]:
    """A limit that rises weighs `up`; one that falls, the reverse. Nothing when it stays."""
    if old != new:
        verb, weight = (verbs[0], up) if new > old else (verbs[1], up.reverse)
        yield Change(weight, f"{what} {verb} from {show(old)} to {show(new)}.")


def replaced(
    what: str,
    old: T,
    new: T,
    show: Callable[[T], str] = str,
    *,
    weight: Weight = Weight.NEUTRAL,
    verb: str = "changes",
) -> Iterator[Change]:
    """A value that another one takes the place of, with no more or less between them."""
    if old != new:
        yield Change(weight, f"{what} {verb} from {show(old)} to {show(new)}.")


def exact(value: Fraction) -> str:
    """A number in full, so that two that differ never look alike: 0.25 or 1/3."""
    return decimal(value) if (10_000 * value).denominator == 1 else str(value)


def quoted(text: str) -> str:
    """Somebody's words."""
    return f"“{text}”"
