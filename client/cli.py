"""``plurale``: one person's device. Enrol, look, send what is due, pause, leave."""

import argparse
import io
import json
import secrets
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from platformdirs import user_data_path

from client import (
    alarm,
    enrol,
    enrolment_file,
    evidence,
    leaving,
    pausing,
    show,
    show_leaving,
    show_pauses,
)
from client.account import spent_here, spent_in_ledger
from client.device import Device
from client.enrolment import Enrolment, Mailbox
from client.errors import MailboxUnreadable, NoConsent
from client.preview import as_json, preview, why_none
from client.surroundings import Surroundings
from privacy.agreement.envelope import SignedAgreement
from privacy.enrolment_code import EnrolmentCode
from privacy.errors import InvalidAgreement, PluraleError
from privacy.groups import GroupId
from privacy.noise import DiscreteGaussian
from privacy.window import Window


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is 0, 1 for an error of this tree, 2 for wrong usage."""
    _tolerate_narrow_terminals()
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except InvalidAgreement as error:
        show.trouble(error.problems)
    except PluraleError as error:
        show.trouble([str(error)])
    except KeyboardInterrupt:
        show.trouble(["interrupted; what was stored is kept"])
    except BrokenPipeError:
        return 1  # whoever read the output has seen enough
    except OSError as error:
        show.trouble([_what_failed(error)])
    return 1


def _tolerate_narrow_terminals() -> None:
    # A terminal that cannot show a sign shows a question mark, not a traceback.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _what_failed(error: OSError) -> str:
    # What is written to has no name; a file has.
    if error.filename is None:
        return f"the output cannot be written ({error.strerror})"
    return f"{error.filename} cannot be used ({error.strerror}): check its path and its permissions"


def _now() -> datetime:
    return datetime.now(UTC)


def _enrol(options: argparse.Namespace) -> int:
    before = enrolment_file.known(options.data)
    now = _now()
    signed = enrol.read_signed(options.file, now, before)
    code = _code(options.code, before)
    group = _group(signed, code, options.group, before)
    mailboxes = [
        Mailbox(path.absolute(), frozenset(options.address), frozenset(options.sent_folder))
        for path in options.maildir
    ]
    if enrol.is_over(signed.agreement, now):
        show.over(signed.agreement)
    print(enrol.text(signed.agreement, group, before))
    record = enrol.enrol(
        options.data,
        signed,
        group,
        mailboxes,
        code=code,
        answer=lambda: _ask(f"Do you agree? Type {enrol.CONSENT_WORD} to take part: "),
        now=_now(),
    )
    show.enrolled(record, before, options.data)
    return 0


def _code(written: str | None, before: Enrolment | None) -> EnrolmentCode | None:
    """A new device needs one. Typed as an answer, it stays out of the shell's history."""
    if written is None and before is None:
        try:
            written = _ask("Your enrolment code, from the works council: ").strip() or None
        except NoConsent:
            return None  # nobody to ask
    return None if written is None else EnrolmentCode.parse(written)


def _preview(options: argparse.Namespace) -> int:
    with _device(options) as device:
        window = (
            Window.parse(options.window) if options.window else _week_of(_now(), device.enrolment)
        )
        try:
            device.read_mail()
        except MailboxUnreadable as error:
            show.trouble([str(error)])
        previews = preview(device, window)
        reason = why_none(device, window, _now())
    if options.json:
        print(json.dumps(as_json(previews, reason), indent=2))
    else:
        zone = device.enrolment.newest.agreement.working_time.zone
        show_pauses.in_preview(device.pauses, window, zone)
        show.previews(previews, window, reason)
    return 0


def _send(options: argparse.Namespace) -> int:
    with _device(options) as device:
        happened = device.run()
    show.happened(happened, _now())
    return 1 if happened.trouble or happened.alarms else 0


def _receipts(options: argparse.Namespace) -> int:
    with _device(options) as device:
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
            print(json.dumps(record, indent=2))
        else:
            show.receipts(outbox.all(), here, in_ledger)
        show.alarms(device.alarms())
        if options.seen:
            show.seen_to(device.see_to_alarms())
        return 1 if device.alarms() else 0


