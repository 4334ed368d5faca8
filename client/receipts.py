"""What became of every report that was sent: asked for, checked, kept (protocol §8).

1. A batch is asked about in every run from the end of its upload period on, until it is decided or
   its results are no longer kept.
2. A report that is in the release has its receipt: the entry, the inclusion of its id, and the
   checkpoint that both are proven against.
3. A report that is missing from the release, or an answer that does not hold, is an alarm. A wrong
   answer is asked for again; a missing report stays missing.
4. Silence is an alarm too, or a dropped report could be hidden by it: the ledger must show an end
   8 days after the upload period. Three days later, whatever comes in place of a proven end is a
   fault, until one comes.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from client.concern import Concern, Fault
from client.enrolment import Enrolment
from client.errors import DeviceError, OtherLedger
from client.happened import Troubles
from client.ledger import Ledger
from client.outbox import Outbox
from client.parcel import Parcel
from privacy.agreement.model import Agreement
from privacy.errors import BadEntry, BadInclusion, PluraleError
from privacy.release import TIME_TO_ASK, TIME_TO_OPEN
from privacy.window import Window
from protos.errors import Unreachable

SLACK: Final = timedelta(days=3)
"""For what was decided at the last moment to be witnessed, even if a server was down meanwhile."""


def fetch(
    enrolment: Enrolment, outbox: Outbox, ledger: Ledger, now: datetime, troubles: Troubles
) -> Iterator[Parcel]:
    """Ask about every report that is due; those whose batch has ended. Raises `OtherLedger`."""
    for parcel in outbox.undecided():
        agreement = enrolment.version(parcel.batch.agreement)
        if agreement is None or not _asked_at(agreement, parcel.batch.window, now):  # 1
            continue
        ended, fault = None, None
        try:
            ended = ledger.ending(parcel.batch, parcel.report_id)
            if ended is None:
                fault = _silence(parcel, agreement, ledger.witnessed_at(), now)  # 4
        except (BadEntry, BadInclusion) as error:
            fault = _wrong(parcel, error)  # 3
        except OtherLedger:
            raise
        except DeviceError as error:  # the council was not asked
            troubles.add(error, parcel.batch)
        except PluraleError as error:
            fault = _silence(parcel, agreement, ledger.witnessed_at(), now, error)  # 4
            if not parcel.seen_to:
                troubles.add(error, parcel.batch)
        if ended is not None:
            outbox.conclude(parcel, ended)  # 2
            yield outbox.get(parcel.batch.task_digest, parcel.batch.window) or parcel
        elif fault is not None:
            outbox.blame(parcel, fault)


def alarm(parcel: Parcel) -> str:
    """Why somebody has to look at what became of one of `Outbox.alarming`."""
    if parcel.fault is not None:
        return parcel.fault.sentence
    return (
        f"your report for {parcel.batch} was signed for by the employer's server, and is not in "
        "the release: show this to the works council: plurale receipts --json"
    )


def _asked_at(agreement: Agreement, window: Window, now: datetime) -> bool:
    closes = agreement.upload_closes(window)
    return closes <= now < closes + timedelta(weeks=agreement.retention_weeks)


def _wrong(parcel: Parcel, error: PluraleError) -> Fault:
    said = f"what the council's server says about {parcel.batch} does not hold: {error}"
    return Fault(Concern.WRONG, said)


def _silence(
    parcel: Parcel,
    agreement: Agreement,
    witnessed_at: datetime | None,
    now: datetime,
    error: PluraleError | None = None,
) -> Fault | None:
    """`error`: what came in place of an answer. None while there is still time."""
    had_to = agreement.upload_closes(parcel.batch.window) + TIME_TO_ASK + TIME_TO_OPEN
    if now < had_to + SLACK:
        return None
    said = (
        f"the works council's server has not shown how {parcel.batch} ended, "
        f"{(now - had_to).days} days after it had to"
    )
    if witnessed_at is not None and witnessed_at < had_to:
        day = witnessed_at.astimezone(agreement.working_time.zone).date()
        said += f", and the newest ledger that it shows is of {day}"
    if isinstance(error, Unreachable):
        said += ", and cannot be reached: if other servers can be, ask the works council"
    else:
        said += ": ask the works council"
    return Fault(Concern.UNSHOWN, said)
