"""One device and both real servers: what is stored, what is sent, what is shown, what is erased."""

import dataclasses
import json
import os
import secrets
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from aggregator.server import Aggregator
from client import enrol, enrolment
from client.activity import Span
from client.device import Device, Surroundings
from client.enrolment import Mailbox
from client.errors import MailboxUnreadable, NoConsent, NotEnrolled
from client.outbox import State
from client.preview import as_json, preview, why_none
from client.schedule import SPARE, draw
from privacy.agreement import envelope
from privacy.agreement.envelope import SignedAgreement
from privacy.agreement.model import Party
from privacy.errors import (
    BadReceipt,
    BadSignature,
    BudgetExhausted,
    InvalidValue,
    NotInForce,
    Rejection,
    ReportRejected,
)
from privacy.groups import GroupId
from privacy.noise import DiscreteGaussian
from privacy.receipt import Receipt, sign_receipt
from privacy.window import Window
from protos.errors import Unreachable
from tests.agreements import new_keys, sign
from tests.pair import WINDOW, Pair, TurnableClock

BERLIN = ZoneInfo("Europe/Berlin")
OWN = "me@example.com"


@dataclass
class CountingNoise:
    """Real noise that counts how often it was asked for."""

    draws: int = 0

    def draw(self, variance: Fraction, count: int) -> list[int]:
        self.draws += 1
        return DiscreteGaussian().draw(variance, count)


@dataclass
class Desk:
    """A person's folder, mailbox, clock and device, enrolled in team north."""

    pair: Pair
    folder: Path
    clock: TurnableClock
    noise: CountingNoise

    @property
    def signed(self) -> SignedAgreement:
        return self.pair.signed

    def device(self) -> Device:
        return Device(self.folder, Surroundings(self.clock, self.noise, secrets.token_bytes))

    def mail(self, name: str, at: datetime, *, answers: str | None = None) -> None:
        """A client mail, or the answer to one, delivered at a moment."""
        sender, to = (
            ("anna@client.example", OWN) if answers is None else (OWN, "anna@client.example")
        )
        text = f"From: {sender}\nTo: {to}\nMessage-ID: <{name}@x>\n"
        if answers is not None:
            text += f"In-Reply-To: <{answers}@x>\n"
        box = self.folder / "mail" / (".Sent" if answers else "")
        (box / "cur" / f"{int(at.timestamp())}.{name}:2,S").write_text(text + "\nHello.\n")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    # Upload periods that do not overlap: one window at a time.
    pair = Pair.make(
        tmp_path / "servers", lambda agreed: dataclasses.replace(agreed, upload_days=6)
    )
    folder = tmp_path / "device"
    for box in ("mail", "mail/.Sent"):
        for part in ("cur", "new", "tmp"):
            (folder / box / part).mkdir(parents=True)
    before = WINDOW.start(BERLIN) - timedelta(hours=1)
    enrol.enrol(
        folder,
        pair.signed,
        GroupId("north"),
        [Mailbox(folder / "mail", frozenset({OWN}))],
        answer=lambda: "yes",
        now=before,
    )
    pair.start()
    yield Desk(pair, folder, TurnableClock(before), CountingNoise())
    pair.stop()


def monday(hour: int, minute: int = 0) -> datetime:
    return WINDOW.start(BERLIN) + timedelta(hours=hour, minutes=minute)


def after_window() -> datetime:
    return WINDOW.end(BERLIN) + timedelta(hours=9)


def test_a_week_is_reported_once_and_arrives_as_it_was_made(desk: Desk) -> None:
    desk.mail("one", monday(10))
    desk.mail("one.re", monday(12), answers="one")
    desk.mail("two", monday(11))
    desk.clock.now = after_window()
    with desk.device() as device:
        made = device.run().made
        assert {(each.batch.task, each.batch.group) for each in made} == {
            ("headline", "north"),
            ("breadth", "sales"),
        }
        assert {each.batch.window for each in made} == {WINDOW}
        desk.clock.now = desk.pair.clock.now = max(each.due for each in made)
        happened = device.run()
        assert happened.trouble == ()
        assert not happened.made
        sent = [each for each in device.outbox.all() if each.state is State.SENT]
        assert {each.digest for each in sent} == {each.digest for each in made}
        for each in sent:
            assert each.receipt is not None
            each.receipt.verify(desk.signed.agreement.employer.server_key, each.digest)
    with desk.pair.running[Party.EMPLOYER].store.read() as tx:
        batch = tx.batches.get(desk.pair.batch())
        assert batch is not None
        stored = tx.reports.digests(batch, [each.report_id for each in made])
    headline = next(each for each in made if each.batch.task == "headline")
    assert stored == {headline.report_id: headline.digest}


