"""What the command line prints: short, in sentences, in tables where there are numbers."""

import sys
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.table import Column, Table

from client.device import Happened
from client.enrolment import Enrolment
from client.measures.mail_response_hours import UNANSWERED
from client.outbox import Parcel, State
from client.preview import MetricPreview, TaskPreview
from privacy.agreement import quantities
from privacy.catalogue import CATALOGUE, Kind
from privacy.window import Window


def trouble(sentences: Iterable[str]) -> None:
    """Errors, to standard error."""
    for sentence in sentences:
        print(f"plurale: {sentence}", file=sys.stderr)


def enrolled(record: Enrolment, before: Enrolment | None, folder: Path) -> None:
    """After consent. `before`: the enrolment that this one replaces."""
    if before is not None:
        print(f"\nThis replaces your enrolment in {before.group}. Reports already made are kept.")
    if not record.mailboxes:
        print("\nYou named no mailbox (--maildir), so what is measured on mail will be missing.")
    print(
        f"\nEnrolled in {record.group}. The first window to be reported is {record.first_window}."
        f"\nEverything Plurale keeps about you is in {folder}."
        "\nSee what will be reported:  plurale preview"
        "\nSend what is due:           plurale send"
    )


def previews(tasks: list[TaskPreview], window: Window, reason: str | None) -> None:
    """A table of values so far, or the stored report, for each task.

    `reason`: why no report will be made for the window, if none will.
    """
    console = Console(highlight=False)
    for task in tasks:
        console.print(f"\nTask {task.batch.task}, group {task.batch.group}, window {window}")
        if task.parcel is not None:
            _stored(console, task.parcel)
            continue
        console.print(_so_far(task.metrics))
        console.print(
            f"Nothing is reported for this window: {reason}."
            if reason
            else "Values so far; missing can mean that it is too early to say. After the window a "
            "report is made from them, once, with noise of this size (one standard deviation); "
            "only the noised report leaves this device."
        )


def happened(run: Happened, now: datetime) -> None:
    """After `plurale send`."""
    for parcel in run.made:
        print(f"Made the report for {parcel.batch}.")
    for parcel in run.sent:
        print(f"Sent the report for {parcel.batch}: {parcel.size} bytes, receipt checked.")
    for parcel in run.waiting:
        if parcel.due > now:
            when = f"waits until {_time(parcel.due)}, drawn at random"
        else:
            when = "is due, and is sent at the next run"
        print(f"The report for {parcel.batch} {when}.")
    if not (run.made or run.sent or run.waiting or run.trouble):
        print("Nothing is due.")
    trouble(str(each) for each in run.trouble)


def _so_far(metrics: Iterable[MetricPreview]) -> Table:
    table = Table(Column("Metric", no_wrap=True), "Value so far", "Counts as", "Noise")
    for metric in metrics:
        kind = CATALOGUE[metric.metric].kind
        table.add_row(
            metric.metric, _value(metric, kind), _counts_as(metric, kind), _noise(metric, kind)
        )
    return table


def _value(metric: MetricPreview, kind: Kind) -> str:
    if metric.value is None:
        return "missing"
    if kind is Kind.BIN:
        unanswered = metric.value >= UNANSWERED
        return "unanswered" if unanswered else f"{quantities.decimal(metric.value)} h"
    return quantities.amount(metric.value, kind)


def _counts_as(metric: MetricPreview, kind: Kind) -> str:
    if metric.counts_as is None:
        return "nothing"
    if kind is Kind.BIN:
        return f"range {metric.counts_as}"
    if metric.value is None:
        return f"{quantities.amount(metric.counts_as, kind)} (on target)"
    return quantities.amount(metric.counts_as, kind)


def _noise(metric: MetricPreview, kind: Kind) -> str:
    if kind is Kind.SHARE:
        return f"± {100 * metric.noise:.0f} points"
    if kind is Kind.BIN:
        return f"± {metric.noise:.2f} in each range"
    return f"± {metric.noise:.1f}"


def _stored(console: Console, parcel: Parcel) -> None:
    words = {
        State.WAITING: f"made, and waits until {_time(parcel.due)}",
        State.SENT: f"sent {_time(parcel.finished_at or parcel.due)}, receipt checked",
        State.REFUSED: f"refused by the server: {parcel.reason}",
        State.MISSED: f"not sent: {parcel.reason}",
    }
    console.print(f"The report is {words[parcel.state]}.")
    console.print(f"  id      {parcel.report_id.hex()}")
    console.print(f"  digest  {parcel.digest.hex()}")
    console.print(f"  size    {parcel.size} bytes")
    if parcel.measurement is None:
        console.print("  numbers erased after sending")
    else:
        console.print(f"  numbers with noise, before splitting: {list(parcel.measurement)}")


def _time(moment: datetime) -> str:
    return f"{moment.astimezone():%a %d %b %Y, %H:%M}"
