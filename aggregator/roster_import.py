"""What a roster file changes: it says who is a member, and may be read again any number of times.

1. Whom the roster has under that name in that group stays. Members without a name are counted.
2. Who ended under that name in that group stays ended.
3. Of whom the roster has under that name in another group alone, who is there moves, and who ended
   stays ended.
4. All others are new.

Nobody's membership ends because a file leaves them out, and none that has ended begins again
because a file still names them. Nothing is changed if anything is wrong.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from aggregator import roster
from aggregator.member import Member, Membership
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
    """`ended`: whom a line names for a group, and who stay in none.

    `unlisted`: who is in no line; of those without a name, as many as are too many.
    """

    new: tuple[Line, ...]
    moving: tuple[tuple[Member, GroupId], ...]
    ended: tuple[tuple[Member, GroupId], ...]
    unchanged: int
    unlisted: tuple[Member, ...]

    @property
    def changes(self) -> bool:
        """Whether the roster is to be written at all."""
        return bool(self.new or self.moving)


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
    moved = [roster.moved(member, group, first, random) for member, group in planned.moving]
    codes = [EnrolmentCode.new(GroupId(line.group), random) for line in planned.new]
    # All at once: whoever asks for a token waits meanwhile.
    tx.roster.put(*(member for member, _ in moved))
    numbers = tx.roster.add(
        *(
            (line.name, Membership(code.group, first), code.hash)
            for line, code in zip(planned.new, codes, strict=True)
        )
    )
    handouts = [
        *((member.number, member.name, code) for member, code in moved if code is not None),
        *(
            (number, line.name, code)
            for number, line, code in zip(numbers, planned.new, codes, strict=True)
        ),
    ]
    return Imported(
        planned, tuple(Handout(n, code.group, name, code) for n, name, code in handouts)
    )


def plan(
    lines: Sequence[Line], members: Sequence[Member], agreement: Agreement, first: Window
) -> Plan:
    """Compare a file with the roster as it is from window `first` on; raises `InvalidValue`."""
    _check_groups(lines, agreement)
    now = [member for member in members if member.group_in(first) is not None]
    past = [member for member in members if member.group_in(first) is None and member.name]
    unchanged, left, others = _same(lines, now)  # 1
    ended, left, past = _same(left, past)  # 2
    same_name = _same_name(left, [*others, *past])
    moving = {line: each for line, each in same_name.items() if each.group_in(first)}  # 3
    ended |= {line: each for line, each in same_name.items() if line not in moving}
    movers = {member.number for member in moving.values()}
    planned = Plan(
        new=tuple(line for line in left if line not in same_name),  # 4
        moving=_to(moving),
        ended=_to(ended),
        unchanged=len(unchanged),
        unlisted=tuple(member for member in others if member.number not in movers),
    )
    _check_sizes(planned, members, agreement, first)
    return planned


def _check_groups(lines: Sequence[Line], agreement: Agreement) -> None:
    for line in lines:
        try:
            roster.group_to_join(agreement, line.group)
        except InvalidValue as error:
            raise InvalidValue(f"line {line.number}: {error}") from None


def _same(
    lines: Sequence[Line], members: Sequence[Member]
) -> tuple[dict[Line, Member], list[Line], list[Member]]:
    """Who has the name and the (last) group of a line, and the lines and members left over."""
    there = defaultdict[tuple[str, str], deque[Member]](deque)
    for member in members:
        there[member.last_group, member.name].append(member)
    same, left = {}, []
    for line in lines:
        found = there[line.group, line.name]
        if found:
            same[line] = found.popleft()
        else:
            left.append(line)
    return same, left, [member for found in there.values() for member in found]


def _same_name(lines: Sequence[Line], members: Sequence[Member]) -> dict[Line, Member]:
    """Who has the name of a line, and another group; raises `InvalidValue` if that is not clear."""
    same = {}
    known = _by_name(members)
    for name, to in _by_name(lines).items():
        there = known.get(name, [])
        if there and len(to) + len(there) > 2:
            raise InvalidValue(
                f"line {to[0].number}: who is meant is not clear, as the name is left over "
                f"{_times(len(to))} in the file and {_times(len(there))} in the roster, with those "
                "who have ended: move one with plurale-aggregator roster move, or tell the names "
                "apart, then import again"
            )
        if there:
            same[to[0]] = there[0]
    return same


def _to(pairs: Mapping[Line, Member]) -> tuple[tuple[Member, GroupId], ...]:
    return tuple((member, GroupId(line.group)) for line, member in pairs.items())


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
