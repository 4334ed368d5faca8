"""One device, run by run: what is made, what is sent, what is shown, what is erased."""

import json
import os
import stat
from datetime import UTC, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from client.activity import Span
from client.device import Device
from client.errors import MailboxUnreadable
from client.parcel import Parcel, State
from client.preview import as_json, preview, why_none
from privacy.agreement.model import Party
from privacy.errors import BadReceipt, BudgetExhausted, Rejection, ReportRejected
from privacy.report import sizes
from privacy.window import Window
from protos.errors import Unreachable
from tests.desk import BERLIN, OWN, WINDOW, Desk, after, due, fetch, monday


def approved(desk: Desk, device: Device) -> tuple[Parcel, ...]:
    """WINDOW's reports, made and with their tokens."""
    desk.clock.now = after()
    desk.clock.now = fetch(device.run().made)
    return device.run().approved


def test_a_week_is_reported_once_and_arrives_as_it_was_made(desk: Desk) -> None:
    desk.mail("one", monday(10))
    desk.mail("one.re", monday(12), answers="one")
    desk.mail("two", monday(11))
    desk.clock.now = after()
    with desk.device() as device:
        made = device.run().made
        assert {(each.batch.task, each.batch.group) for each in made} == {
            ("headline", "north"),
            ("breadth", "sales"),
        }
        assert {each.batch.window for each in made} == {WINDOW}
        desk.clock.now = fetch(made)
        assert len(device.run().approved) == 2
        desk.clock.now = desk.servers_clock.now = due(made)
        happened = device.run()
        assert happened.trouble == ()
        assert not happened.made
        sent = [each for each in device.outbox.all() if each.state is State.SENT]
        assert {each.digest for each in sent} == {each.digest for each in made}
        for each in sent:
            assert each.receipt is not None
            each.receipt.verify(desk.signed.agreement.employer.server_key, each.digest)
    arrived = {report.id: report.digest for report in desk.employer.received.values()}
    assert arrived == {each.report_id: each.digest for each in made}


def test_looking_draws_no_noise_and_shows_values_then_the_stored_report(desk: Desk) -> None:
    desk.mail("one", monday(10))
    desk.mail("one.re", monday(12), answers="one")
    desk.mail("two", monday(11))
    desk.clock.now = WINDOW.start(BERLIN) + timedelta(days=4)
    with desk.device() as device:
        device.read_mail()
        so_far = as_json(preview(device, WINDOW), None)
        headline = next(each for each in so_far if each["task"] == "headline")
        assert headline["stored"] is None
        (metric,) = headline["so_far"]
        assert metric["metric"] == "mail_answered_in_time"
        # One of two answered in time; 50 % is further from 80 % than the clip of 25 points.
        assert (metric["value"], metric["counts_as"], metric["clip"]) == ("1/2", "11/20", "1/4")
        scale = desk.story.collection(desk.batch()).scales[0]
        assert metric["noise"] == pytest.approx(float(scale.client_variance) ** 0.5 / scale.units)
        assert desk.noise.draws == 0

        desk.clock.now = after()
        device.run()
        drawn = desk.noise.draws
        assert drawn > 0
        reported = as_json(preview(device, WINDOW), None)
        stored = next(each["stored"] for each in reported if each["task"] == "headline")
        parcel = device.outbox.get(desk.batch().task_digest, WINDOW)
        assert parcel is not None
        assert parcel.report is not None
        assert stored["report_id"] == parcel.report_id.hex()
        assert stored["leader_share"] == parcel.report.leader_share.hex()
        assert stored["noised_numbers"] == parcel.measurement
        assert desk.noise.draws == drawn
        json.dumps(so_far)
        json.dumps(reported)


def test_values_and_report_are_erased_after_sending(desk: Desk) -> None:
    with desk.device() as device:
        made = approved(desk, device)
        headline = next(each for each in made if each.batch.task == "headline")
        assert headline.report is not None
        share = headline.report.leader_share
        numbers = json.dumps(headline.measurement).encode()
        content = (desk.folder / "outbox.db").read_bytes()
        # SQLite cuts long values into pages: a piece from the middle lies in one.
        assert share[200:264] in content
        assert numbers in content
        desk.clock.now = desk.servers_clock.now = due(made)
        device.run()
    content = (desk.folder / "outbox.db").read_bytes()
    assert share[200:264] not in content
    assert numbers not in content


