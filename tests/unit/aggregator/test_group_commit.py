"""Many uploads, one commit: each gets its own decision."""

import asyncio
import threading
from collections.abc import Sequence

import pytest

from aggregator.group_commit import MOST_AT_ONCE, GroupCommit


async def test_each_item_gets_its_own_decision() -> None:
    commit = GroupCommit[int, int](lambda items: [item * 2 for item in items])
    commit.start()
    assert await asyncio.gather(*map(commit.decide, range(2000))) == [n * 2 for n in range(2000)]
    await commit.stop()


async def test_what_waits_during_a_commit_is_committed_together() -> None:
    begun, go_on = threading.Event(), threading.Event()
    sizes: list[int] = []

    def slow(items: Sequence[int]) -> Sequence[int]:
        sizes.append(len(items))
        begun.set()
        assert go_on.wait(60)
        return items

    commit = GroupCommit[int, int](slow)
    commit.start()
    waiting = [asyncio.create_task(commit.decide(n)) for n in range(MOST_AT_ONCE + 11)]
    assert await asyncio.to_thread(begun.wait, 60)
    go_on.set()
    await asyncio.gather(*waiting)
    assert sum(sizes) == MOST_AT_ONCE + 11
    assert max(sizes) <= MOST_AT_ONCE
    assert len(sizes) <= 3
    await commit.stop()


async def test_a_failed_commit_is_told_to_all_in_it_and_to_nobody_else() -> None:
    def fails_once(items: Sequence[int]) -> Sequence[int]:
        if 13 in items:
            raise OSError("no space")
        return items

    commit = GroupCommit[int, int](fails_once)
    commit.start()
    with pytest.raises(OSError, match="no space"):
        await commit.decide(13)
    assert await commit.decide(14) == 14
    await commit.stop()


async def test_a_caller_that_goes_away_harms_nobody() -> None:
    go_on = threading.Event()

    def slow(items: Sequence[int]) -> Sequence[int]:
        assert go_on.wait(60)
        return items

    commit = GroupCommit[int, int](slow)
    commit.start()
    leaving, staying = (asyncio.create_task(commit.decide(n)) for n in (1, 2))
    await asyncio.sleep(0.01)
    leaving.cancel()
    go_on.set()
    assert await staying == 2
    await commit.stop()
