"""Reports of clients that lie, and a leader that passes on whatever it likes."""

import dataclasses
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from privacy import fields
from privacy.aggregation import JOB_ID_SIZE, Job, Outcome, ReportShare
from privacy.agreement.model import AgreementDigest, Role
from privacy.batch import BatchId
from privacy.errors import PluraleError, Rejection, ReportRejected
from privacy.ledger.entries import BatchKeyPublished
from privacy.membership import Token
from privacy.report import REPORT_ID_SIZE, SEALED_FOR, Report, ReportId, Submission, seal
from privacy.vdaf.field import ENCODED_SIZE
from privacy.vdaf.prio3 import Prio3SumVec
from privacy.window import Window
from tests import batch_keys
from tests.pair import WINDOW, Pair
from tests.vectors.forge import Announce, forge, truth

Make = Callable[[Pair, BatchId], Report | Submission]
"""A report gets a token of its own, as a member can get one for anything."""

_NOBODYS = 1_000_000
"""The number of a pooled key that is of no batch."""


def craft(
    pair: Pair,
    batch: BatchId,
    *,
    encoded: Sequence[int] | None = None,
    announce: Announce = truth,
    made_for: BatchId | None = None,
    proof_context: bytes | None = None,
    vdaf: Prio3SumVec | None = None,
    leader_plaintext: Callable[[bytes], bytes] = lambda share: share,
) -> Report:
    """A report with any part chosen freely, sealed so that it opens wherever it may.

    `made_for`: the batch whose context is proved and sealed under, if not the one it is sent to.
    """
    vdaf = vdaf or pair.collection(batch).vdaf
    place = made_for or batch
    report_id = ReportId(secrets.token_bytes(REPORT_ID_SIZE))
    elements = vdaf.circuit.encode([1023] * vdaf.length) if encoded is None else encoded
    rand = secrets.token_bytes(vdaf.RAND_SIZE)
    context = place.context if proof_context is None else proof_context
    public, shares = forge(vdaf, context, elements, report_id, rand, announce)
    public_share = vdaf.encode_public_share(public)
    plain = [vdaf.encode_input_share(share) for share in shares]
    plain[0] = leader_plaintext(plain[0])
    # Windows that are not collected have no keys.
    keys = pair.hpke_keys(WINDOW)
    sealed = [
        seal(share, keys[role], role, place, report_id, public_share)
        for role, share in zip(SEALED_FOR, plain, strict=True)
    ]
    return Report(batch, report_id, public_share, *sealed)


def flipped(part: bytes, place: int = -1) -> bytes:
    """The bytes with one bit changed."""
    changed = bytearray(part)
    changed[place] ^= 1
    return bytes(changed)


def altered(part: str, change: Callable[[bytes], bytes] = flipped) -> Make:
    """An honest report of which one part was changed on its way."""

    def make(pair: Pair, batch: BatchId) -> Report:
        report = pair.report(batch)
        changes: dict[str, Any] = {part: change(getattr(report, part))}
        return dataclasses.replace(report, **changes)

    return make


def elsewhere(**changes: Any) -> Make:
    """An honest report for another batch, sent there."""

    def make(pair: Pair, batch: BatchId) -> Report:
        place = dataclasses.replace(batch, **changes)
        return craft(pair, place, vdaf=pair.collection(batch).vdaf)

    return make


def relabelled(**changes: Any) -> Make:
    """An honest report for another batch, sent to this one."""

    def make(pair: Pair, batch: BatchId) -> Report:
        return craft(pair, batch, made_for=dataclasses.replace(batch, **changes))

    return make


def out_of_range(element: int) -> Make:
    """A number whose first "bit" is none, with the best proof there is for it."""

    def make(pair: Pair, batch: BatchId) -> Report:
        size = pair.collection(batch).vdaf.circuit.encoded_length
        return craft(pair, batch, encoded=[element, *[1] * (size - 1)])

    return make


