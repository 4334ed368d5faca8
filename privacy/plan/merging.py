"""Teams to merge where one of them cannot answer: what would be gained, and from which ones."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from privacy.agreement.model import Agreement
from privacy.errors import InvalidValue
from privacy.groups import Group, GroupId, Level
from privacy.metrics import TaskId
from privacy.plan.figures import Figures
from privacy.plan.findings import Doubt, Finding, about_noise, about_turnout
from privacy.plan.participation import Turnout

Matter: TypeAlias = tuple[TaskId, str | None, Doubt]
"""What is in doubt, whichever the team: task, metric (None: all) and kind of doubt."""


@dataclass(frozen=True, slots=True)
class Merge:
    """Teams of one parent as a single team, with what every team metric would then say.

    `findings`: doubts of the merged team, of the kinds that a larger group eases. `suggested`:
    whether merging them eases a doubt; otherwise they are all teams of the parent, and
    `findings` is what no merge eases.
    """

    teams: tuple[GroupId, ...]
    parent: GroupId
    roster: int
    figures: tuple[Figures, ...]
    turnout: Turnout
    findings: tuple[Finding, ...]
    suggested: bool = True


def merges(agreement: Agreement) -> tuple[Merge, ...]:
    """Which teams to merge, for one parent after the other; the suggested ones are disjoint.

    A doubt that all teams of the parent together still have counts for nothing here: no merge
    eases it, and it is told once. Otherwise greedy: the smallest team with a doubt takes its
    smallest sibling that is still free, and another one, until no doubt is left or no sibling. A
    team that finds no free sibling joins the smallest merge there is. A merge under which the
    noise would break a rule of the agreement is not suggested.
    """
    parents = dict.fromkeys(group.parent for group in agreement.groups if group.parent is not None)
    return tuple(merge for parent in parents for merge in _Siblings.of(agreement, parent).merges())


@dataclass(frozen=True, slots=True)
class _Siblings:
    """The teams of one parent, smallest first, and what is in doubt for all of them as one."""

    agreement: Agreement
    parent: GroupId
    teams: tuple[Group, ...]
    lasting: frozenset[Matter] = frozenset()

    @classmethod
    def of(cls, agreement: Agreement, parent: GroupId) -> "_Siblings":
        teams = [group for group in agreement.groups if group.parent == parent]
        teams.sort(key=lambda team: (team.roster, team.id))
        siblings = cls(agreement, parent, tuple(teams))
        whole = siblings.merged(teams)
        return siblings if whole is None else replace(siblings, lasting=_matters(whole))

    def merges(self) -> list[Merge]:
        """The suggestions, then all teams together if something is in doubt even for them."""
        made = [merge for merge in map(self.merged, self._chosen()) if merge is not None]
        whole = self.merged(self.teams)
        if whole is None or not self.lasting or len(self.teams) == 1:
            return made
        told = any(len(merge.teams) == len(self.teams) for merge in made)
        return made if told else [*made, replace(whole, suggested=False)]

    def _chosen(self) -> list[list[Group]]:
        free, found = list(self.teams), list[list[Group]]()
        for weak in self.teams:
            if weak not in free or not self._eased(self.merged([weak])):
                continue
            free.remove(weak)
            members = self._grown(weak, free)
            if len(members) > 1:
                free = [team for team in free if team not in members]
                found.append(members)
            elif found:
                smallest = min(found, key=_people)
                if self.merged([*smallest, weak]) is not None:
                    smallest.append(weak)
        return found

    def _grown(self, weak: Group, free: Iterable[Group]) -> list[Group]:
        members = [weak]
        for sibling in free:
            merge = self.merged([*members, sibling])
            if merge is None:
                break
            members.append(sibling)
            if not self._eased(merge):
                break
        return members

    def _eased(self, merge: Merge | None) -> bool:
        """Whether a larger group would ease one of its doubts."""
        return merge is not None and bool(_matters(merge) - self.lasting)

    def merged(self, members: Sequence[Group]) -> Merge | None:
        """The members as one team; None where its noise would break a rule of the agreement."""
        ids = tuple(member.id for member in members)
        team = Group(GroupId("+".join(ids)), Level.TEAM, _people(members), self.parent)
        figures = _figures(self.agreement, team)
        if figures is None:
            return None
        turnout = Turnout.of(self.agreement, team)
        doubts = tuple(_doubts(self.agreement, figures, turnout))
        return Merge(ids, self.parent, team.roster, figures, turnout, doubts)


def _people(members: Iterable[Group]) -> int:
    return sum(member.roster for member in members)


def _matters(merge: Merge) -> frozenset[Matter]:
    return frozenset((each.task, each.metric, each.doubt) for each in merge.findings)


def _figures(agreement: Agreement, team: Group) -> tuple[Figures, ...] | None:
    tasks = [task for task in agreement.tasks if task.level is Level.TEAM]
    try:
        figures = tuple(
            Figures.of(agreement, task, team, metric) for task in tasks for metric in task.metrics
        )
    except InvalidValue:
        return None
    return figures if all(each.scales.wide_enough for each in figures) else None


def _doubts(
    agreement: Agreement, figures: Sequence[Figures], turnout: Turnout
) -> Iterator[Finding]:
    for task in dict.fromkeys(each.task.id for each in figures):
        yield from about_turnout(agreement, task, turnout)
    for each in figures:
        yield from (
            finding for finding in about_noise(agreement, each) if finding.doubt.eased_by_merging
        )
