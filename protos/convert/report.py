"""Batches, reports and receipts on the wire."""

from privacy.agreement.model import AgreementDigest
from privacy.batch import BatchId
from privacy.errors import InvalidValue
from privacy.groups import GroupId
from privacy.membership import Token
from privacy.metrics import TaskId
from privacy.receipt import Receipt
from privacy.report import Report, ReportId, Submission
from privacy.window import Window
from protos.v1 import report_pb2 as wire

_DIGEST_SIZE = 32
_WINDOW_LENGTH = len("2026-W05")


def batch_to_wire(batch: BatchId) -> wire.BatchId:
    """A `BatchId` as a message."""
    return wire.BatchId(
        agreement_digest=batch.agreement,
        task=batch.task,
        group=batch.group,
        window=str(batch.window),
    )


def batch_from_wire(message: wire.BatchId) -> BatchId:
    """A message as a `BatchId`; raises `InvalidValue` when it names no window or agreement."""
    if len(message.agreement_digest) != _DIGEST_SIZE:
        raise InvalidValue(f"an agreement digest has {_DIGEST_SIZE} bytes")
    return BatchId(
        agreement=AgreementDigest(message.agreement_digest),
        task=TaskId(message.task),
        group=GroupId(message.group),
        window=window_from_wire(message.window),
    )


def window_from_wire(written: str) -> Window:
    """A window's text; raises `InvalidValue` when it names none."""
    if len(written) != _WINDOW_LENGTH:  # what is longer is not worth quoting
        raise InvalidValue("the window is not an ISO week: write it like 2026-W05")
    return Window.parse(written)


def token_to_wire(token: Token) -> wire.Token:
    """A membership token as a message."""
    return wire.Token(randomizer=token.randomizer, signature=token.signature)


def token_from_wire(message: wire.Token) -> Token:
    """A message as a token; raises `InvalidValue` when it is none."""
    return Token(randomizer=message.randomizer, signature=message.signature)


def upload_to_wire(submission: Submission) -> wire.UploadRequest:
    """A report with its token, as the device sends it."""
    report = submission.report
    return wire.UploadRequest(
        report=wire.Report(
            batch=batch_to_wire(report.batch),
            report_id=report.id,
            public_share=report.public_share,
            leader_input_share=report.leader_share,
            helper_input_share=report.helper_share,
        ),
        token=token_to_wire(submission.token),
    )


def upload_from_wire(message: wire.UploadRequest) -> Submission:
    """What a device sent; raises `InvalidValue` when it is no report with a token."""
    report = message.report
    return Submission(
        report=Report(
            batch=batch_from_wire(report.batch),
            id=ReportId(report.report_id),
            public_share=report.public_share,
            leader_share=report.leader_input_share,
            helper_share=report.helper_input_share,
        ),
        token=token_from_wire(message.token),
    )


def receipt_to_wire(receipt: Receipt) -> wire.UploadResponse:
    """A receipt as the leader's answer."""
    return wire.UploadResponse(report_digest=receipt.report_digest, signature=receipt.signature)


def receipt_from_wire(message: wire.UploadResponse) -> Receipt:
    """The leader's answer as a receipt, not yet verified."""
    return Receipt(report_digest=message.report_digest, signature=message.signature)
