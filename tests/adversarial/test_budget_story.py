"""Whatever happens in whatever order: the ledger keeps its rules, the cap holds, one noise a batch.

Random stories of questions, openings, clocks that jump, new versions, restarts and old copies, told
to a council on a real store.
"""

import dataclasses
import shutil
import tempfile
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from privacy import fields
from privacy.agreement.model import TaskDigest
from privacy.batch import BatchId, Collection
from privacy.errors import AlreadyReleased, LedgerBehind, PluraleError, ReleaseRefused
from privacy.groups import Group, GroupId, Level
from privacy.ledger.entries import BatchReleased
from privacy.metrics import TaskId
from privacy.window import Window
from tests.adversarial.lone_council import FIRST, LoneCouncil, one_team
from tests.agreements import headline

pytestmark = pytest.mark.threat("budget-stretched", "restored-backup")

JUMPS = [timedelta(hours=-1), timedelta(days=-3), timedelta(days=-91), timedelta(hours=2)]
JUMPS += [timedelta(days=2), timedelta(days=7), timedelta(days=14)]
LAST = Window(2026, 22)
"""No story goes on after it."""

CAPS = [Fraction(1, 6), Fraction(1, 5), Fraction(1), Fraction(2)]
"""Two weeks of version 1 cost 2/13: beside them the first bears one week, the second three."""


def most_spent(council: LoneCouncil, number: int) -> Fraction:
    """The most that any 91 days around the last of so many releases had cost by then.

    Counted anew from the entries alone, day by day, without `privacy.budget`.
    """
    terms = {each.digest: each for each in council.signed}
    costs: dict[tuple[TaskDigest, Window], Fraction] = {}
    releases = council.releases[:number]
    for body in releases:
        batch = body.batch
        costs[batch.task_digest, batch.window] = Collection.of(
            terms[batch.agreement], batch.task, batch.group
        ).rho
    last = releases[-1].batch.window.monday
    return max(
        sum(
            (
                cost
                for (_, window), cost in costs.items()
                if timedelta() <= window.monday - last + timedelta(days=back) < timedelta(days=91)
            ),
            Fraction(),
        )
        for back in range(91)
    )


def cap(council: LoneCouncil, body: BatchReleased) -> Fraction:
    """What the agreement of a release allows."""
    (signed,) = [each for each in council.signed if each.digest == body.batch.agreement]
    return signed.agreement.privacy.rho_quarter


