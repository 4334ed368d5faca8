"""``plurale``: one person's device. Which commands there are, and how errors are told.

What a command does is in `client.commands`, imported only when it is typed.
"""

import argparse
import io
import sys
from collections.abc import Sequence
from pathlib import Path

from platformdirs import user_data_path

from client.options import base, data, days, mail, reports, taking_part, tasks, watching
from client.say import trouble
from privacy.errors import InvalidAgreement, PluraleError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is 0, 1 for an error of this tree, 2 for wrong usage."""
    _tolerate_narrow_terminals()
    options = _parser().parse_args(arguments)
    command = base.found(options)
    try:
        return command(options)
    except InvalidAgreement as error:
        trouble(error.problems)
    except PluraleError as error:
        trouble([str(error)])
    except KeyboardInterrupt:
        trouble(["interrupted; what was stored is kept"])
    except BrokenPipeError:
        return 1  # whoever read the output has seen enough
    except OSError as error:
        trouble([_what_failed(error)])
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
    taking_part.add(commands)
    days.add(commands)
    mail.add(commands)
    reports.add(commands)
    tasks.add(commands)
    data.add(commands)
    watching.add(commands)
    return parser
