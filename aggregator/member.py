"""A member of the roster and the groups they are in, window by window."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import pairwise

from privacy.errors import InvalidValue
from privacy.groups import GroupId
from privacy.window import Window


class Device(StrEnum):
    """What a member has to take part with."""

    WAITING = "code not used yet"
    ENROLLED = "enrolled"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Membership:
    """In a group from window `first` to window `last`; without one, until they go."""

    group: GroupId
    first: Window
    last: Window | None = None

    def __post_init__(self) -> None:
        """Raise `InvalidValue` when it ends before it begins."""
        if self.last is not None and self.last < self.first:
            raise InvalidValue(f"a membership cannot end in {self.last}, before {self.first}")

    def holds_in(self, window: Window) -> bool:
        """Whether the window is one of it."""
        return self.first <= window and (self.last is None or window <= self.last)


@dataclass(frozen=True, slots=True)
class Member:
    """`number`: 1 and up. `name`: may be empty. `code_hash`: of the code, 32 bytes.

    The hash stays beside the device key (Ed25519, 32 bytes) that was registered with the code, so
    that the same registration again is known. Whatever is personal is left out when printed.
    """

    number: int
    name: str = field(repr=False)
    memberships: tuple[Membership, ...]
    code_hash: bytes | None = field(default=None, repr=False)
    device_key: bytes | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Raise `InvalidValue` for an unprintable name, or two groups in one window."""
        if not self.name.isprintable():
            raise InvalidValue("a name consists of printable signs")
        for earlier, later in pairwise(self.memberships):
            if earlier.last is None or later.first <= earlier.last:
                raise InvalidValue(f"member {self.number} is in two groups in {later.first}")

    def group_in(self, window: Window) -> GroupId | None:
        """The group in a window, if any."""
        return next((each.group for each in self.memberships if each.holds_in(window)), None)

    @property
    def last_group(self) -> GroupId:
        """The group of the last membership: now, from the next window on, or until they went."""
        return self.memberships[-1].group

    @property
    def last_window(self) -> Window | None:
        """The last window of the last membership; None while it is open, or there is none."""
        return self.memberships[-1].last if self.memberships else None

    @property
    def device(self) -> Device:
        """What they have to take part with."""
        if self.device_key is not None:
            return Device.ENROLLED
        return Device.NONE if self.code_hash is None else Device.WAITING

    def until(self, last: Window) -> "Member":
        """In no group after a window."""
        return replace(self, memberships=tuple(_until(self.memberships, last)))

    def moved(self, group: GroupId, first: Window) -> "Member":
        """In another group from a window on; what was to begin then or later is dropped."""
        before = self.until(first.plus(-1)).memberships
        if before and (before[-1].group, before[-1].last) == (group, first.plus(-1)):
            return replace(self, memberships=(*before[:-1], replace(before[-1], last=None)))
        return replace(self, memberships=(*before, Membership(group, first)))

    def without_device(self, code_hash: bytes | None = None) -> "Member":
        """With no device key, and with a new code's hash or none."""
        return replace(self, code_hash=code_hash, device_key=None)


def _until(memberships: tuple[Membership, ...], last: Window) -> Iterator[Membership]:
    for each in memberships:
        if each.first <= last:
            yield replace(each, last=last) if each.holds_in(last) else each
