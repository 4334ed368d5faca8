"""What changes in who is measured and what is collected. The rule of weights is that of `diff`.

More categories, and more words that count as one, say more about each person than "other" does.
"""

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Protocol, TypeVar

from privacy.agreement import quantities
from privacy.agreement.categories import Category, recognised_by
from privacy.agreement.change import Change, Weight, exact, moved, quoted, replaced
from privacy.catalogue import CATALOGUE, Kind
from privacy.groups import Group, Level
from privacy.metrics import Choice, Direction, Histogram, Metric, Scalar, Task


class _Named(Protocol):
    @property
    def id(self) -> str: ...


N = TypeVar("N", bound=_Named)


def groups(old: Sequence[Group], new: Sequence[Group]) -> Iterator[Change]:
    """Groups that come, go or are cut otherwise; people in a new group are newly measured."""
    order = "The order of the groups in the text"
    yield from _listed(old, new, order, _new_group, _gone_group, _group)


def tasks(old: Sequence[Task], new: Sequence[Task]) -> Iterator[Change]:
    """Tasks that come, go or collect something else."""
    order = "The order of the tasks in the text"
    yield from _listed(old, new, order, _new_task, _gone_task, _task)


def categories(old: Sequence[Category], new: Sequence[Category]) -> Iterator[Change]:
    """Categories that come, go or are recognised by something else."""
    yield from _listed(
        old,
        new,
        "The order of the categories, of which the first that fits counts,",
        lambda category: f"Category {category.id} is new: {_recognised(category)}.",
        lambda category: f"Category {category.id} is gone: {_recognised(category)}.",
        _category,
    )


def _listed(
    old: Sequence[N],
    new: Sequence[N],
    order: str,
    come: Callable[[N], str],
    gone: Callable[[N], str],
    both: Callable[[N, N], Iterator[Change]],
) -> Iterator[Change]:
    """Match by id. `order` is what changes where only the order does; the digest knows it."""
    before, after = ({each.id: each for each in side} for side in (old, new))
    yield from (Change(Weight.LOOSENED, come(after[each])) for each in after if each not in before)
    yield from (
        Change(Weight.TIGHTENED, gone(before[each])) for each in before if each not in after
    )
    kept = [each for each in before if each in after]
    for each in kept:
        yield from both(before[each], after[each])
    moved_to = [each for each in after if each in before]
    yield from replaced(order, kept, moved_to, ", ".join)


def _new_group(group: Group) -> str:
    return f"Group {group.id} is new: a {group.level} of {_members(group)}{_below(group)}."


def _gone_group(group: Group) -> str:
    return f"Group {group.id} is gone: a {group.level} of {_members(group)}{_below(group)}."


def _below(group: Group) -> str:
    return "" if group.parent is None else f", in {group.parent}"


def _members(group: Group) -> str:
    return quantities.counted(group.roster, "member")


def _group(old: Group, new: Group) -> Iterator[Change]:
    yield from _level(f"group {new.id}", old.level, new.level)
    yield from moved(
        f"Group {new.id}",
        old.roster,
        new.roster,
        up=Weight.TIGHTENED,
        show=lambda roster: quantities.counted(roster, "member"),
        verbs=("grows", "shrinks"),
    )
    weight = Weight.NEUTRAL
    if None in (old.parent, new.parent):  # its members then take part in a department's tasks
        weight = Weight.LOOSENED if old.parent is None else Weight.TIGHTENED
    yield from replaced(
        f"The department of group {new.id}",
        old.parent,
        new.parent,
        lambda parent: parent or "none",
        weight=weight,
    )


def _level(what: str, old: Level, new: Level) -> Iterator[Change]:
    finer = Weight.LOOSENED if new is Level.TEAM else Weight.TIGHTENED
    yield from replaced(f"The level of {what}", old, new, weight=finer)


def _new_task(task: Task) -> str:
    return f"Task {task.id} is new: for each {task.level}, {_titles(task)}{_part(task)}."


def _gone_task(task: Task) -> str:
    return f"Task {task.id} is gone: for each {task.level}, {_titles(task)}{_part(task)}."


def _titles(task: Task) -> str:
    return "; ".join(_described(metric) for metric in task.metrics)


