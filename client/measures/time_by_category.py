"""`time_by_category`: the agreed category with the most active time."""

from collections.abc import Sequence
from datetime import timedelta
from fractions import Fraction

from client.intervals import Interval, intersection, total, union
from client.presence import Presence
from client.sources.activity import Used


def time_by_category(
    active: Sequence[Interval],
    used: Sequence[Used],
    categories: Sequence[str],
    categorised: Presence,
) -> Fraction | None:
    """The place of the category with the most active time, from 0; ``len(categories)`` is "other".

    `categories` are the agreed ids in their order; any other id in `used` counts as "other". Of
    equals the first wins. Active time of which no category is known counts nowhere, and so does
    a category in front while nobody was active. ``None`` when `categorised`, the presence on days
    with active time of a known category, is below half of the agreed working days.
    """
    if not categorised.enough:
        return None
    known = set(categories)
    times = [
        _time_of([each.interval for each in used if each.category == name], active)
        for name in categories
    ]
    times.append(_time_of([each.interval for each in used if each.category not in known], active))
    return Fraction(times.index(max(times)))


def _time_of(stretches: Sequence[Interval], active: Sequence[Interval]) -> timedelta:
    return total(intersection(union(stretches), active))
