"""The roster as the council's server sees it: codes, device keys, groups by window."""

import dataclasses
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import pytest

from aggregator import roster
from aggregator.member import Device, Member, Membership
from aggregator.store.sql import Store
from privacy.enrolment_code import EnrolmentCode
from privacy.errors import InvalidValue, NotAMember, UnknownCode
from privacy.groups import GroupId
from privacy.window import Window
from tests.agreements import make_agreement

NORTH, SOUTH, WEST = GroupId("north"), GroupId("south"), GroupId("west")
FIRST = Window(2026, 40)
ANN, BEN = bytes([1]) * 32, bytes([2]) * 32
AGREEMENT = make_agreement()


def random() -> Random:
    """Codes that are the same at every run."""
    return Random(777)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty database."""
    with closing(Store(tmp_path / "aggregator.db")) as opened:
        yield opened


def add(store: Store, group: GroupId = NORTH, seed: int = 0) -> tuple[int, EnrolmentCode]:
    """A member from FIRST on."""
    with store.write() as tx:
        return roster.add(tx, group, FIRST, Random(seed).randbytes)


def register(store: Store, code: EnrolmentCode, device: bytes) -> GroupId:
    with store.write() as tx:
        return roster.register(tx, code, device)


def known(store: Store, number: int) -> Member | None:
    with store.read() as tx:
        return tx.roster.get(number)


def groups(store: Store, number: int) -> list[GroupId | None]:
    """The groups of a member in the windows before FIRST, FIRST, and three after."""
    with store.read() as tx:
        known = tx.roster.get(number)
        windows = [FIRST.plus(weeks) for weeks in range(-1, 4)]
        return [None if known is None else known.group_in(each) for each in windows]


def end(store: Store, number: int, first: Window) -> None:
    with store.write() as tx:
        roster.end(tx, number, first)


def move(store: Store, number: int, group: str, first: Window) -> EnrolmentCode | None:
    with store.write() as tx:
        return roster.move(tx, AGREEMENT, number, group, first, random().randbytes)


# --- registering ----------------------------------------------------------------------------------


def test_a_code_makes_a_device_its_members_and_again_the_same(store: Store) -> None:
    number, code = add(store)
    for _ in range(2):
        assert register(store, code, ANN) == NORTH
        with store.read() as tx:
            assert roster.member(tx, ANN).number == number
    member = known(store, number)
    assert member is not None
    assert (member.device, member.device_key) == (Device.ENROLLED, ANN)


def test_a_device_that_registers_again_after_a_move_is_told_its_members_group(
    store: Store,
) -> None:
    number, code = add(store)
    register(store, code, ANN)
    move(store, number, "south", FIRST.plus(1))
    assert register(store, code, ANN) == SOUTH


def test_a_device_that_registers_again_after_the_end_is_told_so(store: Store) -> None:
    number, code = add(store)
    register(store, code, ANN)
    end(store, number, FIRST.plus(2))
    sentence = "membership of 1 ended with 2026-W41: ask the works council to bring you back with"
    with pytest.raises(NotAMember, match=sentence):
        register(store, code, ANN)
    move(store, number, "north", FIRST.plus(2))
    assert register(store, code, ANN) == NORTH


def test_a_code_as_somebody_typed_it_is_the_same_code(store: Store) -> None:
    number, code = add(store)
    register(store, EnrolmentCode.parse(f" {code.group}-{code.secret.lower()} "), ANN)
    with store.read() as tx:
        assert roster.member(tx, ANN).number == number


def test_a_code_is_used_once(store: Store) -> None:
    number, code = add(store)
    register(store, code, ANN)
    with pytest.raises(UnknownCode, match="was used on another device already: ask the works"):
        register(store, code, BEN)
    member = known(store, number)
    assert member is not None
    assert member.device_key == ANN, "who came first stays"


@pytest.mark.parametrize(
    "change", [{"group": SOUTH}, {"secret": "0" * 5 + "-00000" * 3}], ids=["group", "secret"]
)
def test_a_code_that_was_not_made_is_unknown(store: Store, change: dict[str, Any]) -> None:
    _, code = add(store)
    false = dataclasses.replace(code, **change)
    with pytest.raises(UnknownCode, match="has made no such code, or withdrawn it: compare"):
        register(store, false, ANN)
    with store.read() as tx, pytest.raises(NotAMember):
        roster.member(tx, ANN)


def test_a_device_is_one_members(store: Store) -> None:
    number, code = add(store)
    other, of_other = add(store, SOUTH, seed=1)
    register(store, code, ANN)
    with pytest.raises(NotAMember, match="enrolled for another member: enrol each person on a"):
        register(store, of_other, ANN)
    with store.read() as tx:
        assert roster.member(tx, ANN).number == number
    member = known(store, other)
    assert member is not None
    assert member.device is Device.WAITING, "the code can still be used"


def test_the_device_of_a_member_who_has_ended_is_told_whose_it_is(store: Store) -> None:
    number, code = add(store)
    _, another = add(store, seed=1)
    register(store, code, ANN)
    end(store, number, FIRST.plus(2))
    with pytest.raises(NotAMember) as refused:
        register(store, another, ANN)
    sentence = str(refused.value)
    assert "this device is that of member 1, whose membership ended with 2026-W41" in sentence
    assert "bring you back with plurale-aggregator roster move" in sentence
    assert "a folder of your own with plurale --data" in sentence
    assert "another member" not in sentence


def test_a_device_that_nobody_registered_is_no_members(store: Store) -> None:
    add(store)
    with store.read() as tx, pytest.raises(NotAMember, match="does not have this device: ask"):
        roster.member(tx, ANN)


def test_what_the_council_keeps_does_not_hold_the_code(store: Store, tmp_path: Path) -> None:
    number, code = add(store)
    member = known(store, number)
    assert member is not None
    assert member.code_hash == code.hash
    store.scrub()
    kept = (tmp_path / "aggregator.db").read_bytes()
    assert code.hash in kept
    assert code.secret.encode() not in kept


# --- windows --------------------------------------------------------------------------------------


def test_a_member_is_in_the_group_from_the_first_window_on(store: Store) -> None:
    number, _ = add(store)
    assert groups(store, number) == [None, NORTH, NORTH, NORTH, NORTH]
    assert groups(store, 99) == [None] * 5


def test_a_move_counts_from_its_window_and_the_last_one_in_a_week_counts(store: Store) -> None:
    number, code = add(store)
    register(store, code, ANN)
    assert move(store, number, "south", FIRST.plus(2)) is None
    assert groups(store, number) == [None, NORTH, NORTH, SOUTH, SOUTH]
    move(store, number, "west", FIRST.plus(2))
    assert groups(store, number) == [None, NORTH, NORTH, WEST, WEST]
    move(store, number, "north", FIRST.plus(2))
    assert groups(store, number) == [None, NORTH, NORTH, NORTH, NORTH]
    member = known(store, number)
    assert member is not None
    assert member.memberships == (Membership(NORTH, FIRST),), "as if nothing had been"
    assert member.device_key == ANN


def test_a_move_before_the_first_window_leaves_no_trace_of_the_first_group(store: Store) -> None:
    number, _ = add(store)
    move(store, number, "south", FIRST)
    assert groups(store, number) == [None, SOUTH, SOUTH, SOUTH, SOUTH]


def test_a_code_that_is_not_used_is_replaced_by_one_for_the_new_group(store: Store) -> None:
    number, code = add(store)
    new = move(store, number, "south", FIRST)
    assert new is not None
    assert new.group == SOUTH
    with pytest.raises(UnknownCode):
        register(store, code, ANN)
    assert register(store, new, ANN) == SOUTH


@pytest.mark.parametrize(
    ("group", "sentence"),
    [
        ("north", "member 1 is in north already: nothing was changed$"),
        ("nort", "there is no group 'nort' to join: choose from north, south, west$"),
        ("sales", "sales has teams: choose from north, south, west$"),
    ],
)
def test_a_move_to_where_one_cannot_go_is_refused(store: Store, group: str, sentence: str) -> None:
    number, _ = add(store)
    with pytest.raises(InvalidValue, match=sentence):
        move(store, number, group, FIRST)
    assert groups(store, number) == [None, NORTH, NORTH, NORTH, NORTH]


def test_a_full_group_takes_nobody_until_somebody_goes(store: Store) -> None:
    number, _ = add(store, SOUTH, seed=99)
    numbers = [add(store, NORTH, seed)[0] for seed in range(12)]
    with pytest.raises(InvalidValue, match=r"north has 12 members in version 1 .* have 13 here"):
        move(store, number, "north", FIRST)
    move(store, numbers[0], "west", FIRST)
    move(store, number, "north", FIRST)
    assert groups(store, number)[1] == NORTH


# --- leaving, ending, revoking --------------------------------------------------------------------


def test_who_leaves_is_forgotten_as_a_device_and_the_same_again_changes_nothing(
    store: Store,
) -> None:
    number, code = add(store)
    register(store, code, ANN)
    for last in (FIRST.plus(1), FIRST.plus(2)):
        with store.write() as tx:
            roster.leave(tx, ANN, last)
        assert groups(store, number) == [None, NORTH, NORTH, None, None]
    with store.read() as tx, pytest.raises(NotAMember):
        roster.member(tx, ANN)
    for device in (ANN, BEN):
        with pytest.raises(UnknownCode):
            register(store, code, device)


def test_leaving_drops_what_begins_later(store: Store) -> None:
    number, code = add(store)
    register(store, code, ANN)
    move(store, number, "south", FIRST.plus(1))
    with store.write() as tx:
        roster.leave(tx, ANN, FIRST)
    assert groups(store, number) == [None, NORTH, None, None, None]


def test_who_leaves_before_it_began_is_erased_and_the_number_is_not_given_again(
    store: Store,
) -> None:
    number, code = add(store)
    register(store, code, ANN)
    with store.write() as tx:
        roster.leave(tx, ANN, FIRST.plus(-1))
    assert known(store, number) is None
    assert add(store, seed=1)[0] == number + 1


def test_ending_leaves_the_device_its_last_weeks(store: Store) -> None:
    number, code = add(store)
    register(store, code, ANN)
    with store.write() as tx:
        roster.end(tx, number, FIRST.plus(2))
    assert groups(store, number) == [None, NORTH, NORTH, None, None]
    with store.read() as tx:
        assert roster.member(tx, ANN).number == number
    with store.write() as tx, pytest.raises(NotAMember, match="ended with 2026-W41 already"):
        roster.end(tx, number, FIRST.plus(2))


def test_ending_withdraws_a_code_that_is_not_used(store: Store) -> None:
    number, code = add(store)
    with store.write() as tx:
        roster.end(tx, number, FIRST.plus(1))
    with pytest.raises(UnknownCode):
        register(store, code, ANN)


def test_revoking_stops_the_device_and_its_code_and_makes_another(store: Store) -> None:
    number, code = add(store)
    register(store, code, ANN)
    move(store, number, "south", FIRST.plus(1))
    with store.write() as tx:
        new = roster.revoke(tx, number, FIRST.plus(1), random().randbytes)
    assert new is not None
    assert new.group == SOUTH, "that they are in by the time it counts"
    with store.read() as tx, pytest.raises(NotAMember):
        roster.member(tx, ANN)
    with pytest.raises(UnknownCode):
        register(store, code, ANN)
    assert register(store, new, BEN) == SOUTH
    assert groups(store, number) == [None, NORTH, SOUTH, SOUTH, SOUTH]


def test_revoking_after_the_end_stops_the_device_and_makes_no_code(store: Store) -> None:
    number, code = add(store)
    register(store, code, ANN)
    with store.write() as tx:
        roster.end(tx, number, FIRST.plus(1))
        assert roster.revoke(tx, number, FIRST.plus(1), random().randbytes) is None
    with store.read() as tx, pytest.raises(NotAMember):
        roster.member(tx, ANN)
    with pytest.raises(UnknownCode):
        register(store, code, ANN)


def test_a_number_that_is_none_is_told(store: Store) -> None:
    sentence = "there is no member 7: plurale-aggregator roster list shows every number$"
    with store.write() as tx:
        with pytest.raises(NotAMember, match=sentence):
            roster.end(tx, 7, FIRST)
        with pytest.raises(NotAMember, match=sentence):
            roster.revoke(tx, 7, FIRST, random().randbytes)
        with pytest.raises(NotAMember, match=sentence):
            roster.move(tx, AGREEMENT, 7, "north", FIRST, random().randbytes)


# --- what cannot be built -------------------------------------------------------------------------


def test_a_member_is_in_one_group_at_a_time_and_printed_without_what_is_personal() -> None:
    closed = Membership(NORTH, FIRST, FIRST.plus(3))
    for second in (Membership(SOUTH, FIRST.plus(3)), Membership(SOUTH, FIRST)):
        with pytest.raises(InvalidValue, match="member 1 is in two groups in 2026-W4"):
            Member(1, "Ann", (closed, second))
    with pytest.raises(InvalidValue, match="in two groups"):
        Member(1, "Ann", (Membership(NORTH, FIRST), Membership(SOUTH, FIRST.plus(3))))
    with pytest.raises(InvalidValue, match=r"cannot end in 2026-W39, before 2026-W40$"):
        Membership(NORTH, FIRST, FIRST.plus(-1))
    with pytest.raises(InvalidValue, match="printable"):
        Member(1, "A\x1b[2Jnn", (closed,))
    printed = repr(Member(1, "Ann", (closed,), code_hash=b"C" * 32, device_key=b"D" * 32))
    assert not any(personal in printed for personal in ("Ann", "CCC", "DDD"))
