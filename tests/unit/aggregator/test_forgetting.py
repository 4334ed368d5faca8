"""Who is gone is erased from the council's roster, when nothing of theirs can be sent any more."""

import dataclasses
import secrets
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from aggregator import roster
from aggregator.forgetting import Forgetting
from aggregator.store.sql import Store
from privacy.agreement.envelope import SignedAgreement
from privacy.book import AgreementBook
from privacy.groups import GroupId
from privacy.window import Window
from tests.agreements import make_agreement, sign
from tests.pair import TurnableClock, verified

NORTH, SOUTH = GroupId("north"), GroupId("south")
FIRST = Window(2026, 40)
LAST = FIRST.plus(1)
"""Of who ends here, or moves."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A database with nobody on the roster."""
    with closing(Store(tmp_path / "aggregator.db")) as opened:
        yield opened


@pytest.fixture(scope="module")
def versions() -> tuple[SignedAgreement, ...]:
    """Two; the second has the shorter upload period."""
    first = make_agreement()
    days = first.upload_days - 1
    second = dataclasses.replace(first, version=2, upload_days=days)
    return verified(sign(first)), verified(sign(second))


def add(store: Store) -> int:
    with store.write() as tx:
        return roster.add(tx, NORTH, FIRST, secrets.token_bytes, "Ann")[0]


def groups(store: Store, number: int) -> list[GroupId | None]:
    """In LAST and after it."""
    with store.read() as tx:
        known = tx.roster.get(number)
        windows = LAST, LAST.plus(1)
        return [None if known is None else known.group_in(each) for each in windows]


def test_members_and_past_groups_are_erased_when_their_last_window_takes_no_reports(
    store: Store, versions: tuple[SignedAgreement, ...]
) -> None:
    gone, moved, stays = (add(store) for _ in range(3))
    with store.write() as tx:
        roster.end(tx, gone, LAST.plus(1))
        agreement = versions[0].agreement
        roster.move(tx, agreement, moved, SOUTH, LAST.plus(1), secrets.token_bytes)
    closes = max(each.agreement.upload_closes(LAST) for each in versions)
    clock = TurnableClock(closes - timedelta(seconds=1))
    forgetting = Forgetting(store, AgreementBook(versions), clock)
    forgetting.run()
    assert groups(store, gone) == [NORTH, None]
    assert groups(store, moved) == [NORTH, SOUTH]

    clock.now = closes
    forgetting.run()
    with store.read() as tx:
        assert [each.number for each in tx.roster.all()] == [moved, stays]
    assert groups(store, moved) == [None, SOUTH]
    assert groups(store, stays) == [NORTH, NORTH]


def test_it_writes_once_for_a_window(
    store: Store, versions: tuple[SignedAgreement, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = TurnableClock(versions[0].agreement.upload_closes(LAST))
    forgetting = Forgetting(store, AgreementBook(versions), clock)
    forgetting.run()
    with monkeypatch.context() as patch:
        patch.delattr(Store, "write")
        forgetting.run()
    Forgetting(store, AgreementBook(versions), clock).run()


def test_a_server_that_starts_erases_what_it_missed(
    store: Store, versions: tuple[SignedAgreement, ...]
) -> None:
    gone = add(store)
    with store.write() as tx:
        roster.end(tx, gone, LAST.plus(1))
    late = versions[0].agreement.upload_closes(LAST.plus(9))
    Forgetting(store, AgreementBook(versions), TurnableClock(late)).run()
    with store.read() as tx:
        assert tx.roster.all() == []
