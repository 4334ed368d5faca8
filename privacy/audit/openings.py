"""The values of results: each is what its entry is the hash of, and none is held back."""

from collections.abc import Iterator
from datetime import timedelta

from privacy.agreement.quantities import day
from privacy.audit.finding import Check, Finding
from privacy.audit.told import Told
from privacy.audit.wording import some
from privacy.ledger.entries import Entry, ResultOpened
from privacy.ledger.export import Opened
from privacy.release import BatchResult


def check_openings(told: Told, openings: tuple[Opened, ...], damaged: set[int]) -> Check:
    """Check every opening; `damaged` are entries whose opening could not be read.

    1. It is of a result. 2. It has a number for each coordinate. 3. Its hash is the entry's.
    4. A result has its opening until its retention is over, by the time of the last entry.
    """
    found = [finding for opened in openings for finding in _wrong(told, opened)]
    given = {opened.index for opened in openings} | damaged
    results = [entry for entry in told.entries.values() if isinstance(entry.body, ResultOpened)]
    closed = [entry for entry in results if entry.index not in given]
    found += [finding for entry in closed for finding in _held_back(told, entry)]
    if not told.at_place and not found:
        return Check("The results", "Not checked: the file has no entry.", done=False)
    over = f", {some(len(closed), 'other')} past retention" if closed else ""
    opened = some(len(results) - len(closed), "result has an opening", "results have an opening")
    words = f"{opened} with the hash on the record{over}." if results else "There is no result yet."
    return Check("The results", words, tuple(sorted(found, key=lambda each: each.index or 0)))


def result_of(told: Told, opened: Opened) -> BatchResult | None:
    """What an opening says, None unless it is of a released result."""
    entry = told.entries.get(opened.index)
    if entry is None or not isinstance(entry.body, ResultOpened):
        return None
    released = told.released.get(entry.body.batch)
    if released is None or released[1].count < 1:
        return None
    return BatchResult(entry.body.batch, released[1].count, opened.totals)


def is_opening(told: Told, opened: Opened) -> bool:
    """Whether an opening is of its entry's hash, with a number for each coordinate of its task."""
    entry, result = told.entries.get(opened.index), result_of(told, opened)
    if entry is None or result is None or not isinstance(entry.body, ResultOpened):
        return False
    collection = told.collection(result.batch)
    if collection is not None and collection.task.coordinates != len(result.totals):
        return False
    return result.hash(opened.salt) == entry.body.hash


def _wrong(told: Told, opened: Opened) -> Iterator[Finding]:
    entry = told.entries.get(opened.index)
    if entry is None and opened.index < len(told.at_place):
        return  # what is there cannot be read, which was found already
    if entry is None or not isinstance(entry.body, ResultOpened):  # 1
        yield Finding(opened.index, "there is an opening for it, but no such result")
        return
    batch = entry.body.batch
    if result_of(told, opened) is None:
        yield Finding(opened.index, f"it is of {batch}, and no entry here releases that")
        return
    collection = told.collection(batch)
    if collection is not None and collection.task.coordinates != len(opened.totals):  # 2
        wanted = collection.task.coordinates
        what = f"its opening has {len(opened.totals)} numbers, and {batch} has {wanted}"
        yield Finding(opened.index, what)
    elif not is_opening(told, opened):  # 3
        yield Finding(opened.index, f"its opening is not the result of {batch} on the record")


def _held_back(told: Told, entry: Entry) -> Iterator[Finding]:
    signed = told.signed(entry.body.batch) if isinstance(entry.body, ResultOpened) else None
    last = told.last_at
    if signed is None or last is None:
        return
    weeks = signed.agreement.retention_weeks
    if last - entry.at < timedelta(weeks=weeks):  # 4
        yield Finding(
            entry.index,
            f"its opening is missing; results are kept for {weeks} weeks, and this one is of "
            f"{day(entry.at.date())}",
        )
