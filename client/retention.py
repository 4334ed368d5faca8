"""What a device still needs of what it recorded, and what it erases once windows are reported.

1. Activity, use and finished tasks of a window are needed until the window is done with: its
   reports are made, or its batches are closed (`client.making.Maker.first_unfinished`).
2. A client mail is judged in the window of its deadline, and counts in the window of its answer
   (`client.correspondence`). It is needed until both are done with. One that is never answered is
   kept for `GRACE` after its deadline; an answer after that counts nowhere.
3. Of mail that was sent only the first answer to what is kept is needed, and for `GRACE` what names
   a mail that is not here (yet): an answer may be delivered before the mail that it is for.
4. A request that may still take mails is needed: a mail can be delivered late, up to `LATE` after
   mail was last read. So is one that hides an older one from the mails of its sender.
5. Days away are needed as long as a clock runs over them.

Values of later windows are the same whether this was erased or not, but for answers that come more
than `GRACE` late. An agreement that nobody has accepted yet may give more time to answer: what was
judged under the one before is not judged again.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, TypeAlias

from client.business_hours import BusinessHours
from client.correspondence import Desk, Waiting, sorted_out
from client.sources.base import MailFact, MessageKey
from privacy.agreement.model import Agreement
from privacy.window import Window

GRACE: Final = timedelta(weeks=4)
"""How long an answer is waited for after the deadline."""

LATE: Final = timedelta(days=1)
"""How much later than it says a mail may appear in a mailbox that is synchronised."""

Terms: TypeAlias = tuple[Agreement, BusinessHours]
"""What may still be reported under, with its clock for this person."""


@dataclass(frozen=True, slots=True)
class Mail:
    """What is known: all of it that is kept, and when every mailbox was last read, if ever.

    `was_here` says of a mail that is not kept whether it was, and was erased.
    """

    facts: Sequence[MailFact]
    read_until: datetime | None
    was_here: Callable[[MessageKey], bool]


@dataclass(frozen=True, slots=True)
class Erasable:
    """What can go: activity, use and finished tasks from before a moment, mails, days away."""

    before: datetime
    mail: tuple[MailFact, ...]
    away_before: date


def erasable(first: Window, terms: Sequence[Terms], mail: Mail) -> Erasable:
    """What no window from `first` on needs. `terms`: at least one, all that they may be under."""
    before = min(first.start(hours.working_time.zone) for _, hours in terms)
    cut = before - GRACE
    if mail.read_until is not None:
        cut = max(cut, min(before, mail.read_until - LATE))
    needed = _needed(terms, mail, before, cut)
    old = [fact for fact in mail.facts if fact.received < cut]
    sent = {fact.key for fact in old if fact.outgoing and fact not in needed}
    clocks = [cut, *(fact.received for fact in old if fact in needed and not fact.outgoing)]
    return Erasable(
        before,
        # A received copy of a sent mail asks for nothing, and goes with it, however new it is.
        tuple(
            fact
            for fact in mail.facts
            if fact not in needed and (fact.received < cut or fact.key in sent)
        ),
        min(first.monday, *(hours.day_of(each) for _, hours in terms for each in clocks)),
    )


def _needed(
    terms: Sequence[Terms], mail: Mail, before: datetime, cut: datetime
) -> frozenset[MailFact]:
    """Of two agreements one may need half of what is one request in the other: then both do."""
    desks = [sorted_out(mail.facts, agreement.mail, hours) for agreement, hours in terms]
    needed = frozenset(_hopeful(mail, before - GRACE))  # 3
    while True:
        more = needed.union(*(_kept_by(desk, needed, before, cut) for desk in desks))
        if more == needed:
            return needed
        needed = more


def _hopeful(mail: Mail, since: datetime) -> Iterable[MailFact]:
    here = {fact.key for fact in mail.facts}
    return (
        fact
        for fact in mail.facts
        if fact.outgoing
        and fact.received > since
        and any(key not in here and not mail.was_here(key) for key in fact.references)
    )


def _kept_by(
    desk: Desk, needed: frozenset[MailFact], before: datetime, cut: datetime
) -> set[MailFact]:
    found: set[MailFact] = set()
    open_ones = [
        request
        for request in desk.requests
        if _is_needed(request, before, cut) or not needed.isdisjoint(request.mails)
    ]
    done: set[Waiting] = set()
    while open_ones:
        request = open_ones.pop()
        if request in done:
            continue
        done.add(request)
        found.update(request.mails)
        if request.answer is not None:
            found.add(request.answer)
        open_ones += request.overtaken_by  # 4
    return found


def _is_needed(request: Waiting, before: datetime, cut: datetime) -> bool:
    answered, deadline = request.answered, request.deadline
    takes_no_more = deadline < cut or (answered is not None and answered < cut)
    if not takes_no_more or deadline >= before:
        return True
    if answered is not None:
        return answered >= before
    return deadline + GRACE > before  # 2
