"""Every rule that ties parts of an agreement together (protocol §2).

One function for each rule; each yields whole sentences that name the thing and the next step.
Rules about a single value, such as shares that sum to 1, live in the type of that value.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from itertools import chain
from math import sqrt
from typing import TYPE_CHECKING, Final

import holidays

from privacy.agreement import categories, servers
from privacy.errors import InvalidValue
from privacy.groups import Group, Level
from privacy.metrics import Metric, Task
from privacy.scales import MIN_SCALE, derive
from privacy.window import WINDOWS_PER_QUARTER

if TYPE_CHECKING:
    from privacy.agreement.model import Agreement

MAX_COORDINATES: Final = 256
"""A task's numbers share its budget. With 256 of them even a department of a thousand learns
nothing, while each report costs several milliseconds to prove: a longer list is a mistake."""

MAX_ID_LENGTH: Final = 64

MAX_TEXT_LENGTH: Final = 2_000

INVISIBLE: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef]"
)
"""Characters that count as printable and show nothing: two groups could look like one."""


def problems(agreement: "Agreement") -> list[str]:
    """One sentence for each broken rule, in the order of the document."""
    return list(chain.from_iterable(rule(agreement) for rule in _RULES))


def _texts(agreement: "Agreement") -> Iterator[str]:
    """People read these on a terminal: nothing may hide, overwrite or reorder them."""
    texts = {
        "organisation": agreement.organisation,
        "purpose": agreement.purpose.replace("\n", " "),
        "contact": agreement.contact,
    }
    for party, terms in (("employer", agreement.employer), ("council", agreement.council)):
        texts[f"{party}.name"] = terms.name
        texts[f"{party}.administrator"] = terms.administrator
        texts[f"{party}.ca_certificate"] = terms.ca_certificate.replace("\n", " ")
    texts |= {f"groups[{n}].id": group.id for n, group in enumerate(agreement.groups)}
    texts |= {f"tasks[{n}].id": task.id for n, task in enumerate(agreement.tasks)}
    texts |= _texts_of_categories(agreement)
    texts |= {
        f"mail.internal_domains[{n}]": domain
        for n, domain in enumerate(agreement.mail.internal_domains)
    }
    for path, text in texts.items():
        if not text.strip():
            yield f"{path} is empty: fill it in."
        if not text.isprintable() or INVISIBLE.search(text):
            yield f"{path} contains a character that cannot be shown: write it anew, on one line."
        if len(text) > MAX_TEXT_LENGTH:
            yield f"{path} is longer than {MAX_TEXT_LENGTH} characters: shorten it."
        if path.endswith(("].id", "].title")) and len(text) > MAX_ID_LENGTH:
            yield f"{path} is longer than {MAX_ID_LENGTH} characters: choose a shorter one."


def _texts_of_categories(agreement: "Agreement") -> dict[str, str]:
    return {
        f"categories[{n}].{name}": text
        for n, category in enumerate(agreement.categories)
        for name, text in (
            ("id", category.id),
            ("title", category.title),
            *((f"applications[{k}]", word) for k, word in enumerate(category.applications)),
            *((f"titles[{k}]", word) for k, word in enumerate(category.titles)),
        )
    }


def _version(agreement: "Agreement") -> Iterator[str]:
    if agreement.version < 1:
        yield f"The version is {agreement.version}: number versions from 1."


def _windows(agreement: "Agreement") -> Iterator[str]:
    first, last = agreement.first_window, agreement.last_window
    if first > last:
        yield f"The first window {first} is after the last window {last}: exchange them."
    for name, window in (("first", first), ("last", last)):
        if not window.collected:
            yield (
                f"The {name} window {window} is a week 53, which is never collected: "
                "choose a week from 1 to 52."
            )


def _working_hours(agreement: "Agreement") -> Iterator[str]:
    hours = agreement.working_time
    for name in ("start", "end", "core_start", "core_end"):
        moment = getattr(hours, name)
        if moment.second or moment.microsecond or moment.tzinfo is not None:
            yield f"working_time.{name} is {moment}: give a local time in whole minutes."


def _holidays(agreement: "Agreement") -> Iterator[str]:
    country, region = agreement.working_time.country, agreement.working_time.region
    known = holidays.list_supported_countries()
    if country not in known:
        yield (
            f"working_time.country {country!r} is not known: write the two-letter code "
            'of a country that the package "holidays" lists, such as "DE".'
        )
    elif region is not None and region not in known[country]:
        choices = ", ".join(known[country]) or "none: leave the region out"
        yield f"working_time.region {region!r} is not in {country}: choose from {choices}."


def _group_ids(agreement: "Agreement") -> Iterator[str]:
    for group_id, times in Counter(looks(group.id) for group in agreement.groups).items():
        if times > 1:
            yield f"Group {group_id} is named {times} times: give each group its own id."


def looks(name: str) -> str:
    """One spelling for all that look alike."""
    return unicodedata.normalize("NFKC", name).casefold()


def _group_sizes(agreement: "Agreement") -> Iterator[str]:
    thresholds = agreement.privacy.thresholds
    for group in agreement.groups:
        needed = thresholds.release(group)
        if group.roster < needed:
            yield (
                f"Group {group.id} has {group.roster} members, but nothing is released for fewer "
                f"than {needed}: merge it with another group or leave it out."
            )


def _parents(agreement: "Agreement") -> Iterator[str]:
    departments = {g.id: g for g in agreement.groups if g.level is Level.DEPARTMENT}
    ids = {group.id for group in agreement.groups}
    for team in agreement.groups:
        if team.parent is None:
            continue
        if team.parent not in ids:
            yield f"Group {team.id}: its parent {team.parent} is not a group: add it or correct it."
        elif team.parent not in departments:
            yield f"Group {team.id}: its parent {team.parent} is a team: name a department."


def _overlaps(agreement: "Agreement") -> Iterator[str]:
    """Somebody in two groups of one level would be measured twice for the price of one."""
    teams_of: dict[str, list[Group]] = {}
    for group in agreement.groups:
        if group.parent is not None:
            teams_of.setdefault(group.parent, []).append(group)
    for department in agreement.groups:
        teams = teams_of.get(department.id, [])
        if department.level is not Level.DEPARTMENT:
            continue
        larger = [team for team in teams if team.roster > department.roster]
        for team in larger:
            yield (
                f"Group {team.id} has {team.roster} members, more than its department "
                f"{department.id} ({department.roster}): correct one of the rosters."
            )
        members = sum(team.roster for team in teams)
        if not larger and members > department.roster:
            yield (
                f"The teams of {department.id} have {members} members together, but the "
                f"department has {department.roster}: teams must not overlap."
            )


def _task_ids(agreement: "Agreement") -> Iterator[str]:
    for task_id, times in Counter(looks(task.id) for task in agreement.tasks).items():
        if times > 1:
            yield f"Task {task_id} is named {times} times: give each task its own id."


def _task_levels(agreement: "Agreement") -> Iterator[str]:
    if not agreement.tasks:
        yield "The agreement collects nothing: add at least one task."
    for task in agreement.tasks:
        if not agreement.groups_of(task):
            yield (
                f"Task {task.id} is collected by {task.level.value}, but there is no such group: "
                f"add a {task.level.value} or remove the task."
            )


def _category_names(agreement: "Agreement") -> Iterator[str]:
    for name in ("id", "title"):
        named = Counter(looks(getattr(category, name)) for category in agreement.categories)
        for each, times in named.items():
            if times > 1:
                yield f"The {name} {each} stands for {times} categories: give each its own."


def _lengths(agreement: "Agreement") -> Iterator[str]:
    for task in agreement.tasks:
        if task.coordinates > MAX_COORDINATES:
            yield (
                f"Task {task.id} has {task.coordinates} numbers in a report, more than "
                f"{MAX_COORDINATES}: use fewer edges or metrics."
            )


def _budget(agreement: "Agreement") -> Iterator[str]:
    total = sum((task.share for task in agreement.tasks), Fraction(0))
    if total > 1:
        yield (
            f"The shares of all tasks sum to {total} of rho_quarter: together they may be at "
            "most 1; lower one of them."
        )


def _noise(agreement: "Agreement") -> Iterator[str]:
    """Below 8 units the discrete noise no longer has the shape that the guarantee needs."""
    for task in agreement.tasks:
        for group in agreement.groups_of(task):
            for metric in task.metrics:
                fault = _noise_fault(agreement, task, group, metric)
                if fault is not None:
                    yield f"Task {task.id}, group {group.id}, metric {metric.id}: {fault}"


def _noise_fault(agreement: "Agreement", task: Task, group: Group, metric: Metric) -> str | None:
    rho = agreement.weekly_rho(task) * metric.share
    try:
        scales = derive(
            clip=metric.clip,
            rho=rho,
            client_share=agreement.privacy.client_share,
            honest=agreement.privacy.thresholds.honest(group),
        )
    except InvalidValue as error:
        return f"{error}; raise its share or drop another metric."
    if scales.wide_enough:
        return None
    scale = sqrt(min(scales.client_variance, scales.helper_variance))
    return (
        f"the noise scale is {scale:.1f} integer units, below {MIN_SCALE}: lower its share or "
        "rho_quarter, or bring client_share nearer to 1/2."
    )


_WHY_UPLOAD_DAYS: Final = (
    "; a device asks for its tokens in one half of them and sends in the other, and one day is to "
    "spare"
)


def _limits(agreement: "Agreement") -> Iterator[str]:
    """Idle time must mean something, results must come soon, outlast their quarter, and end."""
    for name, value, low, high, why in (
        ("idle_minutes", agreement.idle_minutes, 1, 60, ""),
        ("upload_days", agreement.upload_days, 3, 28, _WHY_UPLOAD_DAYS),
        ("retention_weeks", agreement.retention_weeks, WINDOWS_PER_QUARTER, 520, ""),
    ):
        if not low <= value <= high:
            yield f"{name} is {value}: choose from {low} to {high}{why}."


_RULES: Final = (
    _texts,
    _version,
    _windows,
    servers.peer_endpoints,
    servers.one_host,
    servers.distinct_keys,
    servers.ca_certificates,
    _working_hours,
    _holidays,
    _group_ids,
    _group_sizes,
    _parents,
    _overlaps,
    _task_ids,
    _task_levels,
    _category_names,
    categories.reported,
    categories.options,
    categories.words,
    _lengths,
    _budget,
    _noise,
    _limits,
)
