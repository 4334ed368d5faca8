"""A council killed with SIGKILL just before and just after every write of a release."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import pytest

from aggregator.peer import Helper
from privacy import fields
from privacy.agreement.model import Party
from privacy.batch import BatchId
from privacy.ledger.entries import BatchReleased, ResultOpened
from privacy.release import OpeningAnswer
from protos.errors import Unreachable
from tests.adversarial.unasked import Unasked, folded, prepare
from tests.meta.repository import ROOT
from tests.serve_party import FileClock, RecordedNoise

pytestmark = pytest.mark.threat("server-killed")

WRITES = ["commit", "mark", "commit", "commit", "mark"]
"""The release and its mark; the look for what was not opened in time; the result and its mark."""

FATES = [f"{at} {when}" for at in range(1, len(WRITES) + 1) for when in ("before", "after")]


@dataclass
class Left:
    """Everything that ever reached the leader."""

    shares: dict[BatchId, set[bytes]] = field(default_factory=dict)
    opened: dict[BatchId, set[OpeningAnswer]] = field(default_factory=dict)

    def ask_and_open(self, unasked: Unasked, number: int, note: str) -> None:
        """As the leader does: one after the other. Raises `Unreachable` when the council dies."""
        ask = unasked.asks[number]
        with unasked.pair.as_leader() as helper:
            self._ask(helper, unasked, number, note)
            answer = helper.open(unasked.opening(ask.batch))
            self.opened.setdefault(ask.batch, set()).add(answer)
            self._ask(helper, unasked, number, note)

    def _ask(self, helper: Helper, unasked: Unasked, number: int, note: str) -> None:
        ask = unasked.asks[number]
        answer = helper.ask(ask, note)
        assert isinstance(answer, bytes)
        self.shares.setdefault(ask.batch, set()).add(answer)


@dataclass
class Council:
    """The server's processes, one after another."""

    home: Path
    folder: Path

    def __post_init__(self) -> None:
        self.noise = RecordedNoise(self.folder / "noise")
        self.noise.file.touch()
        self.writes = self.folder / "writes"

    def doom(self, fate: str) -> None:
        """From now on; nothing is never."""
        (self.folder / "doom").write_text(fate)

    @contextmanager
    def alive(self) -> Iterator["subprocess.Popen[str]"]:
        """A process; killed at the end if it is not dead by then."""
        command = [sys.executable, "-m", "tests.serve_mortal", str(self.home), str(self.folder)]
        with (self.folder / "log").open("a") as log:
            process = subprocess.Popen(
                command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=log
            )
        with process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n", (self.folder / "log").read_text()
            try:
                yield process
            finally:
                process.kill()


@pytest.fixture(scope="module")
def unasked(tmp_path_factory: pytest.TempPathFactory) -> Unasked:
    """A batch to die over for each fate, and a budget for all."""
    return prepare(tmp_path_factory.mktemp("mortal"), Fraction(1), len(FATES))


@pytest.fixture
def council(unasked: Unasked, tmp_path: Path) -> Council:
    """As if nobody had asked yet; not running."""
    unasked.begin_anew()
    FileClock(tmp_path / "clock").turn(unasked.pair.clock.now)
    return Council(unasked.pair.homes[Party.COUNCIL].path, tmp_path)


def test_a_release_and_its_opening_write_what_is_tried_below(
    unasked: Unasked, council: Council
) -> None:
    with council.alive():
        Left().ask_and_open(unasked, 0, unasked.note)
    # Asked once more at the end, nothing is noted anew: there is one commit, of nothing.
    assert council.writes.read_text().split() == [*WRITES, "commit"]


def test_killed_at_any_write_the_council_answers_with_the_same_bytes(
    unasked: Unasked, council: Council
) -> None:
    left, drawn = Left(), {}
    for number, fate in enumerate(FATES):
        before = len(council.noise.draws())
        council.doom(fate)
        with council.alive() as process:
            with pytest.raises(Unreachable):
                left.ask_and_open(unasked, number, unasked.note)
            assert process.wait(60) == -9
        council.doom("")
        with council.alive():
            left.ask_and_open(unasked, number, unasked.note)
        drawn[unasked.batches[number]] = council.noise.draws()[before:]
    check(unasked, left, drawn)
    # Only a draw that was never committed, and so never left, is made again.
    numbers = [len(draws) for draws in drawn.values()]
    assert numbers == [2, *[1] * (len(FATES) - 1)]


def check(unasked: Unasked, left: Left, drawn: dict[BatchId, list[list[int]]]) -> None:
    """One answer for each batch, with the last noise drawn for it; one release, one result."""
    ledger = folded(unasked.entries)
    bodies = [entry.body for entry in ledger.entries]
    for batch in unasked.batches:
        (share,), (answer,) = left.shares[batch], left.opened[batch]
        assert unasked.noise_in(batch, share) == drawn[batch][-1]
        (release,) = [b for b in bodies if isinstance(b, BatchReleased) and b.batch == batch]
        (result,) = [b for b in bodies if isinstance(b, ResultOpened) and b.batch == batch]
        assert release.noised_share_hash == fields.sha256(share)
        assert result.hash == answer.result_hash
