"""Both parties' view of one batch, without servers: real keys, real reports, real verification."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from privacy import fields, membership
from privacy.aggregation import ReportShare, Verifier
from privacy.agreement import envelope
from privacy.agreement.envelope import SignedAgreement
from privacy.agreement.model import ROLE_OF, Agreement, Party, Role
from privacy.batch import BatchId, Collection
from privacy.errors import BadToken, Rejection, ReportRejected
from privacy.groups import GroupId
from privacy.membership import Token, load_public
from privacy.metrics import TaskId
from privacy.report import (
    REPORT_ID_SIZE,
    Report,
    ReportId,
    Submission,
    check_sizes,
    prepare,
    report_digest,
    seal,
)
from privacy.vdaf.messages import InputShare, OutShare, PublicShare
from privacy.window import Window
from tests import batch_keys
from tests.agreements import make_agreement, party_keys, sign
from tests.vectors.forge import Announce, forge, truth

WINDOW = Window(2026, 5)
VERIFY_KEY = bytes(range(32))
BATCH_KEY = batch_keys.pooled(0)


def both_sign(agreement: Agreement) -> SignedAgreement:
    """The agreement, signed and verified."""
    return envelope.verify(
        sign(agreement),
        employer_key=agreement.employer.signing_key,
        council_key=agreement.council.signing_key,
    )


@cache
def agreed() -> SignedAgreement:
    """The agreement that most tests are under."""
    return both_sign(make_agreement())


@dataclass(frozen=True)
class Decision:
    """How one report ended at each side: an output share, or None for a report turned away."""

    leader: OutShare | None
    helper: OutShare | None
    reason: Rejection | None


@dataclass(frozen=True)
class Parties:
    """Leader and helper of one batch."""

    batch: BatchId
    collection: Collection

    @classmethod
    def of(
        cls, task: str = "headline", group: str = "north", signed: SignedAgreement | None = None
    ) -> "Parties":
        """The parties of a batch of WINDOW, under `agreed` or another agreement."""
        under = signed or agreed()
        batch = BatchId(under.digest, TaskId(task), GroupId(group), WINDOW)
        return cls(batch, Collection.of(under, task, group))

    def verifier(self, role: Role, verify_key: bytes = VERIFY_KEY) -> Verifier:
        """One party's view."""
        key = party_keys(next(p for p, r in ROLE_OF.items() if r is role)).hpke
        public = load_public(BATCH_KEY.modulus)
        return Verifier(role, self.batch, self.collection, public, key, verify_key)

    def report(self, measurement: Sequence[int]) -> Report:
        """What an honest device makes of a noised measurement."""
        return prepare(self.batch, self.collection, measurement, hpke_keys(), secrets.token_bytes)

    def sealed(
        self,
        public_share: bytes,
        leader_share: bytes,
        helper_share: bytes,
        report_id: ReportId,
    ) -> Report:
        """A report of any encoded shares, sealed as an honest device seals."""
        shares = {Role.LEADER: leader_share, Role.HELPER: helper_share}
        sealed = {
            role: seal(share, hpke_keys()[role], role, self.batch, report_id, public_share)
            for role, share in shares.items()
        }
        return Report(self.batch, report_id, public_share, sealed[Role.LEADER], sealed[Role.HELPER])

    def encoded(
        self, public: PublicShare, shares: Sequence[InputShare], report_id: ReportId
    ) -> Report:
        """The report of VDAF messages, sealed."""
        vdaf = self.collection.vdaf
        leader, helper = (vdaf.encode_input_share(share) for share in shares)
        return self.sealed(vdaf.encode_public_share(public), leader, helper, report_id)

    def forged(self, encoded: Sequence[int], announce: Announce = truth) -> Report:
        """A report over any field elements that announces any joint randomness parts."""
        vdaf, report_id = self.collection.vdaf, new_id()
        rand = secrets.token_bytes(vdaf.RAND_SIZE)
        public, shares = forge(vdaf, self.batch.context, encoded, report_id, rand, announce)
        return self.encoded(public, shares, report_id)

    def decide(self, sent: Report | Submission) -> Decision:
        """What both sides do with a report, as intake and an aggregation job do it.

        A report without a token gets one first, as a member gets it for anything.
        """
        submission = with_token(sent) if isinstance(sent, Report) else sent
        leader, helper = self.verifier(Role.LEADER), self.verifier(Role.HELPER)
        try:
            check_sizes(self.collection, submission.report)
            membership.verify(leader.batch_key, submission.report.digest, submission.token)
            request, state = leader.start(submission)
            message, helper_share = helper.answer(request)
        except BadToken:
            return Decision(None, None, Rejection.INVALID_TOKEN)
        except ReportRejected as rejected:
            return Decision(None, None, rejected.reason)
        try:
            return Decision(leader.finish(state, message), helper_share, None)
        except ReportRejected as rejected:
            return Decision(None, helper_share, rejected.reason)


def with_token(report: Report) -> Submission:
    """A report with its member's token."""
    return Submission(report, batch_keys.sign(BATCH_KEY, report.digest))


def request_of(report: Report, leader_verifier_share: bytes, token: Token) -> ReportShare:
    """The helper's part of a report with any verifier share and token beside it."""
    return ReportShare(
        id=report.id,
        public_share=report.public_share,
        leader_share_hash=fields.sha256(report.leader_share),
        helper_share=report.helper_share,
        leader_verifier_share=leader_verifier_share,
        token=token,
    )


def digest_of(batch: BatchId, request: ReportShare) -> bytes:
    """What a token has to sign so that the helper takes this for what a member made."""
    return report_digest(
        batch,
        request.id,
        request.public_share,
        leader_hash=request.leader_share_hash,
        helper_hash=fields.sha256(request.helper_share),
    )


def new_id() -> ReportId:
    """A fresh report id."""
    return ReportId(secrets.token_bytes(REPORT_ID_SIZE))


def hpke_keys() -> dict[Role, bytes]:
    """The public keys that `agreed` names."""
    return {ROLE_OF[party]: party_keys(party).hpke_public for party in Party}
