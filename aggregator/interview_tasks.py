"""The questions of ``agreement new`` about groups, and about what is measured in them."""

from collections.abc import Callable
from functools import partial
from types import MappingProxyType
from typing import Any, Final, TypeVar

from aggregator.interview import Dialogue, Document, first_sentence, whole_number, words
from aggregator.interview_categories import categories
from privacy.agreement.codec import exact
from privacy.agreement.document import from_document
from privacy.catalogue import CATALOGUE, Kind, Source
from privacy.errors import InvalidAgreement, InvalidValue
from privacy.groups import Level

T = TypeVar("T")

_ROOMY: Final = 60
"""Members of a group of which only the name is known yet."""

_SCALARS: Final = MappingProxyType(
    {
        "mail_answered_in_time": ("0.8", "at_least", "0.25"),
        "client_mails_answered": ("40", "at_least", "20"),
        "active_hours": ("30", "at_least", "10"),
        "after_hours_share": ("0.1", "at_most", "0.1"),
        "core_hours_coverage": ("0.7", "at_least", "0.25"),
        "tasks_within_estimate": ("0.7", "at_least", "0.25"),
        "task_time_ratio": ("1.2", "at_most", "0.5"),
        "tasks_finished": ("8", "at_least", "4"),
    }
)
"""Target, direction and clip in brackets, for each scalar of the catalogue."""

_EDGES: Final = "1, 2, 4, 8, 16, 24"
_HEADLINE: Final = "mail_answered_in_time"
_BROAD: Final = tuple(
    measure.id
    for measure in CATALOGUE.values()
    if measure.id != _HEADLINE
    and measure.source is not Source.TASKS
    and measure.kind is not Kind.CATEGORY
)
"""For departments in brackets: what every device can tell without being kept by hand or set up."""


def groups(dialogue: Dialogue, document: Document) -> Document:
    """The document with the groups: departments first, so that teams can name theirs.

    Its tasks are only there to be valid until `tasks` asks for them.
    """
    named: list[Document] = []
    for level in (Level.DEPARTMENT, Level.TEAM):
        while True:
            group = _group(dialogue, document, level, named)
            if group is None:
                break
            try:
                _with_groups(document, [*named, group])
            except InvalidAgreement as error:
                dialogue.say(first_sentence(error))
            else:
                named.append(group)
    return _with_groups(document, named)


def _group(
    dialogue: Dialogue, document: Document, level: Level, named: list[Document]
) -> Document | None:
    """One group, or None when there are no more."""
    may_end = bool(named) or level is Level.DEPARTMENT
    another = "Next" if any(group["level"] == level for group in named) else "First"
    question = f"{another} {level}{', or nothing if there is none' if may_end else ''}"

    def name(answer: str) -> str:
        if answer:
            group = {"id": answer, "level": level.value, "roster": _ROOMY}
            _with_groups(document, [*named, group])
        return answer

    group_id = dialogue.ask(question, name, "" if may_end else None)
    if not group_id:
        return None
    group: Document = {"id": group_id, "level": level.value}
    departments = [each["id"] for each in named if each["level"] == Level.DEPARTMENT]
    if level is Level.TEAM and departments:
        default = departments[0] if len(departments) == 1 else "none"
        parent = dialogue.ask(
            f"Department of {group_id}, or none", _one_of([*departments, "none"]), default
        )
        group |= {} if parent == "none" else {"parent": parent}
    group["roster"] = dialogue.ask(f"Members of {group_id}", whole_number)
    return group


def _with_groups(document: Document, named: list[Document]) -> Document:
    """The document with these groups and a valid task; raises `InvalidAgreement`."""
    metric = {"id": "mail_response_hours", "edges": ["1"], "share": "1"}
    changed = document | {"groups": named}
    changed["tasks"] = [_task(Level(named[0]["level"]), "1/2", [metric])]
    from_document(changed)
    return changed


def _one_of(choices: list[str]) -> Callable[[str], str]:
    def parse(answer: str) -> str:
        if answer not in choices:
            raise InvalidValue(f"{answer!r} is not known: choose from {', '.join(choices)}")
        return answer

    return parse


