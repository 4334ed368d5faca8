"""An employer's server cannot shut one person out in silence: whatever it answers, or does not."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from client.concern import Concern
from client.parcel import Parcel, State
from client.show import became
from privacy.agreement.model import Party
from privacy.errors import PASSING, NotAMember, Rejection, ReportRejected
from tests.agreements import party_keys
from tests.desk import WINDOW, Desk, due, fetch
from tests.members import refusing

NAMED = "headline / north / 2026-W05"
NEXT_STEP = (
    "tell the works council and, since either's server may be the cause, the employer's "
    "data-protection officer (the agreement names: The works council, council@example.com)"
)
FINAL = sorted(set(Rejection) - PASSING)


def headline(desk: Desk) -> Parcel:
    with desk.device() as device:
        parcel = device.outbox.get(desk.batch().task_digest, WINDOW)
    assert parcel is not None
    return parcel


def closes(desk: Desk) -> datetime:
    return desk.signed.agreement.upload_closes(WINDOW)


def about_the_headline(alarms: tuple[str, ...]) -> str:
    (said,) = [each for each in alarms if NAMED in each]
    return said


@pytest.mark.parametrize("reason", FINAL)
def test_every_refusal_for_good_is_an_alarm_that_names_it(desk: Desk, reason: Rejection) -> None:
    approved = desk.approved()
    desk.employer.refuses = ReportRejected(reason)
    happened = desk.run(at=due(approved))
    assert len(happened.alarms) == 2
    said = about_the_headline(happened.alarms)
    assert said.startswith(f"the employer's server refuses your report for {NAMED}")
    assert said.endswith(NEXT_STEP)
    if reason is not Rejection.INVALID_TOKEN:
        assert f" for good: {reason.value}; " in said
    parcel = headline(desk)
    assert (parcel.state, parcel.concern, parcel.report) == (
        State.REFUSED,
        Concern.REFUSED,
        None,
    )
    assert became(parcel) == f"was refused by the server: {reason.value}"
    desk.employer.refuses = None
    uploads = len(desk.employer.uploads)
    assert desk.run().alarms == happened.alarms
    assert len(desk.employer.uploads) == uploads


def refuses_for_now(desk: Desk) -> None:
    desk.employer.refuses = ReportRejected(Rejection.NOT_IN_FORCE)


def signs_falsely(desk: Desk) -> None:
    desk.employer.signs_with = Ed25519PrivateKey.generate()


def cannot_be_reached(desk: Desk) -> None:
    desk.servers.stop(Party.EMPLOYER)


WAYS: dict[Callable[[Desk], None], str] = {
    refuses_for_now: "report rejected: no agreement with this digest is in force for the window",
    signs_falsely: "the receipt is not signed by the employer's server",
    cannot_be_reached: "it could not be reached, which is no accident if other servers could be",
}


@pytest.mark.parametrize("way", WAYS)
def test_no_receipt_in_spite_of_a_try_is_an_alarm_at_the_close_and_nobody_is_asked_then(
    desk: Desk, way: Callable[[Desk], None]
) -> None:
    approved = desk.approved()
    way(desk)
    assert desk.run(at=due(approved)).alarms == ()
    happened = desk.run(at=closes(desk) - timedelta(seconds=1))
    assert (happened.alarms, len(happened.trouble)) == ((), 2)
    uploads = len(desk.employer.uploads)
    happened = desk.run(at=closes(desk))
    assert len(happened.alarms) == 2
    said = about_the_headline(happened.alarms)
    why = headline(desk).reason or ""
    assert why.startswith("it could not be sent before the batch closed (")
    assert WAYS[way] in why
    assert said == (
        f"the employer's server gave no receipt for your report for {NAMED} before the batch "
        f"closed ({why.partition('(')[2]}; {NEXT_STEP}"
    )
    assert len(desk.employer.uploads) == uploads
    parcel = headline(desk)
    assert (parcel.state, parcel.concern, parcel.report) == (State.MISSED, Concern.REFUSED, None)
    assert desk.run().alarms == happened.alarms


@pytest.mark.parametrize("way", WAYS)
def test_a_receipt_that_comes_after_all_leaves_no_alarm(
    desk: Desk, way: Callable[[Desk], None]
) -> None:
    approved = desk.approved()
    way(desk)
    desk.run(at=due(approved))
    desk.employer.refuses, desk.employer.signs_with = None, party_keys(Party.EMPLOYER).server
    if way is cannot_be_reached:
        desk.servers.start(Party.EMPLOYER)
    assert len(desk.run().sent) == 2
    assert desk.run(at=closes(desk)).alarms == ()
    assert headline(desk).hindrance is None


def test_a_laptop_that_was_off_from_the_token_to_the_close_accuses_nobody(desk: Desk) -> None:
    desk.approved()
    happened = desk.run(at=closes(desk))
    assert (happened.alarms, happened.trouble, desk.employer.uploads) == ((), (), [])
    parcel = headline(desk)
    assert (parcel.state, parcel.concern) == (State.MISSED, None)
    assert became(parcel) == (
        "was not sent: this device did not try to send it before the batch closed"
    )


def test_a_refused_report_is_said_although_its_refused_token_was_seen_to(desk: Desk) -> None:
    made = desk.run(at=desk.signed.agreement.upload_opens(WINDOW)).made
    desk.council.change["issue"] = refusing(NotAMember("the roster has no such device"))
    assert len(desk.run(at=fetch(made)).alarms) == 2
    with desk.device() as device:
        assert device.see_to_alarms() == 2
    desk.council.change.clear()
    assert desk.run().alarms == ()
    desk.employer.refuses = ReportRejected(Rejection.BATCH_CLOSED)
    assert len(desk.run(at=due(made)).alarms) == 2
