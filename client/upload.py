"""Sending one report to the employer's server, and checking the receipt."""

import grpc

from privacy.agreement.model import PartyTerms
from privacy.receipt import Receipt
from privacy.report import Submission
from protos.channel import CALL_SECONDS, connect
from protos.convert.report import receipt_from_wire, upload_to_wire
from protos.status import from_rpc
from protos.v1.report_pb2_grpc import IntakeStub


class Uplink:
    """The leader as a device sees it. Use it as a context manager; it connects when first used."""

    def __init__(self, employer: PartyTerms) -> None:
        self._employer = employer
        self._channel: grpc.Channel | None = None

    def __enter__(self) -> "Uplink":
        return self

    def __exit__(self, *_: object) -> None:
        if self._channel is not None:
            self._channel.close()

    def send(self, submission: Submission) -> Receipt:
        """Send a report with its token; returns the verified receipt.

        Raises `ReportRejected` when the server refuses the report for good, `Unreachable` or
        another `PluraleError` when it can be tried again, `BadReceipt` for a false receipt.
        """
        if self._channel is None:
            self._channel = connect(self._employer.endpoint, self._employer.ca_certificate)
        server = f"the employer's server {self._employer.endpoint}"
        try:
            answer = IntakeStub(self._channel).Upload(
                upload_to_wire(submission), timeout=CALL_SECONDS
            )
        except grpc.RpcError as error:
            raise from_rpc(error, server) from error
        receipt = receipt_from_wire(answer)
        receipt.verify(self._employer.server_key, submission.report.digest)
        return receipt
