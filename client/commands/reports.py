"""Reports: before they are made, sending them, and what became of them."""

import argparse
import json
import secrets

from client import alarm, evidence, show, show_pauses
from client.account import spent_here, spent_in_ledger
from client.commands.base import right_now, week_of
from client.device import Device
from client.errors import MailboxUnreadable, SettingsUnusable
from client.preview import as_json, preview, why_none
from client.say import say, trouble
from client.surroundings import Surroundings
from privacy.noise import DiscreteGaussian
from privacy.window import Window


def show_preview(options: argparse.Namespace) -> int:
    """What a week would report, or did."""
    with opened(options) as device:
        window = (
            Window.parse(options.window)
            if options.window
            else week_of(right_now(), device.enrolment)
        )
        try:
            device.read_mail()
        except (MailboxUnreadable, SettingsUnusable) as error:
            trouble([str(error)])
        previews = preview(device, window)
        reason = why_none(device, window, right_now())
    if options.json:
        say(json.dumps(as_json(previews, reason), indent=2))
    else:
        zone = device.enrolment.newest.agreement.working_time.zone
        show_pauses.in_preview(device.pauses, window, zone)
        show.previews(previews, window, reason)
    return 0


def send(options: argparse.Namespace) -> int:
    """One run of the device."""
    with opened(options) as device:
        happened = device.run()
    show.happened(happened, right_now())
    return 1 if happened.trouble or happened.alarms else 0


def show_receipts(options: argparse.Namespace) -> int:
    """What became of every report."""
    with opened(options) as device:
        outbox, enrolment = device.outbox, device.enrolment
        here, in_ledger = spent_here(enrolment, outbox), spent_in_ledger(enrolment, outbox)
        if options.json:
            record = evidence.as_json(
                enrolment,
                outbox.all(),
                device.checkpoint_seen(),
                alarm.evidence(options.data),
                here,
                in_ledger,
            )
            say(json.dumps(record, indent=2))
        else:
            show.receipts(outbox.all(), here, in_ledger)
        show.alarms(device.alarms())
        if options.seen:
            show.seen_to(device.see_to_alarms())
        return 1 if device.alarms() else 0


def opened(options: argparse.Namespace) -> Device:
    """The device in the folder that was named."""
    outside = Surroundings(right_now, DiscreteGaussian(), secrets.token_bytes)
    return Device(options.data, outside)
