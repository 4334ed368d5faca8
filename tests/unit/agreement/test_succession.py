"""Which version may follow which: each rule just kept, and just broken."""

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from privacy.agreement.model import Agreement, Party, PartyTerms
from privacy.agreement.succession import check_beginning, check_follows, check_keys
from privacy.errors import BadSignature, NotInForce
from privacy.window import Window
from tests.agreements import (
    announced,
    make_agreement,
    new_keys,
    party_keys,
    party_terms,
    with_every_key,
    working_time,
)

FIRST = make_agreement(first_window=Window(2026, 1), last_window=Window(2026, 20))
BEFORE = datetime(2026, 1, 1, tzinfo=UTC)


def next_of(known: Agreement, **changes: Any) -> Agreement:
    """The version after it, from week 10."""
    terms: dict[str, Any] = {"version": known.version + 1, "first_window": Window(2026, 10)}
    return dataclasses.replace(known, **(terms | changes))


def test_a_version_that_changes_anything_but_the_rules_follows() -> None:
    other = new_keys()
    changed = next_of(
        FIRST,
        version=7,
        organisation="Another GmbH",
        council=dataclasses.replace(
            FIRST.council, name="Another council", ca_certificate=other.ca_certificate
        ),
        groups=FIRST.groups[:2],
        upload_days=3,
    )
    check_follows(FIRST, changed, BEFORE)


@pytest.mark.parametrize("version", [1, 2, 3])
def test_the_number_rises(version: int) -> None:
    known, new = (dataclasses.replace(FIRST, version=v) for v in (2, version))
    if version == 3:
        check_follows(known, new, BEFORE - timedelta(days=30))
    else:
        with pytest.raises(NotInForce, match=f"is version {version}: give it a higher number"):
            check_follows(known, new, BEFORE - timedelta(days=30))


def announcing(party: Party) -> Agreement:
    """The first version, in which a party announces another key."""
    return replaced(FIRST, party, announced(party))


def replaced(agreement: Agreement, party: Party, terms: PartyTerms) -> Agreement:
    """The agreement with other terms of one party."""
    changes: dict[str, Any] = {party.value: terms}
    return dataclasses.replace(agreement, **changes)


def signed_with(known: Agreement, party: Party, key: bytes, **changes: Any) -> Agreement:
    """The next version, in which a party names this key and announces none."""
    terms = dataclasses.replace(known.party(party), signing_key=key, successor_key=None)
    return next_of(replaced(known, party, terms), **changes)


def successor(party: Party) -> bytes:
    return party_keys(party).successor.public_key().public_bytes_raw()


@pytest.mark.parametrize("party", Party)
def test_a_key_that_the_known_version_announces_may_sign(party: Party) -> None:
    known = announcing(party)
    new = signed_with(known, party, successor(party))
    check_follows(known, new, BEFORE)
    check_keys(known, new)


def test_both_may_change_keys_at_once_or_keep_them() -> None:
    known = with_every_key()
    both = signed_with(known, Party.EMPLOYER, successor(Party.EMPLOYER))
    both = signed_with(both, Party.COUNCIL, successor(Party.COUNCIL), version=2)
    check_follows(known, both, BEFORE)
    check_follows(known, next_of(known), BEFORE)


@pytest.mark.parametrize("party", Party)
@pytest.mark.parametrize(
    "check", [lambda known, new: check_follows(known, new, BEFORE), check_keys]
)
def test_a_key_that_nobody_announced_is_refused(
    party: Party, check: Callable[[Agreement, Agreement], None]
) -> None:
    new = signed_with(FIRST, party, successor(party))
    with pytest.raises(BadSignature, match=f"another signing key for the {party} than version 1"):
        check(FIRST, new)


def test_a_key_that_the_new_version_itself_announces_may_not_sign_it() -> None:
    council = dataclasses.replace(
        FIRST.council,
        signing_key=successor(Party.COUNCIL),
        successor_key=FIRST.council.signing_key,
    )
    with pytest.raises(BadSignature, match="another signing key for the council"):
        check_follows(FIRST, next_of(FIRST, council=council), BEFORE)


def test_the_successor_of_one_party_does_not_sign_for_the_other() -> None:
    known = announcing(Party.COUNCIL)
    terms = dataclasses.replace(FIRST.employer, signing_key=successor(Party.COUNCIL))
    new = next_of(known, employer=terms, council=FIRST.council)
    with pytest.raises(BadSignature, match="another signing key for the employer"):
        check_follows(known, new, BEFORE)


def test_a_key_that_was_replaced_signs_no_more() -> None:
    known = announcing(Party.COUNCIL)
    second = signed_with(known, Party.COUNCIL, successor(Party.COUNCIL))
    third = signed_with(second, Party.COUNCIL, FIRST.council.signing_key)
    with pytest.raises(BadSignature, match="version 3 names another signing key for the council"):
        check_follows(second, third, BEFORE)


@pytest.mark.parametrize("party", Party)
def test_a_server_keeps_its_key(party: Party) -> None:
    key = new_keys().server.public_key().public_bytes_raw()
    new = next_of(replaced(FIRST, party, party_terms(party, server_key=key)))
    with pytest.raises(BadSignature, match=f"another server key for the {party} than version 1"):
        check_follows(FIRST, new, BEFORE)


@pytest.mark.parametrize("first", [10, 20])
def test_a_window_that_has_begun_keeps_its_version(first: int) -> None:
    new = next_of(FIRST, first_window=Window(2026, first))
    begins = new.first_window.start(new.working_time.zone)
    check_follows(FIRST, new, begins - timedelta(microseconds=1))
    with pytest.raises(NotInForce, match=f"begin with 2026-W{first}, which has begun under versi"):
        check_follows(FIRST, new, begins)


def test_a_window_that_no_version_covers_may_have_begun() -> None:
    new = next_of(FIRST, first_window=Window(2026, 21), last_window=Window(2026, 30))
    later = new.first_window.start(new.working_time.zone) + timedelta(days=3)
    check_follows(FIRST, new, later)
    check_beginning(FIRST, new, later)


def test_windows_begin_in_the_new_versions_time_zone() -> None:
    zone = working_time(time_zone="America/New_York", region=None, country="US")
    new = next_of(FIRST, working_time=zone)
    begun_in_berlin = new.first_window.start(FIRST.working_time.zone)
    check_follows(FIRST, new, begun_in_berlin)
    with pytest.raises(NotInForce):
        check_follows(FIRST, new, begun_in_berlin + timedelta(hours=6))
