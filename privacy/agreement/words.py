"""The agreement in plain words: what somebody reads before they consent (protocol §1, §7).

Plain text of at most 78 columns. Every sentence follows from the agreement or from how Plurale
works; nothing here promises more than the protocol keeps.
"""

import textwrap
from collections.abc import Iterator
from itertools import chain
from math import sqrt
from statistics import NormalDist
from typing import Final

from privacy.agreement import quantities
from privacy.agreement.categories import OTHER, recognised_by
from privacy.agreement.envelope import key_id
from privacy.agreement.model import DELTA, Agreement, ClockStart
from privacy.catalogue import CATALOGUE, Source
from privacy.errors import InvalidValue
from privacy.groups import Group, GroupId
from privacy.metrics import Choice, Metric, Scalar, Task

WIDTH: Final = 78
_INDENT: Final = 2


def in_plain_words(
    agreement: Agreement, *, group: GroupId | None = None, epsilon: float | None = None
) -> str:
    """The whole agreement, or the part that concerns a member of `group` (and its department).

    `epsilon` is that of `rho_quarter` at δ = 1e-6, computed by the caller; without it the line
    is left out. Raises `InvalidValue` for a group that the agreement does not have.
    """
    concerned = _concerned(agreement, group)
    title = f"Agreement of {agreement.organisation}, version {agreement.version}"
    sections = (
        ("Why", _why(agreement)),
        ("From when to when", _when(agreement)),
        ("What your device computes", _collected(agreement, concerned)),
        ("Which mail counts", _mail(agreement, concerned)),
        ("Which time counts", _time(agreement, concerned)),
        ("Which kinds of work are told apart", _categories(agreement, concerned)),
        ("Which tasks count", _tasks(agreement, concerned)),
        ("Who takes part", _who(agreement)),
        ("What happens to a report", _path(agreement)),
        ("What nobody can see", _unseen()),
        ("What remains, said plainly", _remains()),
        ("How strong the protection is", _strength(agreement, epsilon)),
        ("Whom to ask", [agreement.contact]),
        ("Keys to compare", _fingerprints(agreement)),
    )
    lines = [*textwrap.wrap(title, WIDTH), "=" * min(len(title), WIDTH)]
    for heading, blocks in sections:
        if body := list(chain.from_iterable([*_set(block), ""] for block in blocks)):
            lines += ["", heading, "-" * len(heading), *body[:-1]]
    return "\n".join(lines) + "\n"


def guess_rates(rho: float) -> tuple[float, float]:
    """How often somebody who knows everyone else guesses right, at best (protocol §7).

    First: did this person report data or a neutral value, Φ(√(2ρ)/2). Second: were all values at
    one limit or all at the other, Φ(√(2ρ)). Guessing blindly is right half of the time.
    """
    normal, separation = NormalDist(), sqrt(2 * rho)
    return normal.cdf(separation / 2), normal.cdf(separation)


def _set(block: str) -> list[str]:
    """Wrap the lines of one block. Each keeps its indent; a bullet's text hangs together."""
    return list(chain.from_iterable(_wrapped(line) for line in block.split("\n")))


def _wrapped(line: str) -> list[str]:
    text = line.lstrip(" ")
    lead = " " * (_INDENT + len(line) - len(text))
    hang = lead + "  " if text.startswith("• ") else lead
    return textwrap.wrap(
        text, WIDTH, initial_indent=lead, subsequent_indent=hang, break_on_hyphens=False
    )


def _concerned(agreement: Agreement, group_id: GroupId | None) -> list[Group]:
    if group_id is None:
        return list(agreement.groups)
    group = agreement.group(group_id)
    if group is None:
        known = ", ".join(group.id for group in agreement.groups)
        raise InvalidValue(f"the agreement has no group {group_id!r}: choose from {known}")
    return [other for other in agreement.groups if other.id in (group.id, group.parent)]


def _why(agreement: Agreement) -> Iterator[str]:
    # As in TOML, a line break within a paragraph is only where the line ended.
    paragraphs = agreement.purpose.split("\n\n")
    yield from (" ".join(part.split()) for part in paragraphs if part.strip())


def _when(agreement: Agreement) -> Iterator[str]:
    yield quantities.span(agreement.first_window, agreement.last_window)
    yield (
        "A change is a new version that both parties sign. Your device sends nothing under it "
        "until you have read it and agreed again."
    )


