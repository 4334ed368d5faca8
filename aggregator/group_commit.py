"""Many uploads, one commit: whatever waits is stored together (protocol §10).

A commit costs a disk flush, whatever its size. While one is under way the next uploads gather,
so the load sets the size of a commit and an idle server answers at once.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

_Item = TypeVar("_Item")
_Decision = TypeVar("_Decision")

MOST_AT_ONCE: Final = 512
MOST_WAITING: Final = 4096


class GroupCommit(Generic[_Item, _Decision]):
    """Hands waiting items to `commit` in a thread, which decides on each in order."""

    def __init__(self, commit: Callable[[Sequence[_Item]], Sequence[_Decision]]) -> None:
        self._commit = commit
        self._waiting: asyncio.Queue[tuple[_Item, asyncio.Future[_Decision]]] = asyncio.Queue(
            MOST_WAITING
        )
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin committing; call it within the event loop."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End; what still waits is not stored, and nobody was told it was."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def decide(self, item: _Item) -> _Decision:
        """Wait until the item is stored, or the commit failed with an exception."""
        future: asyncio.Future[_Decision] = asyncio.get_running_loop().create_future()
        await self._waiting.put((item, future))
        return await future

    async def _run(self) -> None:
        while True:
            batch = [await self._waiting.get()]
            while len(batch) < MOST_AT_ONCE and not self._waiting.empty():
                batch.append(self._waiting.get_nowait())
            try:
                decisions = await asyncio.to_thread(self._commit, [item for item, _ in batch])
                for (_, future), decision in zip(batch, decisions, strict=True):
                    if not future.done():  # the caller may have gone away
                        future.set_result(decision)
            except Exception as error:  # noqa: BLE001 - handed to whoever waits
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error)