def test_a_retry_sends_the_same_bytes_and_never_draws_again(desk: Desk) -> None:
    with desk.device() as device:
        made = approved(desk, device)
        drawn = desk.noise.draws
        reports = {each.report_id: each.submission for each in made}
        desk.servers.stop(Party.EMPLOYER)
        desk.clock.now = desk.servers_clock.now = due(made)
        happened = device.run()
        assert all(isinstance(each.error, Unreachable) for each in happened.trouble)
        assert len(happened.trouble) == len(made)
        assert {each.report_id: each.submission for each in device.outbox.waiting()} == reports
    desk.servers.start(Party.EMPLOYER)
    with desk.device() as device:
        assert len(device.run().sent) == len(made)
        assert device.outbox.waiting() == []
    assert desk.noise.draws == drawn


def test_nobody_there_is_a_report_like_any_other(desk: Desk) -> None:
    # No mail, no activity, away all week: a report is made all the same, of the same size.
    desk.clock.now = after()
    with desk.device() as device:
        device.journal.mark_away(WINDOW.days)
        empty = {str(each.batch.task): each.size for each in device.run().made}
    assert empty == {
        task: sum(sizes(desk.story.collection(desk.batch(task))))
        for task in ("headline", "breadth")
    }


def test_an_unreadable_mailbox_postpones_a_report_until_its_token_is_asked_for(
    desk: Desk,
) -> None:
    (desk.folder / "mail").rename(desk.folder / "elsewhere")
    happened = desk.run(at=after())
    assert happened.made == ()
    assert [type(each.error) for each in happened.trouble] == [MailboxUnreadable]
    with desk.device() as device:
        times = {task: device.outbox.times(desk.batch(task)) for task in ("headline", "breadth")}
    moments = sorted((drawn.fetch, task) for task, drawn in times.items() if drawn is not None)
    assert len(moments) == 2
    for moment, task in moments:
        assert desk.run(at=moment - timedelta(seconds=1)).made == ()
        happened = desk.run(at=moment)
        assert [each.batch.task for each in happened.made] == [task]
        assert [each.batch.task for each in happened.approved] == [task]


def test_without_its_mailbox_a_report_keeps_the_times_that_were_drawn(desk: Desk) -> None:
    (desk.folder / "mail").rename(desk.folder / "elsewhere")
    desk.run(at=after())
    with desk.device() as device:
        drawn = device.outbox.times(desk.batch())
    assert drawn is not None
    (made,) = [each for each in desk.run(at=drawn.fetch).made if each.batch == desk.batch()]
    assert made.times == drawn


def test_a_report_that_cannot_be_sent_in_time_is_given_up(desk: Desk) -> None:
    with desk.device() as device:
        made = approved(desk, device)
        desk.servers.stop(Party.EMPLOYER)
        desk.clock.now = desk.signed.agreement.upload_closes(WINDOW)
        device.run()
        states = {each.state for each in device.outbox.all() if each.batch.window == WINDOW}
        assert states == {State.MISSED}
        assert len(made) == 2


def test_a_refusal_is_kept_with_its_reason(desk: Desk) -> None:
    with desk.device() as device:
        made = approved(desk, device)
        desk.clock.now = due(made)
        desk.servers_clock.now = desk.signed.agreement.upload_closes(WINDOW)
        happened = device.run()
        refusals = [each.error for each in happened.trouble]
        reasons = {error.reason for error in refusals if isinstance(error, ReportRejected)}
        assert reasons == {Rejection.BATCH_CLOSED}
        refused = [each for each in device.outbox.all() if each.state is State.REFUSED]
        assert [each.reason for each in refused] == [Rejection.BATCH_CLOSED.value] * 2
        assert all(each.report is None for each in refused)


def test_a_server_that_never_accepts_ends_with_the_upload_period(desk: Desk) -> None:
    with desk.device() as device:
        made = approved(desk, device)
        desk.clock.now = due(made)
        desk.servers_clock.now = WINDOW.start(BERLIN)  # the server's clock is a week behind
        device.run()
        assert len(device.outbox.waiting()) == 2
        desk.clock.now = desk.signed.agreement.upload_closes(WINDOW)
        device.run()
        ended = [each for each in device.outbox.all() if each.batch.window == WINDOW]
        assert [each.state for each in ended] == [State.MISSED] * 2
        assert all(each.report is None and each.measurement is None for each in ended)
        assert all("the window is not over yet" in (each.reason or "") for each in ended)


def test_a_receipt_of_another_server_is_no_receipt(desk: Desk) -> None:
    with desk.device() as device:
        made = approved(desk, device)
        desk.clock.now = desk.servers_clock.now = due(made)
        desk.employer.signs_with = Ed25519PrivateKey.generate()
        happened = device.run()
        assert {type(each.error) for each in happened.trouble} == {BadReceipt}
        assert happened.sent == ()
        assert len(device.outbox.waiting()) == len(made)