def _pause(options: argparse.Namespace) -> int:
    enrolment = enrolment_file.load(options.data)
    before, now = pausing.load(options.data), _now()
    pausing.save(options.data, before.begun(now))
    show_pauses.paused(before, _week_of(now, enrolment))
    return 0


def _resume(options: argparse.Namespace) -> int:
    enrolment = enrolment_file.load(options.data)
    before, now = pausing.load(options.data), _now()
    pausing.save(options.data, before.ended(now))
    show_pauses.resumed(before, _week_of(now, enrolment))
    return 0


def _leave(options: argparse.Namespace) -> int:
    files = leaving.kept(options.data)
    if not files:
        show_leaving.nothing_to_leave(options.data)
        return 0
    show_leaving.before_leaving(options.data, files)
    answer = _ask(f"Do you want to leave? Type {enrol.CONSENT_WORD} to leave: ")
    if not enrol.is_yes(answer):
        raise NoConsent("nothing was changed: this device takes part as before")
    leaving.put_away(options.data)
    untold: PluraleError | None = None
    try:
        leaving.tell_council(options.data, _now())
    except PluraleError as error:
        untold = error
    left = leaving.erase(options.data)
    show_leaving.left(left, untold)
    return 1 if untold or left.left_over else 0


def _week_of(now: datetime, enrolment: Enrolment) -> Window:
    zone = enrolment.newest.agreement.working_time.zone
    return Window.of(now.astimezone(zone).date())


def _device(options: argparse.Namespace) -> Device:
    outside = Surroundings(_now, DiscreteGaussian(), secrets.token_bytes)
    return Device(options.data, outside)


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
    return _ask(f"Which group are you in ({', '.join(choices)})? ").strip()


def _ask(question: str) -> str:
    try:
        return input(question)
    except (EOFError, RuntimeError):  # nothing to read from, or standard input is closed
        raise NoConsent(
            "this needs an answer, and there is nobody to give it: run it in a terminal"
        ) from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="plurale", description="Team metrics that exist only in the plural: your device."
    )
    parser.add_argument(
        "--data",
        type=Path,
        metavar="FOLDER",
        default=user_data_path("plurale", appauthor=False),
        help="where this device keeps its files (default: %(default)s)",
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    _add_enrol(commands.add_parser("enrol", help="read an agreement and consent to it"))

    command = commands.add_parser("preview", help="see what would be, or was, reported")
    command.add_argument("--window", metavar="WEEK", help="like 2026-W05 (default: this week)")
    command.add_argument("--json", action="store_true", help="for other programs")
    command.set_defaults(command=_preview)

    command = commands.add_parser("send", help="make the reports that are due and send them")
    command.set_defaults(command=_send)

    command = commands.add_parser("receipts", help="see what became of the reports sent")
    either = command.add_mutually_exclusive_group()
    either.add_argument("--json", action="store_true", help="with all that proves it")
    either.add_argument(
        "--seen",
        action="store_true",
        help="you have seen to the alarms about reports: list them, and say them no more",
    )
    command.set_defaults(command=_receipts)

    command = commands.add_parser("pause", help="report nothing of yours until you resume")
    command.set_defaults(command=_pause)

    command = commands.add_parser("resume", help="end a pause")
    command.set_defaults(command=_resume)

    command = commands.add_parser("leave", help="end your consent and erase what is kept here")
    command.set_defaults(command=_leave)
    return parser


def _add_enrol(command: argparse.ArgumentParser) -> None:
    command.add_argument("file", type=Path, metavar="FILE", help="the signed agreement")
    command.add_argument(
        "code",
        metavar="CODE",
        nargs="?",
        help="from your works council; a device that is enrolled needs none",
    )
    command.add_argument(
        "--group", metavar="ID", help="another team, after a move; at first your code names it"
    )
    command.add_argument(
        "--maildir",
        type=Path,
        action="append",
        default=[],
        metavar="FOLDER",
        help="a Maildir of yours; may be given more than once",
    )
    command.add_argument(
        "--address",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="an address of yours, aliases too; may be given more than once",
    )
    command.add_argument(
        "--sent-folder",
        action="append",
        default=[],
        metavar="NAME",
        help="a folder for sent mail with an unusual name; may be given more than once",
    )
    command.set_defaults(command=_enrol)
