"""Rules 7 to 13 of the ledger: how a batch is released and ends (`privacy.ledger.rules`)."""

from collections.abc import Callable
from datetime import datetime
from fractions import Fraction
from typing import Final

from privacy.batch import BatchId, Collection
from privacy.errors import BrokenLedger, ReportRejected
from privacy.ledger.amounts import written
from privacy.ledger.entries import (
    BatchNotAsked,
    BatchReleased,
    BatchStopped,
    BatchUnopened,
    BatchWithheld,
    BudgetAlarm,
    Entry,
    ResultOpened,
    StopReason,
)
from privacy.ledger.state import LedgerState, named
from privacy.release import TIME_TO_ASK, TIME_TO_OPEN, Withheld

_TIME: Final = "%Y-%m-%d %H:%M:%S UTC"


def check_released(state: LedgerState, entry: Entry, body: BatchReleased) -> None:
    """Rule 7."""
    broken = _about(entry, body.batch)
    collection = _undecided(state, entry, body.batch, "is released")
    _closed(state, entry, body.batch, body.count, "is released")
    if body.count < collection.threshold:
        raise broken(f"is released with {body.count} reports and needs {collection.threshold}")
    _within_roster(state, entry, body.batch, body.count, "is released")
    if body.rho != collection.rho:
        raise broken(
            f"is released for ρ = {written(body.rho)}, and the agreement says "
            f"{written(collection.rho)}"
        )
    if body.batch.task_digest not in state.committed:
        raise broken("is released, and the verify keys of its task were never committed")
    if body.batch.window not in state.window_keys:
        raise broken("is released, and the keys of its window were never published")
    if body.batch not in state.batch_keys:
        raise broken("is released, and the key of its membership tokens was never published")
    would_spend, cap = _would_spend(state, body.batch), _cap(state, body.batch)
    if would_spend > cap:
        raise broken(
            f"is released beyond the budget: 91 days would cost ρ = {written(would_spend)}, and "
            f"the agreement allows {written(cap)}"
        )
    if body.rho_left != cap - would_spend:
        raise broken(
            f"is released and ρ = {written(cap - would_spend)} of 91 days is left, not "
            f"{written(body.rho_left)}"
        )


def check_opened(state: LedgerState, entry: Entry, body: ResultOpened) -> None:
    """Rule 8."""
    until = _unopened(state, entry, body.batch, "is opened") + TIME_TO_OPEN
    if entry.at > until:
        raise _about(entry, body.batch)(
            f"is opened at {entry.at:{_TIME}}: it could be until {until:{_TIME}}"
        )


def check_withheld(state: LedgerState, entry: Entry, body: BatchWithheld) -> None:
    """Rule 9."""
    broken = _about(entry, body.batch)
    collection = _undecided(state, entry, body.batch, "is withheld")
    _closed(state, entry, body.batch, body.count, "is withheld")
    _within_roster(state, entry, body.batch, body.count, "is withheld")
    enough = body.count >= collection.threshold
    if body.reason is Withheld.BATCH_TOO_SMALL:
        if enough:
            raise broken(
                f"is withheld for too few reports, and its {body.count} are the "
                f"{collection.threshold} it needs, or more"
            )
        return
    if not enough:
        raise broken(
            f"is withheld for the budget, and has too few reports anyway: {body.count} of "
            f"{collection.threshold}"
        )
    would_spend, cap = _would_spend(state, body.batch), _cap(state, body.batch)
    if would_spend <= cap:
        raise broken(
            f"is withheld for the budget, and it would bear the release: ρ = "
            f"{written(would_spend)} of {written(cap)} in 91 days"
        )


def check_not_asked(state: LedgerState, entry: Entry, body: BatchNotAsked) -> None:
    """Rule 10."""
    verb = "is given up as not asked for"
    _undecided(state, entry, body.batch, verb)
    _within_roster(state, entry, body.batch, body.count, verb)
    since = state.book.upload_closes(body.batch) + TIME_TO_ASK
    if entry.at < since:
        raise _about(entry, body.batch)(
            f"{verb} at {entry.at:{_TIME}}: there is time to ask until {since:{_TIME}}"
        )


def check_unopened(state: LedgerState, entry: Entry, body: BatchUnopened) -> None:
    """Rule 11."""
    verb = "is given up as unopened"
    since = _unopened(state, entry, body.batch, verb) + TIME_TO_OPEN
    if entry.at < since:
        raise _about(entry, body.batch)(
            f"{verb} at {entry.at:{_TIME}}: there is time to open it until {since:{_TIME}}"
        )