@pytest.mark.parametrize("bad", ["(" * 900, "a:" * 900, "<" * 900])
def test_a_mail_made_to_break_the_parser_silences_nobody(desk: Desk, bad: str) -> None:
    name = f"{int(monday(10).timestamp())}.bad:2,"
    (desk.folder / "mail" / "cur" / name).write_text(
        f"From: a@client.example {bad}\nTo: {OWN}\nMessage-ID: <bad@x>\n\nHello.\n"
    )
    desk.mail("one", monday(10))
    desk.clock.now = after()
    with desk.device() as device:
        happened = device.run()
        assert happened.trouble == ()
        assert len(happened.made) == 2


def test_a_pipe_in_a_mailbox_is_not_waited_for(desk: Desk) -> None:
    os.mkfifo(desk.folder / "mail" / "new" / f"{int(monday(10).timestamp())}.pipe")
    desk.clock.now = after()
    with desk.device() as device:
        assert len(device.run().made) == 2


def test_preview_says_when_no_report_will_be_made(desk: Desk) -> None:
    agreement = desk.signed.agreement
    with desk.device() as device:
        early = WINDOW.plus(-1)
        assert (
            why_none(device, early, desk.clock.now)
            == f"the first window to be reported is {WINDOW}"
        )
        assert why_none(device, Window(2026, 53), desk.clock.now) == "2026-W53 is never collected"
        beyond = agreement.last_window.plus(1)
        assert why_none(device, beyond, desk.clock.now) == "the agreement ends with 2026-W39"
        assert why_none(device, WINDOW, desk.clock.now) is None
        late = agreement.upload_closes(WINDOW)
        assert "did not run in it" in (why_none(device, WINDOW, late) or "")
        desk.clock.now = after()
        device.run()
        assert why_none(device, WINDOW, late) is None


def test_a_server_behind_its_time_is_tried_again(desk: Desk) -> None:
    with desk.device() as device:
        made = approved(desk, device)
        desk.clock.now = due(made)
        desk.servers_clock.now = WINDOW.start(BERLIN)
        refusals = [each.error for each in device.run().trouble]
        reasons = [error.reason for error in refusals if isinstance(error, ReportRejected)]
        assert reasons == [Rejection.WINDOW_NOT_OVER] * 2
        assert len(device.outbox.waiting()) == 2
        desk.servers_clock.now = desk.clock.now
        assert len(device.run().sent) == 2


def test_the_device_keeps_its_own_budget_whatever_the_servers_say(desk: Desk) -> None:
    desk.clock.now = after()
    with desk.device() as device:
        made = device.run().made
        # As if another version of the agreement had already spent everything.
        spent = made[0]
        device.outbox._file._connection.execute(
            "UPDATE report SET rho = '1' WHERE task_digest = ?", (spent.batch.task_digest,)
        )
        desk.clock.now += timedelta(weeks=1)
        happened = device.run()
        assert happened.made == ()
        assert {type(each.error) for each in happened.trouble} == {BudgetExhausted}


def test_the_activity_journal_reaches_the_report(desk: Desk) -> None:
    with desk.device() as device:
        for day in range(5):
            start = (WINDOW.start(BERLIN) + timedelta(days=day, hours=9)).astimezone(UTC)
            device.journal.record([Span(start, start + timedelta(hours=8), active=True)])
        desk.clock.now = WINDOW.end(BERLIN) - timedelta(minutes=1)
        device.read_mail()
        so_far = next(
            each["so_far"]
            for each in as_json(preview(device, WINDOW), None)
            if each["task"] == "breadth"
        )
        values = {metric["metric"]: metric["value"] for metric in so_far}
        assert values["active_hours"] == "40"
        assert values["after_hours_share"] == "0"
        assert values["core_hours_coverage"] == "1"


def test_files_are_the_owners_alone(desk: Desk) -> None:
    desk.clock.now = after()
    with desk.device() as device:
        device.run()
        files = [path for path in desk.folder.iterdir() if path.is_file()]
        assert {path.name for path in files} >= {"enrolment.json", "journal.db", "outbox.db"}
        for path in files:
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name


def test_a_window_that_closed_unseen_is_passed_over(desk: Desk) -> None:
    desk.clock.now = (WINDOW.end(BERLIN) + timedelta(weeks=1)).astimezone(UTC) + timedelta(hours=1)
    with desk.device() as device:
        assert {each.batch.window for each in device.run().made} == {WINDOW.plus(1)}
