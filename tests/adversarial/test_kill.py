"""Kill -9 either server at any time and start it again: as if nothing had happened."""

import dataclasses
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from aggregator.model import BatchState
from privacy.agreement.model import Party
from privacy.batch import BatchId
from privacy.errors import KeysNotExchanged
from privacy.ledger.rules import Ledger
from privacy.release import Ask, id_root
from privacy.report import Report
from protos.errors import Unreachable
from tests.adversarial.dishonest import entries_of, witnessed
from tests.adversarial.processes import Outcomes, Processes
from tests.pair import WINDOW, Pair, expected_totals

pytestmark = pytest.mark.threat("server-killed")


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Processes]:
    """Both servers as processes."""
    pair = Pair.make(
        tmp_path, lambda a: dataclasses.replace(a, first_window=WINDOW, last_window=WINDOW)
    )
    made = Processes(pair, tmp_path)
    made.start()
    yield made
    made.stop()


def send_until_acknowledged(pair: Pair, reports: list[Report]) -> None:
    """As a device does: the same bytes again until there is a receipt."""
    for report in reports:
        while True:
            try:
                receipt = pair.upload(report)
            except (Unreachable, KeysNotExchanged):
                time.sleep(0.05)
                continue
            receipt.verify(pair.signed.agreement.employer.server_key, report.digest)
            break


def killing(servers: Processes, chance: random.Random, times: int) -> None:
    """Kill one server after another, at moments that chance chooses."""
    for _ in range(times):
        time.sleep(chance.uniform(0.0, 0.6))
        party = chance.choice(list(Party))
        servers.kill(party)
        servers.start(party)


def opened(servers: Processes, batch: BatchId) -> bool:
    """Whether both sides have the result."""
    return all(servers.kept(party, batch).state is BatchState.OPENED for party in Party)


def test_servers_killed_at_random_lose_nothing_and_count_nothing_twice(servers: Processes) -> None:
    pair, chance = servers.pair, random.Random(13)
    batch = pair.batch(group="south")
    sent = [pair.measurement(batch) for _ in range(28)]
    reports = [pair.report(batch, measurement) for measurement in sent]
    outcomes = Outcomes()
    devices = [
        outcomes.guarded(lambda part=part: send_until_acknowledged(pair, part))  # type: ignore[misc]
        for part in (reports[::2], reports[1::2])
    ]
    for device in devices:
        device.start()
    killing(servers, chance, 4)
    for device in devices:
        device.join()
    assert outcomes.errors == []
    servers.clock.turn(pair.signed.agreement.upload_closes(WINDOW))
    killing(servers, chance, 4)
    servers.wait_until(lambda: opened(servers, batch))

    drawn = servers.noise.draws()
    for party in Party:
        kept = servers.kept(party, batch)
        assert kept.counted == {report.id for report in reports}
        assert kept.count == len(reports)
        assert kept.record is not None
        assert kept.record.id_root == id_root(report.id for report in reports)
        assert kept.totals is not None
        before_noise = [
            [total - noise for total, noise in zip(kept.totals, draw, strict=True)]
            for draw in drawn
            if len(draw) == len(kept.totals)
        ]
        assert expected_totals(sent) in before_noise
    servers.wait_until(
        lambda: entries_of(pair, Party.EMPLOYER) == entries_of(pair, Party.COUNCIL) != []
    )
    ledger = Ledger()
    for data in entries_of(pair, Party.COUNCIL):
        ledger.apply(data)
    assert witnessed(pair, Party.EMPLOYER) == ledger.checkpoint()
    record = servers.kept(Party.COUNCIL, batch).record
    assert record is not None
    with pair.as_leader() as helper:
        ask = Ask(batch, record.count, record.id_root, record.commitment)
        assert helper.ask(ask, "") == record.noised_share
