"""The gRPC services: messages to domain objects, to a room, and back."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TypeVar

import grpc

from aggregator.aggregation import HelperAggregation
from aggregator.group_commit import GroupCommit
from aggregator.intake import Admission, Decision, Intake
from aggregator.issuing import Issuing
from aggregator.ledger import CouncilLedger
from aggregator.release import HelperRelease
from aggregator.retirement import CouncilRetirement
from aggregator.verify_key import HelperActivationService
from aggregator.window_keys import CouncilKeys
from privacy.agreement.model import AgreementDigest, TaskDigest
from privacy.device_key import Signed
from privacy.errors import PluraleError
from protos.convert import aggregation, ledger, membership, release, report
from protos.service import method, service
from protos.v1 import (
    activation_pb2,
    aggregation_pb2,
    ledger_pb2,
    membership_pb2,
    release_pb2,
    report_pb2,
)

_Answer = TypeVar("_Answer")


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


def council(
    book: CouncilLedger, issuing: Issuing, threads: Executor
) -> tuple[grpc.GenericRpcHandler, ...]:
    """What the council serves to devices: the ledger, and membership.

    In `threads` of their own: however many ask, the employer's server does not wait for them.
    """

    async def checkpoint(request: ledger_pb2.CheckpointRequest) -> ledger_pb2.CheckpointResponse:
        answer = await _in(threads, book.checkpoint, request.first_size)
        return ledger.checkpoint_to_wire(answer)

    async def window(request: ledger_pb2.WindowRequest) -> ledger_pb2.WindowResponse:
        week = report.window_from_wire(request.window)
        return ledger.window_to_wire(await _in(threads, book.window, request.size, week))

    async def batch_key(request: ledger_pb2.BatchKeyRequest) -> ledger_pb2.BatchKeyResponse:
        batch = report.batch_from_wire(request.batch)
        return ledger.batch_key_to_wire(await _in(threads, book.batch_key, request.size, batch))

    async def outcome(request: ledger_pb2.OutcomeRequest) -> ledger_pb2.OutcomeResponse:
        batch = report.batch_from_wire(request.batch)
        return ledger.outcome_to_wire(await _in(threads, book.outcome, request.size, batch))

    return (
        service(
            "Ledger",
            {
                "Checkpoint": method(ledger_pb2.CheckpointRequest, checkpoint),
                "Window": method(ledger_pb2.WindowRequest, window),
                "BatchKey": method(ledger_pb2.BatchKeyRequest, batch_key),
                "Outcome": method(ledger_pb2.OutcomeRequest, outcome),
            },
        ),
        _membership(issuing, threads),
    )


def _membership(issuing: Issuing, threads: Executor) -> grpc.GenericRpcHandler:
    async def register(
        request: membership_pb2.RegisterRequest,
    ) -> membership_pb2.RegisterResponse:
        code, signed = membership.registration_from_wire(request)
        group = await _in(threads, issuing.register, code, signed)
        return membership_pb2.RegisterResponse(group=group)

    async def issue(request: membership_pb2.IssueRequest) -> membership_pb2.IssueResponse:
        batch, signed = membership.request_from_wire(request)
        answer = await _in(threads, issuing.issue, batch, request.blinded_message, signed)
        return membership_pb2.IssueResponse(blind_signature=answer)

    async def leave(request: membership_pb2.LeaveRequest) -> membership_pb2.LeaveResponse:
        await _in(threads, issuing.leave, Signed(request.device_key, request.signature))
        return membership_pb2.LeaveResponse()

    return service(
        "Membership",
        {
            "Register": method(membership_pb2.RegisterRequest, register),
            "Issue": method(membership_pb2.IssueRequest, issue),
            "Leave": method(membership_pb2.LeaveRequest, leave),
        },
    )


async def _in(threads: Executor, action: Callable[..., _Answer], *arguments: object) -> _Answer:
    return await asyncio.get_running_loop().run_in_executor(threads, action, *arguments)


def witness(
    book: CouncilLedger, keys: CouncilKeys, retirement: CouncilRetirement
) -> tuple[grpc.GenericRpcHandler, ...]:
    """What the council serves to its witness, the employer's server."""

    async def follow(request: ledger_pb2.FollowRequest) -> ledger_pb2.FollowResponse:
        answer = await asyncio.to_thread(book.follow, request.first)
        return ledger_pb2.FollowResponse(
            note=answer.note, entries=answer.entries, witnessed=answer.witnessed
        )

    async def cosign(request: ledger_pb2.CosignRequest) -> ledger_pb2.CosignResponse:
        await asyncio.to_thread(book.cosign, request.note)
        return ledger_pb2.CosignResponse()

    async def offer_key(request: ledger_pb2.OfferKeyRequest) -> ledger_pb2.OfferKeyResponse:
        week = report.window_from_wire(request.window)
        own = await asyncio.to_thread(keys.offer, week, request.key)
        return ledger_pb2.OfferKeyResponse(key=own)

    async def retire(request: ledger_pb2.RetireRequest) -> ledger_pb2.RetireResponse:
        await asyncio.to_thread(retirement.retire, AgreementDigest(request.agreement_digest))
        return ledger_pb2.RetireResponse()

    return (
        service(
            "Witness",
            {
                "Follow": method(ledger_pb2.FollowRequest, follow),
                "Cosign": method(ledger_pb2.CosignRequest, cosign),
                "OfferKey": method(ledger_pb2.OfferKeyRequest, offer_key),
                "Retire": method(ledger_pb2.RetireRequest, retire),
            },
        ),
    )


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
        ask = release.ask_from_wire(request)
        answer = await asyncio.to_thread(releases.ask, ask, request.checkpoint)
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
