"""What the command line prints: short, in sentences, in tables where there are numbers."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from client.account import Spent
from client.concern import Concern
from client.ending import Fate
from client.enrolment import Enrolment
from client.happened import Happened
from client.measures.mail_response_hours import UNANSWERED
from client.parcel import Parcel, State
from client.preview import MetricPreview, TaskPreview
from client.say import trouble
from privacy.agreement import quantities
from privacy.agreement.model import Agreement
from privacy.catalogue import CATALOGUE, Kind
from privacy.ledger.entries import BatchWithheld, Body
from privacy.release import Withheld
from privacy.window import Window


def over(agreement: Agreement) -> None:
    """Before the text of a version that is only a link to the next."""
    print(
        f"Version {agreement.version} is over: its last week was {agreement.last_window}. Nothing "
        "will be reported under it. If you agree to it, this device can take the version after "
        "it, and asks you about that one too.\n"
    )


def enrolled(record: Enrolment, before: Enrolment | None, folder: Path) -> None:
    """After consent. `before`: the enrolment as it was, if there was one."""
    newest = record.newest
    if before is not None and before.newest != newest:
        print(
            f"\nVersion {before.newest.agreement.version}, in {before.newest.group}, stays for the "
            "weeks that have begun under it. Reports already made are kept."
        )
    last = newest.agreement.last_window
    reported = (
        f"Nothing is reported under it, since its last window is {last}: take the next version "
        "with plurale enrol FILE."
        if newest.first_window > last
        else f"The first window to be reported under it is {newest.first_window}."
    )
    print(
        f"\nEnrolled in {newest.group}, version {newest.agreement.version}. {reported}"
        f"\nEverything Plurale keeps about you is in {folder}."
        "\nSee what will be reported:  plurale preview"
        "\nSend what is due:           plurale send"
        "\nSee what became of it:      plurale receipts"
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
    for parcel in run.decided:
        print(f"The report for {parcel.batch} {became(parcel)}.")
    for parcel in run.approved:
        print(f"Got the token for {parcel.batch}: it says that a member reports, and not who.")
    for parcel in run.sent:
        print(f"Sent the report for {parcel.batch}: {parcel.size} bytes, receipt checked.")
    for parcel in run.waiting:
        print(f"The report for {parcel.batch} {waits(parcel, now)}.")
    if run == Happened():
        print("Nothing is due.")
    trouble(str(each) for each in run.trouble)
    alarms(run.alarms)


def waits(parcel: Parcel, now: datetime) -> str:
    """What a report waits for, as the end of a sentence."""
    if parcel.token is None and parcel.times.fetch <= now:
        return "has no token yet, which is asked for again at the next run"
    if parcel.token is None:
        return f"waits until {_time(parcel.times.fetch)}, drawn at random, to ask for its token"
    if parcel.due <= now:
        return "is due, and is sent at the next run"
    return f"has its token, and waits until {_time(parcel.due)}, drawn at random"


def alarms(sentences: Iterable[str]) -> None:
    """What somebody has to look at, said at every run."""
    trouble(f"ALARM: {each}" for each in sentences)


def seen_to(alarms: int) -> None:
    """After `plurale receipts --seen`."""
    print(
        "\nNo report has an alarm that you have not seen to."
        if alarms == 0
        else "\nYou have seen to what is said about these reports: it stays in this list, and is "
        "not said again."
    )


def receipts(parcels: Iterable[Parcel], here: Spent | None, in_ledger: Spent | None) -> None:
    """One line for each report, then both accounts of the budget."""
    for parcel in parcels:
        print(f"The report for {parcel.batch} {became(parcel)}.")
    if here is None:
        print("No report was made yet.")
        return
    print(
        f"\nSpent by this device in the 91 days around {here.window}: ρ = {here.rho} of {here.cap}."
    )
    if in_ledger is not None:
        print(
            f"Spent as the ledger says in the 91 days around {in_ledger.window}: "
            f"ρ = {in_ledger.rho} of {in_ledger.cap}."
        )


def became(parcel: Parcel) -> str:
    """What became of a report, as the end of a sentence."""
    return _became(parcel) + (", as you have seen" if parcel.seen_to else "")


def _became(parcel: Parcel) -> str:
    if parcel.fault is not None and parcel.state not in (State.MISSED, State.REFUSED):
        return {
            Concern.UNPROVEN: "is not sent yet, and the works council's server has not shown the "
            "key for its token that everybody has",
            Concern.REFUSED: "is not sent yet, and the works council's server refuses its token",
            Concern.ALTERED: "is not sent yet, and what the works council's server gave as its "
            "token is none",
            Concern.DELAYED: "has a token that the works council's server gave on the last day and "
            "not before",
            Concern.WRONG: "is sent, and what the works council's server said of its batch does "
            "not hold",
            Concern.UNSHOWN: "is sent, and the works council's server has not shown how its batch "
            "ended",
        }[parcel.fault.concern]
    if parcel.ending is None:
        return {
            State.WAITING: "is not sent yet",
            State.SENT: "is sent, and its batch is not decided yet",
            State.REFUSED: f"was refused by the server: {parcel.reason}",
            State.MISSED: f"was not sent: {parcel.reason}",
        }[parcel.state]
    ended, entry = parcel.ending, parcel.ending.decided
    where = f"(entry {entry.index} of the ledger)"
    if ended.inclusion is not None:
        return f"is in the release {where}, one of {ended.inclusion.size} reports"
    return {
        Fate.MISSING: f"was signed for, and is MISSING from the release {where}",
        Fate.WITHHELD: f"is in a batch that was withheld {where}{_why(entry.body)}",
        Fate.NOT_ASKED: f"is in a batch that the employer's server never asked for {where}",
        Fate.STOPPED: f"is in a batch that stopped, since the servers disagree {where}",
    }[ended.fate]


def _why(body: Body) -> str:
    if not isinstance(body, BatchWithheld):
        return ""
    return {
        Withheld.BATCH_TOO_SMALL: ": too few people reported",
        Withheld.BUDGET_EXHAUSTED: ": the privacy budget was spent",
    }[body.reason]


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
    if kind is Kind.CATEGORY:
        return escape(metric.bin or "")
    if kind is Kind.BIN:
        unanswered = metric.value >= UNANSWERED
        return "unanswered" if unanswered else f"{quantities.decimal(metric.value)} h"
    return quantities.amount(metric.value, kind)


def _counts_as(metric: MetricPreview, kind: Kind) -> str:
    if metric.counts_as is None:
        return "nothing"
    if metric.bin is not None:
        return escape(metric.bin)
    if metric.value is None:
        return f"{quantities.amount(metric.counts_as, kind)} (on target)"
    return quantities.amount(metric.counts_as, kind)


def _noise(metric: MetricPreview, kind: Kind) -> str:
    if kind.in_percent:
        return f"± {100 * metric.noise:.0f} points"
    if kind is Kind.BIN:
        return f"± {metric.noise:.2f} in each range"
    if kind is Kind.CATEGORY:
        return f"± {metric.noise:.2f} in each category"
    return f"± {metric.noise:.1f}"


def _stored(console: Console, parcel: Parcel) -> None:
    words = {
        State.WAITING: f"made; it asks for its token {_time(parcel.times.fetch)}, and is sent "
        f"{_time(parcel.due)}",
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
