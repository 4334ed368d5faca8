"""Sending the reports whose time has come: the same bytes at every try, until there is a receipt.

What has no token yet stays (`client.tokens`): without one no server takes it.

1. A report is sent before its batch closes, and never after: the first try would then be refused,
   and say nothing but that the device was off.
2. A refusal that may end by itself, no answer, and a receipt that does not verify are kept as a try
   that failed, and tried again at the next run.
3. Any other refusal is final, and an alarm: whoever refuses one person's reports shuts them out.
4. A report without a receipt when its batch closes is missed; that is an alarm too if there was a
   try, or an employer's server could shut somebody out by never giving an answer.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from client.concern import Concern, Fault, for_both, hindrance
from client.enrolment import Enrolment
from client.happened import Troubles
from client.outbox import Outbox
from client.parcel import Parcel, State
from client.upload import Uplink
from privacy.agreement.model import Agreement
from privacy.errors import PASSING, PluraleError, Rejection, ReportRejected
from privacy.window import Clock


def send(
    parcels: Iterable[Parcel],
    enrolment: Enrolment,
    outbox: Outbox,
    clock: Clock,
    troubles: Troubles,
) -> Iterator[Parcel]:
    """Send what is due of these; every parcel that was acknowledged.

    The clock is read for each one: what became due while the run went on is sent, and what closed
    meanwhile is not.
    """
    with Uplink(enrolment.at(clock()).employer) as uplink:
        for parcel in parcels:
            now = clock()
            agreement = enrolment.version(parcel.batch.agreement) or enrolment.newest.agreement
            if parcel.submission is None:
                continue
            if now >= agreement.upload_closes(parcel.batch.window):
                _give_up(outbox, parcel, agreement, now)  # 4
                continue
            if parcel.due > now:
                continue
            try:
                receipt = uplink.send(parcel.submission)  # 1
            except PluraleError as error:
                troubles.add(error, parcel.batch)
                if isinstance(error, ReportRejected) and error.reason not in PASSING:
                    fault = _refused(parcel, agreement, error.reason)  # 3
                    said = error.reason.value
                    outbox.finish(parcel, State.REFUSED, clock(), reason=said, fault=fault)
                else:
                    outbox.hinder(parcel, hindrance(error), None)  # 2
            else:
                outbox.finish(parcel, State.SENT, clock(), receipt=receipt)
                yield parcel


def _refused(parcel: Parcel, agreement: Agreement, reason: Rejection) -> Fault:
    what = f"the employer's server refuses your report for {parcel.batch}"
    if reason is Rejection.INVALID_TOKEN:
        what += ", as if its token were not the works council's, which it is"
    else:
        what += f" for good: {reason.value}"
    return Fault(Concern.REFUSED, for_both(what, agreement))


def _give_up(outbox: Outbox, parcel: Parcel, agreement: Agreement, now: datetime) -> None:
    reason = "this device did not try to send it before the batch closed"
    fault: Fault | None = None
    if parcel.hindrance is not None:
        reason = f"it could not be sent before the batch closed ({parcel.hindrance})"
        what = (
            f"the employer's server gave no receipt for your report for {parcel.batch} before the "
            f"batch closed ({parcel.hindrance})"
        )
        fault = Fault(Concern.REFUSED, for_both(what, agreement))
    outbox.finish(parcel, State.MISSED, now, reason=reason, fault=fault)
