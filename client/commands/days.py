"""Days away and one's own working hours. Both stay on this device."""

import argparse
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from client import days_away, enrolment_file, personal_hours, show_days
from client.commands.base import right_now
from client.enrolment import Enrolment
from client.errors import SettingsUnusable
from client.journal import Journal
from client.outbox import Outbox
from privacy.window import Window


def away(options: argparse.Namespace) -> int:
    """Mark days of leave or sickness, take them back, or list them."""
    enrolment, now = enrolment_file.load(options.data), right_now()
    today = now.astimezone(enrolment.newest.agreement.working_time.zone).date()
    with Journal(options.data / "journal.db") as journal:
        if options.days is None:
            if options.back:
                raise SettingsUnusable(
                    "say which days to take back, like plurale away --back 2026-12-01"
                )
            show_days.away(days_away.stretches(journal.away()))
            return 0
        named = days_away.parse(options.days, today).days
        days, done = days_away.in_open_weeks(named, _done(options.data, enrolment, now))
        if not days:
            raise SettingsUnusable(f"nothing was changed: {show_days.too_late(done)}")
        before = journal.away()
        if options.back:
            journal.unmark_away(days)
            show_days.taken_back(days_away.stretches(before.intersection(days)), done)
        else:
            journal.mark_away(days)
            show_days.marked(days_away.stretches(days), done)
    return 0


def hours(options: argparse.Namespace) -> int:
    """Set the person's own working hours from this week on, or show them."""
    enrolment = enrolment_file.load(options.data)
    agreed = enrolment.newest.agreement.working_time
    today = right_now().astimezone(agreed.zone).date()
    with Journal(options.data / "journal.db") as journal:
        if not options.week:
            show_days.hours(journal.hours.all(), agreed)
            return 0
        week = personal_hours.parse(options.week)
        monday = personal_hours.monday_of(today)
        journal.hours.keep(monday, week)
    show_days.hours_set(monday, week, agreed)
    return 0


def _done(folder: Path, enrolment: Enrolment, now: datetime) -> Callable[[Window], bool]:
    """Which weeks are done with: their report is made, or no more will be."""
    outbox = Outbox(folder / "outbox.db")
    try:
        made = {parcel.batch.window for parcel in outbox.all()}
    finally:
        outbox.close()

    def is_done(window: Window) -> bool:
        acceptance = enrolment.for_window(window) or enrolment.newest
        return window in made or now >= acceptance.agreement.upload_closes(window)

    return is_done
