"""A team's devices and both real servers: every receipt holds, and a dropped report shows."""

import dataclasses
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from aggregator import roster
from client import enrol, schedule
from client.device import Device
from client.ending import Fate
from client.happened import Happened
from client.surroundings import Surroundings
from privacy.agreement.model import Party
from privacy.groups import GroupId
from privacy.noise import DiscreteGaussian
from privacy.report import ReportId
from tests.desk import BERLIN, WINDOW, TurnableClock
from tests.pair import Pair

ROSTER = 12
UPLOAD_DAYS = 6
HALF = (timedelta(days=UPLOAD_DAYS) - schedule.SPARE) / 2
"""Until then every device has asked for its tokens; until the end it has sent its reports."""


@dataclass
class Team:
    """North, all of it, with reports in the leader's database and none counted yet."""

    pair: Pair
    folders: list[Path]
    clock: TurnableClock
    sent: dict[Path, ReportId]

    def run(self, folder: Path) -> Happened:
        """One run of one person's device."""
        outside = Surroundings(self.clock, DiscreteGaussian(), secrets.token_bytes)
        with Device(folder, outside) as device:
            return device.run()

    def close(self) -> dict[Path, Happened]:
        """The upload period ends, the servers decide, every device asks."""
        closes = self.pair.signed.agreement.upload_closes(WINDOW)
        self.clock.now = self.pair.clock.now = closes + timedelta(hours=1)
        for _ in range(8):
            self.pair.step()
        return {folder: self.run(folder) for folder in self.folders}


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Team]:
    pair = Pair.make(
        tmp_path / "servers", lambda agreed: dataclasses.replace(agreed, upload_days=UPLOAD_DAYS)
    )
    agreement = pair.signed.agreement
    clock = TurnableClock(WINDOW.start(BERLIN) - timedelta(hours=1))
    folders = [tmp_path / f"person-{number:02}" for number in range(ROSTER)]
    pair.start()
    try:
        for folder in folders:
            enrol_one(pair, folder, clock.now)
        for _ in range(4):
            pair.step()  # verify keys, and a checkpoint that the employer witnesses
        there = Team(pair, folders, clock, {})
        clock.now = pair.clock.now = agreement.upload_opens(WINDOW) + timedelta(hours=1)
        assert {len(there.run(folder).made) for folder in folders} == {2}
        clock.now = pair.clock.now = agreement.upload_opens(WINDOW) + HALF
        assert {len(there.run(folder).approved) for folder in folders} == {2}
        clock.now = pair.clock.now = agreement.upload_closes(WINDOW) - timedelta(hours=2)
        for folder in folders:
            happened = there.run(folder)
            assert happened.trouble == ()
            there.sent[folder] = next(
                each.report_id for each in happened.sent if each.batch.task == "headline"
            )
        yield there
    finally:
        pair.stop()


def enrol_one(pair: Pair, folder: Path, now: datetime) -> None:
    """One more line of the council's roster, and the device of its person."""
    group = GroupId("north")
    with pair.running[Party.COUNCIL].store.write() as tx:
        _, code = roster.add(tx, group, WINDOW, secrets.token_bytes)
    enrol.enrol(folder, pair.signed, group, code=code, answer=lambda: "yes", now=now)


def fates(happened: Happened) -> dict[str, Fate]:
    return {
        str(each.batch.task): each.ending.fate
        for each in happened.decided
        if each.ending is not None
    }


def test_every_device_gets_its_receipt_from_the_councils_server(team: Team) -> None:
    for happened in team.close().values():
        # The department has 62 people, and only these twelve reported.
        assert fates(happened) == {"headline": Fate.COUNTED, "breadth": Fate.WITHHELD}
        assert (happened.trouble, happened.alarms) == ((), ())


def test_a_report_that_the_employers_server_dropped_shows_at_its_device_alone(team: Team) -> None:
    unlucky = team.folders[3]
    with closing(sqlite3.connect(team.pair.homes[Party.EMPLOYER].database)) as database, database:
        dropped = database.execute("DELETE FROM report WHERE report_id = ?", (team.sent[unlucky],))
        assert dropped.rowcount == 1
    for folder, happened in team.close().items():
        assert fates(happened)["headline"] is (Fate.MISSING if folder == unlucky else Fate.COUNTED)
        assert len(happened.alarms) == (folder == unlucky)
