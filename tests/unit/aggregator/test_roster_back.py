"""Coming back: whose membership has ended is a member again, under the same number."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from aggregator import roster
from aggregator.store.sql import Store
from privacy.errors import InvalidValue, UnknownCode
from tests.unit.aggregator.test_roster import (
    ANN,
    FIRST,
    NORTH,
    SOUTH,
    add,
    end,
    groups,
    known,
    move,
    random,
    register,
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty database."""
    with closing(Store(tmp_path / "aggregator.db")) as opened:
        yield opened


def test_who_has_ended_comes_back_under_the_number_with_the_device(store: Store) -> None:
    number, code = add(store)
    register(store, code, ANN)
    end(store, number, FIRST.plus(1))
    assert move(store, number, "south", FIRST.plus(2)) is None
    assert groups(store, number) == [None, NORTH, None, SOUTH, SOUTH]
    with store.read() as tx:
        assert roster.member(tx, ANN).number == number


def test_who_comes_back_in_the_same_week_was_never_gone(store: Store) -> None:
    number, code = add(store)
    register(store, code, ANN)
    before = known(store, number)
    end(store, number, FIRST.plus(2))
    assert move(store, number, "north", FIRST.plus(2)) is None
    assert known(store, number) == before


@pytest.mark.parametrize("gone", ["left", "ended and revoked", "ended before enrolling"])
def test_who_comes_back_without_a_device_gets_a_new_code(store: Store, gone: str) -> None:
    number, code = add(store)
    if gone != "ended before enrolling":
        register(store, code, ANN)
    with store.write() as tx:
        if gone == "left":
            roster.leave(tx, ANN, FIRST)
        else:
            roster.end(tx, number, FIRST.plus(1))
        if gone == "ended and revoked":
            roster.revoke(tx, number, FIRST.plus(1), random().randbytes)
    new = move(store, number, "north", FIRST.plus(2))
    assert new is not None
    assert groups(store, number) == [None, NORTH, None, NORTH, NORTH]
    with pytest.raises(UnknownCode):
        register(store, code, ANN)
    assert register(store, new, ANN) == NORTH
    with store.read() as tx:
        assert roster.member(tx, ANN).number == number


def test_nobody_comes_back_to_a_group_that_is_full_or_none(store: Store) -> None:
    number, _ = add(store, NORTH, seed=99)
    end(store, number, FIRST.plus(1))
    for seed in range(12):
        add(store, NORTH, seed)
    with pytest.raises(InvalidValue, match=r"north has 12 members in version 1 .* have 13 here"):
        move(store, number, "north", FIRST.plus(1))
    with pytest.raises(InvalidValue, match="sales has teams: choose from"):
        move(store, number, "sales", FIRST.plus(1))
    assert groups(store, number) == [None, NORTH, None, None, None]
