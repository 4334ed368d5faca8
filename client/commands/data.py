"""What is kept on this device: how it stands, all of it, and none of it."""

import argparse
import json
from datetime import UTC, tzinfo
from pathlib import Path

from client import (
    doctor,
    enrol,
    enrolment_file,
    exporting,
    forgetting,
    leaving,
    probes,
    show_doctor,
    show_forgetting,
    show_history,
)
from client import history as made
from client import show_status as shown
from client import status as known
from client.commands.base import ask, right_now
from client.commands.reports import opened
from client.errors import NoConsent, NotEnrolled
from client.exporting import Format
from client.say import say
from client.sources import choice
from privacy.window import Window


def status(options: argparse.Namespace) -> int:
    """How things stand."""
    now = right_now()
    if enrolment_file.known(options.data) is None:
        shown.not_enrolled(options.data)
        return 0
    with opened(options) as device:
        found = known.status(device, now)
    shown.status(found, now)
    return 1 if found.troubles or found.alarms else 0


def history(options: argparse.Namespace) -> int:
    """When each report was made and sent, and what became of it."""
    with opened(options) as device:
        lines = made.history(device.outbox)
    if options.json:
        say(json.dumps(made.as_json(lines), indent=2))
    else:
        show_history.history(lines)
    return 0


def examine(options: argparse.Namespace) -> int:
    """What works on this device and what does not."""
    found = doctor.examine(probes.probes(options.data, right_now(), choice.here()))
    if options.json:
        say(json.dumps(doctor.as_json(found), indent=2))
    else:
        show_doctor.findings(found)
    return 0 if doctor.all_works(found) else 1


def export(options: argparse.Namespace) -> int:
    """All that is kept, in open form."""
    found = exporting.export(options.data)
    files = exporting.write(found, options.folder, Format(options.format))
    show_forgetting.exported(files, found.unreadable)
    return 1 if found.unreadable else 0


def forget(options: argparse.Namespace) -> int:
    """Erase all that was recorded, if the answer is yes."""
    if not leaving.kept(options.data):
        show_forgetting.nothing_kept(options.data)
        return 0
    zone = _zone(options.data)
    week = Window.of(right_now().astimezone(zone).date())
    show_forgetting.before_forgetting(options.data, week)
    answer = ask(f"Do you want to forget it? Type {enrol.CONSENT_WORD} to forget: ")
    if not enrol.is_yes(answer):
        raise NoConsent("nothing was changed: what was recorded is still here")
    show_forgetting.forgotten(forgetting.forget(options.data, right_now(), zone))
    return 0


def _zone(folder: Path) -> tzinfo:
    try:
        return enrolment_file.load(folder).newest.agreement.working_time.zone
    except NotEnrolled:
        return UTC  # a damaged enrolment holds up nobody who wants to forget
