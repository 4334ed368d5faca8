"""A device that is killed anywhere gets exactly one report counted, and no second token."""

import dataclasses
import multiprocessing
import random
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from aggregator.intake import Intake
from aggregator.issuing import Issuing
from aggregator.store.sql import Store, Transaction
from client.concern import Concern
from client.mailboxes import MaildirBox
from client.parcel import Parcel, State
from client.schedule import SPARE
from privacy.agreement.model import Agreement, Party
from privacy.batch import BatchId
from privacy.device_key import Signed
from privacy.groups import Group, GroupId, Level
from privacy.report import ReportId, Submission
from tests.adversarial.mortal_device import Fate, Laptop, mailbox_with_a_mail, run_alone
from tests.agreements import headline
from tests.desk import after
from tests.pair import WINDOW, NoNoise, Pair, expected_totals
from tests.serve_party import RecordedNoise

pytestmark = pytest.mark.threat("device-killed")


@dataclass
class Team:
    """Members' devices at both servers, and what reached the servers.

    `requests`: blinded messages by device key and batch. `submissions`: distinct ones. `numbers`:
    what is inside each report, before it is sent and they are erased.
    """

    pair: Pair
    folder: Path
    mailbox: MaildirBox
    laptops: list[Laptop] = field(default_factory=list)
    requests: dict[tuple[bytes, BatchId], set[bytes]] = field(default_factory=dict)
    submissions: set[Submission] = field(default_factory=set)
    numbers: dict[BatchId, dict[ReportId, list[int]]] = field(default_factory=dict)

    def laptop(self) -> Laptop:
        """One more member's."""
        folder = self.folder / f"device {len(self.laptops)}"
        self.laptops.append(Laptop.enrolled(self.pair, folder, self.mailbox, self.note))
        return self.laptops[-1]

    def note(self, parcel: Parcel) -> None:
        """Keep what is inside."""
        if parcel.measurement is not None:
            noted = self.numbers.setdefault(parcel.batch, {})
            noted[parcel.report_id] = list(parcel.measurement)

    @contextmanager
    def watched(self) -> Iterator["Team"]:
        """Keep what reaches the servers."""
        issue, admit = Issuing.issue, Intake.admit

        def issued(own: Issuing, batch: BatchId, request: bytes, signed: Signed) -> bytes:
            self.requests.setdefault((signed.device, batch), set()).add(request)
            return issue(own, batch, request, signed)

        def admitted(own: Intake, submission: Submission) -> Any:
            self.submissions.add(submission)
            return admit(own, submission)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Issuing, "issue", issued)
            patch.setattr(Intake, "admit", admitted)
            yield self

    def check(self, tasks: int = 1) -> None:
        """Every member has one report counted for each task: one request, one token, one upload."""
        for laptop in self.laptops:
            assert [each.state for each in laptop.stored()] == [State.SENT] * tasks
        assert [len(each) for each in self.requests.values()] == [1] * tasks * len(self.laptops)
        self.check_servers({each.report_id for laptop in self.laptops for each in laptop.stored()})

    def check_servers(self, sent: set[ReportId]) -> None:
        """Both count exactly these reports, with the numbers that the devices had put in."""
        self.pair.clock.now = self.pair.signed.agreement.upload_closes(WINDOW) - timedelta(hours=1)
        for _ in range(3):
            self.pair.step()
        assert {each.report.id for each in self.submissions} == sent
        assert len(self.submissions) == len(sent)
        counted = set[ReportId]()
        for batch, numbers in self.numbers.items():
            kept = self.pair.kept(Party.EMPLOYER, batch).counted
            assert kept == self.pair.kept(Party.COUNCIL, batch).counted
            assert self.pair.summed(batch) == expected_totals(numbers[each] for each in kept)
            with closing(Store(self.pair.homes[Party.COUNCIL].database)) as store:
                with store.read() as tx:
                    assert tx.tokens.number(batch) == len(self.laptops)
            counted |= kept
        assert counted == sent