def of_another_length(pair: Pair, batch: BatchId) -> Report:
    """A report with three numbers for a task of one."""
    return craft(pair, batch, vdaf=Prio3SumVec(3, 2046, 5))


def under_other_parameters(pair: Pair, batch: BatchId) -> Report:
    """Numbers up to 2000 have eleven bits too: other parameters are another context."""
    ours = pair.collection(batch).vdaf
    other = Prio3SumVec(ours.length, 2000, ours.chunk_length)
    context = fields.concat("numbers up to 2000", batch.context)
    return craft(pair, batch, vdaf=other, proof_context=context)


def with_token(token_of: Callable[[Pair, Report], Token]) -> Make:
    """An honest report with another token than its own."""

    def make(pair: Pair, batch: BatchId) -> Submission:
        report = pair.report(batch)
        return Submission(report, token_of(pair, report))

    return make


def made_up(report: Report) -> Token:
    """A token that looks like one: whoever has no key of the batch makes it with another."""
    return batch_keys.sign(batch_keys.pooled(_NOBODYS), report.digest)


def of_another_report(pair: Pair, report: Report) -> Token:
    """What a member may have left over, or an employer takes from somebody else's report."""
    return pair.token(pair.report(report.batch))


def of_another_batch(pair: Pair, report: Report) -> Token:
    """Signed with the key of another group's batch, which its members can get."""
    other = dataclasses.replace(report.batch, group=pair.batch(group="west").group)
    return batch_keys.sign(pair.batch_key(other), report.digest)


def submitted(pair: Pair, sent: Report | Submission) -> Submission:
    """With its token. Nobody gets one for a batch without a key: then it is made up."""
    if isinstance(sent, Submission):
        return sent
    if sent.batch in {each.batch for each in pair.bodies(BatchKeyPublished)}:
        return pair.submission(sent)
    return Submission(sent, made_up(sent))


def announcing(announce: Announce) -> Make:
    """A proof that holds for the mixture of what both parties derive: they would decide apart."""
    return lambda pair, batch: craft(pair, batch, announce=announce)


def with_a_share_that_is_none(pair: Pair, batch: BatchId) -> Report:
    """The leader's share opens, but its first number is not below the modulus."""
    return craft(
        pair, batch, leader_plaintext=lambda share: b"\xff" * ENCODED_SIZE + share[ENCODED_SIZE:]
    )


@dataclass(frozen=True)
class Lie:
    """A bad report, and why each side turns it away.

    `leader` is None when the leader cannot see it at the door; then it hears it from the helper.
    """

    name: str
    make: Make
    leader: Rejection | None
    helper: Rejection

    def told(self, pair: Pair, batch: BatchId) -> Submission:
        """The report with the token that goes with it."""
        return submitted(pair, self.make(pair, batch))


_R = Rejection

