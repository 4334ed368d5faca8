"""What a roster file changes: it says who is a member, and may be read again any number of times.

1. Whom the roster has under that name in that group stays. Members without a name are counted.
2. Whom the roster has under that name in another group alone moves.
3. All others are new.

Nobody's membership ends because a file leaves them out. Nothing is changed if anything is wrong.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from aggregator import roster
from aggregator.member import Member
from aggregator.roster_file import Line
from aggregator.store.sql import Transaction
from privacy.agreement.model import Agreement
from privacy.enrolment_code import EnrolmentCode
from privacy.errors import InvalidValue
from privacy.groups import GroupId
from privacy.window import Window

_Named = TypeVar("_Named", Line, Member)


@dataclass(frozen=True, slots=True)
class Plan:
    """`unlisted`: who is in no line; of those without a name, as many as are too many."""

    new: tuple[Line, ...]
    moving: tuple[tuple[Member, GroupId], ...]
    unchanged: int
    unlisted: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Handout:
    """A code for a member, to be handed over."""

    number: int
    group: GroupId
    name: str = field(repr=False)
    code: EnrolmentCode = field(repr=False)


@dataclass(frozen=True, slots=True)
class Imported:
    """What was changed, and the codes: for new members, and for moved ones with an unused code."""

    plan: Plan
    handouts: tuple[Handout, ...]


def carry_out(
    tx: Transaction,
    agreement: Agreement,
    lines: Sequence[Line],
    first: Window,
    random: Callable[[int], bytes],
) -> Imported:
    """Change the roster to what a file says, from window `first` on; raises `InvalidValue`."""
    planned = plan(lines, tx.roster.all(), agreement, first)
    handouts = []
    for member, group in planned.moving:
        # Sizes were checked for all together: two members may change places.
        code = roster.put_into(tx, member, group, first, random)
        if code is not None:
            handouts.append(Handout(member.number, group, member.name, code))
    for line in planned.new:
        group = GroupId(line.group)
        number, code = roster.add(tx, group, first, random, line.name)
        handouts.append(Handout(number, group, line.name, code))
    return Imported(planned, tuple(handouts))


def plan(
    lines: Sequence[Line], members: Sequence[Member], agreement: Agreement, first: Window
) -> Plan:
    """Compare a file with the roster as it is from window `first` on; raises `InvalidValue`."""
    _check_groups(lines, agreement)
    there = defaultdict[tuple[str, str], list[Member]](list)
    for member in members:
        group = member.group_in(first)
        if group is not None:
            there[group, member.name].append(member)
    left: list[Line] = []
    for line in lines:  # 1
        same = there[line.group, line.name]
        if same:
            same.pop(0)
        else:
            left.append(line)
    unlisted = [member for same in there.values() for member in same]
    moving = _moving(left, unlisted)  # 2
    planned = Plan(
        new=tuple(line for line in left if line not in moving),  # 3
        moving=tuple((member, GroupId(line.group)) for line, member in moving.items()),
        unchanged=len(lines) - len(left),
        unlisted=tuple(member for member in unlisted if member not in moving.values()),
    )
    _check_sizes(planned, members, agreement, first)
    return planned


def _check_groups(lines: Sequence[Line], agreement: Agreement) -> None:
    for line in lines:
        try:
            roster.group_to_join(agreement, line.group)
        except InvalidValue as error:
            raise InvalidValue(f"line {line.number}: {error}") from None


def _moving(lines: Sequence[Line], members: Sequence[Member]) -> dict[Line, Member]:
    moving = {}
    known = _by_name(members)
    for name, to in _by_name(lines).items():
        there = known.get(name, [])
        if there and len(to) + len(there) > 2:
            raise InvalidValue(
                f"line {to[0].number}: who moves is not clear, as the name is left over "
                f"{_times(len(to))} in the file and {_times(len(there))} in the roster: move one "
                "with plurale-aggregator roster move, then import again"
            )
        if there:
            moving[to[0]] = there[0]
    return moving


def _by_name(named: Sequence[_Named]) -> dict[str, list[_Named]]:
    found = defaultdict[str, list[_Named]](list)
    for each in named:
        if each.name:
            found[each.name].append(each)
    return found


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def _check_sizes(
    planned: Plan, members: Sequence[Member], agreement: Agreement, first: Window
) -> None:
    sizes = Counter(member.group_in(first) for member in members)
    for member, group in planned.moving:
        sizes[member.group_in(first)] -= 1
        sizes[group] += 1
    sizes.update(GroupId(line.group) for line in planned.new)
    gaining = {line.group for line in planned.new} | {group for _, group in planned.moving}
    for each in sorted(gaining):
        known = roster.group_to_join(agreement, each)
        roster.check_size(agreement, known, sizes[known.id])