def one_task(agreement: Agreement) -> Agreement:
    """A team of a hundred with one report a week."""
    return dataclasses.replace(
        two_tasks(agreement),
        groups=(Group(GroupId("north"), Level.TEAM, 100),),
        tasks=(headline(share=Fraction(1)),),
    )


def two_tasks(agreement: Agreement) -> Agreement:
    """Two reports a week. Upload periods do not overlap, so there is one window at a time."""
    return dataclasses.replace(agreement, first_window=WINDOW, upload_days=6)


@pytest.fixture
def team(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Team]:
    """Both servers, running; nobody is a member yet."""
    pair = Pair.make(tmp_path, getattr(request, "param", one_task))
    pair.noise = NoNoise()
    pair.start()
    pair.step()
    with Team(pair, tmp_path, mailbox_with_a_mail(tmp_path / "mail")).watched() as there:
        yield there
    pair.stop()


def test_a_device_killed_at_any_write_gets_exactly_one_report_counted(team: Team) -> None:
    undisturbed = Fate()
    team.laptop().run_until_done(undisturbed)
    for number in range(1, len(undisturbed.effects) + 1):
        fate = Fate(number)
        team.laptop().run_until_done(fate)
        assert fate.died
        # It got as far as that, and the next process went on from there.
        assert fate.effects == undisturbed.effects[: number - 1]
    team.check()
    for laptop in team.laptops:
        assert laptop.noise.draws - laptop.lost == 1


class Died(RuntimeError):
    """A server's process ended here."""


@contextmanager
def dying(pair: Pair, party: Party, *, committed: bool) -> Iterator[list[str]]:
    """The party's server dies at every commit, just before or just after; gives how often."""
    store, deaths = pair.running[party].store, list[str]()
    write = store.write

    @contextmanager
    def last() -> Iterator[Transaction]:
        with write() as tx:
            yield tx
            deaths.append(party)
            if not committed:
                raise Died
        raise Died

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "write", last)
        yield deaths
    pair.stop(party)
    pair.start(party)


@pytest.mark.parametrize("committed", [False, True], ids=["just before", "just after"])
@pytest.mark.parametrize("party", Party)
def test_a_server_that_dies_at_its_commit_gets_the_same_again_and_counts_it_once(
    team: Team, party: Party, committed: bool
) -> None:
    laptop, died = team.laptop(), []
    for moment in laptop.moments():
        with dying(team.pair, party, committed=committed) as deaths:
            happened = laptop.run(moment)
        assert len(happened.trouble) == len(deaths)
        assert (happened.alarms, laptop.run(moment).alarms) == ((), ())
        died.append(len(deaths))
    assert died == ([0, 1, 0] if party is Party.COUNCIL else [0, 0, 1])
    team.check()
    assert laptop.noise.draws == 1


# --- killed with SIGKILL --------------------------------------------------------------------------


@dataclass(frozen=True)
class Killer:
    """Runs a device in a process of its own, and kills it at a moment that chance chooses."""

    chance: random.Random
    processes: Any

    def run(self, laptop: Laptop, at: datetime, noise: RecordedNoise) -> float:
        """A whole run; how long it took, in seconds."""
        process, began = self._begun(laptop, at, noise)
        process.join()
        assert process.exitcode == 0
        return time.monotonic() - began

    def kill(self, laptop: Laptop, at: datetime, noise: RecordedNoise, within: float) -> bool:
        """A run that is killed; whether it was before it had ended by itself."""
        process, _ = self._begun(laptop, at, noise)
        time.sleep(self.chance.uniform(0, within))
        process.kill()
        process.join()
        return bool(process.exitcode == -signal.SIGKILL)

    def _begun(self, laptop: Laptop, at: datetime, noise: RecordedNoise) -> tuple[Any, float]:
        laptop.pair.clock.now = at
        begins = self.processes.Event()
        what = str(laptop.folder), at.isoformat(), str(noise.file), begins
        process = self.processes.Process(target=run_alone, args=what)
        process.start()
        assert begins.wait(60)
        return process, time.monotonic()


