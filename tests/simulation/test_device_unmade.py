"""A report that could not be made before its batch closed, because the council gave no keys."""

import dataclasses
from datetime import timedelta
from typing import Any

import pytest

from privacy.agreement.model import Party
from privacy.ledger.answers import WindowAnswer
from tests.desk import WINDOW, Desk, after


def without_keys(answer: WindowAnswer) -> WindowAnswer:
    return dataclasses.replace(answer, keys=None)


def with_a_false_proof(answer: WindowAnswer) -> WindowAnswer:
    assert answer.keys is not None
    return dataclasses.replace(answer, keys=dataclasses.replace(answer.keys, proof=()))


@pytest.mark.parametrize(
    ("lie", "why"),
    [(without_keys, "the ledger shows no keys for 2026-W05"), (with_a_false_proof, "")],
)
def test_keys_that_never_came_are_an_alarm_at_the_close_until_it_is_seen(
    desk: Desk, lie: Any, why: str
) -> None:
    desk.council.change["window"] = lie
    closes = desk.signed.agreement.upload_closes(WINDOW)
    assert desk.run(at=after()).alarms == ()
    assert desk.run(at=closes - timedelta(hours=1)).alarms == ()
    alarms = desk.run(at=closes).alarms
    assert len(alarms) == 2
    assert alarms == desk.run(at=closes + timedelta(days=1)).alarms
    assert all("no report was made for" in each and why in each for each in alarms)
    assert "data-protection officer (the agreement names: The works council" in alarms[0]
    with desk.device() as device:
        assert device.see_to_alarms() == 2
        assert device.alarms() == ()
    assert desk.run().alarms == ()


def test_a_council_that_cannot_be_reached_all_week_is_an_alarm(desk: Desk) -> None:
    desk.servers.stop(Party.COUNCIL)
    desk.run(at=after())
    (alarm, _) = desk.run(at=desk.signed.agreement.upload_closes(WINDOW)).alarms
    assert "could not be reached, which is no accident if other servers could be" in alarm
    desk.servers.start(Party.COUNCIL)


def test_keys_that_came_late_are_no_alarm(desk: Desk) -> None:
    desk.council.change["window"] = without_keys
    desk.run(at=after())
    desk.council.change.clear()
    desk.run(at=after() + timedelta(days=1))
    with desk.device() as device:
        assert device.outbox.unmade() == []


def test_a_device_that_was_off_all_week_raises_no_alarm(desk: Desk) -> None:
    assert desk.run(at=desk.signed.agreement.upload_closes(WINDOW)).alarms == ()
