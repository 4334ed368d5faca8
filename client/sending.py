"""Sending the reports whose time has come: the same bytes at every try, until there is a receipt.

A refusal that may end by itself is tried again at the next run; any other is final. A report that
could not be sent before its batch closed is given up.
"""

from collections.abc import Iterator
from datetime import datetime

from client.enrolment import Enrolment
from client.happened import Troubles
from client.outbox import Outbox
from client.parcel import Parcel, State
from client.upload import Uplink
from privacy.errors import PASSING, PluraleError, ReportRejected


def send(
    enrolment: Enrolment, outbox: Outbox, now: datetime, troubles: Troubles
) -> Iterator[Parcel]:
    """Send what is due; every parcel that was acknowledged."""
    with Uplink(enrolment.at(now).employer) as uplink:
        for parcel in outbox.waiting():
            if parcel.due > now or parcel.report is None:
                continue
            try:
                receipt = uplink.send(parcel.report)
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
        outbox.finish(parcel, State.REFUSED, now, reason=error.reason.value)
    elif now >= agreement.upload_closes(parcel.batch.window):
        reason = f"it could not be sent before the batch closed ({error})"
        outbox.finish(parcel, State.MISSED, now, reason=reason)