@pytest.fixture
def killer() -> Killer:
    """Processes come from one that has imported everything, so that a run is short."""
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["__main__", run_alone.__module__])
    first = processes.Process(target=int)
    first.start()
    first.join()
    return Killer(random.Random(29), processes)


@pytest.mark.parametrize("team", [two_tasks], indirect=True)
def test_a_device_killed_with_sigkill_at_random_gets_exactly_one_report_counted(
    team: Team, killer: Killer
) -> None:
    kills, took = 0, [0.0, 0.0, 0.0]
    for number in range(9):
        laptop, noise = team.laptop(), RecordedNoise(team.folder / f"noise {number}")
        noise.file.touch()
        for phase, moment in enumerate(laptop.moments()):
            if number:
                kills += killer.kill(laptop, moment, noise, within=took[phase])
            stored = {each.report_id for each in laptop.stored()}
            drawn = sum(map(len, noise.draws()))
            took[phase] = max(took[phase], killer.run(laptop, moment, noise))
            # What was stored stays, and only for what was not is noise drawn again.
            assert stored <= {each.report_id for each in laptop.stored()}
            new = [each for each in laptop.stored() if each.report_id not in stored]
            assert sum(map(len, noise.draws())) - drawn == sum(
                len(each.measurement or ()) for each in new
            )
    assert kills > 5, "hardly any was killed before it had ended"
    team.check(tasks=2)


# --- a folder put back from a copy ----------------------------------------------------------------


def nothing_yet(laptop: Laptop) -> datetime:
    """Enrolled, and no report made."""
    return after()


def made(laptop: Laptop) -> datetime:
    """The report is stored, and nothing is asked for."""
    laptop.run(after())
    (parcel,) = laptop.stored()
    return parcel.times.fetch


def approved(laptop: Laptop) -> datetime:
    """It has its token, and is not sent."""
    laptop.run(made(laptop))
    (parcel,) = laptop.stored()
    return parcel.due


@pytest.mark.parametrize("copied", [nothing_yet, made])
@pytest.mark.parametrize("sent", [False, True])
def test_a_folder_from_before_the_request_gets_no_second_token(
    team: Team, copied: Callable[[Laptop], datetime], sent: bool
) -> None:
    """It asks for another report or with another blinding. The one token is spent."""
    agreement = team.pair.signed.agreement
    laptop, copy = team.laptop(), team.folder / "copy"
    copied(laptop)
    shutil.copytree(laptop.folder, copy)
    laptop.run_until_done(Fate()) if sent else approved(laptop)
    first = laptop.stored()
    shutil.rmtree(laptop.folder)
    copy.rename(laptop.folder)
    late = agreement.upload_closes(WINDOW) - SPARE
    said = laptop.run(late).alarms
    assert len(said) == 1
    assert "was given to this member for another report" in said[0]
    happened = laptop.run(late + timedelta(hours=1))
    assert (happened.approved, happened.sent, happened.alarms) == ((), (), said)
    (parcel,) = laptop.stored()
    assert (parcel.token, parcel.concern) == (None, Concern.REFUSED)
    assert (parcel.report_id == first[0].report_id) is (copied is made)
    team.check_servers({each.report_id for each in first if sent})
    assert laptop.run(agreement.upload_closes(WINDOW)).alarms == said
    assert [each.state for each in laptop.stored()] == [State.MISSED]


def test_a_folder_from_after_the_token_sends_the_same_again_and_counts_once(team: Team) -> None:
    laptop, copy = team.laptop(), team.folder / "copy"
    due = approved(laptop)
    shutil.copytree(laptop.folder, copy)
    laptop.run_until_done(Fate())
    receipts = [each.receipt for each in laptop.stored()]
    shutil.rmtree(laptop.folder)
    copy.rename(laptop.folder)
    happened = laptop.run(due)
    assert (len(happened.sent), happened.alarms) == (1, ())
    assert [each.receipt for each in laptop.stored()] == receipts
    team.check()
