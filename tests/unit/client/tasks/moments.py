"""Moments of a Monday, and a clock in Berlin."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)


def at(hours: float, days: int = 0) -> datetime:
    """A number of hours after midnight (UTC) of that Monday, or of days later."""
    return MONDAY + timedelta(days=days, hours=hours)


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


@contextmanager
def clock_in(zone: str) -> Iterator[None]:
    """The clock of this computer shows the time of a zone."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = zone
    time.tzset()
    try:
        yield
    finally:
        if before is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = before
        time.tzset()
