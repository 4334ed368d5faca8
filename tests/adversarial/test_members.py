"""Who gets a token: a member, once for each task and window, for the group they were in."""

import dataclasses
import secrets
from contextlib import closing
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from aggregator import roster
from aggregator.store.sql import Store
from client.membership import Membership
from privacy import device_key
from privacy.agreement.model import Party
from privacy.enrolment_code import EnrolmentCode
from privacy.errors import (
    BadToken,
    InvalidValue,
    NotAMember,
    Rejection,
    ReportRejected,
    TokenSpent,
    UnknownCode,
)
from privacy.groups import GroupId
from privacy.membership import Blinding
from privacy.metrics import TaskId
from tests.adversarial.enrolled import Member, enrolled, listed, registered, say
from tests.pair import WINDOW, Pair

pytestmark = pytest.mark.threat(
    "code-taken",
    "council-sees-who",
    "restored-backup",
    "member-sends-twice",
    "member-moves",
    "member-lends-device",
    "stolen-laptop",
)


def council_store(pair: Pair) -> "closing[Store]":
    return closing(Store(pair.homes[Party.COUNCIL].database))


def test_a_member_gets_one_token_for_a_task_and_window(pair: Pair) -> None:
    member, batch = enrolled(pair), pair.batch()
    first, second = pair.report(batch), pair.report(batch)
    pair.upload(dataclasses.replace(pair.submission(first), token=member.token(first)))
    with pytest.raises(TokenSpent):
        member.token(second)
    # Another task of the same week is another report.
    other = pair.report(pair.batch("breadth", "sales"))
    member.token(other)


def test_the_same_request_again_gets_the_same_answer(pair: Pair) -> None:
    member, report = enrolled(pair), pair.report(pair.batch())
    blinding = member.blinding(report)
    assert len({member.ask(report.batch, blinding) for _ in range(3)}) == 1
    with council_store(pair) as store, store.read() as tx:
        assert tx.tokens.number(report.batch) == 1


def test_the_answer_is_the_same_after_a_restart(pair: Pair) -> None:
    member, report = enrolled(pair), pair.report(pair.batch())
    blinding = member.blinding(report)
    before = member.ask(report.batch, blinding)
    pair.stop(Party.COUNCIL)
    pair.start(Party.COUNCIL)
    assert member.ask(report.batch, blinding) == before


def test_a_second_device_of_a_member_gets_no_second_token(pair: Pair) -> None:
    number, code = listed(pair, "north")
    lost = Member(pair, number, registered(pair, code))
    report = pair.report(pair.batch())
    lost.token(report)
    with pytest.raises(UnknownCode, match="used on another device"):
        registered(pair, code)
    with council_store(pair) as store, store.write() as tx:
        new_code = roster.revoke(tx, number, WINDOW.plus(2), secrets.token_bytes)
    assert new_code is not None
    new = Member(pair, number, registered(pair, new_code))
    with pytest.raises(TokenSpent):
        new.token(report)


def test_a_stolen_laptop_gets_nothing_once_it_is_revoked(pair: Pair) -> None:
    thief = enrolled(pair)
    with council_store(pair) as store, store.write() as tx:
        roster.revoke(tx, thief.number, WINDOW.plus(2), secrets.token_bytes)
    with pytest.raises(NotAMember, match="does not have this device"):
        thief.token(pair.report(pair.batch()))


def test_a_code_counts_once_and_only_as_it_was_made(pair: Pair) -> None:
    _, code = listed(pair, "north")
    for other in (
        EnrolmentCode.new(GroupId("north"), secrets.token_bytes),
        dataclasses.replace(code, group=GroupId("south")),
    ):
        with pytest.raises(UnknownCode, match="made no such code"):
            registered(pair, other)
    key = registered(pair, code)
    registered(pair, code, key)  # the answer was lost on the way
    with pytest.raises(UnknownCode, match="used on another device"):
        registered(pair, code)


def test_one_device_is_not_two_members(pair: Pair) -> None:
    (_, one), (_, other) = listed(pair, "north"), listed(pair, "north")
    key = registered(pair, one)
    with pytest.raises(NotAMember, match="another member"):
        registered(pair, other, key)


@pytest.mark.parametrize(
    ("task", "group"), [("headline", "south"), ("headline", "sales"), ("breadth", "north")]
)
def test_a_member_gets_tokens_for_the_own_group_alone(pair: Pair, task: str, group: str) -> None:
    member = enrolled(pair, "north")
    batch = dataclasses.replace(pair.batch(), task=TaskId(task), group=GroupId(group))
    blinding = Blinding(bytes(32), secrets.token_bytes(255) + b"\1", bytes(256))
    with pytest.raises((NotAMember, ReportRejected)):
        member.ask(batch, blinding)


