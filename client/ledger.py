"""The ledger as this device may rely on it, for one run (protocol §8).

1. The council is asked for its newest checkpoint when it is first needed in a run, once.
2. It is checked (`client.proofs`), then stored; only then is it used.
3. A ledger that does not continue the one seen before is an alarm: the evidence is kept, and
   `OtherLedger` ends the run.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from client import alarm, proofs
from client.council import Council
from client.ending import Ending
from client.enrolment import Enrolment
from client.errors import ConsentNeeded, KeysUnpublished, LedgerFileUnusable
from client.ledger_file import LedgerFile
from privacy import checkpoint
from privacy.agreement.model import AgreementDigest, Role
from privacy.batch import BatchId
from privacy.checkpoint import Checkpoint
from privacy.errors import BadConsistency, NotInForce, PluraleError
from privacy.ledger.answers import CheckpointAnswer
from privacy.report import ReportId
from privacy.window import Clock, Window

_TRIES: Final = 5
"""As often as another run of this device may be quicker."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A checkpoint that is checked and stored, and its signed note."""

    checkpoint: Checkpoint
    note: str


class Ledger:
    """What a run asks of the ledger. What goes wrong with the checkpoint stays wrong for the run.

    Every method raises `OtherLedger` for an alarm, and another `PluraleError` for what may be
    right at the next run.
    """

    def __init__(
        self, folder: Path, file: LedgerFile, council: Council, enrolment: Enrolment, clock: Clock
    ) -> None:
        self._folder = folder
        self._file = file
        self._council = council
        self._enrolment = enrolment
        self._clock = clock
        self._seen: Seen | None = None
        self._failure: PluraleError | None = None

    def seen(self) -> Seen:
        """The newest checkpoint, by steps 1 to 3."""
        if self._failure is not None:
            raise self._failure
        if self._seen is None:
            try:
                self._seen = self._advance()
            except PluraleError as error:
                self._failure = error
                raise
        return self._seen

    def witnessed_at(self) -> datetime | None:
        """When the checkpoint of this run was last witnessed, in UTC; None if there is none."""
        if self._seen is None:
            return None
        return proofs.witnessed_at(self._seen.note, self._enrolment.at(self._clock()))

    def window_keys(self, window: Window, expected: AgreementDigest) -> Mapping[Role, bytes]:
        """The keys to seal a window's shares to, if the version `expected` is in force for it.

        Raises `ConsentNeeded` or `KeysUnpublished` for now, `NotInForce` for good.
        """
        seen = self.seen()
        answer = self._council.window(seen.checkpoint.size, window)
        if answer.agreement is None:
            raise NotInForce(
                f"nothing is reported for {window}: no agreement is in force for it any more"
            )
        if answer.agreement != expected:
            raise self._another(answer.agreement, answer.version, window, expected)
        if answer.keys is None:
            raise KeysUnpublished(
                f"the ledger shows no keys for {window}, so no report is made for it: it is tried "
                "again at the next run"
            )
        return proofs.window_keys(answer.keys, window, seen.checkpoint)

    def batch_key(self, batch: BatchId) -> bytes:
        """The modulus of the one key that signs a batch's tokens.

        Raises `KeysUnpublished` for now, `BadInclusion` or `BadEntry` for one that is not proven.
        """
        seen = self.seen()
        key = self._council.batch_key(seen.checkpoint.size, batch)
        if key is None:
            raise KeysUnpublished(
                f"the ledger shows no key for the tokens of {batch}, so none is asked for: it is "
                "tried again at the next run"
            )
        return proofs.batch_key(key, batch, seen.checkpoint)

    def ending(self, batch: BatchId, report_id: ReportId) -> Ending | None:
        """How a batch ended for one report; None while it is not decided."""
        seen = self.seen()
        # All ids of the batch are asked for: who asks for one says whose report it is.
        answer = self._council.outcome(seen.checkpoint.size, batch)
        return proofs.ending(batch, report_id, answer, seen.checkpoint, seen.note)

    def _advance(self) -> Seen:
        for _ in range(_TRIES):
            before = self._file.seen()
            last = None if before is None else checkpoint.decode(before).checkpoint
            answer = self._council.checkpoint(0 if last is None else last.size)  # 1
            shown = self._follow(before, answer)  # 2
            if shown == last or self._file.advance(before, answer.note):
                return Seen(shown, answer.note)
        raise LedgerFileUnusable(
            "other runs of this device keep storing newer checkpoints: run it once at a time"
        )

    def _follow(self, before: str | None, answer: CheckpointAnswer) -> Checkpoint:
        now = self._clock()
        try:
            return proofs.follow(before, answer, self._enrolment.at(now))
        except BadConsistency as error:  # 3
            raise alarm.raise_with(self._folder, before or "", answer, str(error), now) from error

    def _another(
        self, digest: AgreementDigest, version: int, window: Window, expected: AgreementDigest
    ) -> PluraleError:
        accepted, ours = self._enrolment.version(digest), self._enrolment.version(expected)
        if accepted is None:
            return ConsentNeeded(
                f"version {version} of the agreement is in force for {window} and needs your "
                "consent: get the signed file and run plurale enrol FILE"
            )
        if ours is not None and accepted.version < ours.version:
            return ConsentNeeded(
                f"the council still has version {accepted.version} of the agreement in force for "
                f"{window}, and you have agreed to version {ours.version}: ask the works council"
            )
        return NotInForce(
            f"nothing is reported for {window}: version {accepted.version} of the agreement was in "
            "force, and you agreed to it after the week had begun"
        )
