"""What this device would report, and what it did: for the person's own eyes.

Before a window ends: the values so far (none if a pause touches it), how they are clipped, and how
much noise a report will carry. Afterwards: the stored report itself. Looking never draws noise; a
second draw of the same value would be a second report (protocol §4.7).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from client import values
from client.acceptance import Acceptance
from client.device import Device
from client.parcel import Parcel
from privacy.agreement import quantities
from privacy.agreement.model import Agreement
from privacy.batch import BatchId, Collection
from privacy.metrics import Scalar
from privacy.window import Window


@dataclass(frozen=True, slots=True)
class MetricPreview:
    """One metric of a report that is not made yet.

    `counts_as`: the value after clipping; for a range or category its place, from 1, and `bin`
    what it is called.
    `noise`: standard deviation of the noise in the report, in units of the metric.
    """

    metric: str
    value: Fraction | None
    counts_as: Fraction | None
    bin: str | None
    clip: Fraction
    noise: float


@dataclass(frozen=True, slots=True)
class TaskPreview:
    """One task: either `metrics` so far, or the stored `parcel`."""

    batch: BatchId
    metrics: tuple[MetricPreview, ...]
    parcel: Parcel | None


def preview(device: Device, window: Window) -> list[TaskPreview]:
    """A preview of every task that concerns the person."""
    acceptance = _acceptance(device, window)
    found: Mapping[str, Fraction | None] | None = None
    previews = []
    for batch in acceptance.batches(window):
        parcel = device.outbox.get(batch.task_digest, window)
        metrics: tuple[MetricPreview, ...] = ()
        if parcel is None:
            if found is None:
                found = _values(device, acceptance.agreement, window)
            metrics = _metrics(Collection.of(acceptance.signed, batch.task, batch.group), found)
        previews.append(TaskPreview(batch, metrics, parcel))
    return previews


def why_none(device: Device, window: Window, now: datetime) -> str | None:
    """Why no report will be made for a window any more, or ever; None when one is or will be."""
    enrolment, last = device.enrolment, device.enrolment.newest.agreement.last_window
    if not window.collected:
        return f"{window} is never collected"
    if window < enrolment.first_window:
        return f"the first window to be reported is {enrolment.first_window}"
    if window > last:
        return f"the agreement ends with {last}"
    acceptance = enrolment.for_window(window)
    if acceptance is None:
        return "no version that you had agreed to when it began covers it"
    made = any(
        device.outbox.get(batch.task_digest, window) is not None
        for batch in acceptance.batches(window)
    )
    if not made and now >= acceptance.agreement.upload_closes(window):
        return "its upload period is over, and this device did not run in it"
    return None


def as_json(previews: list[TaskPreview], reason: str | None) -> list[dict[str, Any]]:
    """The previews for other programs; exact numbers are texts. `reason`: of `why_none`."""
    return [
        {
            "task": each.batch.task,
            "group": each.batch.group,
            "window": str(each.batch.window),
            "so_far": None if each.parcel else [_metric_json(metric) for metric in each.metrics],
            "stored": each.parcel and _parcel_json(each.parcel),
            "no_report_because": reason,
        }
        for each in previews
    ]


def _acceptance(device: Device, window: Window) -> Acceptance:
    """What the window is reported under; for one that is not, what was agreed to last."""
    return device.enrolment.for_window(window) or device.enrolment.newest


def _values(device: Device, agreement: Agreement, window: Window) -> Mapping[str, Fraction | None]:
    if device.pauses.touches(window, agreement.working_time.zone):
        return values.MISSING
    return values.compute(agreement, window, device.journal, device.pauses)


def _metrics(
    collection: Collection, found: Mapping[str, Fraction | None]
) -> tuple[MetricPreview, ...]:
    previews = []
    for metric, scale in zip(collection.task.metrics, collection.scales, strict=True):
        value = found[metric.id]
        counts_as: Fraction | None = None
        name: str | None = None
        if isinstance(metric, Scalar):
            counts_as = metric.target + metric.clipped(value)
        elif value is not None:
            place = metric.clipped(value).index(1)
            counts_as, name = Fraction(place + 1), quantities.bins(metric)[place]
        noise = math.sqrt(scale.client_variance) / float(scale.units)
        previews.append(MetricPreview(metric.id, value, counts_as, name, metric.clip, noise))
    return tuple(previews)


def _metric_json(metric: MetricPreview) -> dict[str, Any]:
    return {
        "metric": metric.metric,
        "value": None if metric.value is None else str(metric.value),
        "counts_as": None if metric.counts_as is None else str(metric.counts_as),
        "bin": metric.bin,
        "clip": str(metric.clip),
        "noise": metric.noise,
    }


def _parcel_json(parcel: Parcel) -> dict[str, Any]:
    report = parcel.report
    return {
        "state": parcel.state,
        "report_id": parcel.report_id.hex(),
        "digest": parcel.digest.hex(),
        "bytes": parcel.size,
        "made_at": parcel.made_at.isoformat(),
        "token_asked_for_from": parcel.times.fetch.isoformat(),
        "token": parcel.token and parcel.token.signature.hex(),
        "due": parcel.due.isoformat(),
        "finished_at": parcel.finished_at and parcel.finished_at.isoformat(),
        "receipt": parcel.receipt and parcel.receipt.signature.hex(),
        "reason": parcel.reason,
        "noised_numbers": parcel.measurement,
        "public_share": report and report.public_share.hex(),
        "leader_share": report and report.leader_share.hex(),
        "helper_share": report and report.helper_share.hex(),
    }
