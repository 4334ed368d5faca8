"""An employer's server signs for a report and leaves it out: the device shows both, and says so."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from client.concern import Concern
from client.ending import Fate
from client.parcel import Parcel
from privacy.ledger.entries import BatchReleased
from privacy.release import id_root
from tests.council import release_of
from tests.desk import WINDOW, Desk, at_a_desk

pytestmark = pytest.mark.threat("employer-drops")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with at_a_desk(tmp_path) as there:
        yield there


def of_the_team(desk: Desk) -> Parcel:
    """What the device keeps of its report to the team's task."""
    with desk.device() as device:
        parcel = device.outbox.get(desk.batch().task_digest, WINDOW)
    assert parcel is not None
    return parcel


def after_a_release(desk: Desk, *, counted: bool) -> tuple[str, ...]:
    """Reports are sent, the batch is released with or without it; what the next run says."""
    desk.reports()
    parcel = of_the_team(desk)
    own = (parcel.report_id,) if counted else ()
    release_of(desk.story, parcel.batch, *own, others=10)
    closed = desk.signed.agreement.upload_closes(WINDOW)
    return desk.run(at=closed + timedelta(hours=1)).alarms


def test_a_report_that_was_signed_for_and_left_out_is_an_alarm_with_its_evidence(
    desk: Desk,
) -> None:
    alarms = after_a_release(desk, counted=False)
    assert len(alarms) == 1
    parcel = of_the_team(desk)
    assert parcel.concern is Concern.MISSING
    assert parcel.ending is not None
    assert parcel.ending.fate is Fate.MISSING
    # What it can show: the employer's signature, and the ids under the root, without its own.
    assert parcel.receipt is not None
    parcel.receipt.verify(desk.signed.agreement.employer.server_key, parcel.digest)
    (release,) = [
        entry.body for entry in desk.story.entries if isinstance(entry.body, BatchReleased)
    ]
    ids = desk.story.report_ids[parcel.batch]
    assert id_root(ids) == release.id_root
    assert parcel.report_id not in ids


def test_a_report_that_is_in_the_release_is_no_alarm(desk: Desk) -> None:
    assert after_a_release(desk, counted=True) == ()
    assert of_the_team(desk).concern is None
