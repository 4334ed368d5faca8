"""What a new version of an agreement changes for an employee (protocol §2).

The rule behind every weight, from the employee's point of view:

- **Loosened**: the new version allows more to be learned about a person (a larger budget, fewer
  people behind a number, another group, metric or category, a longer time), or asks more of them (a
  stricter target, less time to answer, longer working hours). A change that helps against one and
  hurts against another is loosened, and so is another key that signs or may sign, on which
  everything else rests.
- **Tightened**: it only allows less or asks less.
- **Neutral**: something takes the place of something else and neither is more: a name, a key other
  than a signing key, a purpose. A clip is neutral, since the noise grows with it; a later first
  window too, since the version before it still covers the weeks until then.
"""

from collections.abc import Iterator
from datetime import time
from itertools import chain
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from privacy.agreement import collection_diff, quantities
from privacy.agreement.change import Change, Weight, exact, moved, quoted, replaced
from privacy.agreement.model import (
    Agreement,
    ClockStart,
    MailRules,
    Party,
    PartyTerms,
    PrivacyTerms,
    WorkingTime,
)
from privacy.agreement.words import fingerprint

_WHEN: Final = ("moves", "moves")


def changes(old: Agreement, new: Agreement) -> tuple[Change, ...]:
    """Every difference, loosened limits first; signing keys before everything else.

    Empty exactly when both are the same agreement, with the same digest.
    """
    told = chain(
        _signing_keys(old, new),
        _privacy(old.privacy, new.privacy),
        collection_diff.groups(old.groups, new.groups),
        collection_diff.tasks(old.tasks, new.tasks),
        collection_diff.categories(old.categories, new.categories),
        _time(old, new),
        _working_time(old.working_time, new.working_time),
        _mail(old.mail, new.mail),
        chain.from_iterable(_party(party, old.party(party), new.party(party)) for party in Party),
        _texts(old, new),
    )
    return tuple(sorted(told, key=lambda change: change.weight))  # stable: the order above stays


def _signing_keys(old: Agreement, new: Agreement) -> Iterator[Change]:
    for party in Party:
        before, after = old.party(party), new.party(party)
        announced = after.signing_key == before.successor_key
        yield from replaced(
            f"As announced, the signing key of the {party}"
            if announced
            else f"Warning: the signing key of the {party}",
            before.signing_key,
            after.signing_key,
            _key,
            weight=Weight.LOOSENED,
        )
        waiting = None if announced else before.successor_key
        yield from _successor_key(party, waiting, after.successor_key)


def _successor_key(party: Party, old: bytes | None, new: bytes | None) -> Iterator[Change]:
    if old is None and new is not None:
        yield Change(
            Weight.LOOSENED,
            f"From the next version on the {party} may sign with another key: {_key(new)}.",
        )
    elif old is not None and new is None:
        yield Change(
            Weight.TIGHTENED,
            f"The {party} may no longer sign a next version with another key: {_key(old)}.",
        )
    elif old is not None and new is not None:
        yield from replaced(
            f"The other key with which the {party} may sign the next version",
            old,
            new,
            _key,
            weight=Weight.LOOSENED,
        )


def _privacy(old: PrivacyTerms, new: PrivacyTerms) -> Iterator[Change]:
    yield from moved(
        "The privacy budget per quarter",
        old.rho_quarter,
        new.rho_quarter,
        up=Weight.LOOSENED,
        show=lambda rho: f"ρ = {exact(rho)}",
    )
    yield from moved(
        "The number of reports without which nothing is released",
        old.thresholds.min_contributors,
        new.thresholds.min_contributors,
        up=Weight.TIGHTENED,
    )
    yield from moved(
        "The number of reports that may lack their noise without harm to you",
        old.thresholds.assumed_colluders,
        new.thresholds.assumed_colluders,
        up=Weight.TIGHTENED,
    )
    before, after = old.client_share, new.client_share
    if before != after:
        verb, less = (
            ("rises", "less noise protects you from somebody who fills a week with own reports")
            if after > before
            else ("falls", "less noise protects you from the council, which knows its own")
        )
        yield Change(
            Weight.LOOSENED,
            f"The devices' share of the noise {verb} from {exact(before)} to {exact(after)}: "
            f"{less}.",
        )


