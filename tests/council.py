"""Both parties' servers as a device sees them, around a `Story`: real TLS, messages and signatures.

The council serves the story's ledger and gives tokens to its members (tests/members.py); the
employer takes reports as the leader does, verifies their tokens, opens both shares of each (the
story has the private keys), and signs receipts. There is no database and nothing is added up. A
test may turn the clock, change any answer, or end a server::

    with running(story, clock) as servers:
        servers.council.change["checkpoint"] = lambda answer: replace(answer, note=old)
        servers.stop(Party.COUNCIL)
"""

import secrets
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

import grpc

from aggregator import certificates
from aggregator.certificates import KeyPair
from privacy.agreement.model import ROLE_OF, Endpoint, Party
from privacy.batch import BatchId
from privacy.book import AgreementBook
from privacy.errors import BadToken, PluraleError, Rejection, ReportRejected
from privacy.ledger.answers import CheckpointAnswer, OutcomeAnswer, WindowAnswer
from privacy.ledger.entries import (
    BatchKeyPublished,
    BatchNotAsked,
    BatchReleased,
    BatchStopped,
    BatchUnopened,
    BatchWithheld,
    BudgetAlarm,
    Entry,
    ResultOpened,
    WindowKeysPublished,
)
from privacy.membership import load_public, verify
from privacy.merkle import consistency_proof
from privacy.receipt import sign_receipt
from privacy.release import id_root
from privacy.report import Report, ReportId, Submission, check_sizes, open_input_share
from privacy.window import Clock, Window
from protos.convert.ledger import (
    batch_key_to_wire,
    checkpoint_to_wire,
    outcome_to_wire,
    window_to_wire,
)
from protos.convert.report import batch_from_wire, receipt_to_wire, upload_from_wire
from protos.v1 import (
    ledger_pb2,
    ledger_pb2_grpc,
    membership_pb2_grpc,
    report_pb2,
    report_pb2_grpc,
)
from tests.agreements import party_keys, party_terms
from tests.ledgers import Story
from tests.members import Members, abort

HOSTS = {Party.EMPLOYER: "127.0.0.1", Party.COUNCIL: "127.0.0.2"}
ABOUT_A_BATCH = (
    BatchReleased,
    ResultOpened,
    BatchWithheld,
    BatchNotAsked,
    BatchUnopened,
    BudgetAlarm,
    BatchStopped,
)


@cache
def authority(party: Party) -> KeyPair:
    """A party's certificate authority, the same for the whole process."""
    return certificates.authority(f"the {party}", datetime.now(UTC))


@cache
def certificate(party: Party) -> KeyPair:
    """Its server's certificate."""
    return certificates.server(authority(party), [HOSTS[party]], datetime.now(UTC))


def on_loopback() -> dict[str, Any]:
    """The parties' terms for `make_agreement`, with free ports on this machine."""
    terms: dict[str, Any] = {}
    for party, host in HOSTS.items():
        with socket.socket() as one, socket.socket() as other:
            one.bind((host, 0))
            other.bind((host, 0))
            ports = one.getsockname()[1], other.getsockname()[1]
        changes: dict[str, Any] = {
            "endpoint": Endpoint(host, ports[0]),
            "ca_certificate": authority(party).certificate.decode(),
        }
        if party is Party.COUNCIL:
            changes["peer_endpoint"] = Endpoint(host, ports[1])
        terms[party.value] = party_terms(party, **changes)
    return terms


def release_of(story: Story, batch: BatchId, *own: ReportId, others: int = 10) -> Entry:
    """Release a batch that counts these reports and some of other people."""
    fresh = (ReportId(secrets.token_bytes(16)) for _ in range(others))
    ids = tuple(sorted((*own, *fresh)))
    entry = story.release(batch, count=len(ids), id_root=id_root(ids))
    story.report_ids[batch] = ids
    return entry


