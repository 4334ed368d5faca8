"""What can go wrong, as one tree; and why a single report can be turned away, as one enum.

::

    PluraleError                  every error that Plurale raises on purpose
    ├── InvalidValue              a value that its type does not allow
    ├── AgreementError
    │   ├── InvalidAgreement      the text breaks a rule; carries every broken rule
    │   ├── BadSignature          the envelope lacks a valid signature of one party
    │   └── NotInForce            no agreement covers the window
    ├── ReportRejected            one report, with its `Rejection`; never stops a batch
    ├── BadReceipt                a receipt that does not prove what it should
    ├── ReleaseRefused            a release that the helper must not make
    │   ├── BatchNotClosed        asked too early
    │   ├── BatchDisagreement     the parties count different reports
    │   ├── AlreadyReleased       asked again with other reports
    │   ├── WrongOpening          an opened value is not the one committed to
    │   └── UnopenedShare         the leader did not open its share within a day
    └── BudgetExhausted           the release would spend more than the agreement allows

A message is one sentence that names the thing and, where a person can act, the next step.
"""

from collections.abc import Sequence
from enum import StrEnum


class PluraleError(Exception):
    """Root of the tree. Its text is meant for people."""


class InvalidValue(PluraleError):
    """A value that its type does not allow."""


class AgreementError(PluraleError):
    """The agreement cannot be used."""


class InvalidAgreement(AgreementError):
    """The agreement breaks at least one rule.

    `problems` holds one sentence for each broken rule, in the order of the document.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class BadSignature(AgreementError):
    """The envelope is not signed by both parties."""


class NotInForce(AgreementError):
    """No agreement covers the window."""


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
    REPORT_ID_REUSED = "another report already has this id"
    CANNOT_OPEN = "the input share does not open under this context"
    MALFORMED_SHARE = "the input share does not decode"
    MALFORMED_VERIFIER_SHARE = "the verifier share does not decode"
    PUBLIC_SHARE_MISMATCH = "the public share is not the one that the input shares belong to"
    INVALID_PROOF = "the proof does not hold: a value is out of range"


class ReportRejected(PluraleError):
    """One report is turned away for the reason given."""

    def __init__(self, reason: Rejection) -> None:
        self.reason = reason
        super().__init__(f"report rejected: {reason.value}")


class BadReceipt(PluraleError):
    """A receipt that does not prove that the leader holds the report."""


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


class UnopenedShare(ReleaseRefused):
    """The leader did not open its share within a day of the release."""


class BudgetExhausted(PluraleError):
    """The release would spend more privacy budget than the agreement allows in 91 days."""
