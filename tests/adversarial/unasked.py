"""Batches that are counted, closed and not asked for yet: what an attacker waits for.

Version 1 has one task, for team north, and one of its weeks is released and opened. Version 2
replaces it in mid-quarter, with other tasks, for team east; each has one of the batches.
"""

import dataclasses
import shutil
from collections.abc import Iterable
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import Final

from aggregator.store.sql import Store
from privacy.agreement.model import Agreement, Party
from privacy.batch import BatchId
from privacy.groups import Group, GroupId, Level
from privacy.ledger.rules import Ledger
from privacy.metrics import TaskId
from privacy.release import Ask, Opening, unshard
from privacy.window import Window
from tests.adversarial.test_clients import send_honest
from tests.adversarial.test_release import SALT, ask_for, opening_for
from tests.agreements import headline
from tests.pair import WINDOW, NoNoise, Pair, expected_totals

LATER: Final = Window(2026, 7)
"""Version 2's first. The clock stands on the Tuesday of week 6 when it is activated."""


def first(terms: Agreement) -> Agreement:
    """Version 1: the whole budget of 1 for one task."""
    return dataclasses.replace(
        terms,
        first_window=WINDOW,
        groups=(Group(GroupId("north"), Level.TEAM, 12),),
        tasks=(headline(share=Fraction(1)),),
    )


def second(terms: Agreement, cap: Fraction, tasks: int) -> Agreement:
    """Version 2: other names, other tasks, another team, another budget."""
    return dataclasses.replace(
        terms,
        version=2,
        first_window=LATER,
        groups=(Group(GroupId("east"), Level.TEAM, 12),),
        tasks=tuple(
            headline(id=TaskId(f"task-{number}"), share=Fraction(1, tasks))
            for number in range(tasks)
        ),
        privacy=dataclasses.replace(terms.privacy, rho_quarter=cap),
    )


@dataclasses.dataclass(frozen=True)
class Unasked:
    """Both servers stand still. By batch: the leader's `shares`, and the numbers `sent` in."""

    pair: Pair
    batches: tuple[BatchId, ...]
    asks: tuple[Ask, ...]
    shares: dict[BatchId, bytes]
    sent: dict[BatchId, list[list[int]]]
    folder: Path

    def begin_anew(self) -> None:
        """Put the council's directory back as it was before anybody asked."""
        home = self.pair.homes[Party.COUNCIL].path
        shutil.rmtree(home)
        shutil.copytree(self.folder, home)

    def opening(self, batch: BatchId) -> Opening:
        """What the leader committed to."""
        return Opening(batch, SALT, self.shares[batch])

    def noise_in(self, batch: BatchId, share: bytes) -> list[int]:
        """The noise of an answer: what it and the leader's share say, without the reports."""
        reports = self.sent[batch]
        collection = self.pair.collection(batch)
        result = unshard(batch, collection, len(reports), self.shares[batch], share)
        return [
            total - true
            for total, true in zip(result.totals, expected_totals(reports), strict=True)
        ]

    @property
    def entries(self) -> list[bytes]:
        """The council's ledger."""
        with closing(Store(self.pair.homes[Party.COUNCIL].database)) as store, store.read() as tx:
            return tx.ledger.data(0)

    @property
    def note(self) -> str:
        """The newest checkpoint that the employer has witnessed."""
        with closing(Store(self.pair.homes[Party.EMPLOYER].database)) as store, store.read() as tx:
            return tx.checkpoints.get() or ""


def prepare(directory: Path, cap: Fraction, tasks: int) -> Unasked:
    """Two versions, one released week, and a batch for each task of the other's first week."""
    pair = Pair.make(directory, first)
    pair.noise = NoNoise()
    version_2 = pair.activate(lambda terms: second(terms, cap, tasks))
    pair.start()
    pair.step()
    send_honest(pair, pair.batch(), 10)
    pair.step()
    pair.close_batch()
    pair.step()
    pair.signed = version_2
    batches = tuple(
        pair.batch(task=f"task-{number}", group="east", window=LATER) for number in range(tasks)
    )
    pair.clock.now = version_2.agreement.upload_opens(LATER)
    sent = {batch: send_honest(pair, batch, 10) for batch in batches}
    pair.step()
    pair.close_batch(LATER)
    asks = tuple(ask_for(pair, batch) for batch in batches)
    shares = {batch: opening_for(pair, batch).aggregate_share for batch in batches}
    pair.stop()
    folder = directory / "before"
    shutil.copytree(pair.homes[Party.COUNCIL].path, folder)
    return Unasked(pair, batches, asks, shares, sent, folder)


def folded(entries: Iterable[bytes]) -> Ledger:
    """The ledger by its rules."""
    ledger = Ledger()
    for data in entries:
        ledger.apply(data)
    return ledger
