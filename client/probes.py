"""What `plurale doctor` looks at: the files of this device, and where it reads from.

The servers are not asked. A device asks them at moments drawn at random; a call now would say that
somebody sits at it.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

import keyring
from keyring.backends.fail import Keyring as NoKeyring

from client import enrolment_file, mailboxes_file, probes_files, status
from client.business_hours import public_holidays
from client.doctor import Condition, Finding, Probe
from client.errors import NotEnrolled
from client.journal import Journal
from client.mailboxes import ImapBox, Mailbox
from client.permission import Permission
from client.sources import choice
from client.sources.choice import Checked, Desktop, SourceName
from client.sources.secrets import Keyring
from privacy.agreement.model import Agreement
from privacy.catalogue import CATALOGUE, Source
from privacy.errors import PluraleError

DATABASES: Final = ("journal.db", "outbox.db", "ledger.db")


def probes(folder: Path, now: datetime, desktop: Desktop) -> Mapping[str, Probe]:
    """Every probe, in the order in which they are told."""
    return {
        "data folder": partial(probes_files.data_folder, folder),
        **{name: partial(probes_files.database, folder, name) for name in DATABASES},
        "enrolment": partial(probes_files.enrolment, folder, now),
        "common list": partial(probes_files.ledger_alarm, folder),
        "clock": partial(probes_files.clock, folder, now),
        "public holidays": partial(_holidays, folder, now),
        "pauses": partial(probes_files.pauses, folder),
        "rules of recording": partial(probes_files.rules, folder),
        "activity": partial(_activity, folder, now, desktop),
        "watcher": partial(_watcher, folder, now),
        "mailboxes": partial(_mailboxes, folder),
        "keyring": partial(_keyring, folder),
        "servers": _servers,
    }


def _agreement(folder: Path) -> Agreement | None:
    try:
        known = enrolment_file.known(folder)
    except NotEnrolled:
        return None  # its own probe says so
    return None if known is None else known.newest.agreement


def _measures(agreement: Agreement | None, source: Source) -> bool:
    return agreement is not None and any(
        CATALOGUE[metric.id].source is source for task in agreement.tasks for metric in task.metrics
    )


def _holidays(folder: Path, now: datetime) -> Iterable[Finding]:
    agreement = _agreement(folder)
    if agreement is None:
        return
    working = agreement.working_time
    public_holidays(working.country, working.region, now.year)
    place = working.country if working.region is None else f"{working.country}-{working.region}"
    yield Finding("public holidays", Condition.WORKS, f"those of {place}")


def _activity(folder: Path, now: datetime, desktop: Desktop) -> Iterable[Finding]:
    checked = choice.check_all(desktop, now)
    of_themselves = [each for each in checked if each.name is not SourceName.ACTIVITYWATCH]
    taken = next((each for each in of_themselves if each.applies and each.works), None)
    for each in checked:
        yield _source(each, taken)
    if not any(each.works for each in checked) and _measures(_agreement(folder), Source.ACTIVITY):
        yield Finding(
            "activity",
            Condition.BROKEN,
            "no source works here, so what is measured on activity is missing: start Plurale from "
            "the desktop, or name a source (plurale watch --source NAME)",
        )


def _source(each: Checked, taken: Checked | None) -> Finding:
    untried = f" ({choice.NOT_TRIED})" if each.untried else ""
    what = f"activity, {each.name}: {each.title}{untried}"
    if not each.works:
        fits = each.applies and each.name is not SourceName.ACTIVITYWATCH
        condition = Condition.BROKEN if fits else Condition.UNUSED
        return Finding(what, condition, each.sentence, needed=False)
    return Finding(what, Condition.WORKS, "plurale watch takes this one" if each is taken else "")


def _watcher(folder: Path, now: datetime) -> Iterable[Finding]:
    what = "plurale watch"
    if not _measures(_agreement(folder), Source.ACTIVITY):
        yield Finding(what, Condition.UNUSED, "nothing is measured on activity")
        return
    if not (folder / "journal.db").exists():
        yield Finding(what, Condition.BROKEN, "it has not run yet: start plurale watch")
        return
    with Journal(folder / "journal.db") as journal:
        permission = Permission(folder, journal.away())
        permission.look()
        found = status.recording(permission, journal.last_recorded(), now)
    if found.why_not is not None:
        yield Finding(what, Condition.UNUSED, found.why_not)
    elif found.seems_to_run:
        yield Finding(what, Condition.WORKS, "it has just recorded something")
    else:
        yield Finding(
            what,
            Condition.BROKEN,
            "nothing was recorded in the last minutes, so they are missing: start plurale watch",
        )


def _mailboxes(folder: Path) -> Iterable[Finding]:
    mailboxes = mailboxes_file.load(folder)
    if not mailboxes:
        measured = _measures(_agreement(folder), Source.MAIL)
        after = "name yours with plurale mail add" if measured else "nothing is measured on mail"
        yield Finding("mailboxes", Condition.UNUSED, f"none is set: {after}")
    for mailbox in mailboxes:
        yield _mailbox(mailbox)


def _mailbox(mailbox: Mailbox) -> Finding:
    what = f"mailbox {mailbox.name}"
    try:
        mailbox.source().check()
    except PluraleError as error:
        return Finding(what, Condition.BROKEN, str(error))
    return Finding(what, Condition.WORKS)


def _keyring(folder: Path) -> Iterable[Finding]:
    used = any(
        isinstance(mailbox, ImapBox) and isinstance(mailbox.account.secret, Keyring)
        for mailbox in mailboxes_file.load(folder)
    )
    if not used:
        yield Finding("keyring", Condition.UNUSED, "no mailbox has its password there")
    elif isinstance(keyring.get_keyring(), NoKeyring):
        yield Finding(
            "keyring",
            Condition.BROKEN,
            "this computer has none that works: sign in to your desktop, or add the mailbox again "
            "with --password-command",
        )
    else:
        yield Finding("keyring", Condition.WORKS)


def _servers() -> Iterable[Finding]:
    yield Finding(
        "servers",
        Condition.UNUSED,
        "they are not asked now, since that would tell them that somebody is at this device; "
        "plurale send says whether they can be reached",
    )
