"""Verifying reports together: what each side decides about one report (protocol §5).

One round trip, as in the VDAF draft's ping-pong topology. The leader's verifier share goes out
with the job; the helper combines it with its own, decides, and sends the verifier message back.
Both sides always decide alike, because the helper accepts a report only when the public share
equals the joint-randomness parts of both: the leader's as sent, its own as computed. Without that
check a report could pass at one side and fail at the other, and stall the batch.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hpke import MLKEM768X25519PrivateKey

from privacy import fields, membership, sealing
from privacy.agreement.model import Role
from privacy.batch import BatchId, Collection
from privacy.errors import BadToken, InvalidValue, Rejection, ReportRejected
from privacy.membership import Token
from privacy.report import (
    REPORT_ID_SIZE,
    SEALED_FOR,
    ReportId,
    Submission,
    open_input_share,
    report_digest,
)
from privacy.vdaf.errors import JointRandomnessMismatch, VdafError
from privacy.vdaf.messages import InputShare, OutShare, VerifyState

MAX_JOB_REPORTS: Final = 256
JOB_ID_SIZE: Final = 16

Outcome: TypeAlias = bytes | Rejection
"""What the helper says about one report: its verifier message, or why it was turned away."""


@dataclass(frozen=True, slots=True)
class ReportShare:
    """What the helper needs of one report, with the leader's verifier share."""

    id: ReportId
    public_share: bytes
    leader_share_hash: bytes
    helper_share: bytes
    leader_verifier_share: bytes = field(repr=False)
    token: Token

    def __post_init__(self) -> None:
        """Raise `InvalidValue` for an id or a hash of the wrong size."""
        if len(self.id) != REPORT_ID_SIZE or len(self.leader_share_hash) != 32:
            raise InvalidValue("a report in a job has an id or a hash of the wrong size")


@dataclass(frozen=True, slots=True)
class Job:
    """Up to 256 reports of one batch, verified in one round trip."""

    id: bytes
    batch: BatchId
    reports: tuple[ReportShare, ...]

    def __post_init__(self) -> None:
        """Raise `InvalidValue` for a job id of the wrong size, or no or too many reports."""
        if len(self.id) != JOB_ID_SIZE:
            raise InvalidValue(f"a job id has {JOB_ID_SIZE} bytes, not {len(self.id)}")
        if not 0 < len(self.reports) <= MAX_JOB_REPORTS:
            raise InvalidValue(f"a job has 1 to {MAX_JOB_REPORTS} reports, not {len(self.reports)}")


@dataclass(frozen=True, slots=True)
class Verifier:
    """One side's view of one batch: everything that verifying its reports needs.

    `batch_key`: checks membership tokens. `private_key`: this side's HPKE key. `verify_key`: 32
    bytes, known to both sides only.
    """

    role: Role
    batch: BatchId
    collection: Collection
    batch_key: RSAPublicKey
    private_key: MLKEM768X25519PrivateKey
    verify_key: bytes = field(repr=False)

    @property
    def _agg_id(self) -> int:
        return SEALED_FOR.index(self.role)

    def _open(self, report_id: ReportId, public_share: bytes, sealed: bytes) -> InputShare:
        return open_input_share(
            self.collection,
            self.private_key,
            self.role,
            self.batch,
            report_id,
            public_share,
            sealed,
        )

    def start(self, submission: Submission) -> tuple[ReportShare, VerifyState]:
        """Leader, first step: what the helper needs, and the state until it answers.

        The token was checked when the report came.
        """
        report = submission.report
        vdaf = self.collection.vdaf
        share = self._open(report.id, report.public_share, report.leader_share)
        with _rejecting(Rejection.INVALID_PROOF):
            state, verifier_share = vdaf.verify_init(
                self.verify_key,
                self.batch.context,
                self._agg_id,
                report.id,
                vdaf.decode_public_share(report.public_share),
                share,
            )
        request = ReportShare(
            id=report.id,
            public_share=report.public_share,
            leader_share_hash=fields.sha256(report.leader_share),
            helper_share=report.helper_share,
            leader_verifier_share=vdaf.encode_verifier_share(verifier_share),
            token=submission.token,
        )
        return request, state

    def answer(self, report: ReportShare) -> tuple[bytes, OutShare]:
        """Helper: the verifier message and its output share, or `ReportRejected`.

        1. Every part has exactly its size.
        2. The membership token is one for exactly this report.
        3. The helper's input share opens and decodes.
        4. The leader's verifier share decodes.
        5. The public share is the two joint-randomness parts.
        6. The proof holds.
        """
        vdaf = self.collection.vdaf
        sizes = len(report.public_share), len(report.helper_share)
        if sizes != (vdaf.public_share_size, vdaf.input_share_size(1) + sealing.OVERHEAD):  # 1
            raise ReportRejected(Rejection.WRONG_SIZE)
        self._check_token(report)  # 2
        share = self._open(report.id, report.public_share, report.helper_share)  # 3
        public = vdaf.decode_public_share(report.public_share)
        with _rejecting(Rejection.MALFORMED_VERIFIER_SHARE):  # 4
            leader_share = vdaf.decode_verifier_share(report.leader_verifier_share)
        with _rejecting(Rejection.INVALID_PROOF):
            state, own_share = vdaf.verify_init(
                self.verify_key, self.batch.context, self._agg_id, report.id, public, share
            )
            shares = [leader_share, own_share]
            vdaf.check_public_share(public, shares)  # 5
            message = vdaf.verifier_shares_to_message(self.batch.context, shares)  # 6
            return vdaf.encode_verifier_message(message), vdaf.verify_next(state, message)

    def _check_token(self, report: ReportShare) -> None:
        digest = report_digest(
            self.batch,
            report.id,
            report.public_share,
            leader_hash=report.leader_share_hash,
            helper_hash=fields.sha256(report.helper_share),
        )
        try:
            membership.verify(self.batch_key, digest, report.token)
        except BadToken as error:
            raise ReportRejected(Rejection.INVALID_TOKEN) from error

    def finish(self, state: VerifyState, message: bytes) -> OutShare:
        """Leader, last step: its output share. Raises `ReportRejected` for another message."""
        vdaf = self.collection.vdaf
        with _rejecting(Rejection.PUBLIC_SHARE_MISMATCH):
            return vdaf.verify_next(state, vdaf.decode_verifier_message(message))


@contextmanager
def _rejecting(reason: Rejection) -> Iterator[None]:
    """Turn a `VdafError` into the rejection it stands for."""
    try:
        yield
    except JointRandomnessMismatch as error:
        raise ReportRejected(Rejection.PUBLIC_SHARE_MISMATCH) from error
    except VdafError as error:
        raise ReportRejected(reason) from error


def add_up(
    collection: Collection, aggregate_share: bytes | None, out_shares: Iterable[OutShare]
) -> bytes:
    """An encoded aggregate share (None: of no reports) with more output shares added."""
    vdaf = collection.vdaf
    total = (
        vdaf.aggregate_init()
        if aggregate_share is None
        else vdaf.decode_aggregate_share(aggregate_share)
    )
    for out_share in out_shares:
        total = vdaf.aggregate_update(total, out_share)
    return vdaf.encode_aggregate_share(total)
