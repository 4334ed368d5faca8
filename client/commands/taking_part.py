"""Taking part, pausing, leaving."""

import argparse
from pathlib import Path

from client import (
    enrol,
    enrolment_file,
    leaving,
    mailboxes_file,
    pausing,
    show,
    show_leaving,
    show_mail,
    show_pauses,
)
from client.commands import mail
from client.commands.base import ask, right_now, week_of
from client.enrolment import Enrolment
from client.errors import NoConsent, SettingsUnusable
from client.say import say, trouble
from privacy.agreement.envelope import SignedAgreement
from privacy.enrolment_code import EnrolmentCode
from privacy.errors import PluraleError
from privacy.groups import GroupId


def enrol_here(options: argparse.Namespace) -> int:
    """Read an agreement, show it, ask, and keep the consent."""
    before = enrolment_file.known(options.data)
    now = right_now()
    signed = enrol.read_signed(options.file, now, before)
    code = _code(options.code, before)
    group = _group(signed, code, options.group, before)
    if enrol.is_over(signed.agreement, now):
        show.over(signed.agreement)
    say(enrol.text(signed.agreement, group, before))
    record = enrol.enrol(
        options.data,
        signed,
        group,
        code=code,
        answer=lambda: ask(f"Do you agree? Type {enrol.CONSENT_WORD} to take part: "),
        now=right_now(),
    )
    show.enrolled(record, before, options.data)
    try:
        if not mailboxes_file.load(options.data):
            show_mail.none_yet()
    except SettingsUnusable as error:
        trouble([str(error)])
    return 0


def pause(options: argparse.Namespace) -> int:
    """Begin a pause."""
    enrolment = enrolment_file.load(options.data)
    before, now = pausing.load(options.data), right_now()
    pausing.save(options.data, before.begun(now))
    show_pauses.paused(before, week_of(now, enrolment))
    return 0


def resume(options: argparse.Namespace) -> int:
    """End a pause."""
    enrolment = enrolment_file.load(options.data)
    before, now = pausing.load(options.data), right_now()
    pausing.save(options.data, before.ended(now))
    show_pauses.resumed(before, week_of(now, enrolment))
    return 0


def leave(options: argparse.Namespace) -> int:
    """Tell the council and erase everything, if the answer is yes."""
    files = leaving.kept(options.data)
    if not files:
        show_leaving.nothing_to_leave(options.data)
        return 0
    show_leaving.before_leaving(options.data, files)
    answer = ask(f"Do you want to leave? Type {enrol.CONSENT_WORD} to leave: ")
    if not enrol.is_yes(answer):
        raise NoConsent("nothing was changed: this device takes part as before")
    leaving.put_away(options.data)
    untold: PluraleError | None = None
    try:
        leaving.tell_council(options.data, right_now())
    except PluraleError as error:
        untold = error
    _forget_passwords(options.data)
    left = leaving.erase(options.data)
    show_leaving.left(left, untold)
    return 1 if untold or left.left_over else 0


def _forget_passwords(folder: Path) -> None:
    """Those that the keyring keeps for Plurale. What cannot be read names none."""
    try:
        trouble(mail.forgotten(mailboxes_file.load(folder)))
    except SettingsUnusable as error:
        trouble([str(error)])


def _code(written: str | None, before: Enrolment | None) -> EnrolmentCode | None:
    """A new device needs one. Typed as an answer, it stays out of the shell's history."""
    if written is None and before is None:
        try:
            written = ask("Your enrolment code, from the works council: ").strip() or None
        except NoConsent:
            return None  # nobody to ask
    return None if written is None else EnrolmentCode.parse(written)


def _group(
    signed: SignedAgreement,
    code: EnrolmentCode | None,
    named: str | None,
    before: Enrolment | None,
) -> GroupId:
    enrol.check_has_code(code, before)
    if code is not None:
        return enrol.check_code(signed.agreement, code, named)
    return enrol.check_group(signed.agreement, named or _ask_group(signed, before))


def _ask_group(signed: SignedAgreement, before: Enrolment | None) -> str:
    choices = [group.id for group in signed.agreement.groups_to_join]
    if before is not None and before.newest.group in choices:
        return before.newest.group
    if len(choices) == 1:
        return choices[0]
    return ask(f"Which group are you in ({', '.join(choices)})? ").strip()