LIES: tuple[Lie, ...] = (
    Lie("value out of range", out_of_range(2), None, _R.INVALID_PROOF),
    Lie("value far out of range", out_of_range(2**100), None, _R.INVALID_PROOF),
    Lie("other length", of_another_length, _R.WRONG_SIZE, _R.PUBLIC_SHARE_MISMATCH),
    Lie(
        "short public share", altered("public_share", lambda s: s[1:]), _R.WRONG_SIZE, _R.WRONG_SIZE
    ),
    Lie(
        "long helper share", altered("helper_share", lambda s: s + s), _R.WRONG_SIZE, _R.WRONG_SIZE
    ),
    Lie("no token", with_token(lambda _, r: made_up(r)), _R.INVALID_TOKEN, _R.INVALID_TOKEN),
    Lie(
        "token of another report",
        with_token(of_another_report),
        _R.INVALID_TOKEN,
        _R.INVALID_TOKEN,
    ),
    Lie("token of another batch", with_token(of_another_batch), _R.INVALID_TOKEN, _R.INVALID_TOKEN),
    Lie("unknown task", elsewhere(task="nothing"), _R.UNKNOWN_TASK, _R.UNKNOWN_TASK),
    Lie("group of another task", elsewhere(group="sales"), _R.UNKNOWN_GROUP, _R.UNKNOWN_GROUP),
    Lie("unknown group", elsewhere(group="nobody"), _R.UNKNOWN_GROUP, _R.UNKNOWN_GROUP),
    Lie(
        "window before the agreement",
        elsewhere(window=Window(2025, 52)),
        _R.NOT_IN_FORCE,
        _R.NOT_IN_FORCE,
    ),
    Lie(
        "window not over",
        elsewhere(window=Window(2026, 6)),
        _R.WINDOW_NOT_OVER,
        _R.WINDOW_NOT_OVER,
    ),
    Lie(
        "week 53",
        elsewhere(window=Window(2026, 53)),
        _R.WINDOW_NOT_COLLECTED,
        _R.WINDOW_NOT_COLLECTED,
    ),
    Lie("made for another task", relabelled(task="breadth"), _R.CANNOT_OPEN, _R.CANNOT_OPEN),
    Lie("made for another group", relabelled(group="west"), _R.CANNOT_OPEN, _R.CANNOT_OPEN),
    Lie(
        "made for another window",
        relabelled(window=Window(2026, 4)),
        _R.CANNOT_OPEN,
        _R.CANNOT_OPEN,
    ),
    Lie(
        "another agreement",
        elsewhere(agreement=AgreementDigest(bytes(32))),
        _R.NOT_IN_FORCE,
        _R.NOT_IN_FORCE,
    ),
    Lie(
        "made under another agreement",
        relabelled(agreement=AgreementDigest(bytes(32))),
        _R.CANNOT_OPEN,
        _R.CANNOT_OPEN,
    ),
    Lie("other parameters", under_other_parameters, None, _R.PUBLIC_SHARE_MISMATCH),
    Lie("altered public share", altered("public_share"), _R.CANNOT_OPEN, _R.CANNOT_OPEN),
    Lie("altered leader share", altered("leader_share"), _R.CANNOT_OPEN, _R.PUBLIC_SHARE_MISMATCH),
    Lie("altered helper share", altered("helper_share"), None, _R.CANNOT_OPEN),
    Lie(
        "leader share that is none",
        with_a_share_that_is_none,
        _R.MALFORMED_SHARE,
        _R.PUBLIC_SHARE_MISMATCH,
    ),
    Lie(
        "only the leader would reject",
        announcing(lambda leader, helper: (leader, flipped(helper))),
        None,
        _R.PUBLIC_SHARE_MISMATCH,
    ),
    Lie(
        "only the helper would reject",
        announcing(lambda leader, helper: (flipped(leader), helper)),
        None,
        _R.PUBLIC_SHARE_MISMATCH,
    ),
)


def question(pair: Pair, sent: Report | Submission) -> ReportShare:
    """What a leader that hides what it saw passes on; a share it cannot make, it makes up."""
    submission = submitted(pair, sent)
    report = submission.report
    try:
        return pair.verifier(Role.LEADER, report.batch).start(submission)[0]
    except PluraleError:
        pass
    share = bytes(pair.collection(pair.batch()).vdaf.verifier_share_size)
    return ReportShare(
        report.id,
        report.public_share,
        fields.sha256(report.leader_share),
        report.helper_share,
        share,
        submission.token,
    )


def pass_on(
    pair: Pair, *reports: Report | Submission, job_id: bytes | None = None
) -> tuple[Outcome, ...]:
    """A leader sends these straight to the helper, with its real certificate."""
    job = Job(
        job_id or secrets.token_bytes(JOB_ID_SIZE),
        submitted(pair, reports[0]).report.batch,
        tuple(question(pair, report) for report in reports),
    )
    with pair.as_leader() as helper:
        try:
            return helper.run_job(job)
        except ReportRejected as refused:
            return (refused.reason,) * len(reports)