def test_looking_draws_no_noise_and_shows_values_then_the_stored_report(desk: Desk) -> None:
    desk.mail("one", monday(10))
    desk.mail("one.re", monday(12), answers="one")
    desk.mail("two", monday(11))
    desk.clock.now = WINDOW.start(BERLIN) + timedelta(days=4)
    with desk.device() as device:
        device.read_mail()
        before = as_json(preview(device, WINDOW), None)
        headline = next(each for each in before if each["task"] == "headline")
        assert headline["stored"] is None
        (metric,) = headline["so_far"]
        assert metric["metric"] == "mail_answered_in_time"
        # One of two answered in time; 50 % is further from 80 % than the clip of 25 points.
        assert (metric["value"], metric["counts_as"], metric["clip"]) == ("1/2", "11/20", "1/4")
        scale = device.collection(desk.pair.batch()).scales[0]
        assert metric["noise"] == pytest.approx(float(scale.client_variance) ** 0.5 / scale.units)
        assert desk.noise.draws == 0

        desk.clock.now = after_window()
        device.run()
        drawn = desk.noise.draws
        assert drawn > 0
        after = as_json(preview(device, WINDOW), None)
        stored = next(each["stored"] for each in after if each["task"] == "headline")
        parcel = device.outbox.get(desk.pair.batch().task_digest, WINDOW)
        assert parcel is not None
        assert parcel.report is not None
        assert stored["report_id"] == parcel.report_id.hex()
        assert stored["leader_share"] == parcel.report.leader_share.hex()
        assert stored["noised_numbers"] == parcel.measurement
        assert desk.noise.draws == drawn
        json.dumps(before)
        json.dumps(after)


def test_values_and_report_are_erased_after_sending(desk: Desk) -> None:
    desk.clock.now = after_window()
    with desk.device() as device:
        made = device.run().made
        headline = next(each for each in made if each.batch.task == "headline")
        assert headline.report is not None
        share = headline.report.leader_share
        numbers = json.dumps(headline.measurement).encode()
        content = (desk.folder / "outbox.db").read_bytes()
        # SQLite cuts long values into pages: a piece from the middle lies in one.
        assert share[200:264] in content
        assert numbers in content
        desk.clock.now = desk.pair.clock.now = max(each.due for each in made)
        device.run()
    content = (desk.folder / "outbox.db").read_bytes()
    assert share[200:264] not in content
    assert numbers not in content


def test_a_retry_sends_the_same_bytes_and_never_draws_again(desk: Desk) -> None:
    desk.clock.now = after_window()
    with desk.device() as device:
        made = device.run().made
        drawn = desk.noise.draws
        reports = {each.report_id: each.report for each in made}
        desk.pair.stop(Party.EMPLOYER)
        desk.clock.now = desk.pair.clock.now = max(each.due for each in made)
        happened = device.run()
        assert all(isinstance(each.error, Unreachable) for each in happened.trouble)
        assert len(happened.trouble) == len(made)
        assert {each.report_id: each.report for each in device.outbox.waiting()} == reports
    desk.pair.start(Party.EMPLOYER)
    with desk.device() as device:
        assert len(device.run().sent) == len(made)
        assert device.outbox.waiting() == []
    assert desk.noise.draws == drawn


def test_nobody_there_is_a_report_like_any_other(desk: Desk) -> None:
    # No mail, no activity, away all week: a report is made all the same, of the same size.
    desk.clock.now = after_window()
    with desk.device() as device:
        device.journal.mark_away(WINDOW.days)
        empty = {str(each.batch.task): each.size for each in device.run().made}
    busy = desk.pair.report(desk.pair.batch())
    size = len(busy.public_share) + len(busy.leader_share) + len(busy.helper_share)
    assert empty["headline"] == size


