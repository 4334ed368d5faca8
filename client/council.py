"""The council's ledger as it is asked for; nothing of the answers is checked here."""

from collections.abc import Callable
from typing import TypeVar

import grpc

from privacy.agreement.model import PartyTerms
from privacy.batch import BatchId
from privacy.ledger.answers import CheckpointAnswer, OutcomeAnswer, WindowAnswer
from privacy.ledger.proven import ProvenEntry
from privacy.window import Window
from protos.channel import CALL_SECONDS, connect
from protos.convert.ledger import (
    batch_key_from_wire,
    checkpoint_from_wire,
    outcome_from_wire,
    window_from_wire,
)
from protos.convert.report import batch_to_wire
from protos.status import from_rpc
from protos.v1 import ledger_pb2 as wire
from protos.v1.ledger_pb2_grpc import LedgerStub

_Answer = TypeVar("_Answer")


class Council:
    """The council's server as a device sees it. A context manager; it connects when first used.

    Every method raises `Unreachable` or another `PluraleError` when it can be tried again.
    """

    def __init__(self, council: PartyTerms) -> None:
        self._council = council
        self._channel: grpc.Channel | None = None

    def __enter__(self) -> "Council":
        return self

    def __exit__(self, *_: object) -> None:
        if self._channel is not None:
            self._channel.close()

    def checkpoint(self, first_size: int) -> CheckpointAnswer:
        """The newest witnessed checkpoint, and a proof from the one of `first_size` entries."""
        request = wire.CheckpointRequest(first_size=first_size)
        return checkpoint_from_wire(
            self._call(lambda stub: stub.Checkpoint(request, timeout=CALL_SECONDS))
        )

    def window(self, size: int, window: Window) -> WindowAnswer:
        """What holds for a window, in the ledger of `size` entries."""
        request = wire.WindowRequest(size=size, window=str(window))
        return window_from_wire(self._call(lambda stub: stub.Window(request, timeout=CALL_SECONDS)))

    def batch_key(self, size: int, batch: BatchId) -> ProvenEntry | None:
        """The key of a batch's tokens, in the ledger of `size` entries, if it is there."""
        request = wire.BatchKeyRequest(size=size, batch=batch_to_wire(batch))
        return batch_key_from_wire(
            self._call(lambda stub: stub.BatchKey(request, timeout=CALL_SECONDS))
        )

    def outcome(self, size: int, batch: BatchId) -> OutcomeAnswer:
        """How a batch ended, in the ledger of `size` entries."""
        request = wire.OutcomeRequest(size=size, batch=batch_to_wire(batch))
        return outcome_from_wire(
            self._call(lambda stub: stub.Outcome(request, timeout=CALL_SECONDS))
        )

    def _call(self, method: Callable[[LedgerStub], _Answer]) -> _Answer:
        if self._channel is None:
            self._channel = connect(self._council.endpoint, self._council.ca_certificate)
        try:
            return method(LedgerStub(self._channel))
        except grpc.RpcError as error:
            raise from_rpc(error, f"the council's server {self._council.endpoint}") from error