def test_moving_counts_from_the_next_window(pair: Pair) -> None:
    member = enrolled(pair, "north")
    agreement = pair.signed.agreement
    with council_store(pair) as store, store.write() as tx:
        roster.move(tx, agreement, member.number, "south", WINDOW.plus(1), secrets.token_bytes)
    member.token(pair.report(pair.batch(group="north")))
    pair.clock.now = agreement.upload_opens(WINDOW.plus(1))
    with pytest.raises(NotAMember, match="in south in 2026-W06"):
        member.token(pair.report(pair.batch(group="north", window=WINDOW.plus(1))))
    member.token(pair.report(pair.batch(group="south", window=WINDOW.plus(1))))


def test_who_joins_gets_no_token_for_the_week_before(pair: Pair) -> None:
    member = enrolled(pair, first=WINDOW.plus(1))
    with pytest.raises(NotAMember, match="in no group in 2026-W05"):
        member.token(pair.report(pair.batch()))


def test_who_left_gets_no_more_tokens(pair: Pair) -> None:
    member = enrolled(pair)
    with Membership(pair.signed.agreement.council) as council:
        council.leave(member.key)
        with pytest.raises(NotAMember, match="does not have this device"):
            council.leave(member.key)
    with pytest.raises(NotAMember):
        member.token(pair.report(pair.batch()))


def test_no_token_before_the_window_is_over_nor_after_the_batch_closed(pair: Pair) -> None:
    member, agreement = enrolled(pair), pair.signed.agreement
    early, due = pair.report(pair.batch(window=WINDOW.plus(1))), pair.report(pair.batch())
    with pytest.raises(ReportRejected) as refused:
        member.token(early)
    assert refused.value.reason is Rejection.WINDOW_NOT_OVER
    pair.clock.now = agreement.upload_closes(WINDOW)
    with pytest.raises(ReportRejected) as refused:
        member.token(due)
    assert refused.value.reason is Rejection.BATCH_CLOSED


def test_nobody_asks_in_another_members_name(pair: Pair) -> None:
    member, report = enrolled(pair), pair.report(pair.batch())
    blinding, thief = member.blinding(report), Ed25519PrivateKey.generate()
    own = member.key.public_key().public_bytes_raw()
    said = device_key.token_request(report.batch, blinding.request)
    other_batch = device_key.token_request(pair.batch("breadth", "sales"), blinding.request)
    for signature in (
        thief.sign(said),
        member.key.sign(other_batch),
        member.key.sign(said + b"x"),
        bytes(64),
        b"",
    ):
        with pytest.raises(NotAMember, match="not signed"):
            say(pair, report.batch, blinding.request, device_key.Signed(own, signature))
    with pytest.raises(NotAMember, match="does not have this device"):
        say(pair, report.batch, blinding.request, device_key.sign(thief, said))


@pytest.mark.parametrize("request_", [b"", bytes(256), bytes(255), b"\xff" * 256, bytes(257)])
def test_what_is_no_blinded_message_is_not_signed(pair: Pair, request_: bytes) -> None:
    member = enrolled(pair)
    with pytest.raises((BadToken, InvalidValue)):
        member.ask(pair.batch(), Blinding(bytes(32), request_, bytes(256)))
    with council_store(pair) as store, store.read() as tx:
        assert tx.tokens.number(pair.batch()) == 0


def test_who_was_given_a_token_is_forgotten_once_the_batch_is_decided(pair: Pair) -> None:
    member, batch = enrolled(pair), pair.batch()
    member.token(pair.report(batch))
    pair.close_batch()
    pair.step()
    pair.step()
    with council_store(pair) as store, store.read() as tx:
        assert tx.tokens.number(batch) == 0
        assert tx.batch_keys.get(batch) is None


def test_who_left_is_erased_once_no_report_of_theirs_can_be_sent(pair: Pair) -> None:
    """By the server itself; what is erased is in no file of the council's any more."""
    leaver, stays = enrolled(pair), enrolled(pair)
    own = leaver.key.public_key().public_bytes_raw()
    closes = pair.signed.agreement.upload_closes(WINDOW)
    with council_store(pair) as store, store.write() as tx:
        roster.end(tx, leaver.number, WINDOW.plus(1))
    pair.clock.now = closes - timedelta(seconds=1)
    pair.step()
    with council_store(pair) as store, store.read() as tx:
        assert tx.roster.get(leaver.number) is not None
    pair.clock.now = closes
    pair.step()
    with council_store(pair) as store, store.read() as tx:
        assert tx.roster.get(leaver.number) is None
        assert tx.roster.get(stays.number) is not None
    pair.stop(Party.COUNCIL)
    database = pair.homes[Party.COUNCIL].database
    files = list(database.parent.glob(f"{database.name}*"))
    assert files != []
    assert [file.name for file in files if own in file.read_bytes()] == []


def test_a_council_that_is_an_old_copy_gives_no_tokens(pair: Pair) -> None:
    member, report = enrolled(pair), pair.report(pair.batch())
    mark = pair.homes[Party.COUNCIL].mark
    size, leaf = mark.shown()
    mark.replace(size + 1, leaf)
    with pytest.raises(Exception, match="old copy"):
        member.token(report)
    mark.replace(size, leaf)
    member.token(report)