def _collected(agreement: Agreement, concerned: list[Group]) -> Iterator[str]:
    for task in agreement.tasks:
        groups = [group for group in agreement.groups_of(task) if group in concerned]
        if not groups:
            continue
        report = quantities.counted(task.coordinates, "number")
        released = [_released(agreement, group) for group in groups]
        yield "\n".join(
            [
                f"For your {task.level.value} (task “{task.id}”, {report} a week). "
                "A result is released only for",
                *released,
            ]
        )
        yield "Each week your device computes"
        yield from map(_metric, task.metrics)


def _released(agreement: Agreement, group: Group) -> str:
    needed = agreement.privacy.thresholds.release(group)
    return (
        f"• {group.id}, as a whole, when at least {needed} of its {group.roster} members report "
        "for that week"
    )


def _metric(metric: Metric) -> str:
    measure = CATALOGUE[metric.id]
    if isinstance(metric, Scalar):
        judged = f"Target: {quantities.target(metric)}. {quantities.clip(metric)}"
        absent = "your report says “on target”, so that nobody can tell"
    else:
        many, one = (
            ("Categories", "category") if isinstance(metric, Choice) else ("Ranges", "range")
        )
        judged = f"{many}: {'; '.join(quantities.bins(metric))}. There is no target."
        absent = f"your report names no {one}, which the noise hides"
    return f"• {measure.sentence}. {judged} If {measure.missing}, {absent}."


def _metrics(agreement: Agreement, concerned: list[Group]) -> list[Metric]:
    levels = {group.level for group in concerned}
    tasks: Iterator[Task] = (task for task in agreement.tasks if task.level in levels)
    return [metric for task in tasks for metric in task.metrics]


def _sources(agreement: Agreement, concerned: list[Group]) -> set[Source]:
    return {CATALOGUE[metric.id].source for metric in _metrics(agreement, concerned)}


def _mail(agreement: Agreement, concerned: list[Group]) -> Iterator[str]:
    if Source.MAIL not in _sources(agreement, concerned):
        return
    rules = agreement.mail
    which = "first" if rules.clock_start is ClockStart.FIRST else "last"
    hours = quantities.counted(rules.answer_hours, "business hour")
    yield (
        f"Client mail comes from outside {_either(rules.internal_domains)}. It is answered in time "
        f"if your answer leaves within {hours}. When a client writes "
        f"several times before you answer, the {which} of these mails starts the clock."
    )
    yield (
        "Newsletters, automatic mail and no-reply senders do not count, and your own automatic "
        "replies are not answers. Your device reads only the headers it needs, never a text."
    )


def _time(agreement: Agreement, concerned: list[Group]) -> Iterator[str]:
    hours = agreement.working_time
    place = hours.country if hours.region is None else f"{hours.country}, {hours.region}"
    days = quantities.weekdays(hours.days)
    yield (
        f"Working time is {days}, {hours.start:%H:%M} to {hours.end:%H:%M}; core hours are "
        f"{hours.core_start:%H:%M} to {hours.core_end:%H:%M} ({hours.time_zone}; public holidays "
        f"of {place})."
    )
    if Source.ACTIVITY in _sources(agreement, concerned):
        minutes = quantities.counted(agreement.idle_minutes, "minute")
        yield (
            f"You count as active until {minutes} after "
            "the last input. Your device notes when there was input, never what it was."
        )


def _categories(agreement: Agreement, concerned: list[Group]) -> Iterator[str]:
    if not any(isinstance(metric, Choice) for metric in _metrics(agreement, concerned)):
        return
    yield (
        "While you are active, your device looks at the name of the application in front and at "
        "the title of its window. The first of these categories that has a word in it counts, in "
        "small or capital letters:"
    )
    for category in agreement.categories:
        yield f"• {category.title}: {recognised_by(category)}"
    yield f"• {OTHER}: everything else"
    yield (
        "The name and the title are used for this and not kept. Your device notes only the "
        "category and for how long, and reports at most one category for a whole week."
    )


def _tasks(agreement: Agreement, concerned: list[Group]) -> Iterator[str]:
    if Source.TASKS in _sources(agreement, concerned):
        yield (
            "Only tasks that you enter or import on your device yourself, with your own estimates "
            "and the time that you note for them. What a task is about stays there."
        )