def check_alarm(state: LedgerState, entry: Entry, body: BudgetAlarm) -> None:
    """Rule 12."""
    broken = _about(entry, body.batch)
    before = state.entries[-1].body if state.entries else None
    if (
        not isinstance(before, BatchWithheld)
        or before.batch != body.batch
        or before.reason is not Withheld.BUDGET_EXHAUSTED
    ):
        raise broken("raises an alarm, and the entry before does not withhold it for the budget")
    rho = state.book.collection(body.batch).rho
    right = rho, _would_spend(state, body.batch), _cap(state, body.batch)
    stated = body.rho, body.would_spend, body.cap
    if stated != right:
        raise broken(
            "raises an alarm that {} would spend {} of {}, and {} would spend {} of {}".format(
                *map(written, (*stated, *right))
            )
        )


def check_stopped(state: LedgerState, entry: Entry, body: BatchStopped) -> None:
    """Rule 13."""
    _undecided(state, entry, body.batch, "is stopped")
    if body.reason is StopReason.MORE_THAN_TOKENS:
        _over(state, entry, body.batch, "is stopped")
    else:
        _closed(state, entry, body.batch, body.count, "is stopped")
    _within_roster(state, entry, body.batch, body.count, "is stopped")


def _about(entry: Entry, batch: BatchId) -> Callable[[str], BrokenLedger]:
    """Makes the error from what is wrong with the batch."""
    return lambda fault: BrokenLedger(entry.index, f"{named(batch)} {fault}")


def _undecided(state: LedgerState, entry: Entry, batch: BatchId, verb: str) -> Collection:
    """The parameters of a batch that exists and was neither released nor ended."""
    try:
        collection = state.book.collection(batch)
    except ReportRejected as error:
        raise _about(entry, batch)(f"{verb}, and there is no such batch: {error.reason}") from None
    if (released := state.released.get(batch)) is not None:
        again = f"{verb} twice" if isinstance(entry.body, BatchReleased) else f"{verb} too late"
        raise _about(entry, batch)(f"{again}: entry {released.index} released it already")
    if (ended := state.ended.get(batch)) is not None:
        raise _about(entry, batch)(_ended(verb, ended))
    return collection


def _unopened(state: LedgerState, entry: Entry, batch: BatchId, verb: str) -> datetime:
    """When a batch was released that was not ended yet."""
    released, ended = state.released.get(batch), state.ended.get(batch)
    if released is None:
        raise _about(entry, batch)(f"{verb}, and it was never released")
    if ended is not None:
        raise _about(entry, batch)(_ended(verb, ended))
    return released.at


def _ended(verb: str, ended: Entry) -> str:
    return f"{verb} after its end: entry {ended.index} ({ended.body.kind}) is its outcome already"


def _closed(state: LedgerState, entry: Entry, batch: BatchId, count: int, verb: str) -> None:
    """The batch takes no more reports. The roster cannot have reported before its week was over."""
    _over(state, entry, batch, verb)
    if not state.book.closed(batch, count, entry.at):
        raise _about(entry, batch)(
            f"{verb} at {entry.at:{_TIME}} with {count} reports: until "
            f"{state.book.upload_closes(batch):{_TIME}} more could come in"
        )


def _over(state: LedgerState, entry: Entry, batch: BatchId, verb: str) -> None:
    """Its week is over: before, nobody could have sent a report."""
    opens = state.book.upload_opens(batch)
    if entry.at < opens:
        raise _about(entry, batch)(
            f"{verb} at {entry.at:{_TIME}}: its week is over at {opens:{_TIME}}"
        )


def _within_roster(state: LedgerState, entry: Entry, batch: BatchId, count: int, verb: str) -> None:
    group = state.book.collection(batch).group
    if not 0 <= count <= group.roster:
        raise _about(entry, batch)(
            f"{verb} with {count} reports, and the group has {group.roster} members"
        )


def _cap(state: LedgerState, batch: BatchId) -> Fraction:
    return state.book.of(batch).agreement.privacy.rho_quarter


def _would_spend(state: LedgerState, batch: BatchId) -> Fraction:
    rho = state.book.collection(batch).rho
    return state.budget.with_spend(batch.task_digest, batch.window, rho).worst_around(batch.window)
