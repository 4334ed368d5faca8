"""What a run did, and what could not be done, for the person to read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from client.parcel import Parcel
from privacy.batch import BatchId
from privacy.errors import PluraleError


@dataclass(frozen=True, slots=True)
class Trouble:
    """What could not be done, and why; `batch` if it concerns one report."""

    error: PluraleError
    batch: BatchId | None = None

    def __str__(self) -> str:
        return str(self.error) if self.batch is None else f"{self.batch}: {self.error}"


@dataclass
class Troubles:
    """Gathers them in a run. One fault that holds up several things is told once."""

    _told: list[Trouble] = field(default_factory=list)

    def add(self, error: PluraleError, batch: BatchId | None = None) -> None:
        """Keep one; if this very error is kept already, it is about more than one report."""
        for place, told in enumerate(self._told):
            if told.error is error:
                self._told[place] = Trouble(error)
                return
        self._told.append(Trouble(error, batch))

    def __iter__(self) -> Iterator[Trouble]:
        return iter(self._told)


@dataclass(frozen=True, slots=True)
class Happened:
    """`decided`: reports whose batch turned out to have ended. `alarms`: said at every run.

    `approved`: reports that got their token.
    """

    made: tuple[Parcel, ...] = ()
    decided: tuple[Parcel, ...] = ()
    approved: tuple[Parcel, ...] = ()
    sent: tuple[Parcel, ...] = ()
    waiting: tuple[Parcel, ...] = ()
    trouble: tuple[Trouble, ...] = ()
    alarms: tuple[str, ...] = ()


@dataclass
class Running:
    """A run while it goes on: what it has done so far."""

    troubles: Troubles = field(default_factory=Troubles)
    made: list[Parcel] = field(default_factory=list)
    decided: list[Parcel] = field(default_factory=list)
    approved: list[Parcel] = field(default_factory=list)
    sent: list[Parcel] = field(default_factory=list)

    def happened(self, waiting: Sequence[Parcel], alarms: Sequence[str]) -> Happened:
        """How it ended."""
        return Happened(
            made=tuple(self.made),
            decided=tuple(self.decided),
            approved=tuple(self.approved),
            sent=tuple(self.sent),
            waiting=tuple(waiting),
            trouble=tuple(self.troubles),
            alarms=tuple(alarms),
        )
