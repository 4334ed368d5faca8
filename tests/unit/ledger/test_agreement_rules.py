"""Rules 2 to 5: agreements, verify keys and window keys; just inside and just outside."""

import base64
import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from privacy.agreement import envelope
from privacy.agreement.model import Agreement, AgreementDigest, Party, TaskDigest
from privacy.ledger.entries import (
    AgreementRetired,
    VerifyKeysCommitted,
    WindowKeysPublished,
)
from privacy.window import Window
from tests.agreements import announced, make_agreement, new_keys, party_keys, party_terms, sign
from tests.ledgers import Story, activation, moment, signed_by_both, started
from tests.unit.ledger.judging import accepted, refused

MIDNIGHT = moment(2026, 1, 18, 23)
"""When 2026-W04 begins in Berlin."""

SECOND = timedelta(seconds=1)


# --- 2. agreement activated ----------------------------------------------------------------------


def first(**changes: Any) -> Story:
    """A story of one activation, changed."""
    story = Story()
    story.write(replace(activation(signed_by_both(make_agreement())), **changes))
    return story


def signature(signed: bytes, place: int) -> dict[str, str]:
    entry: dict[str, str] = json.loads(signed)["signatures"][place]
    return entry


def with_signatures(signed: bytes, *signatures: dict[str, str]) -> str:
    return json.dumps(json.loads(signed) | {"signatures": list(signatures)}, indent=1) + "\n"


def test_the_first_version_is_signed_with_the_keys_it_names() -> None:
    accepted(first())


@pytest.mark.parametrize("place", [0, 1])
def test_one_signature_is_not_enough(place: int) -> None:
    signed = sign(make_agreement())
    story = first(envelope=with_signatures(signed, signature(signed, place)))
    refused(story, "version 1 of the agreement cannot be activated: the agreement lacks the sig")


def test_a_signature_of_another_agreement_does_not_hold() -> None:
    signed, other = sign(make_agreement()), sign(make_agreement(purpose="Another one."))
    swapped = with_signatures(signed, signature(signed, 0), signature(other, 1))
    refused(first(envelope=swapped), "cannot be activated: the signature of the ")


def test_an_envelope_has_one_form() -> None:
    signed = sign(make_agreement())
    both = signature(signed, 0), signature(signed, 1)
    third = {"keyid": "00" * 32, "sig": base64.b64encode(bytes(64)).decode()}
    for written in (with_signatures(signed, *both, third), signed.decode().rstrip("\n")):
        refused(first(envelope=written), "its envelope is not in its one form")


def test_an_envelope_holds_an_agreement() -> None:
    refused(first(envelope="{}"), "version 1 of the agreement cannot be activated: ")
    empty = json.loads(sign(make_agreement())) | {"payload": base64.b64encode(b"{}").decode()}
    refused(first(envelope=json.dumps(empty)), "organisation: this key is missing: add it")


def test_digest_and_version_are_those_of_the_envelope() -> None:
    refused(first(agreement=AgreementDigest(bytes(32))), f"and {bytes(32).hex()}")
    refused(first(version=2), "holds version 1 with the digest ")


def follows(story: Story, agreement: Agreement, **signers: Any) -> Story:
    """The story with one activation more, whoever signed it."""
    signed = envelope.verify(
        sign(agreement, **signers),
        employer_key=agreement.employer.signing_key,
        council_key=agreement.council.signing_key,
    )
    story.signed.append(signed)
    story.write(activation(signed))
    return story


def version(number: int = 2, week: int = 4, **changes: Any) -> Agreement:
    return make_agreement(version=number, first_window=Window(2026, week), **changes)


def test_a_later_version_has_a_higher_number() -> None:
    accepted(follows(started(), version(2)))
    refused(follows(started(), version(1)), "version 1 of the agreement is known here")
    refused(follows(started(), make_agreement()), "version 1 of the agreement is known here")


def test_a_window_that_has_begun_stays_under_its_version() -> None:
    story = started()
    story.at = MIDNIGHT - SECOND
    accepted(follows(story, version(2)))
    story = started()
    story.at = MIDNIGHT
    refused(follows(story, version(2)), "2026-W04, which has begun under version 1")


def test_a_window_that_has_begun_stays_under_any_earlier_version() -> None:
    story = follows(started(), version(2, week=2, last_window=Window(2026, 3)))
    story.at = MIDNIGHT - SECOND
    accepted(follows(story, version(3)))
    story = follows(started(), version(2, week=2, last_window=Window(2026, 3)))
    story.at = MIDNIGHT
    refused(follows(story, version(3)), "2026-W04, which has begun under version 1")


def test_an_announced_key_signs_the_next_version_and_no_other() -> None:
    keys = party_keys(Party.EMPLOYER)
    later = replace(keys, signing=keys.successor)
    changed = version(2, employer=party_terms(Party.EMPLOYER, later))
    told = started(make_agreement(employer=announced(Party.EMPLOYER)))
    accepted(follows(told, changed, employer=later))
    refused(follows(started(), changed, employer=later), "another signing key for the employer")


def test_the_key_that_was_replaced_signs_no_more() -> None:
    keys = party_keys(Party.EMPLOYER)
    later = replace(keys, signing=keys.successor)
    story = started(make_agreement(employer=announced(Party.EMPLOYER)))
    follows(story, version(2, employer=party_terms(Party.EMPLOYER, later)), employer=later)
    refused(follows(story, version(3)), "another signing key for the employer")