@dataclass
class Council(Members, ledger_pb2_grpc.LedgerServicer):
    """Both of the council's services for devices."""

    def Checkpoint(
        self, request: ledger_pb2.CheckpointRequest, context: grpc.ServicerContext
    ) -> ledger_pb2.CheckpointResponse:
        first = min(request.first_size, len(self.story.data))
        proof = consistency_proof(self.story.data, first)
        answer = CheckpointAnswer(self.story.note, proof)
        return checkpoint_to_wire(self.answer("checkpoint", answer))

    def Window(
        self, request: ledger_pb2.WindowRequest, context: grpc.ServicerContext
    ) -> ledger_pb2.WindowResponse:
        window = Window.parse(request.window)
        signed = self.story.book.in_force(window)
        keys = [each for each in self._keys if each.body.window == window]
        answer = WindowAnswer(
            agreement=signed.digest if signed else None,
            version=signed.agreement.version if signed else 0,
            keys=self._until(request.size).proven(keys[0].index) if keys else None,
        )
        return window_to_wire(self.answer("window", answer))

    def BatchKey(
        self, request: ledger_pb2.BatchKeyRequest, context: grpc.ServicerContext
    ) -> ledger_pb2.BatchKeyResponse:
        batch = batch_from_wire(request.batch)
        told = self._until(request.size)
        keys = [
            told.proven(entry.index)
            for entry in told.entries
            if isinstance(entry.body, BatchKeyPublished) and entry.body.batch == batch
        ]
        return batch_key_to_wire(self.answer("batch key", keys[0] if keys else None))

    def Outcome(
        self, request: ledger_pb2.OutcomeRequest, context: grpc.ServicerContext
    ) -> ledger_pb2.OutcomeResponse:
        batch = batch_from_wire(request.batch)
        told = self._until(request.size)
        about = [
            told.proven(entry.index)
            for entry in told.entries
            if isinstance(entry.body, ABOUT_A_BATCH) and entry.body.batch == batch
        ]
        answer = OutcomeAnswer(tuple(about), self.story.report_ids.get(batch, ()))
        return outcome_to_wire(self.answer("outcome", answer))

    def _until(self, size: int) -> Story:
        return replace(self.story, entries=self.story.entries[:size])

    @property
    def _keys(self) -> list[Any]:
        return self.story.of(WindowKeysPublished)


@dataclass
class Employer(report_pb2_grpc.IntakeServicer):
    """The employer's intake. `received`: every report acknowledged, by id.

    `uploads`: the bytes of every request, in order. `refuses`: the answer to every upload, if any.
    """

    story: Story
    clock: Clock
    received: dict[ReportId, Report] = field(default_factory=dict)
    uploads: list[bytes] = field(default_factory=list)
    refuses: PluraleError | None = None
    signs_with: Any = field(default_factory=lambda: party_keys(Party.EMPLOYER).server)

    def Upload(
        self, request: report_pb2.UploadRequest, context: grpc.ServicerContext
    ) -> report_pb2.UploadResponse:
        self.uploads.append(request.SerializeToString(deterministic=True))
        submission = upload_from_wire(request)
        report = submission.report
        try:
            if self.refuses is not None:
                raise self.refuses
            self._admit(submission)
        except PluraleError as error:
            abort(context, error)
        self.received[report.id] = report
        return receipt_to_wire(sign_receipt(report.digest, self.signs_with))

    def _admit(self, submission: Submission) -> None:
        book, report = AgreementBook(self.story.signed), submission.report
        collection = book.collection(report.batch)
        if self.clock() < book.upload_opens(report.batch):
            raise ReportRejected(Rejection.WINDOW_NOT_OVER)
        if self.clock() >= book.upload_closes(report.batch):
            raise ReportRejected(Rejection.BATCH_CLOSED)
        check_sizes(collection, report)
        self._check_token(submission)
        if self.received.get(report.id, report) != report:
            raise ReportRejected(Rejection.REPORT_ID_REUSED)
        for party, share in (
            (Party.EMPLOYER, report.leader_share),
            (Party.COUNCIL, report.helper_share),
        ):
            key = self.story.private_keys[report.batch.window, party]
            place = ROLE_OF[party], report.batch, report.id, report.public_share
            open_input_share(collection, key, *place, share)

    def _check_token(self, submission: Submission) -> None:
        report = submission.report
        public = load_public(self.story.batch_keys[report.batch].modulus)
        try:
            verify(public, report.digest, submission.token)
        except BadToken:
            raise ReportRejected(Rejection.INVALID_TOKEN) from None


@dataclass
class Servers:
    """Both services at the endpoints of the story's first agreement."""

    council: Council
    employer: Employer
    _running: dict[Party, grpc.Server] = field(default_factory=dict)

    def start(self, *parties: Party) -> None:
        """Start these parties' servers, or both."""
        for party in parties or tuple(Party):
            server = grpc.server(ThreadPoolExecutor(2), options=[("grpc.so_reuseport", 0)])
            ledger_pb2_grpc.add_LedgerServicer_to_server(self.council, server)
            membership_pb2_grpc.add_MembershipServicer_to_server(self.council, server)
            report_pb2_grpc.add_IntakeServicer_to_server(self.employer, server)
            pair = certificate(party)
            credentials = grpc.ssl_server_credentials([(pair.key, pair.certificate)])
            terms = self.council.story.signed[0].agreement.party(party)
            server.add_secure_port(str(terms.endpoint), credentials)
            server.start()
            self._running[party] = server

    def stop(self, *parties: Party) -> None:
        """Stop these parties' servers, or all that run."""
        for party in parties or tuple(self._running):
            self._running.pop(party).stop(None).wait()


@contextmanager
def running(story: Story, clock: Clock) -> Iterator[Servers]:
    """Both servers, started; stopped at the end."""
    servers = Servers(Council(story), Employer(story, clock))
    servers.start()
    try:
        yield servers
    finally:
        servers.stop()