def _who(agreement: Agreement) -> Iterator[str]:
    for role, terms in (("employer", agreement.employer), ("council", agreement.council)):
        peer = terms.peer_endpoint
        yield (
            f"• The {role}: {terms.name}. Its server is {terms.endpoint}, administered by "
            f"{terms.administrator.rstrip('.')}."
            f"{'' if peer is None else f' The employer reaches it at {peer}.'}"
        )


def _path(agreement: Agreement) -> Iterator[str]:
    days = quantities.counted(agreement.upload_days, "day")
    yield (
        "After the week, your device adds random noise and cuts the report into two shares, one "
        "for each server. One share alone is random numbers. The servers check, without reading "
        "it, that every value is in its range, and add up the shares of the whole group; only "
        "these sums are put together, with more noise."
    )
    yield (
        f"Reports travel at random times within {days} after the week. Whether you worked, were "
        "away or had no data, your device sends a report of the same size. The parties have agreed "
        f"to delete results after {agreement.retention_weeks} weeks."
    )


def _unseen() -> Iterator[str]:
    yield (
        "Neither your manager, nor the employer, nor the council alone can see\n"
        "• what your report says, or which report is yours\n"
        "• whether you were away or had no data"
    )
    yield (
        "These never leave your device, and no setting can change that:\n"
        "• keys pressed, screenshots, window titles, the text or subject of a mail\n"
        "• times of day, breaks, or anything about this moment"
    )


def _remains() -> Iterator[str]:
    yield (
        "• If the employer and the council worked together against you, they could read your "
        "report, with its noise. One of them alone could come close to it by forging or refusing "
        "nearly all other reports of your group."
    )
    yield "• A sent report cannot be withdrawn: nobody can find it."
    yield (
        "• What you report is hidden; that you take part is not entirely: your device's "
        "connection can be seen on the network."
    )
    yield (
        "• Whoever administers your computer can read what Plurale reads there, and a manager "
        "could demand to see your page. This agreement forbids both."
    )


def _strength(agreement: Agreement, epsilon: float | None) -> Iterator[str]:
    rho = agreement.privacy.rho_quarter
    present, limits = map(quantities.in_100, guess_rates(float(rho)))
    yield (
        "Imagine somebody who knows everything about everyone else and sees all results of a "
        f"quarter. They would guess right in at most {present} of 100 cases whether your reports "
        f"held data or were neutral, and in at most {limits} of 100 whether all your values were "
        "at one limit or at the other. Blind guessing is right in 50."
    )
    noted = float(rho / agreement.privacy.client_share)
    present_council, limits_council = map(quantities.in_100, guess_rates(noted))
    present_year, limits_year = map(quantities.in_100, guess_rates(4 * float(rho)))
    yield (
        f"For the council, which knows the noise of its own server, it is {present_council} and "
        f"{limits_council}. Over a whole year of reports it is {present_year} and {limits_year}."
    )
    converted = "" if epsilon is None else f", which is ε = {epsilon:.1f} at δ = {DELTA:.6f}"
    yield (
        f"In the language of the field: at most ρ = {quantities.decimal(rho)} (zCDP) for a person "
        f"and quarter{converted}. Your device keeps count itself and refuses to go beyond."
    )


def _fingerprints(agreement: Agreement) -> Iterator[str]:
    yield "Compare these with what each party has published, for example on the notice board."
    for role, terms in (("Employer", agreement.employer), ("Council", agreement.council)):
        rows = fingerprint(terms.signing_key)
        yield "\n".join(f"  {line}" for line in (role, *rows))
    for party, terms in (("employer", agreement.employer), ("council", agreement.council)):
        if terms.successor_key is not None:
            rows = fingerprint(terms.successor_key)
            announced = f"From the next version on the {party} may sign with another key:"
            yield "\n".join((announced, *(f"  {line}" for line in rows)))


def fingerprint(key: bytes) -> tuple[str, str]:
    """SHA-256 of a raw public key, in groups of four digits on two lines, to compare by voice."""
    digits = key_id(key)
    groups = [digits[n : n + 4] for n in range(0, 64, 4)]
    return " ".join(groups[:8]), " ".join(groups[8:])


def _either(domains: tuple[str, ...]) -> str:
    *others, last = domains
    return f"{', '.join(others)} and {last}" if others else last
