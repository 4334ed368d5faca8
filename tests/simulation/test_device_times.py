"""Neither mail nor activity nor a pause changes when a device asks and sends, or how much."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from client import pausing, schedule
from client.activity import Span
from client.parcel import Parcel
from client.pausing import Pauses
from client.preview import preview
from client.schedule import SPARE, Times
from privacy.scales import HALF_RANGE
from tests.desk import BERLIN, WINDOW, Desk, NoNoise, after, at_a_desk, due, fetch, monday


def pause(desk: Desk, days: int = 3) -> None:
    """From `days` into WINDOW on, without end."""
    pausing.save(desk.folder, Pauses().begun(monday(24 * days)))


def pause_today(desk: Desk) -> None:
    """Only after WINDOW is over."""
    pausing.save(desk.folder, Pauses().begun(after() - timedelta(hours=1)))


def mails(desk: Desk) -> None:
    desk.mail("one", monday(10))
    desk.mail("one.re", monday(12), answers="one")
    desk.mail("two", monday(11))


def activity(desk: Desk) -> None:
    with desk.device() as device:
        device.journal.record([Span(monday(9), monday(17), active=True)])


def away(desk: Desk) -> None:
    with desk.device() as device:
        device.journal.mark_away(WINDOW.days)


def no_mailbox(desk: Desk) -> None:
    (desk.folder / "mail").rename(desk.folder / "elsewhere")


def no_journal(desk: Desk) -> None:
    (desk.folder / "journal.db").write_bytes(b"not a journal" * 100)


def nothing(desk: Desk) -> None:
    pass


WEEKS = [nothing, mails, activity, away, no_mailbox, no_journal, pause, pause_today]


def drawn(desk: Desk) -> list[Times | None]:
    with desk.device() as device:
        return [device.outbox.times(desk.batch(task)) for task in ("headline", "breadth")]


@pytest.mark.parametrize("week", WEEKS)
def test_both_times_come_from_the_first_random_bytes_whatever_the_week_was(
    desk: Desk, week: Callable[[Desk], None]
) -> None:
    week(desk)
    agreement = desk.signed.agreement
    opens, closes = agreement.upload_opens(WINDOW), agreement.upload_closes(WINDOW)
    same = random.Random(5).randbytes
    expected = [schedule.draw(opens, closes, after(), same) for _ in range(2)]
    desk.random = random.Random(5).randbytes
    desk.run(at=after())
    assert drawn(desk) == expected
    # Nor does anything later change them: not the making, not the token.
    desk.run(at=max(each.fetch for each in expected))
    assert drawn(desk) == expected


@dataclass(frozen=True)
class Seen:
    """What whoever watches a device sees of it in one week."""

    times: list[Times]
    asked: list[str]
    requests: list[int]
    uploads: list[int]
    draws: int


def seen(folder: Path, week: Callable[[Desk], None]) -> Seen:
    with at_a_desk(folder) as desk:
        week(desk)
        desk.random = random.Random(6).randbytes
        desk.run(at=after())
        times = [each for each in drawn(desk) if each is not None]
        for moment in sorted(each.fetch for each in times):
            desk.run(at=moment)
        for moment in sorted(each.due for each in times):
            desk.run(at=moment)
        return Seen(
            times,
            desk.council.asked,
            [len(blinded) for _, blinded in desk.council.token_requests],
            list(map(len, desk.employer.uploads)),
            desk.noise.draws,
        )


def test_a_paused_or_broken_week_looks_like_a_full_one_from_outside(tmp_path: Path) -> None:
    full = seen(tmp_path / "full", mails)
    assert len(full.uploads) == 2
    assert full.asked.count("window") == 1
    weeks = {
        "paused": pause,
        "today": pause_today,
        "empty": nothing,
        "broken": no_mailbox,
        "damaged": no_journal,
    }
    for name, week in weeks.items():
        assert seen(tmp_path / name, week) == full, name


def numbers(parcel: Parcel) -> set[int]:
    assert parcel.measurement is not None
    return set(parcel.measurement)


def test_a_window_that_a_pause_touches_is_reported_without_values(tmp_path: Path) -> None:
    for name, week, neutral in (
        ("full", lambda desk: None, False),
        ("paused", pause, True),
        ("today", pause_today, False),
    ):
        with at_a_desk(tmp_path / name) as desk:
            mails(desk)
            activity(desk)
            desk.clock.now = WINDOW.end(BERLIN) + timedelta(minutes=1)
            with desk.device() as device:
                device.read_mail()
            desk.noise = NoNoise()
            week(desk)
            made = desk.run(at=after()).made
            assert len(made) == 2
            assert [numbers(each) == {HALF_RANGE} for each in made] == [neutral] * 2, name
            assert desk.noise.draws == 6  # as ever: one for each metric


def test_mail_is_not_read_while_paused_and_is_afterwards(desk: Desk) -> None:
    mails(desk)
    pause(desk)
    desk.run(at=after())
    with desk.device() as device:
        device.read_mail()
        assert device.journal.mail_read_until() is None
    pausing.save(desk.folder, pausing.load(desk.folder).ended(after()))
    desk.run(at=after() + timedelta(hours=1))
    with desk.device() as device:
        assert device.journal.mail_read_until() == desk.clock.now


def test_looking_shows_no_values_of_a_week_with_a_pause(desk: Desk) -> None:
    mails(desk)
    desk.clock.now = monday(24 * 4)
    shown = []
    for week in (nothing, pause):
        week(desk)
        with desk.device() as device:
            device.read_mail()
            (headline, _) = preview(device, WINDOW)
        shown.append([each.value for each in headline.metrics])
    assert shown == [[Fraction(1, 2)], [None]]


def test_pauses_that_cannot_be_read_are_said_at_every_run_and_make_a_neutral_report(
    desk: Desk,
) -> None:
    mails(desk)
    (desk.folder / pausing.FILE_NAME).write_text("{")
    desk.noise = NoNoise()
    happened = desk.run(at=after())
    assert [numbers(each) for each in happened.made] == [{HALF_RANGE}] * 2
    assert ["plurale resume" in str(each) for each in happened.trouble] == [True]
    assert [str(each) for each in desk.run().trouble] == [str(each) for each in happened.trouble]


# --- devices that come late -----------------------------------------------------------------------


def test_a_device_that_first_runs_after_the_middle_still_asks_before_it_sends(desk: Desk) -> None:
    closes = desk.signed.agreement.upload_closes(WINDOW)
    late = closes - SPARE - timedelta(hours=30)
    made = desk.run(at=late).made
    assert all(late <= each.times.fetch <= each.due <= closes - SPARE for each in made)
    (approved, *_) = desk.run(at=fetch(made)).approved
    assert approved.due >= desk.clock.now
    with desk.device() as device:
        waiting = device.outbox.waiting()
    assert len(waiting) == 2
    assert len(desk.run(at=due(waiting)).sent) == 2


def test_a_token_that_comes_after_the_middle_moves_the_report(desk: Desk) -> None:
    made = desk.run(at=after()).made
    late = due(made) + timedelta(seconds=1)  # the device was off: both times are over
    happened = desk.run(at=late)
    assert (len(happened.approved), happened.sent) == (2, ())
    assert all(each.due > late for each in happened.approved)
    # In an order that says nothing about their times.
    assert [each.batch.task for each in happened.approved] == ["breadth", "headline"]
    assert {each.times.fetch for each in happened.approved} == {each.times.fetch for each in made}
    assert len(desk.run(at=due(happened.approved)).sent) == 2


def test_a_token_that_comes_in_time_moves_nothing(desk: Desk) -> None:
    made = desk.run(at=after()).made
    approved = desk.run(at=fetch(made)).approved
    assert {each.batch: each.times for each in approved} == {
        each.batch: each.times for each in made
    }


def test_a_report_is_not_sent_before_its_time_even_with_its_token(desk: Desk) -> None:
    approved = desk.approved()
    desk.run(at=min(each.due for each in approved) - timedelta(seconds=1))
    assert desk.employer.uploads == []
