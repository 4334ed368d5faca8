"""What the command line says about how things stand."""

from datetime import datetime
from pathlib import Path
from typing import Final

from client import show
from client.durations import shown as duration
from client.say import say, trouble
from client.status import Recording, Status
from client.time_of_day import shown as clock

_KIB: Final = 1024


def status(found: Status, now: datetime) -> None:
    """After `plurale status`: one line for each thing."""
    agreement = found.agreement
    say(
        f"You take part in {found.group}, version {agreement.version} of the agreement of "
        f"{agreement.organisation}."
    )
    if found.pauses.open is not None and found.pauses.fault is None:
        say(f"You have paused since {clock(found.pauses.open.begins)}. To end it:  plurale resume")
    say(_week(found))
    if found.recording is not None:
        say(_recording(found.recording, now))
    say(_mail(found))
    if found.running is not None and found.running.running_since is not None:
        spent = duration(found.running.spent(now))
        since = clock(found.running.running_since)
        say(f"Task {found.running.number} runs since {since}, {spent} so far.")
    for parcel in found.waiting:
        say(f"The report for {parcel.batch} {show.waits(parcel, now)}.")
    if not found.waiting:
        say("No report waits to be sent.")
    say(f"Plurale keeps {max(1, round(found.size / _KIB))} KiB on this device.")
    trouble(found.troubles)
    show.alarms(found.alarms)


def not_enrolled(folder: Path) -> None:
    """After `plurale status` on a device that takes no part."""
    say(f"You do not take part here: {folder} has no enrolment. To begin:  plurale enrol FILE CODE")


def _week(found: Status) -> str:
    if not found.is_reported:
        return f"The week that runs, {found.window}, is not reported by this device."
    if found.is_neutral:
        return f"The week that runs, {found.window}, is reported neutral: a pause touches it."
    return f"The week that runs, {found.window}, will be reported. To see what:  plurale preview"


def _recording(recording: Recording, now: datetime) -> str:
    last = (
        "Nothing that was recorded of your activity is kept"
        if recording.last is None
        else f"Activity was last recorded {clock(recording.last)}"
    )
    if recording.why_not is not None:
        return f"{last}; now {recording.why_not}."
    if recording.seems_to_run:
        return f"{last}: plurale watch seems to run."
    return f"{last}: plurale watch does not seem to run."


def _mail(found: Status) -> str:
    if not found.mailboxes:
        return "No mailbox is set (plurale mail add)."
    names = ", ".join(found.mailboxes)
    if found.mail_read is None:
        return f"Your mailboxes were not all read yet: {names}."
    return f"Your mailboxes were all last read {clock(found.mail_read)}: {names}."