@pytest.mark.parametrize("party", Party)
def test_a_server_keeps_its_key(party: Party) -> None:
    keys = replace(party_keys(party), server=new_keys().server)
    terms: dict[str, Any] = {party.value: party_terms(party, keys)}
    changed = version(2, **terms)
    refused(follows(started(), changed), f"another server key for the {party}")


# --- 3. agreement retired ------------------------------------------------------------------------


def retired(at: datetime, ends: int) -> Story:
    story = started()
    story.at = at
    story.retire(story.signed[0], f"2026-W{ends:02}")
    return story


@pytest.mark.parametrize(("at", "begun"), [(MIDNIGHT - SECOND, 3), (MIDNIGHT, 4)])
def test_a_window_that_has_begun_stays_collected(at: datetime, begun: int) -> None:
    for ends in (begun, begun + 1):
        book = accepted(retired(at, ends)).book
        assert book.in_force(Window(2026, ends)) is not None
        assert book.in_force(Window(2026, ends + 1)) is None
    sentence = f"cannot end with 2026-W{begun - 1:02}: 2026-W{begun:02} has begun by then"
    refused(retired(at, begun - 1), f"version 1 of the agreement {sentence}")


def test_a_version_is_retired_before_its_own_last_window() -> None:
    """A later end would end nothing, and would stand in the way of one that does."""
    accepted(retired(MIDNIGHT, 38))
    for ends in (39, 40):
        refused(retired(MIDNIGHT, ends), f"end with 2026-W{ends}: it ends by itself with 2026-W39")


def test_a_version_is_retired_once() -> None:
    story = started()
    story.retire(story.signed[0], "2026-W05")
    story.retire(story.signed[0], "2026-W06")
    refused(story, "version 1 of the agreement is retired twice: it already ended with 2026-W05")


def test_only_a_version_that_was_activated_is_retired() -> None:
    story = started()
    story.write(AgreementRetired(AgreementDigest(bytes(32)), Window(2026, 5)))
    refused(story, f"no version with the digest {bytes(32).hex()} was activated")


# --- 4. verify-key commitments -------------------------------------------------------------------


def test_verify_keys_are_committed_once_for_each_task_of_each_version() -> None:
    story = follows(started(), version(2))
    story.commit(story.signed[1])
    accepted(story)
    story.write(story.commitments(story.signed[0], story.signed[0].agreement.tasks[1].id))
    refused(story, "verify keys for breadth of version 1 are committed twice: entry 2 did it")


def test_verify_keys_are_for_a_task_of_an_activated_version() -> None:
    story = started()
    story.write(VerifyKeysCommitted(TaskDigest(bytes(32)), bytes(32), bytes(32)))
    refused(story, f"committed for a task {bytes(32).hex()} that no activated version has")


# --- 5. window keys ------------------------------------------------------------------------------


def published(story: Story) -> WindowKeysPublished:
    body = story.publish_window_keys(Window(2026, 1)).body
    assert isinstance(body, WindowKeysPublished)
    return body


def test_window_keys_come_before_anybody_may_send() -> None:
    opens = moment(2026, 1, 4, 23)
    story = started()
    story.at = opens - SECOND
    published(story)
    accepted(story)
    story = started()
    story.at = opens
    published(story)
    refused(story, "keys for 2026-W01 are published at 2026-01-04 23:00:00 UTC, too late: its re")


def test_window_keys_come_at_most_four_weeks_and_a_day_ahead() -> None:
    start = moment(2025, 12, 28, 23)
    for early, allowed in ((start - timedelta(days=29), True), (start - timedelta(days=30), False)):
        story = Story(at=early)
        story.activate(make_agreement())
        story.at = early if allowed else start - timedelta(days=29) - SECOND
        published(story)
        if allowed:
            accepted(story)
        else:
            refused(story, "keys for 2026-W01 are published at 2025-11-29 22:59:59 UTC, more than")


def test_window_keys_are_published_once() -> None:
    story = started()
    published(story)
    published(story)
    refused(story, "keys for 2026-W01 are published twice: entry 3 has them already")


@pytest.mark.parametrize("window", [Window(2025, 52), Window(2026, 40)])
def test_window_keys_are_for_a_window_of_an_agreement(window: Window) -> None:
    story = started()
    story.publish_window_keys(window)
    refused(story, f"keys for {window} are published, and no agreement covers it")


@pytest.mark.parametrize("again", ["employer", "council"])
@pytest.mark.parametrize("before", ["employer", "council"])
def test_no_window_key_is_used_twice(again: str, before: str) -> None:
    story = started()
    known, new = published(story), published(started_elsewhere())
    key = getattr(known, before)
    story.write(replace(new, window=Window(2026, 2), **{again: key}))
    refused(story, "a key of 2026-W02 is one of 2026-W01 in entry 3")


def started_elsewhere() -> Story:
    """A story that draws other keys."""
    story = Story()
    story.chance.seed(2)
    return story


def test_without_an_agreement_nothing_can_be_written() -> None:
    for body in (
        AgreementRetired(AgreementDigest(bytes(32)), Window(2026, 5)),
        published(started_elsewhere()),
        VerifyKeysCommitted(TaskDigest(bytes(32)), bytes(32), bytes(32)),
    ):
        story = Story()
        story.write(body)
        refused(story, "entry 0: ")