class Story(RuleBasedStateMachine):
    """The council is never asked to do anything else than what a party can do to it."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.council = LoneCouncil.begun(self.folder, one_team())
        self.council.turn(self.council.clock.now + timedelta(weeks=4))
        for window in (FIRST, FIRST.plus(1)):
            self.council.ask(
                self.council.question(self.council.batch(self.council.signed[0], window))
            )
        self.copies: list[Path] = []
        self.checked = 0

    def teardown(self) -> None:
        self.council.store.close()
        shutil.rmtree(self.folder)

    def _batch(self, back: int, task: int, *, old: bool) -> BatchId:
        """One whose week is over by the clock, under the version in force or under any."""
        council = self.council
        window = max(Window.of(council.clock.now.date()).plus(-1 - back), FIRST)
        covering = [each for each in council.signed if each.agreement.covers(window)]
        signed = (covering or council.signed)[0 if old else -1]
        return council.batch(signed, window, task % len(signed.agreement.tasks))

    @rule(
        backs=st.lists(st.integers(0, 6), min_size=1, max_size=5),
        old=st.booleans(),
        count=st.sampled_from([0, 9, 10, 11, 12, 12]),
        shown=st.integers(-1, 3),
        lie=st.booleans(),
    )
    def ask(self, backs: list[int], old: bool, count: int, shown: int, lie: bool) -> None:
        note = self.council.notes[min(shown, len(self.council.notes) - 1)]
        for task, back in enumerate(backs):
            self._ask(self._batch(back, task, old=old), count, note, lie=lie)

    def _ask(self, batch: BatchId, count: int, note: str, *, lie: bool) -> None:
        council = self.council
        ask = council.question(batch, count)
        if lie:
            ask = dataclasses.replace(ask, commitment=bytes(32))
        drawn, before = len(council.noise.drawn), set(council.left.get(batch, ()))
        released = len(council.releases)
        try:
            answer = council.ask(ask, note)
        except AlreadyReleased:
            assert len(council.noise.drawn) == drawn
        except PluraleError:
            assert len(council.releases) == released
        else:
            assert before in (set(), {answer})
            drawn_now, released_now = len(council.noise.drawn), len(council.releases)
            assert drawn_now - drawn == released_now - released, "only for what is new"

    @rule(pick=st.integers(0, 30))
    def ask_again(self, pick: int) -> None:
        council = self.council
        if council.left:
            batch = list(council.left)[pick % len(council.left)]
            drawn = len(council.noise.drawn)
            with suppress(AlreadyReleased):  # it was a lie that was answered
                assert council.left[batch] == {council.ask(council.question(batch))}
            assert len(council.noise.drawn) == drawn

    @rule(pick=st.integers(0, 30))
    def open(self, pick: int) -> None:
        council = self.council
        if council.openings:
            with suppress(PluraleError):
                council.open(list(council.openings)[pick % len(council.openings)])

    @rule(jump=st.sampled_from(JUMPS))
    def jump(self, jump: timedelta) -> None:
        self.turn_the_clock(jump)

    def turn_the_clock(self, jump: timedelta) -> None:
        """From a quarter before the first window to LAST."""
        now = self.council.clock.now + jump
        earliest = datetime.combine(FIRST.plus(-13).monday, datetime.min.time(), UTC)
        if earliest < now < datetime.combine(LAST.monday, datetime.min.time(), UTC):
            self.council.turn(now)

    @rule()
    def restart(self) -> None:
        self.council.restart()

    @rule()
    def work(self) -> None:
        with suppress(PluraleError):  # the worker logs it
            self.council.work()

    @rule()
    def witness(self) -> None:
        self.council.witness()

    @precondition(lambda self: len(self.council.signed) < 4)
    @rule(
        cap=st.sampled_from(CAPS),
        tasks=st.integers(1, 2),
        restart=st.booleans(),
        weeks=st.sampled_from([0, 5, 7]),
    )
    def swap_the_agreement(self, cap: Fraction, tasks: int, restart: bool, weeks: int) -> None:
        council = self.council
        version = len(council.signed) + 1
        last = council.folded.entries[-1].at
        terms = one_team()
        begun = Window.of(max(council.clock.now, last).astimezone(terms.working_time.zone).date())
        council.activate(
            dataclasses.replace(
                terms,
                version=version,
                first_window=begun.plus(1),
                groups=(Group(GroupId(f"team-{version}"), Level.TEAM, 12),),
                tasks=tuple(
                    headline(id=TaskId(f"task-{version}-{number}"), share=Fraction(1, tasks))
                    for number in range(tasks)
                ),
                privacy=dataclasses.replace(terms.privacy, rho_quarter=cap),
            ),
            restart=restart,
        )
        self.turn_the_clock(timedelta(weeks=weeks))
        for back in range(weeks):
            for task in range(tasks):
                self._ask(self._batch(back, task, old=False), 12, "", lie=False)

    @precondition(lambda self: len(self.council.signed) > 1)
    @rule()
    def retire_the_newest(self) -> None:
        council = self.council
        newest = council.signed[-1]
        with suppress(PluraleError):
            council.retire(newest)

    @rule(backs=st.lists(st.integers(0, 6), max_size=5))
    def back_up_and_go_on(self, backs: list[int]) -> None:
        batches = [self._batch(back, task, old=False) for task, back in enumerate(backs)]
        for batch in batches:
            self.council.question(batch, 12)
        self.copies.append(self.folder / f"copy-{len(self.copies)}")
        self.council.copy(self.copies[-1])
        for batch in batches:
            self._ask(batch, 12, "", lie=False)

    @precondition(lambda self: self.copies)
    @rule(pick=st.integers(0, 5))
    def ask_an_old_copy(self, pick: int) -> None:
        council = self.council
        with council.old_copy(self.copies[pick % len(self.copies)]):
            for batch, shares in council.left.items():
                with suppress(LedgerBehind, ReleaseRefused):
                    assert shares == {council.release.ask(council.question(batch), "")}
                with suppress(LedgerBehind, ReleaseRefused):
                    council.release.open(council.openings[batch])

    @invariant()
    def the_ledger_keeps_its_rules_and_every_cap(self) -> None:
        council = self.council
        for number in range(self.checked, len(council.releases)):
            assert most_spent(council, number + 1) <= cap(council, council.releases[number])
        self.checked = len(council.releases)

    @invariant()
    def one_share_of_each_batch_has_left_and_it_is_the_one_on_the_record(self) -> None:
        council = self.council
        hashes = {body.batch: body.noised_share_hash for body in council.releases}
        assert len(hashes) == len(council.releases)
        for batch, shares in council.left.items():
            (share,) = shares
            assert hashes[batch] == fields.sha256(share)
        assert all(len(results) == 1 for results in council.results.values())


TestStory = pytest.mark.filterwarnings("error")(Story.TestCase)
TestStory.settings = settings(max_examples=20, stateful_step_count=40, deadline=None)
