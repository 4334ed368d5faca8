import logging

import pytest

from aggregator.novelty import Novelty


def test_a_lasting_fault_is_told_once_and_again_when_it_returns(
    caplog: pytest.LogCaptureFixture,
) -> None:
    novelty = Novelty(logging.getLogger("plurale.test"))
    with caplog.at_level(logging.INFO):
        for faults in (["down"], ["down", "late", "late"], ["late"], ["down"]):
            novelty.next_step()
            for fault in faults:
                novelty.tell(logging.WARNING, fault)
    assert [record.message for record in caplog.records] == ["down", "late", "down"]
