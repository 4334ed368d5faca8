"""The one table between rejections, errors and gRPC status codes (protocol §5).

A status carries the sentence for people; the trailing metadata carries the exact name, so that
the other side gets the same member of the same enum, or the same exception, back.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

import grpc

from privacy import errors
from privacy.errors import PluraleError, Rejection, ReportRejected
from protos.errors import RemoteFault, Unreachable
from protos.v1 import aggregation_pb2 as wire

Metadata: TypeAlias = tuple[tuple[str, str], ...]

REJECTION_KEY: Final = "plurale-rejection"
ERROR_KEY: Final = "plurale-error"

_CODE = grpc.StatusCode

REJECTION_STATUS: Final[Mapping[Rejection, grpc.StatusCode]] = MappingProxyType(
    {
        Rejection.NOT_IN_FORCE: _CODE.FAILED_PRECONDITION,
        Rejection.UNKNOWN_TASK: _CODE.NOT_FOUND,
        Rejection.UNKNOWN_GROUP: _CODE.NOT_FOUND,
        Rejection.WINDOW_NOT_COLLECTED: _CODE.OUT_OF_RANGE,
        Rejection.WINDOW_NOT_OVER: _CODE.FAILED_PRECONDITION,
        Rejection.BATCH_CLOSED: _CODE.FAILED_PRECONDITION,
        Rejection.BATCH_FULL: _CODE.RESOURCE_EXHAUSTED,
        Rejection.WRONG_SIZE: _CODE.INVALID_ARGUMENT,
        Rejection.INVALID_TOKEN: _CODE.PERMISSION_DENIED,
        Rejection.REPORT_ID_REUSED: _CODE.ALREADY_EXISTS,
        Rejection.CANNOT_OPEN: _CODE.INVALID_ARGUMENT,
        Rejection.MALFORMED_SHARE: _CODE.INVALID_ARGUMENT,
        Rejection.MALFORMED_VERIFIER_SHARE: _CODE.INVALID_ARGUMENT,
        Rejection.PUBLIC_SHARE_MISMATCH: _CODE.INVALID_ARGUMENT,
        Rejection.INVALID_PROOF: _CODE.INVALID_ARGUMENT,
    }
)

REJECTION_TO_WIRE: Final = MappingProxyType(
    {reason: wire.Rejection.Value(f"REJECTION_{reason.name}") for reason in Rejection}
)
REJECTION_FROM_WIRE: Final = MappingProxyType(
    {number: reason for reason, number in REJECTION_TO_WIRE.items()}
)

ERROR_STATUS: Final[Mapping[type[PluraleError], grpc.StatusCode]] = MappingProxyType(
    {
        errors.InvalidValue: _CODE.INVALID_ARGUMENT,
        errors.NotInForce: _CODE.FAILED_PRECONDITION,
        errors.KeysNotExchanged: _CODE.FAILED_PRECONDITION,
        errors.UnknownCode: _CODE.PERMISSION_DENIED,
        errors.NotAMember: _CODE.PERMISSION_DENIED,
        errors.TokenSpent: _CODE.ALREADY_EXISTS,
        errors.BadToken: _CODE.INVALID_ARGUMENT,
        errors.BadCheckpoint: _CODE.FAILED_PRECONDITION,
        errors.LedgerBehind: _CODE.FAILED_PRECONDITION,
        # Not UNAVAILABLE: that would be tried again within seconds.
        errors.BatchNotClosed: _CODE.FAILED_PRECONDITION,
        errors.BatchDisagreement: _CODE.FAILED_PRECONDITION,
        errors.AlreadyReleased: _CODE.ALREADY_EXISTS,
        errors.WrongOpening: _CODE.INVALID_ARGUMENT,
        errors.NotAsked: _CODE.FAILED_PRECONDITION,
        errors.UnopenedShare: _CODE.FAILED_PRECONDITION,
    }
)
_ERROR_BY_NAME = {kind.__name__: kind for kind in ERROR_STATUS}


def to_status(error: PluraleError) -> tuple[grpc.StatusCode, str, Metadata]:
    """The status code, the sentence and the trailing metadata for an error."""
    if isinstance(error, ReportRejected):
        metadata = ((REJECTION_KEY, error.reason.name),)
        return REJECTION_STATUS[error.reason], str(error), metadata
    code = ERROR_STATUS.get(type(error), _CODE.FAILED_PRECONDITION)
    return code, str(error), ((ERROR_KEY, type(error).__name__),)


_MOST_CHARACTERS: Final = 300


def _plain(details: str) -> str:
    """A server's sentence as it may be shown on a terminal: nothing hidden, nothing endless."""
    shown = "".join(sign if sign.isprintable() else "?" for sign in details[:_MOST_CHARACTERS])
    return shown if len(details) <= _MOST_CHARACTERS else f"{shown}…"


def from_rpc(error: grpc.RpcError, server: str) -> PluraleError:
    """The error that a failed call stands for; `server` names it in the sentence."""
    code, details = error.code(), _plain(error.details() or "")
    metadata = {item.key: str(item.value) for item in error.trailing_metadata() or ()}
    rejection, name = metadata.get(REJECTION_KEY), metadata.get(ERROR_KEY)
    if rejection is not None and rejection in Rejection.__members__:
        return ReportRejected(Rejection[rejection])
    if name in _ERROR_BY_NAME:
        return _ERROR_BY_NAME[name](details)
    if code is _CODE.UNAVAILABLE and "CERTIFICATE_VERIFY_FAILED" in details:
        return Unreachable(
            f"{server} shows a certificate of another authority than the one in the agreement: "
            "nothing was sent; ask who administers it"
        )
    if code in (_CODE.UNAVAILABLE, _CODE.DEADLINE_EXCEEDED):
        return Unreachable(
            f"{server} cannot be reached: check the network and that the server runs; "
            "what is unsent is kept and sent again later"
        )
    return RemoteFault(f"{server} answered {code.name}: {details}")
