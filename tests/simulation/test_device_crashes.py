"""A device that is cut off anywhere asks for one token and sends one report, each as it was stored.

Each test ends the process just before, or just after, one thing happened, and runs it again.
"""

import sqlite3
from collections.abc import Callable
from typing import Any

import pytest

from client.errors import OutboxUnusable
from client.membership import Membership
from client.outbox import Outbox
from client.parcel import Parcel, State
from client.upload import Uplink
from privacy.batch import BatchId
from protos.convert.report import upload_from_wire
from protos.v1 import report_pb2
from tests.desk import WINDOW, Desk, after, due, fetch

STEPS: list[tuple[type[Any], str]] = [
    (Outbox, "schedule"),
    (Outbox, "add"),
    (Outbox, "keep_request"),
    (Membership, "issue"),
    (Outbox, "keep_token"),
    (Uplink, "send"),
    (Outbox, "finish"),
]


class Killed(BaseException):
    """As if the process had ended at this instruction."""


def run(desk: Desk, moment: Any) -> None:
    """One run, cut off or not, and another."""
    for _ in range(2):
        try:
            desk.run(at=moment)
        except Killed:
            continue


def stored(desk: Desk) -> list[Parcel]:
    with desk.device() as device:
        return [each for each in device.outbox.all() if each.batch.window == WINDOW]


def cut_off(
    monkeypatch: pytest.MonkeyPatch, kind: type[Any], step: str, when: str, nth: int
) -> list[str]:
    """End the process at the `nth` call of a step; what is returned says that it happened."""
    real: Callable[..., Any] = getattr(kind, step)
    calls: list[str] = []

    def killing(*arguments: Any, **named: Any) -> Any:
        calls.append(step)
        if len(calls) == nth and when == "before":
            raise Killed
        result = real(*arguments, **named)
        if len(calls) == nth:
            raise Killed
        return result

    monkeypatch.setattr(kind, step, killing)
    return calls


@pytest.mark.parametrize("nth", [1, 2], ids=["first", "second"])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("kind", "step"), STEPS, ids=[step for _, step in STEPS])
def test_a_run_cut_off_anywhere_leaves_one_request_and_one_report(
    desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
    kind: type[Any],
    step: str,
    when: str,
    nth: int,
) -> None:
    calls = cut_off(monkeypatch, kind, step, when, nth)
    run(desk, after())
    run(desk, fetch(stored(desk)))
    run(desk, due(stored(desk)))
    assert len(calls) >= nth  # it was cut off
    sent = stored(desk)
    assert [each.state for each in sent] == [State.SENT] * 2
    requests: dict[BatchId, set[bytes]] = {}
    for batch, blinded in desk.council.token_requests:
        requests.setdefault(batch, set()).add(blinded)
    assert {batch: len(each) for batch, each in requests.items()} == {
        each.batch: 1 for each in sent
    }
    uploads: dict[BatchId, set[bytes]] = {}
    for upload in desk.employer.uploads:
        report = upload_from_wire(report_pb2.UploadRequest.FromString(upload)).report
        uploads.setdefault(report.batch, set()).add(upload)
    assert {batch: len(each) for batch, each in uploads.items()} == {each.batch: 1 for each in sent}
    assert set(desk.employer.received) == {each.report_id for each in sent}


def test_an_answer_that_is_lost_is_given_again_to_the_same_request(desk: Desk) -> None:
    made = desk.run(at=after()).made
    asked = []

    def lose_the_first(answer: bytes) -> bytes:
        asked.append(answer)
        if len(asked) <= 2:
            raise ZeroDivisionError  # the device gets an error in place of what was signed
        return answer

    desk.council.change["issue"] = lose_the_first
    happened = desk.run(at=fetch(made))
    assert (len(happened.trouble), happened.approved, happened.alarms) == (2, (), ())
    assert len(desk.run().approved) == 2
    assert asked[:2] == asked[2:]


def test_the_token_and_its_time_are_kept_and_the_blinding_erased_together_or_not_at_all(
    desk: Desk,
) -> None:
    made = desk.run(at=after()).made
    refuse = (
        "CREATE TRIGGER no_end BEFORE DELETE ON blinding BEGIN SELECT RAISE(ABORT, 'full'); END"
    )
    late = due(made)
    with desk.device() as device:
        device.outbox._file._connection.execute(refuse)
        desk.clock.now = late
        with pytest.raises(OutboxUnusable, match="full"):
            device.run()
        device.outbox._file._connection.execute("DROP TRIGGER no_end")
        for parcel in device.outbox.waiting():
            assert parcel.token is None
            assert parcel.times in [each.times for each in made]
        requests = [device.outbox.request(parcel) for parcel in device.outbox.waiting()]
        assert len([each for each in requests if each is not None]) == 1
    assert len(desk.run().approved) == 2
    assert len(set(desk.council.token_requests)) == 2


def test_two_runs_at_once_ask_for_the_same_and_keep_the_first(desk: Desk) -> None:
    made = desk.run(at=after()).made
    desk.clock.now = fetch(made)
    inner: list[int] = []

    def another_run(answer: bytes) -> bytes:
        if not inner:
            inner.append(0)
            inner[0] = len(desk.run().approved)  # while the first still waits for its answer
        return answer

    desk.council.change["issue"] = another_run
    desk.run()
    assert inner == [2]
    assert len(set(desk.council.token_requests)) == 2
    assert len(desk.council.token_requests) == 3
    assert [each.fault for each in stored(desk)] == [None, None]
    tokens = {each.token for each in stored(desk)}
    assert len(desk.run(at=due(stored(desk))).sent) == 2
    assert {each.token for each in stored(desk)} == tokens


def test_a_report_without_its_times_is_damage_and_does_not_go_unseen(desk: Desk) -> None:
    desk.run(at=after())
    connection = sqlite3.connect(desk.folder / "outbox.db", isolation_level=None)
    connection.execute("DELETE FROM schedule WHERE window = ?", (str(WINDOW),))
    connection.close()
    with desk.device() as device:
        with pytest.raises(OutboxUnusable, match="cannot be read"):
            device.outbox.waiting()
