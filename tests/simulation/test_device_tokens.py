"""Tokens: one for each report, under the key that everybody has; what is refused is an alarm."""

import dataclasses
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from client import cli, device_key_file
from client.concern import Concern
from client.errors import KeysUnpublished, NotEnrolled
from client.happened import Happened
from client.parcel import Parcel, State
from client.show import became
from privacy.agreement.model import Party
from privacy.errors import (
    BadCheckpoint,
    KeysNotExchanged,
    NotAMember,
    PluraleError,
    Rejection,
    ReportRejected,
    TokenSpent,
)
from privacy.ledger.proven import ProvenEntry
from privacy.membership import blind_sign, load_public, verify
from protos.errors import Unreachable
from tests.batch_keys import pooled
from tests.desk import WINDOW, Desk, after, due, fetch
from tests.members import refusing
from tests.simulation.test_device_ledger import copy_of, signed_note

NAMED = "headline / north / 2026-W05"
NEXT_STEP = (
    "tell the works council and, since either's server may be the cause, the employer's "
    "data-protection officer (the agreement names: The works council, council@example.com)"
)


def headline(desk: Desk) -> Parcel:
    with desk.device() as device:
        parcel = device.outbox.get(desk.batch().task_digest, WINDOW)
    assert parcel is not None
    return parcel


def asked(desk: Desk) -> Happened:
    """The run in which both tokens of WINDOW are asked for."""
    return desk.run(at=fetch(desk.run(at=after()).made))


def only_the_headline(desk: Desk) -> None:
    """Both reports are made; the department's has its token, so that one is asked for."""
    made = desk.run(at=after()).made
    desk.council.change["batch key"] = lambda key: (
        key if key == proven_key(desk, "breadth") else None
    )
    desk.run(at=fetch(made))
    desk.council.change.clear()
    desk.council.asked.clear()
    desk.council.token_requests.clear()


def proven_key(desk: Desk, task: str) -> ProvenEntry:
    (entry,) = [
        each for each in desk.story.entries if getattr(each.body, "batch", None) == desk.batch(task)
    ]
    return desk.story.proven(entry.index)


def closes(desk: Desk) -> Any:
    return desk.signed.agreement.upload_closes(WINDOW)


# --- as it should be ------------------------------------------------------------------------------


def test_each_report_gets_one_token_under_the_key_of_its_batch(desk: Desk) -> None:
    happened = asked(desk)
    assert len(happened.approved) == 2
    for parcel in happened.approved:
        assert parcel.token is not None
        key = desk.story.batch_keys[parcel.batch]
        verify(load_public(key.modulus), parcel.digest, parcel.token)
    assert [batch for batch, _ in desk.council.token_requests] == [
        each.batch for each in happened.approved
    ]
    assert desk.run().approved == ()
    assert len(desk.council.token_requests) == 2


def test_what_was_blinded_is_stored_until_the_token_is_there_and_then_erased(desk: Desk) -> None:
    desk.council.change["issue"] = refusing(KeysNotExchanged("later"))
    asked(desk)
    with desk.device() as device:
        request = device.outbox.request(headline(desk))
    assert request is not None
    path = desk.folder / "outbox.db"
    secret = request.blinding.inverse[100:164]  # SQLite cuts long values into pages
    assert secret in path.read_bytes()
    desk.council.change.clear()
    assert len(desk.run().approved) == 2
    with desk.device() as device:
        assert device.outbox.request(headline(desk)) is None
    content = path.read_bytes()
    for gone in (secret, request.blinding.request[100:164]):
        assert gone not in content
    token = headline(desk).token
    assert token is not None
    assert token.signature in content


def test_a_report_without_a_token_is_not_sent_and_leaves_no_blinding_when_it_is_missed(
    desk: Desk,
) -> None:
    desk.council.change["issue"] = refusing(KeysNotExchanged("later"))
    asked(desk)
    with desk.device() as device:
        request = device.outbox.request(headline(desk))
    assert request is not None
    desk.run(at=closes(desk) - timedelta(seconds=1))
    assert desk.employer.uploads == []
    desk.run(at=closes(desk))
    assert headline(desk).state is State.MISSED
    assert request.blinding.inverse[100:164] not in (desk.folder / "outbox.db").read_bytes()


def test_the_token_stays_after_sending_and_the_employer_takes_no_other(desk: Desk) -> None:
    approved = desk.approved()
    with desk.device() as device:
        for parcel in approved:
            assert parcel.token is not None
            signature = bytes([parcel.token.signature[0] ^ 1]) + parcel.token.signature[1:]
            device.outbox._file._connection.execute(
                "UPDATE report SET token = ? WHERE task_digest = ?",
                (signature, parcel.batch.task_digest),
            )
    happened = desk.run(at=due(approved))
    reasons = [
        each.error.reason for each in happened.trouble if isinstance(each.error, ReportRejected)
    ]
    assert reasons == [Rejection.INVALID_TOKEN] * 2
    kept = desk.reports(WINDOW.plus(1))
    assert all(each.token is not None and each.report is None for each in kept)


# --- refused --------------------------------------------------------------------------------------

