"""Two leader processes with four questions each at once: one noise for a batch, never over the cap.

The council is a real server in a process of its own, which writes down every noise it draws. The
attackers hold the employer's certificate and may claim to have witnessed nothing.
"""

import dataclasses
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import pytest

from privacy import fields
from privacy.agreement.model import Party
from privacy.errors import AlreadyReleased
from privacy.ledger.entries import BatchReleased, BatchWithheld, BudgetAlarm
from privacy.ledger.rules import Ledger
from privacy.release import Withheld
from tests.adversarial.attackers import Answered, Attackers, Question, attackers
from tests.adversarial.processes import Processes
from tests.adversarial.unasked import Unasked, folded, prepare

pytestmark = pytest.mark.threat("employer-asks-twice", "budget-stretched")

BATCHES: Final = 8
AFFORDABLE: Final = 3
CAP: Final = Fraction(199, 2500)
"""Version 1's week has cost 1/13. This bears three of version 2's eight tasks, and not four."""

REFUSED: Final = Answered(error=AlreadyReleased.__name__)


@dataclass(frozen=True)
class Attack:
    """Unasked batches and a budget for three; two processes that may ask for them."""

    unasked: Unasked
    attackers: Attackers

    @contextmanager
    def council(self, folder: Path) -> Iterator[Processes]:
        """The council's server, as if nobody had asked yet."""
        self.unasked.begin_anew()
        servers = Processes(self.unasked.pair, folder)
        servers.start(Party.COUNCIL)
        try:
            yield servers
        finally:
            servers.stop()

    @property
    def ledger(self) -> Ledger:
        """The council's ledger, by its rules."""
        return folded(self.unasked.entries)


@pytest.fixture(scope="module")
def attack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attack]:
    """Everything is prepared once."""
    unasked = prepare(tmp_path_factory.mktemp("scarce"), CAP, BATCHES)
    with attackers(unasked.pair.homes[Party.EMPLOYER]) as ready:
        yield Attack(unasked, ready)


def releases_of(ledger: Ledger, version: int = 2) -> list[BatchReleased]:
    """Those under one version, in order."""
    bodies = [entry.body for entry in ledger.entries if isinstance(entry.body, BatchReleased)]
    return [body for body in bodies if body.batch.agreement == ledger.signed[version - 1].digest]


@pytest.mark.parametrize("shown", ["the newest checkpoint", "no checkpoint"])
def test_one_question_from_eight_leaders_gets_one_answer_and_one_noise(
    attack: Attack, tmp_path: Path, shown: str
) -> None:
    ask = attack.unasked.asks[0]
    question = Question(ask, attack.unasked.note if shown == "the newest checkpoint" else "")
    with attack.council(tmp_path) as servers:
        answers = attack.attackers.ask([question] * 8)
        (draw,) = servers.noise.draws()
    (share,) = {answer.share for answer in answers}
    assert share is not None
    assert attack.unasked.noise_in(ask.batch, share) == draw
    (release,) = releases_of(attack.ledger)
    assert release.noised_share_hash == fields.sha256(share)


def test_of_two_leaders_with_different_questions_one_gets_an_answer(
    attack: Attack, tmp_path: Path
) -> None:
    asks = [
        attack.unasked.asks[0],
        dataclasses.replace(attack.unasked.asks[0], commitment=bytes(32)),
    ]
    questions = [Question(ask, "") for ask in asks for _ in range(4)]
    with attack.council(tmp_path) as servers:
        answers = attack.attackers.ask(questions)
        assert attack.attackers.ask(questions) == answers
        (draw,) = servers.noise.draws()
    winner, loser = (0, 4) if answers[0].share is not None else (4, 0)
    share = answers[winner].share
    assert share is not None
    assert answers[winner : winner + 4] == [Answered(share=share)] * 4
    assert answers[loser : loser + 4] == [REFUSED] * 4
    assert attack.unasked.noise_in(asks[0].batch, share) == draw
    (release,) = releases_of(attack.ledger)
    assert release.commitment == questions[winner].ask.commitment


def test_eight_different_commitments_get_one_answer(attack: Attack, tmp_path: Path) -> None:
    asks = [
        dataclasses.replace(attack.unasked.asks[0], commitment=bytes([number]) * 32)
        for number in range(BATCHES)
    ]
    with attack.council(tmp_path) as servers:
        answers = attack.attackers.ask([Question(each, "") for each in asks])
        (draw,) = servers.noise.draws()
    (share,) = [answer.share for answer in answers if answer.share is not None]
    assert attack.unasked.noise_in(asks[0].batch, share) == draw
    assert [answer for answer in answers if answer.share is None] == [REFUSED] * 7


@pytest.mark.parametrize("seed", range(4))
def test_eight_batches_at_once_never_spend_more_than_the_cap(
    attack: Attack, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    asks = chance.sample(attack.unasked.asks, BATCHES)
    questions = [Question(ask, chance.choice([attack.unasked.note, ""])) for ask in asks]
    with attack.council(tmp_path) as servers:
        answers = attack.attackers.ask(questions)
        assert attack.attackers.ask(questions) == answers, "asked again: the same bytes"
        drawn = servers.noise.draws()
    ledger = attack.ledger
    released, withheld = releases_of(ledger), alarmed(ledger)
    check_spent(ledger)
    assert (len(released), len(withheld)) == (AFFORDABLE, BATCHES - AFFORDABLE)
    told = {ask.batch: answer for ask, answer in zip(asks, answers, strict=True)}
    shares = [told.pop(body.batch).share or b"" for body in released]
    assert [body.noised_share_hash for body in released] == [fields.sha256(each) for each in shares]
    assert drawn == [
        attack.unasked.noise_in(body.batch, share)
        for body, share in zip(released, shares, strict=True)
    ]
    assert told == {body.batch: Answered(withheld=body.reason.name) for body in withheld}


def check_spent(ledger: Ledger) -> None:
    """Version 1's week counts, each release says what is left, and it is all within the cap."""
    (first,) = releases_of(ledger, 1)
    spent = first.rho
    assert spent == Fraction(1, 13)
    for body in releases_of(ledger):
        spent += body.rho
        assert body.rho_left == CAP - spent >= 0
        assert ledger.budget.worst_around(body.batch.window) <= CAP
    assert ledger.budget.worst_around(first.batch.window) == spent <= CAP


def alarmed(ledger: Ledger) -> list[BatchWithheld]:
    """What was withheld for the budget, each with its alarm just behind it."""
    bodies = [entry.body for entry in ledger.entries]
    withheld = [body for body in bodies if isinstance(body, BatchWithheld)]
    for body in withheld:
        assert body.reason is Withheld.BUDGET_EXHAUSTED
        alarm = bodies[bodies.index(body) + 1]
        assert isinstance(alarm, BudgetAlarm)
        assert alarm.batch == body.batch
        assert alarm.would_spend > alarm.cap == CAP
    return withheld
