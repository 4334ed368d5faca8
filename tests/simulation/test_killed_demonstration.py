"""The demonstration while its servers are killed: as if nothing had happened.

Declared oracles. Failure: a report that was acknowledged and is not counted, one counted twice or
at one side only, a root that is not that of the ids, a sum before noise that is not what the
devices put into the counted reports. Not a failure: a report that came late because a server was
down, or a week that is withheld because of it.
"""

import random
import sys
import threading
from itertools import chain
from pathlib import Path

import pytest

from aggregator.model import BatchState
from aggregator.store.sql import Store
from deploy.local import demonstrate
from deploy.servers import Servers
from privacy.agreement.model import Party
from privacy.release import id_root
from privacy.scales import HALF_RANGE
from tests.serve_party import RecordedNoise

pytestmark = pytest.mark.timeout(900)

MOST_KILLS = 20


class KilledServers(Servers):
    """Servers that write down their noise and are killed, one or the other, again and again.

    Not before everybody has enrolled: a person who meets a dead server then tries again later.
    Devices meet a dead server for a moment; then it is started again, as whatever looks after a
    server does.
    """

    calls = 0
    killer: threading.Thread | None = None

    def command(self, party: Party) -> list[str | Path]:
        noise = self.directory / "noise"
        home = self.directory / party
        return [sys.executable, "-m", "tests.serve_party", home, self.clock, noise]

    def ensure_running(self) -> list[Party]:
        self.calls += 1
        if self.calls == 1:
            self.killed = 0
            self._over = threading.Event()
            self._starting = threading.Lock()
        with self._starting:
            started = super().ensure_running()
        if self.calls == 2:
            self.killer = threading.Thread(target=self._kill, daemon=True)
            self.killer.start()
        return started

    def stop(self) -> None:
        self._over.set()
        if self.killer is not None:
            self.killer.join()
        super().stop()

    def _kill(self) -> None:
        chance = random.Random(29)
        while self.killed < MOST_KILLS and not self._over.wait(chance.uniform(0.5, 2.5)):
            with self._starting:
                server = self.running.get(chance.choice(list(Party)))
                if server is not None and server.poll() is None:
                    server.kill()
                    server.wait()
                    self.killed += 1
            if self._over.wait(chance.uniform(0.1, 0.5)):
                return
            with self._starting:
                super().ensure_running()


def test_a_quarter_with_killed_servers_counts_everything_once(tmp_path: Path) -> None:
    shown = demonstrate(tmp_path, KilledServers)
    truths = {truth.report_id: truth for truth in shown.truths}
    noise = list(chain.from_iterable(RecordedNoise(tmp_path / "noise").draws()))
    leader, helper = (Store(tmp_path / party / "aggregator.db") for party in Party)
    counted, released = [], 0
    with leader.read() as at_leader, helper.read() as at_helper:
        for batch in at_leader.batches.in_states(BatchState):
            assert batch.state.final
            other = at_helper.batches.get(batch.id)
            assert other is not None
            assert other.state is batch.state
            ids = at_leader.reports.counted_ids(batch)
            assert sorted(ids) == sorted(at_helper.reports.counted_ids(other))
            assert len(ids) == len(set(ids)) == batch.count == other.count
            assert all(truths[each].batch == batch.id for each in ids)
            counted += ids
            record = at_leader.releases.get(batch)
            assert record is not None
            assert record.id_root == id_root(ids)
            if batch.state is BatchState.OPENED:
                released += 1
                columns = zip(*(truths[each].measurement for each in ids), strict=True)
                sums = [sum(column) - HALF_RANGE * len(ids) for column in columns]
                totals = record.totals or ()
                drawn = [total - own for total, own in zip(totals, sums, strict=True)]
                assert stands_in(noise, drawn), batch.id
    leader.close()
    helper.close()
    assert len(counted) == len(set(counted))
    assert set(shown.sent) <= set(counted)
    assert released > 30


def stands_in(noise: list[int], drawn: list[int]) -> bool:
    """Whether these numbers were drawn one after the other."""
    width = len(drawn)
    return any(noise[n : n + width] == drawn for n in range(len(noise) - width + 1))
