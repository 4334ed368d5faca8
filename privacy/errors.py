"""What can go wrong, as one tree; and why a single report can be turned away, as one enum.

::

    PluraleError                  every error that Plurale raises on purpose
    ├── InvalidValue              a value that its type does not allow
    ├── AgreementError
    │   ├── InvalidAgreement      the text breaks a rule; carries every broken rule
    │   ├── BadSignature          the envelope lacks a valid signature of one party
    │   │   └── MissingSignature  that party has not signed at all
    │   └── NotInForce            no agreement covers the window
    ├── KeysNotExchanged          a task has no verify key, or a window no key, at this server
    ├── ReportRejected            one report, with its `Rejection`; never stops a batch
    ├── MembershipError           a member, or a token, that is not what it should be
    │   ├── UnknownCode           an enrolment code that was not made, was used, or is withdrawn
    │   ├── NotAMember            no device of a member of the batch's group asks
    │   ├── TokenSpent            the member had a token for another report
    │   └── BadToken              a token, or what is to become one, that does not verify
    ├── BadReceipt                a receipt that does not prove what it should
    ├── LedgerError               the ledger does not prove what it should
    │   ├── BadInclusion          an entry that is not shown to be in the tree
    │   ├── BadConsistency        a tree that is not shown to continue an earlier one
    │   ├── BadCheckpoint         not a checkpoint, or not signed by who has to sign it
    │   ├── BadEntry              bytes that are no entry, or not the entry they should be
    │   ├── BrokenLedger          an entry that breaks a rule; carries its place
    │   └── LedgerBehind          a ledger that ends before what it once said: an old copy
    ├── ReleaseRefused            a release that the helper must not make
    │   ├── BatchNotClosed        asked too early
    │   ├── BatchDisagreement     the parties count different reports
    │   ├── AlreadyReleased       asked again with other reports
    │   ├── WrongOpening          an opened value is not the one committed to
    │   ├── NotAsked              the leader did not ask for the batch in time
    │   └── UnopenedShare         the leader did not open its share within a day
    └── BudgetExhausted           the release would spend more than the agreement allows

A message is one sentence that names the thing and, where a person can act, the next step.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final


class PluraleError(Exception):
    """Root of the tree. Its text is meant for people."""


class InvalidValue(PluraleError):
    """A value that its type does not allow."""


class AgreementError(PluraleError):
    """The agreement cannot be used."""


_MOST_PROBLEMS: Final = 20


class InvalidAgreement(AgreementError):
    """The agreement breaks at least one rule.

    `problems` holds one sentence for each broken rule, in the order of the document.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        shown = tuple(problems[:_MOST_PROBLEMS])
        more = len(problems) - len(shown)
        self.problems = (*shown, f"… and {more} more of the kind.") if more else shown
        super().__init__("\n".join(self.problems))


class BadSignature(AgreementError):
    """The envelope is not signed by both parties."""


class MissingSignature(BadSignature):
    """One party has not signed the envelope at all."""


class NotInForce(AgreementError):
    """No agreement covers the window."""


class KeysNotExchanged(PluraleError):
    """A server lacks the task's verify key, or its own key of the window: not yet, or no more."""


class Rejection(StrEnum):
    """Why a single report is turned away. Counted per batch; never fatal to the rest.

    The order is that of the checks in protocol §5.
    """

    NOT_IN_FORCE = "no agreement with this digest is in force for the window"
    UNKNOWN_TASK = "the agreement has no such task"
    UNKNOWN_GROUP = "the task is not collected in such a group"
    WINDOW_NOT_COLLECTED = "the window is not collected"
    WINDOW_NOT_OVER = "the window is not over yet"
    BATCH_CLOSED = "the batch is closed"
    BATCH_FULL = "the whole roster has reported"
    WRONG_SIZE = "a part of the report has the wrong size"
    INVALID_TOKEN = "its token does not say that a member made it"  # noqa: S105 - no password
    REPORT_ID_REUSED = "another report already has this id"
    CANNOT_OPEN = "the input share does not open under this context"
    MALFORMED_SHARE = "the input share does not decode"
    MALFORMED_VERIFIER_SHARE = "the verifier share does not decode"
    PUBLIC_SHARE_MISMATCH = "the public share is not the one that the input shares belong to"
    INVALID_PROOF = "the proof does not hold: a value is out of range"


PASSING: Final = frozenset(
    {Rejection.NOT_IN_FORCE, Rejection.WINDOW_NOT_OVER, Rejection.BATCH_FULL}
)
"""Rejections that may end by themselves: a server behind on its agreement or its clock, or a place
taken by a report that turns out false."""


class ReportRejected(PluraleError):
    """One report is turned away for the reason given."""

    def __init__(self, reason: Rejection) -> None:
        self.reason = reason
        super().__init__(f"report rejected: {reason.value}")


class MembershipError(PluraleError):
    """A member, or a token, is not what it should be."""


class UnknownCode(MembershipError):
    """The council made no such enrolment code, or it was used or withdrawn."""


class NotAMember(MembershipError):
    """The roster has no such device, or its member is not in the batch's group in that window."""


class TokenSpent(MembershipError):
    """The member was given a token for this task and window, for another report."""


class BadToken(MembershipError):
    """A token that does not verify, or an answer that does not become one."""


class BadReceipt(PluraleError):
    """A receipt that does not prove that the leader holds the report."""


class LedgerError(PluraleError):
    """The ledger does not prove what it should."""


class BadInclusion(LedgerError):
    """A proof that does not show the entry in the tree."""


class BadConsistency(LedgerError):
    """A proof that does not show the tree to continue an earlier one: it may be a fork."""


class BadCheckpoint(LedgerError):
    """A text that is no checkpoint, or that lacks a valid signature it must have."""


class BadEntry(LedgerError):
    """Bytes that are no entry of a ledger, or not the entry that they should be."""


class BrokenLedger(LedgerError):
    """An entry breaks a rule of the ledger. `index`: its place, from 0."""

    def __init__(self, index: int, fault: str) -> None:
        self.index = index
        super().__init__(f"entry {index}: {fault}")


class LedgerBehind(LedgerError):
    """The council's ledger ends before an entry that it once showed: an old copy was restored."""


class ReleaseRefused(PluraleError):
    """The helper must not make this release."""


class BatchNotClosed(ReleaseRefused):
    """Asked before the upload period ended and before the whole roster reported: not yet."""


class BatchDisagreement(ReleaseRefused):
    """Leader and helper do not count the same reports. The batch stops and needs a person."""


class AlreadyReleased(ReleaseRefused):
    """The batch already has its one final outcome, for other reports than those asked for."""


class WrongOpening(ReleaseRefused):
    """A party opened something else than it committed to."""


class NotAsked(ReleaseRefused):
    """The leader did not ask for the batch within a week of its closing: it has its outcome."""


class UnopenedShare(ReleaseRefused):
    """The leader did not open its share within a day of the release."""


class BudgetExhausted(PluraleError):
    """The release would spend more privacy budget than the agreement allows in 91 days."""
