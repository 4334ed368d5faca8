"""The gRPC services: messages to domain objects, to a room, and back."""

import asyncio

import grpc

from aggregator.aggregation import HelperAggregation
from aggregator.group_commit import GroupCommit
from aggregator.intake import Admission, Decision, Intake
from aggregator.release import HelperRelease
from aggregator.verify_key import HelperActivationService
from privacy.agreement.model import TaskDigest
from privacy.errors import PluraleError
from protos.convert import aggregation, release, report
from protos.service import method, service
from protos.v1 import activation_pb2, aggregation_pb2, release_pb2, report_pb2


def leader(
    intake: Intake, commit: GroupCommit[Admission, Decision]
) -> tuple[grpc.GenericRpcHandler, ...]:
    """What the leader serves: intake, to devices."""

    async def upload(request: report_pb2.UploadRequest) -> report_pb2.UploadResponse:
        decision = await commit.decide(intake.admit(report.upload_from_wire(request)))
        if isinstance(decision, PluraleError):
            raise decision
        return report.receipt_to_wire(decision)

    return (service("Intake", {"Upload": method(report_pb2.UploadRequest, upload)}),)


def helper(
    activation: HelperActivationService,
    jobs: HelperAggregation,
    releases: HelperRelease,
) -> tuple[grpc.GenericRpcHandler, ...]:
    """What the helper serves: verify keys, jobs and releases, to the leader."""

    async def commit(request: activation_pb2.CommitRequest) -> activation_pb2.CommitResponse:
        task = TaskDigest(request.task_digest)
        own = await asyncio.to_thread(activation.commit, task, request.commitment)
        return activation_pb2.CommitResponse(commitment=own)

    async def reveal(request: activation_pb2.RevealRequest) -> activation_pb2.RevealResponse:
        task = TaskDigest(request.task_digest)
        half = await asyncio.to_thread(activation.reveal, task, request.half)
        return activation_pb2.RevealResponse(half=half)

    async def run_job(
        request: aggregation_pb2.AggregationJobRequest,
    ) -> aggregation_pb2.AggregationJobResponse:
        outcomes = await asyncio.to_thread(jobs.run_job, aggregation.job_from_wire(request))
        return aggregation.outcomes_to_wire(outcomes)

    async def ask(request: release_pb2.ReleaseRequest) -> release_pb2.ReleaseResponse:
        answer = await asyncio.to_thread(releases.ask, release.ask_from_wire(request))
        return release.answer_to_wire(answer)

    async def open_share(request: release_pb2.OpenRequest) -> release_pb2.OpenResponse:
        answer = await asyncio.to_thread(releases.open, release.opening_from_wire(request))
        return release.opened_to_wire(answer)

    return (
        service(
            "Activation",
            {
                "Commit": method(activation_pb2.CommitRequest, commit),
                "Reveal": method(activation_pb2.RevealRequest, reveal),
            },
        ),
        service("Aggregation", {"RunJob": method(aggregation_pb2.AggregationJobRequest, run_job)}),
        service(
            "Release",
            {
                "Ask": method(release_pb2.ReleaseRequest, ask),
                "Open": method(release_pb2.OpenRequest, open_share),
            },
        ),
    )