def test_no_window_before_consent_is_reported(desk: Desk) -> None:
    midweek = WINDOW.start(BERLIN) + timedelta(days=2)
    record = enrolment.load(desk.folder)
    assert record.first_window == WINDOW
    late = enrolment.Enrolment(record.signed, record.group, midweek, record.mailboxes)
    assert late.first_window == WINDOW.plus(1)
    enrolment.save(desk.folder, late)
    desk.clock.now = after_window()
    with desk.device() as device:
        assert device.run().made == ()


def test_an_unreadable_mailbox_postpones_the_report_until_the_last_day(desk: Desk) -> None:
    (desk.folder / "mail").rename(desk.folder / "elsewhere")
    desk.clock.now = after_window()
    with desk.device() as device:
        happened = device.run()
        assert happened.made == ()
        assert [type(each.error) for each in happened.trouble] == [MailboxUnreadable]
        desk.clock.now = desk.signed.agreement.upload_closes(WINDOW) - timedelta(hours=20)
        made = device.run().made
        assert {each.batch.window for each in made} >= {WINDOW}


def test_a_report_that_cannot_be_sent_in_time_is_given_up(desk: Desk) -> None:
    desk.clock.now = after_window()
    with desk.device() as device:
        made = device.run().made
        desk.pair.stop(Party.EMPLOYER)
        desk.clock.now = desk.signed.agreement.upload_closes(WINDOW)
        device.run()
        states = {each.state for each in device.outbox.all() if each.batch.window == WINDOW}
        assert states == {State.MISSED}
        assert len(made) == 2


def test_a_refusal_is_kept_with_its_reason(desk: Desk) -> None:
    desk.clock.now = after_window()
    with desk.device() as device:
        made = device.run().made
        desk.clock.now = max(each.due for each in made)
        desk.pair.clock.now = desk.signed.agreement.upload_closes(WINDOW)
        happened = device.run()
        refusals = [each.error for each in happened.trouble]
        reasons = {error.reason for error in refusals if isinstance(error, ReportRejected)}
        assert reasons == {Rejection.BATCH_CLOSED}
        refused = [each for each in device.outbox.all() if each.state is State.REFUSED]
        assert [each.reason for each in refused] == [Rejection.BATCH_CLOSED.value] * 2
        assert all(each.report is None for each in refused)


def test_a_server_that_never_accepts_ends_with_the_upload_period(desk: Desk) -> None:
    desk.clock.now = after_window()
    with desk.device() as device:
        made = device.run().made
        desk.clock.now = max(each.due for each in made)
        desk.pair.clock.now = WINDOW.start(BERLIN)  # the server's clock is a week behind
        device.run()
        assert len(device.outbox.waiting()) == 2
        desk.clock.now = desk.signed.agreement.upload_closes(WINDOW)
        device.run()
        ended = [each for each in device.outbox.all() if each.batch.window == WINDOW]
        assert [each.state for each in ended] == [State.MISSED] * 2
        assert all(each.report is None and each.measurement is None for each in ended)
        assert all("the window is not over yet" in (each.reason or "") for each in ended)


def test_a_receipt_of_another_server_is_no_receipt(desk: Desk) -> None:
    desk.clock.now = after_window()
    with desk.device() as device:
        made = device.run().made
        desk.clock.now = desk.pair.clock.now = max(each.due for each in made)
        intake = desk.pair.running[Party.EMPLOYER]
        forge_receipts(intake)
        happened = device.run()
        assert {type(each.error) for each in happened.trouble} == {BadReceipt}
        assert happened.sent == ()
        assert len(device.outbox.waiting()) == len(made)


def forge_receipts(leader: Aggregator) -> None:
    """As if somebody else than the employer's server answered."""
    assert leader._commit is not None
    honest = leader._commit._commit
    stranger = Ed25519PrivateKey.generate()
    leader._commit._commit = lambda admissions: [
        sign_receipt(each.report_digest, stranger) if isinstance(each, Receipt) else each
        for each in honest(admissions)
    ]


