"""What the events of ActivityWatch say about use (protocol §3, activity rules).

Its watcher of input tells two things. `not-afk` is a stretch from an input to the last one before a
break; `afk` is a break, from the last input before it, and grows while it lasts. A break is what
has no input for ActivityWatch's own limit, three minutes if nobody changed it.

1. Events that follow each other make a run: in a run the time between two stretches of use lies
   between two inputs. If it is shorter than the agreed idle limit the device was in use, otherwise
   it was idle.
2. Between two runs nothing was recorded (sleep, a stopped watcher): it is missing. So is a break
   before or after it that was not long enough yet to be called idle.
3. ActivityWatch tells of no break that is shorter than its own limit. Where the agreed limit is
   still shorter, such breaks count as use: the events do not say more.

Its watcher of windows tells which window was in front. Of that only the agreed category is kept.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from client.activity import Span
from client.intervals import Interval, intersection, union
from client.sources.activity import Used

IN_USE: Final = "not-afk"
BREAK: Final = "afk"

_SAME: Final = timedelta(seconds=1)
"""Times are rounded, and a break begins a millisecond after the last input."""

_BETWEEN_WINDOWS: Final = timedelta(seconds=2)
"""A window is looked for once a second: it was in front until the next one was seen."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """One event: `word` is `IN_USE`, `BREAK` or a category. One moment if only one was seen."""

    start: datetime
    end: datetime
    word: str


def stretches(
    events: Iterable[Mapping[str, Any]], word: Callable[[Mapping[str, Any]], str | None]
) -> list[Stretch] | None:
    """In order of their start, without those for whose data `word` is ``None``.

    ``None`` if one of them is no event. An error could carry part of it along.
    """
    found: list[Stretch] = []
    for event in events:
        stretch = _stretch(event, word)
        if stretch is None:
            return None
        if stretch.word:
            found.append(stretch)
    return sorted(found, key=lambda each: (each.start, each.end))


def _stretch(
    event: Mapping[str, Any], word: Callable[[Mapping[str, Any]], str | None]
) -> Stretch | None:
    try:
        start, data = datetime.fromisoformat(event["timestamp"]), event["data"]
        if start.tzinfo is None or not isinstance(data, dict):
            return None
        start = start.astimezone(UTC)
        end = start + timedelta(seconds=event["duration"])
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    return Stretch(start, max(start, end), word(data) or "")


def status(data: Mapping[str, Any]) -> str | None:
    """What an event of the watcher of input says; ``None`` for a word that is not known."""
    found = data.get("status")
    return found if found in (IN_USE, BREAK) else None


def spans(found: Sequence[Stretch], limit: timedelta) -> list[Span]:
    """In use or idle by the agreed idle `limit`; `found` in order of its start."""
    decided: list[Span] = []
    run: list[Stretch] = []
    reach: datetime | None = None
    for stretch in found:
        if reach is not None and stretch.start - reach > _SAME:
            decided += _of_run(run, limit)
            run, reach = [], None
        run.append(stretch)
        reach = stretch.end if reach is None else max(reach, stretch.end)
    return decided + _of_run(run, limit)


def _of_run(run: Sequence[Stretch], limit: timedelta) -> list[Span]:
    decided: list[Span] = []
    if not run:
        return decided
    since, has_input = run[0].start, False
    for use in run:
        if use.word != IN_USE:
            continue
        if since < use.start:
            is_idle = use.start - since >= limit
            if is_idle or has_input:  # 1
                decided.append(Span(since, use.start, active=not is_idle))
        if max(since, use.start) < use.end:
            decided.append(Span(max(since, use.start), use.end, active=True))
        since, has_input = max(since, use.end), True
    end = max(stretch.end for stretch in run)
    if since < end and end - since >= limit:  # 2
        decided.append(Span(since, end, active=False))
    return decided


def used(found: Sequence[Stretch], active: tuple[Interval, ...]) -> list[Used]:
    """What was in front while the device was in use; `found` in order of its start."""
    fronts: dict[str, list[Interval]] = {}
    for i, window in enumerate(found):
        end = window.end
        if i + 1 < len(found) and found[i + 1].start - end <= _BETWEEN_WINDOWS:
            end = found[i + 1].start  # also where two overlap: only one window is in front
        if window.start < end:
            fronts.setdefault(window.word, []).append(Interval(window.start, end))
    return [
        Used(part.start, part.end, category)
        for category, fronted in fronts.items()
        for part in intersection(union(fronted), active)
    ]
