"""Aggregation jobs on the wire."""

from privacy.aggregation import Job, Outcome, ReportShare
from privacy.errors import InvalidValue, Rejection
from privacy.report import ReportId
from protos.convert.report import (
    batch_from_wire,
    batch_to_wire,
    token_from_wire,
    token_to_wire,
)
from protos.status import REJECTION_FROM_WIRE, REJECTION_TO_WIRE
from protos.v1 import aggregation_pb2 as wire


def job_to_wire(job: Job) -> wire.AggregationJobRequest:
    """A job as the leader's request."""
    return wire.AggregationJobRequest(
        job_id=job.id,
        batch=batch_to_wire(job.batch),
        reports=[
            wire.ReportShare(
                report_id=report.id,
                public_share=report.public_share,
                leader_input_share_hash=report.leader_share_hash,
                helper_input_share=report.helper_share,
                leader_verifier_share=report.leader_verifier_share,
                token=token_to_wire(report.token),
            )
            for report in job.reports
        ],
    )


def job_from_wire(message: wire.AggregationJobRequest) -> Job:
    """The leader's request as a job; raises `InvalidValue` when it is none."""
    return Job(
        id=message.job_id,
        batch=batch_from_wire(message.batch),
        reports=tuple(
            ReportShare(
                id=ReportId(report.report_id),
                public_share=report.public_share,
                leader_share_hash=report.leader_input_share_hash,
                helper_share=report.helper_input_share,
                leader_verifier_share=report.leader_verifier_share,
                token=token_from_wire(report.token),
            )
            for report in message.reports
        ),
    )


def outcomes_to_wire(outcomes: tuple[Outcome, ...]) -> wire.AggregationJobResponse:
    """One outcome for each report, in their order."""
    return wire.AggregationJobResponse(
        outcomes=[
            wire.ReportOutcome(rejection=REJECTION_TO_WIRE[outcome])
            if isinstance(outcome, Rejection)
            else wire.ReportOutcome(verifier_message=outcome)
            for outcome in outcomes
        ]
    )


def outcomes_from_wire(message: wire.AggregationJobResponse) -> tuple[Outcome, ...]:
    """The helper's answer; raises `InvalidValue` for an outcome that says nothing."""
    return tuple(_outcome(outcome) for outcome in message.outcomes)


def _outcome(message: wire.ReportOutcome) -> Outcome:
    if message.WhichOneof("outcome") == "verifier_message":
        return message.verifier_message
    try:
        return REJECTION_FROM_WIRE[message.rejection]
    except KeyError as error:
        raise InvalidValue("the helper's answer has an outcome without a meaning") from error
