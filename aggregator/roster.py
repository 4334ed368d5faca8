"""Who may take part: the council's roster of members, their codes and device keys (protocol §4.6).

Everything runs within a transaction of the caller. `first` is the first window for which a change
counts: the one that begins next. The window that has begun is reported as it was.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from aggregator.member import Device, Member, Membership
from aggregator.store.sql import Transaction
from privacy.agreement.model import Agreement
from privacy.enrolment_code import EnrolmentCode
from privacy.errors import InvalidValue, NotAMember, UnknownCode
from privacy.groups import Group, GroupId
from privacy.window import Window

_ASK: Final = "ask the works council for a new one"


def register(tx: Transaction, code: EnrolmentCode, device: bytes) -> GroupId:
    """Give the member with this code a device key (32 bytes); returns the member's group.

    That is the code's, unless they moved since. The same code and device may register again, until
    the member is given another code. Raises `UnknownCode` for a code that was not made, was used by
    another device, or is withdrawn, and `NotAMember` for a member whose membership has ended, or
    for the device key of another member.
    """
    member = tx.roster.with_code(code.hash)
    if member is None:
        raise UnknownCode(
            "the works council has made no such code, or withdrawn it: compare it letter by letter "
            f"with the one you got; if it is right, {_ASK}"
        )
    if member.device_key not in (None, device):
        raise UnknownCode(
            f"this code was used on another device already: {_ASK}, and say so if it was not you"
        )
    if member.last_window is not None:
        raise NotAMember(
            f"{_ended(member)}: ask the works council to bring you back with plurale-aggregator "
            "roster move"
        )
    _check_free(tx, member, device)
    tx.roster.put(replace(member, device_key=device))
    return member.last_group


def _check_free(tx: Transaction, member: Member, device: bytes) -> None:
    known = tx.roster.with_device(device)
    if known is None or known.number == member.number:
        return
    if known.last_window is not None:
        raise NotAMember(
            f"this device is that of member {known.number}, whose membership ended with "
            f"{known.last_window}: if that was you, ask the works council to bring you back with "
            "plurale-aggregator roster move, and use no new code; if not, enrol in a folder of "
            "your own with plurale --data"
        )
    raise NotAMember(
        "this device is enrolled for another member: enrol each person on a device of their "
        "own, or in a folder of their own with plurale --data"
    )


def member(tx: Transaction, device: bytes) -> Member:
    """The member with a device key; raises `NotAMember`."""
    known = tx.roster.with_device(device)
    if known is None:
        raise NotAMember(
            "the works council's roster does not have this device: ask them for a new code"
        )
    return known


def leave(tx: Transaction, device: bytes, last_window: Window) -> None:
    """Forget a device key and its code; its member is in no group after a window.

    The same again, with a key that is not known any more, changes nothing.
    """
    known = tx.roster.with_device(device)
    if known is not None:
        tx.roster.put(known.until(last_window).without_device())


def add(
    tx: Transaction,
    group: GroupId,
    first: Window,
    random: Callable[[int], bytes],
    name: str = "",
) -> tuple[int, EnrolmentCode]:
    """A new member; returns their number and their code, which is kept nowhere."""
    code = EnrolmentCode.new(group, random)
    (number,) = tx.roster.add((name, Membership(group, first), code.hash))
    return number, code


def move(
    tx: Transaction,
    agreement: Agreement,
    number: int,
    group: str,
    first: Window,
    random: Callable[[int], bytes],
) -> EnrolmentCode | None:
    """Put a member into another group, or back into one whose membership has ended.

    Returns as `moved`. Raises `InvalidValue` for a group that one cannot join, that is full or that
    they are in, and `NotAMember` for a number that is none.
    """
    known = _known(tx, number)
    to = group_to_join(agreement, group)
    if known.group_in(first) == to.id:
        raise InvalidValue(f"member {number} is in {to.id} already: nothing was changed")
    check_size(agreement, to, 1 + sum(each.group_in(first) == to.id for each in tx.roster.all()))
    after, code = moved(known, to.id, first, random)
    tx.roster.put(after)
    return code


def moved(
    member: Member, group: GroupId, first: Window, random: Callable[[int], bytes]
) -> tuple[Member, EnrolmentCode | None]:
    """The member in another group, and a new code for it unless they have a device."""
    after = member.moved(group, first)
    if member.device is Device.ENROLLED:
        return after, None
    code = EnrolmentCode.new(group, random)
    return after.without_device(code.hash), code


def end(tx: Transaction, number: int, first: Window) -> None:
    """A member is in no group from a window on; the device may send what is due until then.

    A code that is not used yet counts for nothing. Raises `NotAMember` for a number that is none
    or whose membership has ended.
    """
    known = _known(tx, number)
    if known.group_in(first) is None:
        raise NotAMember(f"{_ended(known)} already: nothing was changed")
    ended = known.until(first.plus(-1))
    tx.roster.put(ended.without_device() if ended.device is Device.WAITING else ended)


def revoke(
    tx: Transaction, number: int, first: Window, random: Callable[[int], bytes]
) -> EnrolmentCode | None:
    """A member's device key or code counts for nothing from now on; returns a new code.

    None for who is in no group from then on, and needs none. Raises `NotAMember` for a number that
    is none.
    """
    known = _known(tx, number)
    group = known.group_in(first)
    if group is None:
        tx.roster.put(known.without_device())
        return None
    code = EnrolmentCode.new(group, random)
    tx.roster.put(known.without_device(code.hash))
    return code


def group_to_join(agreement: Agreement, group: str) -> Group:
    """The group, if one can be a member of it; raises `InvalidValue` with the choices."""
    choices = {each.id: each for each in agreement.groups_to_join}
    known = agreement.group(group)
    if known is not None and known.id not in choices:
        teams = ", ".join(each.id for each in agreement.groups if each.parent == group)
        raise InvalidValue(f"{group} has teams: choose from {teams}")
    if known is None:
        raise InvalidValue(f"there is no group {group!r} to join: choose from {', '.join(choices)}")
    return known


def check_size(agreement: Agreement, group: Group, members: int) -> None:
    """Raise `InvalidValue` for more members than the agreement gives a group."""
    if members > group.roster:
        raise InvalidValue(
            f"{group.id} has {group.roster} members in version {agreement.version} of the "
            f"agreement, and would have {members} here: end the memberships of those who are gone, "
            "or agree on a new version with the true number"
        )


def _known(tx: Transaction, number: int) -> Member:
    known = tx.roster.get(number)
    if known is None:
        raise NotAMember(
            f"there is no member {number}: plurale-aggregator roster list shows every number"
        )
    return known


def _ended(member: Member) -> str:
    return f"the membership of {member.number} ended with {member.last_window}"
