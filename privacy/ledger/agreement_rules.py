"""Rules 2 to 6 of the ledger: agreements and keys (`privacy.ledger.rules`)."""

from datetime import timedelta
from typing import Final

from privacy.agreement import envelope
from privacy.agreement.document import task_digest
from privacy.agreement.envelope import SignedAgreement
from privacy.agreement.succession import check_beginning, check_follows
from privacy.errors import AgreementError, BrokenLedger, ReportRejected
from privacy.ledger.entries import (
    AgreementActivated,
    AgreementRetired,
    BatchKeyPublished,
    Entry,
    VerifyKeysCommitted,
    WindowKeysPublished,
)
from privacy.ledger.state import LedgerState, named
from privacy.window import Window

AHEAD: Final = timedelta(days=28)
"""How long before a window starts its keys are published: servers that are down for weeks do not
cost one. No sooner, since a key that is made early can be stolen for longer."""

MOST_AHEAD: Final = AHEAD + timedelta(days=1)
"""What the rule allows: a day to spare for clocks and time zones."""


def activated(state: LedgerState, entry: Entry, body: AgreementActivated) -> SignedAgreement:
    """Rule 2: the version that the entry puts in force."""
    refused = f"version {body.version} of the agreement cannot be activated"
    sealed = body.envelope.encode()
    try:
        claimed = envelope.read_unverified(sealed)
        signed = envelope.verify(
            sealed,
            employer_key=claimed.employer.signing_key,
            council_key=claimed.council.signing_key,
        )
        if state.signed:
            check_follows(state.signed[-1].agreement, signed.agreement, entry.at)
        for earlier in state.signed[:-1]:
            check_beginning(earlier.agreement, signed.agreement, entry.at)
    except AgreementError as error:
        fault = str(error).partition("\n")[0].rstrip(".")
        raise BrokenLedger(entry.index, f"{refused}: {fault}") from None
    if signed.envelope != sealed:
        raise BrokenLedger(
            entry.index,
            f"{refused}: its envelope is not in its one form, with the two signatures and no more",
        )
    if (body.agreement, body.version) != (signed.digest, signed.agreement.version):
        raise BrokenLedger(
            entry.index,
            f"{refused}: its envelope holds version {signed.agreement.version} with the digest "
            f"{signed.digest.hex()}, and the entry says version {body.version} and "
            f"{body.agreement.hex()}",
        )
    return signed


def check_retired(state: LedgerState, entry: Entry, body: AgreementRetired) -> None:
    """Rule 3."""
    signed = next((each for each in state.signed if each.digest == body.agreement), None)
    if signed is None:
        raise BrokenLedger(
            entry.index, f"no version with the digest {body.agreement.hex()} was activated"
        )
    version = f"version {signed.agreement.version} of the agreement"
    if body.agreement in state.retired:
        raise BrokenLedger(
            entry.index,
            f"{version} is retired twice: it already ended with {state.retired[body.agreement]}",
        )
    begun = Window.of(entry.at.astimezone(signed.agreement.working_time.zone).date())
    if body.last_window < begun:
        raise BrokenLedger(
            entry.index,
            f"{version} cannot end with {body.last_window}: {begun} has begun by then, and a "
            "window that has begun stays collected",
        )
    if body.last_window >= signed.agreement.last_window:
        raise BrokenLedger(
            entry.index,
            f"{version} cannot end with {body.last_window}: it ends by itself with "
            f"{signed.agreement.last_window}",
        )


def check_committed(state: LedgerState, entry: Entry, body: VerifyKeysCommitted) -> None:
    """Rule 4."""
    tasks = {
        task_digest(signed.digest, task.id): f"{task.id} of version {signed.agreement.version}"
        for signed in state.signed
        for task in signed.agreement.tasks
    }
    if body.task not in tasks:
        raise BrokenLedger(
            entry.index,
            f"verify keys are committed for a task {body.task.hex()} that no activated version has",
        )
    if body.task in state.committed:
        raise BrokenLedger(
            entry.index,
            f"verify keys for {tasks[body.task]} are committed twice: entry "
            f"{state.committed[body.task].index} did it already",
        )


def check_window_keys(state: LedgerState, entry: Entry, body: WindowKeysPublished) -> None:
    """Rule 5."""
    signed = state.book.in_force(body.window)
    if signed is None:
        raise BrokenLedger(
            entry.index, f"keys for {body.window} are published, and no agreement covers it"
        )
    if body.window in state.window_keys:
        raise BrokenLedger(
            entry.index,
            f"keys for {body.window} are published twice: entry "
            f"{state.window_keys[body.window].index} has them already",
        )
    _in_time(entry, signed, body.window, f"keys for {body.window} are published")
    for window, earlier in state.window_keys.items():
        known = earlier.body
        if isinstance(known, WindowKeysPublished) and (
            {body.employer, body.council} & {known.employer, known.council}
        ):
            raise BrokenLedger(
                entry.index,
                f"a key of {body.window} is one of {window} in entry {earlier.index}: a key that "
                "is used twice cannot be erased in time",
            )


def check_batch_key(state: LedgerState, entry: Entry, body: BatchKeyPublished) -> None:
    """Rule 6."""
    batch = body.batch
    verb = f"a key for {named(batch)} is published"
    try:
        state.book.collection(batch)
    except ReportRejected as error:
        raise BrokenLedger(
            entry.index, f"{verb}, and there is no such batch: {error.reason}"
        ) from None
    if batch in state.batch_keys:
        raise BrokenLedger(
            entry.index,
            f"{verb} twice: entry {state.batch_keys[batch].index} has one already, and with a "
            "second one a member could be told from the others",
        )
    _in_time(entry, state.book.of(batch), batch.window, verb)
    if (earlier := state.moduli.get(body.modulus)) is not None:
        raise BrokenLedger(
            entry.index,
            f"{verb}, and it is the one of entry {earlier.index}: a token asked for in one batch "
            "would hold for the other",
        )


def _in_time(entry: Entry, signed: SignedAgreement, window: Window, verb: str) -> None:
    """Not too soon, and before reports may be sent. `verb`: what is published."""
    start = window.start(signed.agreement.working_time.zone)
    if start > entry.at + MOST_AHEAD:
        raise BrokenLedger(
            entry.index,
            f"{verb} at {entry.at:%Y-%m-%d %H:%M:%S} UTC, more than {MOST_AHEAD.days} days before "
            "the window starts",
        )
    opens = signed.agreement.upload_opens(window)
    if entry.at >= opens:
        raise BrokenLedger(
            entry.index,
            f"{verb} at {entry.at:%Y-%m-%d %H:%M:%S} UTC, too late: its reports may be sent since "
            f"{opens:%Y-%m-%d %H:%M:%S} UTC",
        )