def _part(task: Task) -> str:
    return f", with {exact(task.share)} of the privacy budget"


def _described(metric: Metric) -> str:
    title = f"“{CATALOGUE[metric.id].title}”"
    if isinstance(metric, Histogram):
        return f"{title} (ranges, no target)"
    if isinstance(metric, Choice):
        return f"{title} (one of the categories, no target)"
    return f"{title} (target {_target(metric)})"


def _task(old: Task, new: Task) -> Iterator[Change]:
    yield from _level(f"task {new.id}", old.level, new.level)
    yield from moved(
        f"The part of task {new.id} in the privacy budget",
        old.share,
        new.share,
        up=Weight.LOOSENED,
        show=exact,
    )
    yield from _listed(
        old.metrics,
        new.metrics,
        f"The order of the metrics of task {new.id} in the text",
        lambda metric: f"Task {new.id} also collects {_described(metric)}.",
        lambda metric: f"Task {new.id} no longer collects {_described(metric)}.",
        lambda before, after: _metric(
            f"“{CATALOGUE[after.id].title}” (task {new.id})", before, after
        ),
    )


def _metric(name: str, old: Metric, new: Metric) -> Iterator[Change]:
    yield from moved(
        f"The part of {name} in the budget of its task",
        old.share,
        new.share,
        up=Weight.LOOSENED,
        show=exact,
    )
    if isinstance(old, Scalar) and isinstance(new, Scalar):
        yield from _scalar(name, old, new)
    if isinstance(old, Histogram) and isinstance(new, Histogram):
        yield from replaced(
            f"The edges of {name}, in hours,",
            old.edges,
            new.edges,
            lambda edges: ", ".join(map(exact, edges)),
            weight=_finer(old.edges, new.edges),
            verb="change",
        )


def _scalar(name: str, old: Scalar, new: Scalar) -> Iterator[Change]:
    weight = Weight.NEUTRAL
    if old.direction is new.direction:
        higher = new.target > old.target
        more = higher is (new.direction is Direction.AT_LEAST)
        weight = Weight.LOOSENED if more else Weight.TIGHTENED
    yield from replaced(
        f"The target of {name}",
        (old.direction, old.target),
        (new.direction, new.target),
        lambda side: _target_of(side[0], side[1], CATALOGUE[new.id].kind),
        weight=weight,
    )
    yield from moved(
        f"The distance from the target at which {name} stops counting",
        old.clip,
        new.clip,
        up=Weight.NEUTRAL,
        show=lambda clip: _amount(clip, CATALOGUE[new.id].kind),
    )


def _target(metric: Scalar) -> str:
    return _target_of(metric.direction, metric.target, CATALOGUE[metric.id].kind)


def _target_of(direction: Direction, target: Fraction, kind: Kind) -> str:
    side = "at least" if direction is Direction.AT_LEAST else "at most"
    return f"{side} {_amount(target, kind)}"


def _amount(value: Fraction, kind: Kind) -> str:
    text = quantities.amount(value, kind)
    return exact(value) if text.startswith("about") else text


def _finer(old: Sequence[Fraction], new: Sequence[Fraction]) -> Weight:
    """More ranges say more about each person in them, and so does any new edge among as many."""
    return Weight.LOOSENED if len(new) >= len(old) else Weight.TIGHTENED


def _category(old: Category, new: Category) -> Iterator[Change]:
    yield from replaced(f"The title of category {new.id}", old.title, new.title, quoted)
    yield from _words(new.id, "applications", "An application", old.applications, new.applications)
    yield from _words(new.id, "words of window titles", "A window title", old.titles, new.titles)


def _words(
    category: str, many: str, one: str, old: Sequence[str], new: Sequence[str]
) -> Iterator[Change]:
    for word in new:
        if word not in old:
            yield Change(Weight.LOOSENED, f"{one} with {quoted(word)} now counts as {category}.")
    for word in old:
        if word not in new:
            yield Change(
                Weight.TIGHTENED, f"{one} with {quoted(word)} no longer counts as {category}."
            )
    if old != new and set(old) == set(new):
        yield from replaced(f"The list of {many} of category {category}", old, new, ", ".join)


def _recognised(category: Category) -> str:
    return f"{quoted(category.title)}, {recognised_by(category)}"
