"""An ActivityWatch server of this person, on this computer, as an `ActivitySource`.

1. Only the buckets of this computer are read: its watcher of input, and its watcher of windows if
   the agreement has categories.
2. What it said up to its last event counts, never what may be true since: an event still grows.
   So a look reads again from before the moment up to which everything is decided.
3. Which window was in front is asked only for times of use. Each event becomes a category at once,
   and its title is gone.
4. A watcher that has said nothing for a while has stopped. What it would have said is missing.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from client.activity import Span
from client.errors import SourceUnavailable
from client.intervals import union
from client.sources.activity import Moment, Seen, Used
from client.sources.activitywatch_events import Stretch, spans, status, stretches, used
from client.sources.activitywatch_server import AnswerTooLong, BucketId, Server
from client.sources.categories import Category, category_of

ASK_EVERY: Final = timedelta(minutes=1)
"""It records by itself, so nothing is lost between two questions."""

SETTLED_AFTER: Final = timedelta(seconds=30)
"""Its watchers send what they see some seconds later."""

STOPPED_AFTER: Final = timedelta(minutes=15)

_PAGE: Final = 1000
_SHORTEST: Final = timedelta(seconds=10)


class ActivityWatch:
    """An `ActivitySource`."""

    def __init__(
        self,
        server: Server,
        host: str,
        idle_limit: timedelta,
        categories: Sequence[Category],
        since: datetime,
    ) -> None:
        """Find the buckets of the computer called `host`. What was before `since` is not told.

        Raises `SourceUnavailable`.
        """
        server.info()
        buckets = server.buckets()
        of_input = bucket_of(buckets, "afkstatus", host)
        if of_input is None:
            raise SourceUnavailable(
                f"ActivityWatch at {server.address} has no record of when this computer, {host}, "
                "was in use: start its aw-watcher-afk"
            )
        self._server = server
        self._of_input = of_input
        self._of_windows = bucket_of(buckets, "currentwindow", host) if categories else None
        self._limit = idle_limit
        self._categories = tuple(categories)
        self._decided = since
        self._asked: timedelta | None = None
        self._was_quiet = False

    def look(self, now: Moment) -> Seen:
        """See `ActivitySource.look`. Asks once a minute."""
        if self._asked is not None and now.running - self._asked < ASK_EVERY:
            return Seen()
        self._asked = now.running
        newest = self._newest()
        heard = min(newest.end, now.utc - SETTLED_AFTER)  # 2
        found = self._spans(newest, heard) if heard > self._decided else []
        active = union(span.interval for span in found if span.active)
        fronts: list[Used] = []
        if self._of_windows is not None:
            for spell in active:  # 3
                windows = self._events(self._of_windows, spell.start, spell.end, self._category)
                fronts += used(windows, (spell,))
        self._decided = max([self._decided, *(span.end for span in found)])
        is_quiet = now.utc - newest.end > STOPPED_AFTER
        # A computer that just woke up asks before its watchers do.
        if is_quiet and self._was_quiet and not found:  # 4
            raise self._has_stopped(newest)
        self._was_quiet = is_quiet
        return Seen(tuple(found), tuple(fronts))

    def check(self, now: datetime) -> None:
        """Raise `SourceUnavailable` if its watcher of input has stopped."""
        newest = self._newest()
        if now - newest.end > STOPPED_AFTER:
            raise self._has_stopped(newest)

    def close(self) -> None:
        """Nothing is held."""

    def _newest(self) -> Stretch:
        """Asked without a start, for then it is whole: not cut at one."""
        found = self._parsed(self._server.events(self._of_input, limit="1"), lambda data: "any")
        if not found:
            raise SourceUnavailable(
                f"ActivityWatch at {self._server.address} has recorded no use of this computer "
                "yet: start its aw-watcher-afk"
            )
        return found[-1]

    def _spans(self, newest: Stretch, heard: datetime) -> list[Span]:
        """What is decided until `heard` and was not before."""
        # So early that a break cut here is too long to be taken for a short one. The newest event
        # may be older still: the server finds none that began a day before the time asked about.
        start = min(self._decided - self._limit - timedelta(minutes=1), newest.start)
        found = spans(self._events(self._of_input, start, heard, status), self._limit)
        return [
            Span(max(span.start, self._decided), min(span.end, heard), span.active)
            for span in found
            if max(span.start, self._decided) < min(span.end, heard)
        ]

    def _events(
        self,
        bucket: BucketId,
        start: datetime,
        end: datetime,
        word: Callable[[Mapping[str, Any]], str | None],
    ) -> list[Stretch]:
        """All from `start` to `end`, in order; a long time is asked about in two halves."""
        events: Sequence[Mapping[str, Any]] | None = None
        try:
            events = self._server.events(
                bucket, start=start.isoformat(), end=end.isoformat(), limit=str(_PAGE + 1)
            )
        except AnswerTooLong:
            if end - start <= _SHORTEST:
                raise
        if events is not None and (len(events) <= _PAGE or end - start <= _SHORTEST):
            return self._parsed(events[:_PAGE], word)
        middle = start + (end - start) / 2
        return [
            *self._events(bucket, start, middle, word),
            *self._events(bucket, middle, end, word),
        ]

    def _parsed(
        self,
        events: Sequence[Mapping[str, Any]],
        word: Callable[[Mapping[str, Any]], str | None],
    ) -> list[Stretch]:
        found = stretches(events, word)
        if found is None:
            raise self._server.is_not_understood()
        return found

    def _category(self, data: Mapping[str, Any]) -> str:
        application, title = data.get("app"), data.get("title")
        return category_of(
            self._categories,
            application if isinstance(application, str) else "",
            title if isinstance(title, str) else "",
        )

    def _has_stopped(self, newest: Stretch) -> SourceUnavailable:
        return SourceUnavailable(
            f"ActivityWatch at {self._server.address} has recorded nothing since "
            f"{newest.end.astimezone():%d %B at %H:%M}: its aw-watcher-afk seems to have stopped, "
            "start it again"
        )


def bucket_of(
    buckets: Mapping[BucketId, Mapping[str, Any]], kind: str, host: str
) -> BucketId | None:
    """The bucket of one type and computer that was last written to; ``None`` if there is none.

    A computer's name may get another ending in another network: what stands before the first dot
    counts.
    """
    found = [
        name
        for name, bucket in buckets.items()
        if bucket.get("type") == kind and _label(bucket.get("hostname")) == _label(host)
    ]
    return max(found, key=lambda name: (_last_written(buckets[name]), name), default=None)


def _label(host: object) -> str:
    return host.split(".")[0].casefold() if isinstance(host, str) else ""


def _last_written(bucket: Mapping[str, Any]) -> str:
    """Its two servers tell it in two places, both in UTC: the texts compare as the times do."""
    metadata = bucket.get("metadata")
    end = metadata.get("end") if isinstance(metadata, dict) else None
    return str(bucket.get("last_updated") or end or "")
