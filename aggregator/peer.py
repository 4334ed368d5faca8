"""The helper as the leader reaches it: over gRPC with mutual TLS."""

from collections.abc import Callable
from typing import TypeVar

import grpc

from privacy.aggregation import Job, Outcome
from privacy.agreement.model import AgreementDigest, TaskDigest
from privacy.errors import InvalidValue
from privacy.ledger.answers import FollowAnswer
from privacy.release import Ask, Opening, OpeningAnswer, Withheld
from privacy.verify_key import HALF_SIZE
from privacy.window import Window
from protos.channel import CALL_SECONDS
from protos.convert import aggregation, release
from protos.status import from_rpc
from protos.v1 import (
    activation_pb2,
    activation_pb2_grpc,
    aggregation_pb2_grpc,
    ledger_pb2,
    ledger_pb2_grpc,
    release_pb2_grpc,
)

_Response = TypeVar("_Response")

_NAME = "the works council's server"


class Helper:
    """Every call either answers or raises the `PluraleError` that the helper raised."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._activation = activation_pb2_grpc.ActivationStub(channel)
        self._aggregation = aggregation_pb2_grpc.AggregationStub(channel)
        self._release = release_pb2_grpc.ReleaseStub(channel)
        self._witness = ledger_pb2_grpc.WitnessStub(channel)

    def commit(self, task: TaskDigest, commitment: bytes) -> bytes:
        """Give the leader's commitment, get the helper's."""
        request = activation_pb2.CommitRequest(task_digest=task, commitment=commitment)
        return _call(self._activation.Commit, request).commitment

    def reveal(self, task: TaskDigest, half: bytes) -> bytes:
        """Give the leader's half, get the helper's."""
        request = activation_pb2.RevealRequest(task_digest=task, half=half)
        answer = _call(self._activation.Reveal, request).half
        if len(answer) != HALF_SIZE:
            raise InvalidValue(f"{_NAME} sent half of a verify key with the wrong size")
        return answer

    def run_job(self, job: Job) -> tuple[Outcome, ...]:
        """One outcome for each report of the job."""
        request = aggregation.job_to_wire(job)
        return aggregation.outcomes_from_wire(_call(self._aggregation.RunJob, request))

    def ask(self, ask: Ask, witnessed: str) -> bytes | Withheld:
        """The helper's noised share, or why the batch is withheld."""
        request = release.ask_to_wire(ask, witnessed)
        return release.answer_from_wire(_call(self._release.Ask, request))

    def open(self, opening: Opening) -> OpeningAnswer:
        """Open the leader's share."""
        request = release.opening_to_wire(opening)
        return release.opened_from_wire(_call(self._release.Open, request))

    def follow(self, first: int) -> FollowAnswer:
        """New entries of the ledger, and a signed checkpoint."""
        answer = _call(self._witness.Follow, ledger_pb2.FollowRequest(first=first))
        return FollowAnswer(answer.note, tuple(answer.entries), answer.witnessed)

    def cosign(self, note: str) -> None:
        """Give a checkpoint back, cosigned."""
        _call(self._witness.Cosign, ledger_pb2.CosignRequest(note=note))

    def offer_key(self, window: Window, public: bytes) -> bytes:
        """Give the leader's public key of a window, get the helper's."""
        request = ledger_pb2.OfferKeyRequest(window=str(window), key=public)
        return _call(self._witness.OfferKey, request).key

    def retire(self, agreement: AgreementDigest) -> None:
        """End a version of the agreement, after the window that has begun."""
        _call(self._witness.Retire, ledger_pb2.RetireRequest(agreement_digest=agreement))


def _call(method: Callable[..., _Response], request: object) -> _Response:
    try:
        return method(request, timeout=CALL_SECONDS)
    except grpc.RpcError as error:
        raise from_rpc(error, _NAME) from error