REFUSALS = [
    NotAMember("the roster has no such device"),
    TokenSpent("a token was given for another report"),
    ReportRejected(Rejection.BATCH_CLOSED),
    ReportRejected(Rejection.UNKNOWN_GROUP),
]


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda error: str(error)[:40])
def test_a_refused_token_is_an_alarm_until_it_comes_after_all(
    desk: Desk, refusal: PluraleError
) -> None:
    only_the_headline(desk)
    desk.council.change["issue"] = refusing(refusal)
    happened = desk.run()
    said = f"the works council's server refuses a token for {NAMED}: {refusal}; {NEXT_STEP}"
    assert (happened.alarms, happened.trouble) == ((said,), ())
    assert headline(desk).concern is Concern.REFUSED
    assert became(headline(desk)) == (
        "is not sent yet, and the works council's server refuses its token"
    )
    assert desk.run().alarms == (said,)
    desk.council.change.clear()
    happened = desk.run()
    assert (len(happened.approved), happened.alarms) == (1, ())
    assert len(set(desk.council.token_requests)) == 1
    assert len(desk.run(at=due(happened.waiting)).sent) == 2


def test_a_refusal_that_was_seen_to_is_not_said_again_and_stays_in_the_list(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    only_the_headline(desk)
    desk.council.change["issue"] = refusing(NotAMember("not any more"))
    assert len(desk.run().alarms) == 1
    assert cli.main(["--data", str(desk.folder), "receipts", "--seen"]) == 0
    assert "refuses its token" in capsys.readouterr().out
    assert desk.run().alarms == ()
    assert desk.run(at=closes(desk)).alarms == ()
    assert became(headline(desk)).startswith(
        "was not sent: it got no token before the batch closed (the works council's server refuses"
    )


@pytest.mark.parametrize(
    "passing", [Rejection.WINDOW_NOT_OVER, Rejection.NOT_IN_FORCE], ids=lambda each: each.name
)
def test_a_refusal_that_passes_is_no_alarm(desk: Desk, passing: Rejection) -> None:
    only_the_headline(desk)
    desk.council.change["issue"] = refusing(ReportRejected(passing))
    happened = desk.run()
    assert happened.alarms == ()
    assert [str(each) for each in happened.trouble] == [
        f"{NAMED}: report rejected: {passing.value}"
    ]
    desk.council.change.clear()
    assert len(desk.run().approved) == 1


# --- altered --------------------------------------------------------------------------------------


def flipped(answer: bytes) -> bytes:
    return bytes([answer[0] & 0x7F, answer[1] ^ 1]) + answer[2:]


def too_short(answer: bytes) -> bytes:
    return answer[1:]


def of_another_key(desk: Desk) -> Callable[[bytes], bytes]:
    """Signed under a key for this member alone: whoever verifies later would know who it was."""

    def sign(honest: bytes) -> bytes:
        _, blinded = desk.council.token_requests[-1]
        tag = next(pooled(n) for n in range(60, 100) if pooled(n).modulus > blinded)
        return blind_sign(tag, blinded, desk.random)

    return sign


@pytest.mark.parametrize(
    "alter", [lambda _: flipped, lambda _: too_short, of_another_key],
    ids=["flipped", "too short", "of another key"],
)  # fmt: skip
def test_an_altered_answer_is_an_alarm_and_is_asked_for_again(
    desk: Desk, alter: Callable[[Desk], Callable[[bytes], bytes]]
) -> None:
    only_the_headline(desk)
    desk.council.change["issue"] = alter(desk)
    (said,) = desk.run().alarms
    start = f"what the works council's server gave as a token for {NAMED} is none: "
    assert said.startswith(start)
    assert said.endswith(NEXT_STEP)
    assert headline(desk).concern is Concern.ALTERED
    assert headline(desk).token is None
    desk.run(at=closes(desk) - timedelta(seconds=1))
    assert not [each for each in desk.employer.uploads if desk.batch().task.encode() in each]
    desk.council.change.clear()
    happened = desk.run()
    assert len(happened.approved) == 1
    (said,) = happened.alarms  # it came on the last day, so another one takes its place
    assert said.startswith(f"the works council's server gave the token for {NAMED} on the last day")
    assert said.endswith(NEXT_STEP)
    assert headline(desk).concern is Concern.DELAYED
    assert "gave on the last day and not before" in became(headline(desk))
    assert len(set(desk.council.token_requests)) == 1


# --- another key than everybody's -----------------------------------------------------------------


def key_of_another_batch(desk: Desk) -> Any:
    return lambda _: proven_key(desk, "breadth")


def entry_of_another_kind(desk: Desk) -> Any:
    return lambda _: desk.story.proven(0)


def key_outside_the_ledger(desk: Desk) -> Any:
    other = copy_of(desk.story)
    return lambda _: other.proven(other.publish_batch_key(desk.batch()).index)


def key_in_another_place(desk: Desk) -> Any:
    return lambda key: dataclasses.replace(key, index=key.index + 1)


@pytest.mark.parametrize(
    "wrong",
    [key_of_another_batch, entry_of_another_kind, key_outside_the_ledger, key_in_another_place],
)
def test_nothing_is_asked_under_a_key_that_is_not_proven_to_be_the_batchs(
    desk: Desk, wrong: Callable[[Desk], Any]
) -> None:
    only_the_headline(desk)
    desk.council.change["batch key"] = wrong(desk)
    (said,) = desk.run().alarms
    assert said.startswith(
        f"the key that the works council's server showed for the tokens of {NAMED} is not the one "
        "that everybody has: "
    )
    assert said.endswith(NEXT_STEP)
    assert headline(desk).concern is Concern.UNPROVEN
    assert desk.council.token_requests == []
    desk.council.change.clear()
    happened = desk.run()
    assert (len(happened.approved), happened.alarms) == (1, ())


def test_a_key_that_the_employer_has_not_witnessed_is_not_used(desk: Desk) -> None:
    # The council signs a ledger with a key for this member alone; its witness refuses it.
    desk.run(at=after())
    other = copy_of(desk.story)
    tag = other.publish_batch_key(desk.batch()).index
    desk.council.change["checkpoint"] = lambda answer: dataclasses.replace(
        answer, note=signed_note(other, witness=None)
    )
    desk.council.change["batch key"] = lambda _: other.proven(tag)
    happened = desk.run(at=fetch(desk.run().waiting))
    assert {type(each.error) for each in happened.trouble} == {BadCheckpoint}
    assert "batch key" not in desk.council.asked
    assert desk.council.token_requests == []


def test_a_key_that_is_not_published_yet_is_waited_for(desk: Desk) -> None:
    only_the_headline(desk)
    desk.council.change["batch key"] = lambda _: None
    happened = desk.run()
    assert ([type(each.error) for each in happened.trouble], happened.alarms) == (
        [KeysUnpublished],
        (),
    )
    assert desk.council.token_requests == []
    desk.council.change.clear()
    assert len(desk.run().approved) == 1


# --- silence --------------------------------------------------------------------------------------


def no_key(desk: Desk) -> None:
    desk.council.change["batch key"] = lambda _: None


def no_answer(desk: Desk) -> None:
    desk.council.change["issue"] = refusing(ReportRejected(Rejection.WINDOW_NOT_OVER))


def no_server(desk: Desk) -> None:
    desk.servers.stop(Party.COUNCIL)


@pytest.mark.parametrize("silence", [no_key, no_answer, no_server])
def test_a_token_that_never_came_though_it_was_asked_for_is_an_alarm_at_the_close(
    desk: Desk, silence: Callable[[Desk], None]
) -> None:
    only_the_headline(desk)
    silence(desk)
    happened = desk.run()
    assert happened.alarms == ()
    (trouble,) = happened.trouble
    assert desk.run(at=closes(desk) - timedelta(seconds=1)).alarms == ()
    desk.council.asked.clear()
    (said,) = desk.run(at=closes(desk)).alarms
    why = str(trouble.error)
    if silence is no_server:
        assert isinstance(trouble.error, Unreachable)
        why = "it could not be reached, which is no accident if other servers could be"
    assert said == (
        f"the works council's server gave no token for {NAMED} before the batch closed, so your "
        f"report was not sent ({why}); {NEXT_STEP}"
    )
    assert not {"batch key", "issue"} & set(desk.council.asked)
    parcel = headline(desk)
    assert (parcel.state, parcel.concern, parcel.report) == (
        State.MISSED,
        Concern.REFUSED,
        None,
    )
    assert desk.run().alarms == (said,)


def test_a_device_that_was_off_until_the_close_raises_no_alarm(desk: Desk) -> None:
    desk.run(at=after())
    desk.council.asked.clear()
    assert desk.run(at=closes(desk)).alarms == ()
    assert desk.council.asked == []
    assert became(headline(desk)) == (
        "was not sent: this device did not ask for its token before the batch closed"
    )


def test_a_device_without_its_key_blames_nobody(desk: Desk) -> None:
    path = desk.folder / device_key_file.FILE_NAME
    path.rename(desk.folder / "elsewhere.pem")
    happened = asked(desk)
    assert ([type(each.error) for each in happened.trouble], happened.alarms) == (
        [NotEnrolled] * 2,
        (),
    )
    assert not {"batch key", "issue"} & set(desk.council.asked)
    assert desk.run(at=closes(desk)).alarms == ()
    assert headline(desk).state is State.MISSED


def test_an_employer_that_refuses_a_good_token_is_an_alarm(desk: Desk) -> None:
    made = desk.run(at=after()).made
    desk.run(at=fetch(made))
    desk.employer.refuses = ReportRejected(Rejection.INVALID_TOKEN)
    happened = desk.run(at=due(made))
    assert happened.sent == ()
    assert len(happened.alarms) == 2
    alarm = next(each for each in happened.alarms if "headline" in each)
    assert alarm == (
        f"the employer's server refuses your report for {NAMED}, as if its token were not the "
        f"works council's, which it is; {NEXT_STEP}"
    )
    assert headline(desk).state is State.REFUSED
    assert desk.run().alarms == happened.alarms