def _time(old: Agreement, new: Agreement) -> Iterator[Change]:
    earlier = new.first_window < old.first_window
    yield from replaced(
        "The first week",
        old.first_window,
        new.first_window,
        weight=Weight.LOOSENED if earlier else Weight.NEUTRAL,
        verb="moves",
    )
    yield from moved(
        "The last week", old.last_window, new.last_window, up=Weight.LOOSENED, verbs=_WHEN
    )
    yield from moved(
        "The time for which results are kept",
        old.retention_weeks,
        new.retention_weeks,
        up=Weight.LOOSENED,
        show=lambda weeks: quantities.counted(weeks, "week"),
    )
    yield from moved(
        "The time after a week in which its reports may be sent",
        old.upload_days,
        new.upload_days,
        up=Weight.NEUTRAL,
        show=lambda days: quantities.counted(days, "day"),
    )
    yield from moved(
        "The time without input after which you no longer count as active",
        old.idle_minutes,
        new.idle_minutes,
        up=Weight.NEUTRAL,
        show=lambda minutes: quantities.counted(minutes, "minute"),
    )


def _working_time(old: WorkingTime, new: WorkingTime) -> Iterator[Change]:
    yield from _days(old.days, new.days)
    for what, before, after, later in (
        ("The start of working time", old.start, new.start, Weight.TIGHTENED),
        ("The end of working time", old.end, new.end, Weight.LOOSENED),
        ("The start of the core hours", old.core_start, new.core_start, Weight.TIGHTENED),
        ("The end of the core hours", old.core_end, new.core_end, Weight.LOOSENED),
    ):
        yield from moved(what, before, after, up=later, show=_clock, verbs=_WHEN)
    yield from replaced("The time zone", old.time_zone, new.time_zone)
    yield from replaced("The country whose public holidays count", old.country, new.country)
    yield from replaced(
        "The region whose public holidays count",
        old.region,
        new.region,
        lambda region: region or "none",
    )


def _days(old: frozenset[int], new: frozenset[int]) -> Iterator[Change]:
    if old == new:
        return
    weight = Weight.TIGHTENED if new < old else Weight.LOOSENED
    yield from replaced(
        "The working days", old, new, quantities.weekdays, weight=weight, verb="change"
    )


def _mail(old: MailRules, new: MailRules) -> Iterator[Change]:
    before, after = old.internal_domains, new.internal_domains
    for domain in dict.fromkeys(before):
        if domain not in after:
            yield Change(
                Weight.LOOSENED,
                f"Mail from {domain} counts as client mail; until now it was internal.",
            )
    for domain in dict.fromkeys(after):
        if domain not in before:
            yield Change(
                Weight.TIGHTENED,
                f"Mail from {domain} is internal and not counted; until now it was client mail.",
            )
    if before != after and set(before) == set(after):
        yield from replaced("The list of internal domains", before, after, ", ".join)
    yield from moved(
        "The time in which a client mail is to be answered",
        old.answer_hours,
        new.answer_hours,
        up=Weight.TIGHTENED,
        show=lambda hours: quantities.counted(hours, "business hour"),
    )
    yield from replaced(
        "Which of several client mails in a row starts the clock",
        old.clock_start,
        new.clock_start,
        lambda which: f"the {which}",
        weight=Weight.LOOSENED if new.clock_start is ClockStart.FIRST else Weight.TIGHTENED,
    )


def _party(party: Party, old: PartyTerms, new: PartyTerms) -> Iterator[Change]:
    yield from replaced(f"The {party}'s name", old.name, new.name, quoted)
    yield from replaced(
        f"Who administers the {party}'s server", old.administrator, new.administrator, quoted
    )
    yield from replaced(f"The address of the {party}'s server", old.endpoint, new.endpoint)
    yield from replaced(
        f"The address at which the {party}'s server is reached by the other one",
        old.peer_endpoint,
        new.peer_endpoint,
    )
    yield from replaced(
        f"The key with which the {party}'s server signs", old.server_key, new.server_key, _key
    )
    yield from _certificate(party, old.ca_certificate, new.ca_certificate)


def _certificate(party: Party, old: str, new: str) -> Iterator[Change]:
    before, after = (
        x509.load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER)
        for pem in (old, new)
    )
    what = f"The certificate under which the {party}'s server is trusted"
    yield from replaced(what, before, after, _key)
    if old != new and before == after:
        yield Change(Weight.NEUTRAL, f"{what} is the same in another spelling.")


def _texts(old: Agreement, new: Agreement) -> Iterator[Change]:
    yield from replaced("The organisation", old.organisation, new.organisation, quoted)
    before, after = (" ".join(text.split()) for text in (old.purpose, new.purpose))
    yield from replaced("The purpose", before, after, quoted)
    if old.purpose != new.purpose and before == after:
        yield Change(Weight.NEUTRAL, "The purpose is the same with other spaces or line breaks.")
    yield from replaced("Whom to ask", old.contact, new.contact, quoted)
    yield from replaced("The version", old.version, new.version)


def _clock(moment: time) -> str:
    return f"{moment:%H:%M}"


def _key(key: bytes) -> str:
    return " ".join(fingerprint(key))
