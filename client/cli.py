"""``plurale``: one person's device. Enrol, look at what would be reported, send what is due."""

import argparse
import io
import json
import secrets
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from platformdirs import user_data_path

from client import enrol, enrolment, show
from client.device import Device, Surroundings
from client.enrolment import Mailbox
from client.errors import MailboxUnreadable, NoConsent
from client.preview import as_json, preview, why_none
from privacy.agreement.envelope import SignedAgreement
from privacy.errors import InvalidAgreement, PluraleError
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
        show.trouble([f"the output cannot be written ({error.strerror})"])
    return 1


def _tolerate_narrow_terminals() -> None:
    # A terminal that cannot show a sign shows a question mark, not a traceback.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _now() -> datetime:
    return datetime.now(UTC)


def _enrol(options: argparse.Namespace) -> int:
    before = enrolment.known(options.data)
    signed = enrol.read_signed(options.file, _now(), before)
    group = enrol.check_group(signed.agreement, options.group or _ask_group(signed))
    mailboxes = [
        Mailbox(path.absolute(), frozenset(options.address), frozenset(options.sent_folder))
        for path in options.maildir
    ]
    print(enrol.text(signed.agreement, group))
    record = enrol.enrol(
        options.data,
        signed,
        group,
        mailboxes,
        answer=lambda: _ask(f"Do you agree? Type {enrol.CONSENT_WORD} to take part: "),
        now=_now(),
    )
    show.enrolled(record, before, options.data)
    return 0


def _preview(options: argparse.Namespace) -> int:
    with _device(options) as device:
        zone = device.enrolment.signed.agreement.working_time.zone
        window = (
            Window.parse(options.window)
            if options.window
            else Window.of(_now().astimezone(zone).date())
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
        show.previews(previews, window, reason)
    return 0


def _send(options: argparse.Namespace) -> int:
    with _device(options) as device:
        happened = device.run()
    show.happened(happened, _now())
    return 1 if happened.trouble else 0


def _device(options: argparse.Namespace) -> Device:
    outside = Surroundings(_now, DiscreteGaussian(), secrets.token_bytes)
    return Device(options.data, outside)


def _ask_group(signed: SignedAgreement) -> str:
    choices = [group.id for group in enrol.groups_to_join(signed.agreement)]
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

    command = commands.add_parser("enrol", help="read an agreement and consent to it")
    command.add_argument("file", type=Path, metavar="FILE", help="the signed agreement")
    command.add_argument("--group", metavar="ID", help="your team; asked for if left out")
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

    command = commands.add_parser("preview", help="see what would be, or was, reported")
    command.add_argument("--window", metavar="WEEK", help="like 2026-W05 (default: this week)")
    command.add_argument("--json", action="store_true", help="for other programs")
    command.set_defaults(command=_preview)

    command = commands.add_parser("send", help="make the reports that are due and send them")
    command.set_defaults(command=_send)
    return parser
