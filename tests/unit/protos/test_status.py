"""Every rejection and error keeps its name over the wire."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import grpc
import pytest

from privacy import errors
from privacy.errors import PluraleError, Rejection, ReportRejected
from protos.errors import RemoteFault, Unreachable
from protos.status import REJECTION_STATUS, REJECTION_TO_WIRE, from_rpc, to_status
from protos.v1 import aggregation_pb2 as wire


class Item(NamedTuple):
    key: str
    value: str


class Failed(grpc.RpcError):
    """A failed call, as the channel raises it."""

    def __init__(
        self, code: grpc.StatusCode, details: str, metadata: Sequence[tuple[str, str]] = ()
    ) -> None:
        self._code, self._details, self._metadata = code, details, metadata

    def code(self) -> grpc.StatusCode:
        return self._code

    def details(self) -> str:
        return self._details

    def trailing_metadata(self) -> Any:
        return tuple(Item(*each) for each in self._metadata)


@pytest.mark.parametrize("reason", list(Rejection))
def test_a_rejection_arrives_as_itself(reason: Rejection) -> None:
    status = to_status(ReportRejected(reason))
    assert status[0] is REJECTION_STATUS[reason]
    assert reason.value in status[1]
    received = from_rpc(Failed(*status), "the server")
    assert isinstance(received, ReportRejected)
    assert received.reason is reason


def test_every_rejection_has_its_number_on_the_wire() -> None:
    numbers = set(REJECTION_TO_WIRE.values())
    assert len(numbers) == len(Rejection)
    assert wire.REJECTION_UNSPECIFIED not in numbers
    assert set(wire.Rejection.keys()) == {
        "REJECTION_UNSPECIFIED",
        *(f"REJECTION_{reason.name}" for reason in Rejection),
    }


@pytest.mark.parametrize(
    "error",
    [
        errors.InvalidValue("a value"),
        errors.NotInForce("no agreement"),
        errors.BatchNotClosed("not yet"),
        errors.BatchDisagreement("other reports"),
        errors.AlreadyReleased("another question"),
        errors.WrongOpening("another share"),
        errors.UnopenedShare("a day"),
        errors.NotAsked("a week"),
        errors.KeysNotExchanged("not yet"),
        errors.BadCheckpoint("not witnessed"),
        errors.LedgerBehind("an old copy"),
        errors.UnknownCode("no such code"),
        errors.NotAMember("no such device"),
        errors.TokenSpent("another report"),
        errors.BadToken("no blinded message"),
    ],
)
def test_an_error_arrives_as_itself(error: PluraleError) -> None:
    received = from_rpc(Failed(*to_status(error)), "the server")
    assert type(received) is type(error)
    assert str(received) == str(error)


def test_no_refusal_is_tried_again_by_the_channel() -> None:
    """A channel repeats UNAVAILABLE by itself, within seconds; none of these changes that fast."""
    refusals = [errors.BatchNotClosed(""), *map(ReportRejected, Rejection)]
    assert grpc.StatusCode.UNAVAILABLE not in [to_status(each)[0] for each in refusals]


@pytest.mark.parametrize(
    ("code", "details", "kind", "sentence"),
    [
        (grpc.StatusCode.UNAVAILABLE, "refused", Unreachable, "the server cannot be reached"),
        (grpc.StatusCode.DEADLINE_EXCEEDED, "", Unreachable, "the server cannot be reached"),
        (
            grpc.StatusCode.UNAVAILABLE,
            "SSL: CERTIFICATE_VERIFY_FAILED: unable to get local issuer",
            Unreachable,
            "the server shows a certificate of another authority than the one in the agreement",
        ),
        (grpc.StatusCode.INTERNAL, "oops", RemoteFault, "the server answered INTERNAL: oops"),
    ],
)
def test_what_is_no_error_of_ours_is_told_apart(
    code: grpc.StatusCode, details: str, kind: type[PluraleError], sentence: str
) -> None:
    received = from_rpc(Failed(code, details), "the server")
    assert type(received) is kind
    assert str(received).startswith(sentence)


def test_a_made_up_name_becomes_nothing_else() -> None:
    metadata = [("plurale-rejection", "NOTHING"), ("plurale-error", "SystemExit")]
    failed = Failed(grpc.StatusCode.INVALID_ARGUMENT, "x", metadata)
    assert type(from_rpc(failed, "the server")) is RemoteFault


def test_a_servers_sentence_can_neither_hide_nor_flood_what_a_terminal_shows() -> None:
    hostile = "\x1b[2J\x1b]0;owned\x07 all is well\n\u202e" + "x" * 5000
    shown = str(from_rpc(Failed(grpc.StatusCode.UNKNOWN, hostile), "the server"))
    assert shown.isprintable()
    assert len(shown) < 400
