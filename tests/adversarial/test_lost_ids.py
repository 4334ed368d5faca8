"""Report ids that a restored council has lost are told as lost, not as a shorter list (§8)."""

import sqlite3
from contextlib import closing

import pytest

from privacy.agreement.model import Party
from protos.errors import RemoteFault
from tests.adversarial.dishonest import device, witnessed
from tests.adversarial.test_release import counted
from tests.pair import Pair

pytestmark = pytest.mark.threat("restored-backup")


@pytest.mark.parametrize("lost", [1, 11])
def test_a_device_is_told_that_the_ids_of_a_batch_are_lost(pair: Pair, lost: int) -> None:
    """A shorter list would not have the root in the ledger: the device would call it a forgery."""
    batch, _ = counted(pair)
    pair.close_batch()
    pair.step()
    size = witnessed(pair).size
    with device(pair) as asked:
        assert len(asked.outcome(size, batch).report_ids) == 11
    pair.stop(Party.COUNCIL)
    with closing(sqlite3.connect(pair.homes[Party.COUNCIL].database)) as database, database:
        gone = database.execute(
            "DELETE FROM report WHERE report_id IN (SELECT report_id FROM report LIMIT ?)", (lost,)
        )
        assert gone.rowcount == lost
    pair.start(Party.COUNCIL)
    with (
        device(pair) as asked,
        pytest.raises(RemoteFault, match="were lost when the database was restored: ask the works"),
    ):
        asked.outcome(size, batch)
    with device(pair) as asked:
        empty = pair.batch("breadth", "sales")
        assert asked.outcome(size, empty).report_ids == ()