def tasks(dialogue: Dialogue, document: Document) -> Document:
    """The document with at most one task for each level of its groups."""
    there = {group["level"] for group in document["groups"]}
    levels = [level for level in (Level.TEAM, Level.DEPARTMENT) if level in there]
    dialogue.say("What can be measured:")
    for measure in CATALOGUE.values():
        dialogue.say(f"  {measure.id}: {measure.title}")
    while True:
        chosen: dict[Level, list[Document]] = {}
        told_apart = document
        for level in levels:
            names = _names(dialogue, level)
            if not told_apart.get("categories") and any(map(_is_choice, names)):
                told_apart = categories(dialogue, partial(_with_categories, document, level))
            if metrics := _metrics(dialogue, told_apart, level, names):
                chosen[level] = metrics
        try:
            return _shared_out(dialogue, told_apart, chosen)
        except InvalidAgreement as error:
            dialogue.say(first_sentence(error))


def _shared_out(
    dialogue: Dialogue, document: Document, chosen: dict[Level, list[Document]]
) -> Document:
    def divided(answer: str) -> Document:
        shares = [exact.read(answer, "share")]
        shares.append(1 - shares[0])
        return _with_tasks(
            document,
            [
                _task(level, str(share), metrics)
                for (level, metrics), share in zip(chosen.items(), shares, strict=False)
            ],
        )

    if len(chosen) < 2:
        return divided("1")
    question = "Part of the privacy budget for the teams; the departments get the rest"
    return dialogue.ask(question, divided, "1/2")


def _names(dialogue: Dialogue, level: Level) -> list[str]:
    """What is measured at a level; empty for nothing."""

    def known(answer: str) -> list[str]:
        chosen = [] if answer == "none" else words(answer)
        for name in chosen:
            _one_of([*CATALOGUE])(name)
        if len(set(chosen)) < len(chosen):
            raise InvalidValue("a metric is named twice: name each once")
        return chosen

    return dialogue.ask(
        f"Measured for each {level}, with commas, or none",
        known,
        _HEADLINE if level is Level.TEAM else ", ".join(_BROAD),
    )


def _metrics(
    dialogue: Dialogue, document: Document, level: Level, names: list[str]
) -> list[Document]:
    """What is measured at a level, each with its share."""
    metrics = [_metric(dialogue, document, level, name) for name in names]
    if len(metrics) < 2:
        return metrics

    def shared(answer: str) -> list[Document]:
        shares = words(answer)
        if len(shares) != len(metrics):
            raise InvalidValue(f"there are {len(metrics)} metrics: give as many shares")
        own = [m | {"share": share} for m, share in zip(metrics, shares, strict=True)]
        _with_tasks(document, [_task(level, "1/2", own)])
        return own

    equal = ", ".join([f"1/{len(metrics)}"] * len(metrics))
    return dialogue.ask(f"Their shares in the {level}s' budget, in this order", shared, equal)


def _metric(dialogue: Dialogue, document: Document, level: Level, name: str) -> Document:
    """Ask for target, direction and clip, or for edges, each checked as the only metric."""
    metric: Document = {"id": name, "share": "1"}

    def put(key: str, read: Callable[[str], Any]) -> Callable[[str], Document]:
        def parse(answer: str) -> Document:
            changed = metric | {key: read(answer)}
            _with_tasks(document, [_task(level, "1/2", [changed])])
            return changed

        return parse

    if _is_choice(name):
        return metric
    if CATALOGUE[name].kind is Kind.BIN:
        return dialogue.ask(f"Edges of the ranges of {name}", put("edges", words), _EDGES)
    target, direction, clip = _SCALARS[name]
    metric |= {"target": target, "direction": direction, "clip": clip}
    metric = dialogue.ask(f"Target of {name}", put("target", str), target)
    question = f"Is the good side of {name} at_least or at_most the target"
    metric = dialogue.ask(question, put("direction", str), direction)
    return dialogue.ask(f"How far from the target {name} counts (clip)", put("clip", str), clip)


def _task(level: Level, share: str, metrics: list[Document]) -> Document:
    return {"id": f"{level}s", "level": level.value, "share": share, "metrics": metrics}


def _with_tasks(document: Document, asked: list[Document]) -> Document:
    changed = document | {"tasks": asked}
    if not any(_is_choice(metric["id"]) for task in asked for metric in task["metrics"]):
        changed["categories"] = []
    from_document(changed)
    return changed


def _with_categories(document: Document, level: Level, asked: list[Document]) -> Document:
    choice = {"id": "time_by_category", "share": "1"}
    return _with_tasks(document | {"categories": asked}, [_task(level, "1/2", [choice])])


def _is_choice(name: str) -> bool:
    return CATALOGUE[name].kind is Kind.CATEGORY