@pytest.mark.parametrize("bad", ["(" * 900, "a:" * 900, "<" * 900])
def test_a_mail_made_to_break_the_parser_silences_nobody(desk: Desk, bad: str) -> None:
    name = f"{int(monday(10).timestamp())}.bad:2,"
    (desk.folder / "mail" / "cur" / name).write_text(
        f"From: a@client.example {bad}\nTo: {OWN}\nMessage-ID: <bad@x>\n\nHello.\n"
    )
    desk.mail("one", monday(10))
    desk.clock.now = after_window()
    with desk.device() as device:
        happened = device.run()
        assert happened.trouble == ()
        assert len(happened.made) == 2


def test_a_pipe_in_a_mailbox_is_not_waited_for(desk: Desk) -> None:
    os.mkfifo(desk.folder / "mail" / "new" / f"{int(monday(10).timestamp())}.pipe")
    desk.clock.now = after_window()
    with desk.device() as device:
        assert len(device.run().made) == 2


def other_keys(desk: Desk) -> bytes:
    """The same agreement, signed with keys that nobody here has seen."""
    employer, council = new_keys(), new_keys()
    agreement = desk.signed.agreement
    forged = dataclasses.replace(
        agreement,
        version=agreement.version + 1,
        employer=dataclasses.replace(
            agreement.employer, signing_key=employer.signing.public_key().public_bytes_raw()
        ),
        council=dataclasses.replace(
            agreement.council, signing_key=council.signing.public_key().public_bytes_raw()
        ),
    )
    return sign(forged, employer, council)


def test_an_enrolled_device_takes_no_agreement_with_other_keys(tmp_path: Path, desk: Desk) -> None:
    file = tmp_path / "other.signed.json"
    file.write_bytes(other_keys(desk))
    now = desk.clock.now
    assert enrol.read_signed(file, now, known=None).agreement.version == 2
    with pytest.raises(BadSignature, match="another signing key for the employer"):
        enrol.read_signed(file, now, enrolment.known(desk.folder))


def test_an_enrolled_device_takes_no_older_version(tmp_path: Path, desk: Desk) -> None:
    record = enrolment.load(desk.folder)
    newer = dataclasses.replace(record.signed.agreement, version=3)
    later = dataclasses.replace(record, signed=dataclasses.replace(record.signed, agreement=newer))
    file = tmp_path / "old.signed.json"
    file.write_bytes(desk.signed.envelope)
    with pytest.raises(NotInForce, match="version 1, and version 3 is accepted here already"):
        enrol.read_signed(file, desk.clock.now, later)


def test_an_enrolled_device_takes_no_other_text_under_the_same_number(
    tmp_path: Path, desk: Desk
) -> None:
    other = dataclasses.replace(desk.signed.agreement, purpose="Something else.")
    signed = envelope.start(other)
    for party, home in desk.pair.homes.items():
        signed = envelope.add_signature(signed, home.signing_key(), party)
    file = tmp_path / "same.signed.json"
    file.write_bytes(signed)
    with pytest.raises(NotInForce, match="another text under the number 1"):
        enrol.read_signed(file, desk.clock.now, enrolment.known(desk.folder))


def test_the_text_without_signatures_is_told_apart(tmp_path: Path, desk: Desk) -> None:
    with pytest.raises(NotEnrolled, match=r"take the signed file, agreement\.signed\.json"):
        enrol.read_signed(tmp_path / "agreement.toml", desk.clock.now, known=None)


def test_a_mailbox_that_is_none_is_told_before_the_consent_is_kept(
    tmp_path: Path, desk: Desk
) -> None:
    mailbox = Mailbox(tmp_path / "nowhere")
    with pytest.raises(MailboxUnreadable):
        enrol.enrol(
            tmp_path / "new",
            desk.signed,
            GroupId("north"),
            [mailbox],
            answer=lambda: "yes",
            now=desk.clock.now,
        )
    assert not (tmp_path / "new").exists()


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
        desk.clock.now = after_window()
        device.run()
        assert why_none(device, WINDOW, late) is None


