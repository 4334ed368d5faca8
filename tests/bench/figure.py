"""One measured number and what it has to be."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """`value` against `target`; without a target it is shown for information."""

    name: str
    value: float
    target: float | None = None
    more_is_better: bool = False

    @property
    def ok(self) -> bool:
        """Whether the target is met."""
        if self.target is None:
            return True
        return self.value >= self.target if self.more_is_better else self.value <= self.target
