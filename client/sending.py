"""Sending the reports whose time has come: the same bytes at every try, until there is a receipt.

What has no token yet stays (`client.tokens`): without one no server takes it.

A refusal that may end by itself is tried again at the next run. Any other is final; it is an alarm
if it is of a token, which was checked here. A report that could not be sent before its batch closed
is given up.
"""

from collections.abc import Iterator
from datetime import datetime

from client.concern import Concern, Fault, for_both
from client.enrolment import Enrolment
from client.happened import Troubles
from client.outbox import Outbox
from client.parcel import Parcel, State
from client.upload import Uplink
from privacy.errors import PASSING, PluraleError, Rejection, ReportRejected


def send(
    enrolment: Enrolment, outbox: Outbox, now: datetime, troubles: Troubles
) -> Iterator[Parcel]:
    """Send what is due; every parcel that was acknowledged."""
    with Uplink(enrolment.at(now).employer) as uplink:
        for parcel in outbox.waiting():
            if parcel.due > now or parcel.submission is None:
                continue
            try:
                receipt = uplink.send(parcel.submission)
            except PluraleError as error:
                troubles.add(error, parcel.batch)
                _after_failure(enrolment, outbox, parcel, error, now)
            else:
                outbox.finish(parcel, State.SENT, now, receipt=receipt)
                yield parcel


def _after_failure(
    enrolment: Enrolment, outbox: Outbox, parcel: Parcel, error: PluraleError, now: datetime
) -> None:
    """Keep the report for the next run, unless it was refused for good or its time is over."""
    agreement = enrolment.version(parcel.batch.agreement) or enrolment.newest.agreement
    if isinstance(error, ReportRejected) and error.reason not in PASSING:
        if error.reason is Rejection.INVALID_TOKEN:
            what = (
                f"the employer's server refuses your report for {parcel.batch}, as if its token "
                "were not the works council's, which it is"
            )
            outbox.blame(parcel, Fault(Concern.REFUSED, for_both(what, agreement)))
        outbox.finish(parcel, State.REFUSED, now, reason=error.reason.value)
    elif now >= agreement.upload_closes(parcel.batch.window):
        reason = f"it could not be sent before the batch closed ({error})"
        outbox.finish(parcel, State.MISSED, now, reason=reason)