def test_a_server_behind_its_time_is_tried_again(desk: Desk) -> None:
    desk.clock.now = after_window()
    with desk.device() as device:
        made = device.run().made
        desk.clock.now = max(each.due for each in made)
        desk.pair.clock.now = WINDOW.start(BERLIN)
        refusals = [each.error for each in device.run().trouble]
        reasons = [error.reason for error in refusals if isinstance(error, ReportRejected)]
        assert reasons == [Rejection.WINDOW_NOT_OVER] * 2
        assert len(device.outbox.waiting()) == 2
        desk.pair.clock.now = desk.clock.now
        assert len(device.run().sent) == 2


def test_the_device_keeps_its_own_budget_whatever_the_servers_say(desk: Desk) -> None:
    desk.clock.now = after_window()
    with desk.device() as device:
        made = device.run().made
        # As if another version of the agreement had already spent everything.
        spent = made[0]
        device.outbox._connection.execute(
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


@pytest.mark.parametrize("answer", ["no", "", "y", "yes please"])
def test_without_a_clear_yes_nothing_is_kept(tmp_path: Path, desk: Desk, answer: str) -> None:
    folder = tmp_path / "somebody"
    with pytest.raises(NoConsent):
        enrol.enrol(
            folder, desk.signed, GroupId("north"), [], answer=lambda: answer, now=desk.clock.now
        )
    assert not folder.exists()
    with pytest.raises(NotEnrolled, match="plurale enrol FILE"):
        Device(folder, Surroundings(desk.clock, desk.noise, secrets.token_bytes))


def test_a_group_that_does_not_exist_is_named(tmp_path: Path, desk: Desk) -> None:
    with pytest.raises(InvalidValue, match="'east' to join: choose from north, south, west"):
        enrol.enrol(
            tmp_path, desk.signed, GroupId("east"), [], answer=lambda: "yes", now=desk.clock.now
        )


def test_an_expired_agreement_names_the_file_and_the_next_step(tmp_path: Path, desk: Desk) -> None:
    file = tmp_path / "agreement.signed.json"
    file.write_bytes(desk.signed.envelope)
    with pytest.raises(NotInForce, match=r"signed\.json expired .* ask the works council"):
        enrol.read_signed(file, datetime(2026, 12, 1, tzinfo=UTC), known=None)
    assert enrol.read_signed(file, desk.clock.now, known=None).digest == desk.signed.digest


def test_a_changed_enrolment_is_not_trusted(desk: Desk) -> None:
    path = desk.folder / enrolment.FILE_NAME
    record = json.loads(path.read_text())
    record["pinned"]["council"] = "00" * 32
    path.write_text(json.dumps(record))
    with pytest.raises(NotEnrolled, match="enrol again"):
        desk.device()


def test_files_are_the_owners_alone(desk: Desk) -> None:
    desk.clock.now = after_window()
    with desk.device() as device:
        device.run()
        files = [path for path in desk.folder.iterdir() if path.is_file()]
        assert {path.name for path in files} >= {"enrolment.json", "journal.db", "outbox.db"}
        for path in files:
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name


def test_due_times_are_spread_over_the_upload_period(desk: Desk) -> None:
    agreement = desk.signed.agreement
    opens, closes = agreement.upload_opens(WINDOW), agreement.upload_closes(WINDOW)
    drawn = [draw(opens, closes, opens, secrets.token_bytes) for _ in range(2000)]
    assert opens <= min(drawn)
    assert max(drawn) <= closes - SPARE
    # Uniform: each quarter of the period gets a quarter, five standard deviations (97) apart.
    period = closes - SPARE - opens
    for part in range(4):
        inside = sum(
            opens + period * part / 4 <= at < opens + period * (part + 1) / 4 for at in drawn
        )
        assert abs(inside - 500) < 97
    late = closes - timedelta(minutes=1)
    assert draw(opens, closes, late, secrets.token_bytes) == late


def test_a_window_that_closed_unseen_is_passed_over(desk: Desk) -> None:
    desk.clock.now = (WINDOW.end(BERLIN) + timedelta(weeks=1)).astimezone(UTC) + timedelta(hours=1)
    with desk.device() as device:
        assert {each.batch.window for each in device.run().made} == {WINDOW.plus(1)}
