"""One consent: a version of the agreement, the person's group, and when they said yes."""

from dataclasses import dataclass
from datetime import datetime

from privacy.agreement.envelope import SignedAgreement
from privacy.agreement.model import Agreement
from privacy.batch import BatchId
from privacy.errors import InvalidValue
from privacy.groups import GroupId
from privacy.window import Window


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What a person agreed to at a moment, as a member of `group`."""

    signed: SignedAgreement
    group: GroupId
    consented_at: datetime

    def __post_init__(self) -> None:
        """Raise `InvalidValue` when the agreement has no such group."""
        if self.agreement.group(self.group) is None:
            known = ", ".join(group.id for group in self.agreement.groups)
            raise InvalidValue(f"the agreement has no group {self.group!r}: choose from {known}")

    @property
    def agreement(self) -> Agreement:
        """The version agreed to."""
        return self.signed.agreement

    @property
    def first_window(self) -> Window:
        """The first window that it can hold for: consent was given at its start or before."""
        zone = self.agreement.working_time.zone
        begun = Window.beginning_from(self.consented_at, zone)
        return max(begun, self.agreement.first_window)

    def holds_for(self, window: Window) -> bool:
        """Whether the version covers the window, and consent came before it began."""
        return self.agreement.covers(window) and self.first_window <= window

    def batches(self, window: Window) -> list[BatchId]:
        """The batches that this person's reports for a window belong to."""
        return [
            BatchId(self.signed.digest, task.id, group.id, window)
            for task, group in self.agreement.tasks_of(self.group)
        ]
